-- `lab` was the name of Torch's mathematics before they became torch.*. Sets the global, as the original did.
lab = setmetatable({}, {__index = require 'parallel.tensor'}) -- luacheck: ignore
return lab -- luacheck: ignore
