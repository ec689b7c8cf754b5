--- A Lua program whose child is a C program: strings go to it, strings come back. lua parent.lua ./worker
local parallel = require 'parallel'

local worker = parallel.run{program = arg[1] or './worker'}
local total = 0
for _, text in ipairs{'the quick brown fox', ('aeiou'):rep(100000), 'rhythm'} do
  worker:send(text)
  local vowels = worker:receive()
  print(#text, vowels)
  total = total + tonumber(vowels)
end
worker:send('')
worker:join()
print('in all', total)
