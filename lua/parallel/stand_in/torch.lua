-- Found as `torch` where no real Torch is installed. Like the real one, it also sets the global.
local torch = require 'parallel.tensor'
rawset(_G, 'torch', torch)
return torch
