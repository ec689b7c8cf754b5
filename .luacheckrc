-- What `make lint` checks Lua files by; it is a part of `make test`.
std = 'max'
codes = true
max_line_length = 150
ignore = {
  '581', -- not (x >= 0): a NaN has to be refused as well
  '4[23]2/_', '4[23]1/err', '4[23]1/ok', -- the outcome of an inner pcall may hide that of an outer one
}
globals = {'parallel', 'torch', 'sys', 'paths', 'lab', 'xlua', 'loadstring'}
exclude_files = {'build'}

files['tests'] = {
  std = '+busted',
  -- Children get functions with what they need inside: that hides the same names of the test.
  ignore = {'4[12][123]', '4[3][123]', '581', '212', '213'},
}
files['docs/site'] = {globals = {'Link', 'Image', 'Pandoc'}, read_globals = {'pandoc'}} -- what pandoc calls, and gives
files['types'] = {ignore = {'212', '241', '631'}} -- declarations, and all ways of a call on one line
files['lua/parallel/hosts.lua'] = {max_line_length = false, ignore = {'311', '431'}}
files['examples'] = {ignore = {'4[123][123]', '213'}}
files['examples/readme.lua'] = {global = false} -- the original's own
files['bench'] = {ignore = {'4[123][123]', '213'}}
files['tests/mutants/list.lua'] = {max_line_length = false} -- lines of C
files['examples/later'] = {global = false, ignore = {'212'}} -- in the style of their time
files['examples/hosts/love'] = {globals = {'love'}}
files['examples/hosts'] = {globals = {'vim', 'ngx', 'love'}}
