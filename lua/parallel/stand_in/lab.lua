-- `lab` was the name of Torch's mathematics before they became torch.*. Sets the global, as the original did.
local lab = setmetatable({}, {__index = require 'parallel.tensor'})
rawset(_G, 'lab', lab)
return lab
