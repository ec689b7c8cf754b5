--- The child of a C program (examples/c/parent.c): `require 'parallel'` finds the parent, and what goes to and fro are strings.
local parallel = require 'parallel'
parallel.parent:send(parallel.parent:receive():upper())
