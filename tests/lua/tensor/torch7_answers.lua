-- What Torch7 (its last revision, on LuaJIT) answers: pairs of an expression and the text of its value, after
-- torch.manualSeed(123). "ERROR ..." is the message of the error raised, without file positions.
return {
{"torch.Tensor(3):fill(1.5)",
" 1.5000\
 1.5000\
 1.5000\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor{1,2,3}",
" 1\
 2\
 3\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor{{1,-2.5,3e5},{4,5,6}}",
" 1.0000e+00 -2.5000e+00  3.0000e+05\
 4.0000e+00  5.0000e+00  6.0000e+00\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.Tensor{{{1,2},{3,4}},{{5,6},{7,8}}}",
"(1,.,.) = \
  1  2\
  3  4\
\
(2,.,.) = \
  5  6\
  7  8\
[torch.DoubleTensor of size 2x2x2]\
"},
{"torch.ones(4)",
" 1\
 1\
 1\
 1\
[torch.DoubleTensor of size 4]\
"},
{"torch.eye(3)",
" 1  0  0\
 0  1  0\
 0  0  1\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.range(1,5)",
" 1\
 2\
 3\
 4\
 5\
[torch.DoubleTensor of size 5]\
"},
{"torch.range(2,10,3)",
" 2\
 5\
 8\
[torch.DoubleTensor of size 3]\
"},
{"torch.linspace(0,1,5)",
" 0.0000\
 0.2500\
 0.5000\
 0.7500\
 1.0000\
[torch.DoubleTensor of size 5]\
"},
{"torch.logspace(0,2,3)",
"   1\
  10\
 100\
[torch.DoubleTensor of size 3]\
"},
{"torch.ByteTensor{{1,2},{3,250}}",
"   1    2\
   3  250\
[torch.ByteTensor of size 2x2]\
"},
{"torch.LongTensor{10000000000,2}",
" 1.0000e+10\
 2.0000e+00\
[torch.LongTensor of size 2]\
"},
{"torch.CharTensor{-128,127}",
"-128\
 127\
[torch.CharTensor of size 2]\
"},
{"torch.ShortTensor(2,2):fill(-7)",
"-7 -7\
-7 -7\
[torch.ShortTensor of size 2x2]\
"},
{"torch.Tensor(0)",
"[torch.DoubleTensor with no dimension]\
"},
{"torch.Tensor{1e-10,1,1e10}",
" 1.0000e-10\
 1.0000e+00\
 1.0000e+10\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor{0.001,1000}",
" 1.0000e-03\
 1.0000e+03\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,30):resize(2,15)",
"  1   2   3   4   5   6   7   8   9  10  11  12  13  14  15\
 16  17  18  19  20  21  22  23  24  25  26  27  28  29  30\
[torch.DoubleTensor of size 2x15]\
"},
{"torch.DoubleStorage{1,2,3}",
" 1\
 2\
 3\
[torch.DoubleStorage of size 3]\
"},
{"torch.LongStorage{4,5}",
" 4\
 5\
[torch.LongStorage of size 2]\
"},
{"torch.Tensor(2,3):fill(1):size()",
" 2\
 3\
[torch.LongStorage of size 2]\
"},
{"torch.Tensor(2,3):fill(1):stride()",
" 3\
 1\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,6):resize(2,3)[2][3] ",
"6"},
{"torch.range(1,6):resize(2,3)[{2,3}] ",
"6"},
{"torch.range(1,12):resize(3,4)[{{},2}] ",
"  2\
  6\
 10\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,12):resize(3,4)[{{-2,-1},{}}] ",
"  5   6   7   8\
  9  10  11  12\
[torch.DoubleTensor of size 2x4]\
"},
{"torch.range(1,24):resize(2,3,4):transpose(1,3):size()",
" 4\
 3\
 2\
[torch.LongStorage of size 3]\
"},
{"torch.range(1,24):resize(2,3,4):narrow(2,2,2)",
"(1,.,.) = \
   5   6   7   8\
   9  10  11  12\
\
(2,.,.) = \
  17  18  19  20\
  21  22  23  24\
[torch.DoubleTensor of size 2x2x4]\
"},
{"torch.range(1,24):resize(2,3,4):sub(1,1,2,3)",
"(1,.,.) = \
   5   6   7   8\
   9  10  11  12\
[torch.DoubleTensor of size 1x2x4]\
"},
{"torch.range(1,12):view(4,3)",
"  1   2   3\
  4   5   6\
  7   8   9\
 10  11  12\
[torch.DoubleTensor of size 4x3]\
"},
{"torch.range(1,7):unfold(1,3,2)",
" 1  2  3\
 3  4  5\
 5  6  7\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.range(1,3):resize(3,1):expand(3,4)",
" 1  1  1  1\
 2  2  2  2\
 3  3  3  3\
[torch.DoubleTensor of size 3x4]\
"},
{"torch.range(1,6):resize(2,3):t():isContiguous()",
"false"},
{"torch.range(1,6):resize(2,3):t():contiguous():stride()",
" 2\
 1\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,6):resize(2,3)[2]:storageOffset()",
"4"},
{"torch.range(1,6):resize(2,3):nElement()",
"6"},
{"#torch.range(1,6):resize(2,3)",
" 2\
 3\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,6):resize(2,3):squeeze():size()",
" 2\
 3\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,9):resize(3,3):diag()",
" 1\
 5\
 9\
[torch.DoubleTensor of size 3]\
"},
{"torch.diag(torch.range(1,3))",
" 1  0  0\
 0  2  0\
 0  0  3\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.triu(torch.ones(3,3))",
" 1  1  1\
 0  1  1\
 0  0  1\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.cat(torch.ones(2),torch.zeros(3))",
" 1\
 1\
 0\
 0\
 0\
[torch.DoubleTensor of size 5]\
"},
{"torch.range(1,10):index(1,torch.LongTensor{2,4})",
" 2\
 4\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,5):gather(1,torch.LongTensor{5,1})",
" 5\
 1\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,5):chunk(2)[1] ",
" 1\
 2\
 3\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,5):maskedSelect(torch.ByteTensor{1,0,1,0,1})",
" 1\
 3\
 5\
[torch.DoubleTensor of size 3]\
"},
{"torch.eq(torch.range(1,3),torch.Tensor{1,5,3})",
" 1\
 0\
 1\
[torch.ByteTensor of size 3]\
"},
{"torch.range(1,3)+1",
" 2\
 3\
 4\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3)*2",
" 2\
 4\
 6\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3)/2",
" 0.5000\
 1.0000\
 1.5000\
[torch.DoubleTensor of size 3]\
"},
{"2+torch.range(1,3)",
" 3\
 4\
 5\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3)*torch.range(1,3)",
"14"},
{"torch.range(1,6):resize(2,3)*torch.range(1,6):resize(3,2)",
" 22  28\
 49  64\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.add(torch.ones(2),3,torch.range(1,2))",
" 4\
 7\
[torch.DoubleTensor of size 2]\
"},
{"torch.cmul(torch.range(1,3),torch.range(1,3))",
" 1\
 4\
 9\
[torch.DoubleTensor of size 3]\
"},
{"torch.cdiv(torch.range(1,3),torch.range(2,4))",
" 0.5000\
 0.6667\
 0.7500\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3):pow(0.5)",
" 1.0000\
 1.4142\
 1.7321\
[torch.DoubleTensor of size 3]\
"},
{"torch.sqrt(torch.range(1,3))",
" 1.0000\
 1.4142\
 1.7321\
[torch.DoubleTensor of size 3]\
"},
{"torch.log(torch.range(1,3))",
" 0.0000\
 0.6931\
 1.0986\
[torch.DoubleTensor of size 3]\
"},
{"torch.abs(torch.Tensor{-1,2})",
" 1\
 2\
[torch.DoubleTensor of size 2]\
"},
{"torch.ceil(torch.Tensor{-1.5,2.5})",
"-1\
 3\
[torch.DoubleTensor of size 2]\
"},
{"torch.round(torch.Tensor{-1.5,2.5,0.5})",
"-2\
 3\
 1\
[torch.DoubleTensor of size 3]\
"},
{"torch.clamp(torch.range(-2,2),-1,1)",
"-1\
-1\
 0\
 1\
 1\
[torch.DoubleTensor of size 5]\
"},
{"torch.tanh(torch.Tensor{0.5})",
" 0.4621\
[torch.DoubleTensor of size 1]\
"},
{"torch.addcmul(torch.ones(2),2,torch.range(1,2),torch.range(3,4))",
"  7\
 17\
[torch.DoubleTensor of size 2]\
"},
{"torch.dot(torch.range(1,3),torch.range(1,3))",
"14"},
{"torch.mm(torch.eye(2),torch.Tensor{{3,4},{5,6}})",
" 3  4\
 5  6\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.ger(torch.range(1,2),torch.range(1,3))",
" 1  2  3\
 2  4  6\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.addmm(torch.ones(2,2),torch.eye(2),torch.eye(2))",
" 2  1\
 1  2\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.IntTensor{7,-7}/2",
" 3\
-3\
[torch.IntTensor of size 2]\
"},
{"torch.range(1,6):sum()",
"21"},
{"torch.range(1,6):resize(2,3):sum(1)",
" 5  7  9\
[torch.DoubleTensor of size 1x3]\
"},
{"torch.range(1,6):mean()",
"3.5"},
{"torch.range(1,6):resize(2,3):mean(2)",
" 2\
 5\
[torch.DoubleTensor of size 2x1]\
"},
{"torch.range(1,6):var()",
"3.5"},
{"torch.range(1,6):prod()",
"720"},
{"torch.range(1,6):resize(2,3):max(1)",
" 4  5  6\
[torch.DoubleTensor of size 1x3]\
"},
{"select(2,torch.range(1,6):resize(2,3):max(2))",
" 3\
 3\
[torch.LongTensor of size 2x1]\
"},
{"torch.range(1,6):norm()",
"9.5393920141695"},
{"torch.range(1,6):norm(1)",
"21"},
{"torch.cumsum(torch.range(1,4))",
"  1\
  3\
  6\
 10\
[torch.DoubleTensor of size 4]\
"},
{"torch.cumprod(torch.range(1,4))",
"  1\
  2\
  6\
 24\
[torch.DoubleTensor of size 4]\
"},
{"select(2,torch.sort(torch.Tensor{3,1,2},true))",
" 1\
 3\
 2\
[torch.LongTensor of size 3]\
"},
{"torch.trace(torch.range(1,9):resize(3,3))",
"15"},
{"torch.kthvalue(torch.Tensor{5,3,1},2)",
" 3\
[torch.DoubleTensor of size 1]\
"},
{"torch.median(torch.Tensor{5,3,1})",
" 3\
[torch.DoubleTensor of size 1]\
"},
{"torch.all(torch.ByteTensor{1,1})",
"true"},
{"torch.any(torch.ByteTensor{0,0})",
"false"},
{"torch.range(1,3):map(torch.ones(3),function(a,b) return a+b end)",
" 2\
 3\
 4\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3):clone():zero()",
" 0\
 0\
 0\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor(2,2):copy(torch.range(1,4))",
" 1  2\
 3  4\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.FloatTensor(2):copy(torch.range(1,2))",
" 1\
 2\
[torch.FloatTensor of size 2]\
"},
{"torch.Tensor{1.7,-1.7}:long()",
" 1\
-1\
[torch.LongTensor of size 2]\
"},
{"torch.range(1,4):float():type()",
"torch.FloatTensor"},
{"torch.typename(torch.Tensor())",
"torch.DoubleTensor"},
{"torch.typename(torch.LongStorage())",
"torch.LongStorage"},
{"torch.isTensor(torch.Tensor())",
"true"},
{"torch.isStorage(torch.Storage())",
"true"},
{"torch.totable(torch.Tensor{{1,2},{3,4}})[2][1] ",
"3"},
{"torch.Tensor{1,2}:isSameSizeAs(torch.ones(2))",
"true"},
{"torch.Tensor(torch.LongStorage{2,2}):fill(3)",
" 3  3\
 3  3\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.Tensor(torch.DoubleStorage{1,2,3,4},2,torch.LongStorage{2})",
" 2\
 3\
[torch.DoubleTensor of size 2]\
"},
{"torch.getdefaulttensortype()",
"torch.DoubleTensor"},
{"string.format('%.17g %.17g %.17g', torch.uniform(),torch.uniform(),torch.uniform(2,5))",
"0.69646918727084994 0.71295532141812146 2.8584180162288249"},
{"string.format('%d %d %d', torch.random(),torch.random(10),torch.random(5,9))",
"2991312382 10 7"},
{"torch.randn(5)",
"-0.5214\
-1.4914\
-0.2381\
 1.0306\
 0.2221\
[torch.DoubleTensor of size 5]\
"},
{"torch.randperm(10)",
"  3\
  1\
  9\
  2\
  4\
  8\
  5\
 10\
  6\
  7\
[torch.DoubleTensor of size 10]\
"},
{"torch.randn(100,100):norm()",
"100.74260234204"},
{"string.format('%.17g %.17g', torch.rand(1000):sum(), torch.randn(1000):sum())",
"492.04352685436606 -4.7923068435257701"},
{"string.format('%.17g %.17g', torch.exponential(2),torch.cauchy())",
"0.59613607449643169 0.79065846734277412"},
{"torch.Tensor(5):uniform(-1,1)",
" 0.3929\
 0.4259\
-0.4277\
-0.1431\
-0.5463\
[torch.DoubleTensor of size 5]\
"},
{"torch.Tensor(3):normal(10,0.1)",
" 9.9479\
 9.8509\
 9.9762\
[torch.DoubleTensor of size 3]\
"},
{"torch.LongTensor(4):random(1,6)",
" 5\
 2\
 1\
 1\
[torch.LongTensor of size 4]\
"},
{"torch.initialSeed()",
"123"},
{"torch.ones(2)+torch.ones(3)",
"ERROR inconsistent tensor size, expected r_ [2], t [2] and src [3] to have the same number of elements, but got 2, 2 and 3 elements respectively"},
{"torch.mm(torch.ones(2,3),torch.ones(2,3))",
"ERROR size mismatch, m1: [2 x 3], m2: [2 x 3]"},
{"torch.ones(2,2):select(3,1)",
"ERROR bad argument #2 to '?' (out of range"},
{"torch.ones(2,2):narrow(1,2,2)",
"ERROR bad argument #4 to '?' (out of range"},
{"torch.ones(2):copy(torch.ones(3))",
"ERROR inconsistent tensor size, expected tensor [2] and src [3] to have the same number of elements, but got 2 and 3 elements respectively"},
{"torch.ones(3):dot(torch.ones(2))",
"ERROR inconsistent tensor size, expected tensor [3] and src [2] to have the same number of elements, but got 3 and 2 elements respectively"},
{"torch.Tensor('x')",
"ERROR bad argument #1 to '?' (expecting number or torch.DoubleTensor or torch.DoubleStorage"},
}
