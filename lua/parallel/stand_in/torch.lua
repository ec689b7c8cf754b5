-- Found as `torch` where no real Torch is installed. Like the real one, it also sets the global.
torch = require 'parallel.tensor' -- luacheck: ignore
return torch -- luacheck: ignore
