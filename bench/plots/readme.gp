# Drawn by bench/figures.lua: docs/figures.svg, the plot of the README, from docs/figures/readme.tsv (file) and its machine and date (where).
set terminal svg size 760,300 font 'sans-serif,13' background '#ffffff'
set output 'docs/figures.svg'
set title 'A message there and back, in microseconds (less is better)'
set label 1 where at graph 0, screen 0.03 font ',9' tc rgb '#666666'
set bmargin 4
set logscale x
set xrange [0.1:200]
set yrange [4.6:-0.6]
set format x '%g'
set grid x lc rgb '#dddddd'
set border 1
set style fill solid
set ytics nomirror scale 0
set xtics nomirror
unset key
plot file using (0.1):0:(0.1):1:($0-0.35):($0+0.35):3:ytic(2) with boxxyerror lc rgb variable, \
     file using ($1*1.15):0:(sprintf('%.2g', $1)) with labels left font ',12'
