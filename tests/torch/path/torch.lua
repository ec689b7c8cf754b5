-- A module named torch on the path: what a real Torch7 looks like to require. It sets the global, too.
torch = require 'standin' -- luacheck: ignore
require 'torch_objects'
return torch -- luacheck: ignore
