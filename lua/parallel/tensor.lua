-- Torch's tensors: `local torch = require 'parallel.tensor'`. The same as require 'torch' where no real Torch is there.
return require('parallel.core').tensor()
