---@meta parallel.tensor
-- The contract of parallel.tensor, which answers require 'torch' as well: made by tools/tensor_reference.lua, do not edit it here. A call that
-- cannot be raises a text that names the function, the argument and the sizes.

--- Torch7's tensors, whose storages processes can share (docs/tensor.md).
---@class torch
---@field Tensor fun(...: any): torch.Tensor the default type, DoubleTensor
---@field Storage fun(...: any): torch.Storage its storage
---@field DiskFile fun(path: string, mode: string?, quiet: boolean?): torch.File
---@field MemoryFile fun(storage: torch.Storage|string|nil, mode: string?): torch.File
---@field PipeFile fun(command: string, mode: string?, quiet: boolean?): torch.File
---@field CmdLine fun(): torch.CmdLine
---@field Tester fun(): torch.Tester
---@field Timer fun(): torch.Timer

---@field ByteTensor fun(...: any): torch.ByteTensor
---@field ByteStorage fun(...: any): torch.ByteStorage
---@field CharTensor fun(...: any): torch.CharTensor
---@field CharStorage fun(...: any): torch.CharStorage
---@field ShortTensor fun(...: any): torch.ShortTensor
---@field ShortStorage fun(...: any): torch.ShortStorage
---@field IntTensor fun(...: any): torch.IntTensor
---@field IntStorage fun(...: any): torch.IntStorage
---@field LongTensor fun(...: any): torch.LongTensor
---@field LongStorage fun(...: any): torch.LongStorage
---@field FloatTensor fun(...: any): torch.FloatTensor
---@field FloatStorage fun(...: any): torch.FloatStorage
---@field DoubleTensor fun(...: any): torch.DoubleTensor
---@field DoubleStorage fun(...: any): torch.DoubleStorage
local torch = {}

---@class torch.Tensor
local Tensor = {}

---@class torch.Storage
local Storage = {}

---@class torch.File
local File = {}

---@class torch.CmdLine
local CmdLine = {}

---@class torch.Tester
local Tester = {}

---@class torch.Timer
local Timer = {}

---@class torch.Generator

---@class torch.ByteTensor: torch.Tensor

---@class torch.ByteStorage: torch.Storage

---@class torch.CharTensor: torch.Tensor

---@class torch.CharStorage: torch.Storage

---@class torch.ShortTensor: torch.Tensor

---@class torch.ShortStorage: torch.Storage

---@class torch.IntTensor: torch.Tensor

---@class torch.IntStorage: torch.Storage

---@class torch.LongTensor: torch.Tensor

---@class torch.LongStorage: torch.Storage

---@class torch.FloatTensor: torch.Tensor

---@class torch.FloatStorage: torch.Storage

---@class torch.DoubleTensor: torch.Tensor

---@class torch.DoubleStorage: torch.Storage

-- --- making ---

--- A tensor of zeros.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
---@overload fun(result: torch.Tensor, ...: integer|torch.LongStorage): torch.Tensor
function torch.zeros(...) end

--- A tensor of zeros.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function Tensor:zeros(...) end

--- A tensor of ones.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
---@overload fun(result: torch.Tensor, ...: integer|torch.LongStorage): torch.Tensor
function torch.ones(...) end

--- A tensor of ones.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function Tensor:ones(...) end

--- Ones on the diagonal, zeros elsewhere; as many columns as rows when they are not given.
---@param rows integer
---@param columns? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, rows: integer, columns: integer?): torch.Tensor
function torch.eye(rows, columns) end

--- Ones on the diagonal, zeros elsewhere; as many columns as rows when they are not given.
---@param rows integer
---@param columns? integer
---@return torch.Tensor
function Tensor:eye(rows, columns) end

--- The numbers from first to last, by steps of 1 or as told.
---@param first number
---@param last number
---@param step? number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, first: number, last: number, step: number?): torch.Tensor
function torch.range(first, last, step) end

--- The numbers from first to last, by steps of 1 or as told.
---@param first number
---@param last number
---@param step? number
---@return torch.Tensor
function Tensor:range(first, last, step) end

--- So many numbers (100) at equal distances from first to last. (Float and Double)
---@param first number
---@param last number
---@param count? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, first: number, last: number, count: integer?): torch.Tensor
function torch.linspace(first, last, count) end

--- So many numbers (100) at equal distances from first to last. (Float and Double)
---@param first number
---@param last number
---@param count? integer
---@return torch.Tensor
function Tensor:linspace(first, last, count) end

--- So many powers of ten (100), from 10^first to 10^last. (Float and Double)
---@param first number
---@param last number
---@param count? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, first: number, last: number, count: integer?): torch.Tensor
function torch.logspace(first, last, count) end

--- So many powers of ten (100), from 10^first to 10^last. (Float and Double)
---@param first number
---@param last number
---@param count? integer
---@return torch.Tensor
function Tensor:logspace(first, last, count) end

--- Random numbers, equally distributed from 0 to 1. (Float and Double)
---@param ... integer|torch.LongStorage
---@return torch.Tensor
---@overload fun(generator: torch.Generator, ...: integer|torch.LongStorage): torch.Tensor
---@overload fun(result: torch.Tensor, ...: integer|torch.LongStorage): torch.Tensor
---@overload fun(result: torch.Tensor, generator: torch.Generator, ...: integer|torch.LongStorage): torch.Tensor
function torch.rand(...) end

--- Random numbers, equally distributed from 0 to 1. (Float and Double)
---@param ... integer|torch.LongStorage
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, ...: integer|torch.LongStorage): torch.Tensor
function Tensor:rand(...) end

--- Random numbers of the normal distribution, mean 0 and deviation 1. (Float and Double)
---@param ... integer|torch.LongStorage
---@return torch.Tensor
---@overload fun(generator: torch.Generator, ...: integer|torch.LongStorage): torch.Tensor
---@overload fun(result: torch.Tensor, ...: integer|torch.LongStorage): torch.Tensor
---@overload fun(result: torch.Tensor, generator: torch.Generator, ...: integer|torch.LongStorage): torch.Tensor
function torch.randn(...) end

--- Random numbers of the normal distribution, mean 0 and deviation 1. (Float and Double)
---@param ... integer|torch.LongStorage
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, ...: integer|torch.LongStorage): torch.Tensor
function Tensor:randn(...) end

--- The numbers from 1 to count in random order.
---@param count integer
---@return torch.Tensor
---@overload fun(generator: torch.Generator, count: integer): torch.Tensor
---@overload fun(result: torch.Tensor, count: integer): torch.Tensor
---@overload fun(result: torch.Tensor, generator: torch.Generator, count: integer): torch.Tensor
function torch.randperm(count) end

--- The numbers from 1 to count in random order.
---@param count integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, count: integer): torch.Tensor
function Tensor:randperm(count) end

--- The k-th diagonal of a matrix as a vector, or a matrix with that diagonal from a vector; 0 is the main one, above are positive ones.
---@param t torch.Tensor
---@param k? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, k: integer?): torch.Tensor
function torch.diag(t, k) end

--- The k-th diagonal of a matrix as a vector, or a matrix with that diagonal from a vector; 0 is the main one, above are positive ones.
---@param k? integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, k: integer?): torch.Tensor
function Tensor:diag(k) end

--- What is on and below the k-th diagonal; the rest is 0.
---@param t torch.Tensor
---@param k? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, k: integer?): torch.Tensor
function torch.tril(t, k) end

--- What is on and below the k-th diagonal; the rest is 0.
---@param k? integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, k: integer?): torch.Tensor
function Tensor:tril(k) end

--- What is on and above the k-th diagonal; the rest is 0.
---@param t torch.Tensor
---@param k? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, k: integer?): torch.Tensor
function torch.triu(t, k) end

--- What is on and above the k-th diagonal; the rest is 0.
---@param k? integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, k: integer?): torch.Tensor
function Tensor:triu(k) end

--- Tensors one behind the other along a dimension (the last); also `torch.cat({a, b, ...}, dim)`. A result may come first.
---@param t torch.Tensor
---@param other torch.Tensor
---@param dim? integer
---@return torch.Tensor
function torch.cat(t, other, dim) end

--- Tensors one behind the other along a dimension (the last); also `torch.cat({a, b, ...}, dim)`. A result may come first.
---@param other torch.Tensor
---@param dim? integer
---@return torch.Tensor
function Tensor:cat(other, dim) end

--- A copy with memory of its own.
---@return torch.Tensor
function Tensor:clone() end

--- So many copies beside each other along each dimension.
---@param t torch.Tensor
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function torch.repeatTensor(t, ...) end

--- So many copies beside each other along each dimension.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function Tensor:repeatTensor(...) end

--- Another tensor of this type, by the arguments of its constructor.
---@param ... any
---@return torch.Tensor
function Tensor:new(...) end

-- --- elements ---

--- The slice at a position of a dimension, which is gone then: a view. Of a vector, the number.
---@param dim integer
---@param index integer
---@return torch.Tensor|number
function Tensor:select(dim, index) end

--- So many slices of a dimension from the first on: a view.
---@param dim integer
---@param first integer
---@param count integer
---@return torch.Tensor
function Tensor:narrow(dim, first, count) end

--- First and last of dimension 1, of dimension 2, ...: a view; negative ones count from the end.
---@param first integer
---@param last integer
---@param ... integer
---@return torch.Tensor
function Tensor:sub(first, last, ...) end

--- The slices with these positions, copied.
---@param dim integer
---@param indices torch.LongTensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer, indices: torch.LongTensor): torch.Tensor
function Tensor:index(dim, indices) end

--- Another name of `index`.
---@param dim integer
---@param indices torch.LongTensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer, indices: torch.LongTensor): torch.Tensor
function Tensor:indexSelect(dim, indices) end

--- Slices of the source go to these positions; it returns the source, as in Torch7.
---@param dim integer
---@param indices torch.LongTensor
---@param source torch.Tensor
---@return torch.Tensor
function Tensor:indexCopy(dim, indices, source) end

--- Slices of the source are added to those at these positions; it returns the source, as in Torch7.
---@param dim integer
---@param indices torch.LongTensor
---@param source torch.Tensor
---@return torch.Tensor
function Tensor:indexAdd(dim, indices, source) end

--- The slices with these positions are filled with a number, which is returned, as in Torch7.
---@param dim integer
---@param indices torch.LongTensor
---@param value number
---@return number
function Tensor:indexFill(dim, indices, value) end

--- For each element of the indices, the element of t that it names along the dimension.
---@param t torch.Tensor
---@param dim integer
---@param indices torch.LongTensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer, indices: torch.LongTensor): torch.Tensor
function torch.gather(t, dim, indices) end

--- For each element of the indices, the element of t that it names along the dimension.
---@param dim integer
---@param indices torch.LongTensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer, indices: torch.LongTensor): torch.Tensor
function Tensor:gather(dim, indices) end

--- The opposite of `gather`: what stands in the source, or a number, goes where the indices say.
---@param t torch.Tensor
---@param dim integer
---@param indices torch.LongTensor
---@param source torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, dim: integer, indices: torch.LongTensor, value: number): torch.Tensor
function torch.scatter(t, dim, indices, source) end

--- The opposite of `gather`: what stands in the source, or a number, goes where the indices say.
---@param dim integer
---@param indices torch.LongTensor
---@param source torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, dim: integer, indices: torch.LongTensor, value: number): torch.Tensor
function Tensor:scatter(dim, indices, source) end

--- The same, added to what is there.
---@param dim integer
---@param indices torch.LongTensor
---@param source torch.Tensor
---@return torch.Tensor
function Tensor:scatterAdd(dim, indices, source) end

--- The elements where the mask is 1, as a vector.
---@param mask torch.ByteTensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, mask: torch.ByteTensor): torch.Tensor
function Tensor:maskedSelect(mask) end

--- A number where the mask is 1; it is returned, as in Torch7.
---@param mask torch.ByteTensor
---@param value number
---@return number
function Tensor:maskedFill(mask, value) end

--- Elements of the source, in order, where the mask is 1.
---@param mask torch.ByteTensor
---@param source torch.Tensor
---@return torch.Tensor
function Tensor:maskedCopy(mask, source) end

--- The positions of all elements that are not 0, one row for each.
---@param t torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor): torch.LongTensor
function torch.nonzero(t) end

--- The positions of all elements that are not 0, one row for each.
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor): torch.LongTensor
function Tensor:nonzero() end

-- --- shape ---

--- All sizes, or that of one dimension.
---@param dim? integer
---@return torch.LongStorage|integer
function Tensor:size(dim) end

--- Distances in memory from one element to the next, in elements, of all dimensions or one.
---@param dim? integer
---@return torch.LongStorage|integer
function Tensor:stride(dim) end

--- How many dimensions.
---@return integer
function Tensor:dim() end

--- Another name of `dim`.
---@return integer
function Tensor:nDimension() end

--- How many elements.
---@return integer
function Tensor:nElement() end

--- Another name of `nElement`.
---@param t torch.Tensor
---@return integer
function torch.numel(t) end

--- Another name of `nElement`.
---@return integer
function Tensor:numel() end

--- Bytes of one element.
---@return integer
function Tensor:elementSize() end

--- What holds the elements; nil for one that never had any.
---@return torch.Storage?
function Tensor:storage() end

--- Where in the storage it begins, from 1.
---@return integer
function Tensor:storageOffset() end

--- Do the elements lie in order and without gaps?
---@return boolean
function Tensor:isContiguous() end

--- Has it the same sizes?
---@param other torch.Tensor
---@return boolean
function Tensor:isSameSizeAs(other) end

--- Has it these sizes?
---@param sizes torch.LongStorage
---@return boolean
function Tensor:isSize(sizes) end

--- Is it the same view of the same storage?
---@param other torch.Tensor
---@return boolean
function Tensor:isSetTo(other) end

--- Other sizes for this tensor; the storage grows when it has to. Error: a shared storage cannot.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function Tensor:resize(...) end

--- The sizes of another tensor.
---@param other torch.Tensor
---@return torch.Tensor
function Tensor:resizeAs(other) end

--- Becomes a view of a tensor, or of a storage: `t:set(storage, offset, sizes, strides)`.
---@param ... any
---@return torch.Tensor
function Tensor:set(...) end

--- The same elements by other sizes, of which one may be -1. Errors: not contiguous, other number of elements.
---@param t torch.Tensor
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function torch.view(t, ...) end

--- The same elements by other sizes, of which one may be -1. Errors: not contiguous, other number of elements.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function Tensor:view(...) end

--- The same elements by the sizes of another tensor.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
function torch.viewAs(t, other) end

--- The same elements by the sizes of another tensor.
---@param other torch.Tensor
---@return torch.Tensor
function Tensor:viewAs(other) end

--- A copy with other sizes.
---@param t torch.Tensor
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function torch.reshape(t, ...) end

--- A copy with other sizes.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function Tensor:reshape(...) end

--- A matrix with rows and columns exchanged: a view.
---@return torch.Tensor
function Tensor:t() end

--- Two dimensions exchanged: a view.
---@param dim1 integer
---@param dim2 integer
---@return torch.Tensor
function Tensor:transpose(dim1, dim2) end

--- The dimensions in this order: a view.
---@param t torch.Tensor
---@param ... integer
---@return torch.Tensor
function torch.permute(t, ...) end

--- The dimensions in this order: a view.
---@param ... integer
---@return torch.Tensor
function Tensor:permute(...) end

--- Windows of a dimension, each so large and so far behind the one before: a view with one dimension more.
---@param dim integer
---@param size integer
---@param step integer
---@return torch.Tensor
function Tensor:unfold(dim, size, step) end

--- Dimensions of size 1 repeated without memory: a view.
---@param t torch.Tensor
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function torch.expand(t, ...) end

--- Dimensions of size 1 repeated without memory: a view.
---@param ... integer|torch.LongStorage
---@return torch.Tensor
function Tensor:expand(...) end

--- The same, to the sizes of another tensor.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
function torch.expandAs(t, other) end

--- The same, to the sizes of another tensor.
---@param other torch.Tensor
---@return torch.Tensor
function Tensor:expandAs(other) end

--- Without dimensions of size 1, or without this one: a view; one element alone is a number.
---@param t torch.Tensor
---@param dim? integer
---@return torch.Tensor|number
function torch.squeeze(t, dim) end

--- Without dimensions of size 1, or without this one: a view; one element alone is a number.
---@param dim? integer
---@return torch.Tensor|number
function Tensor:squeeze(dim) end

--- Views of so many slices each (the last may have fewer).
---@param t torch.Tensor
---@param size integer
---@param dim? integer
---@return torch.Tensor[]
function torch.split(t, size, dim) end

--- Views of so many slices each (the last may have fewer).
---@param size integer
---@param dim? integer
---@return torch.Tensor[]
function Tensor:split(size, dim) end

--- So many views of about the same size.
---@param t torch.Tensor
---@param count integer
---@param dim? integer
---@return torch.Tensor[]
function torch.chunk(t, count, dim) end

--- So many views of about the same size.
---@param count integer
---@param dim? integer
---@return torch.Tensor[]
function Tensor:chunk(count, dim) end

--- Itself when it is contiguous, else a copy that is.
---@return torch.Tensor
function Tensor:contiguous() end

-- --- filling ---

--- Every element becomes this number.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
function torch.fill(t, value) end

--- Every element becomes this number.
---@param value number
---@return torch.Tensor
function Tensor:fill(value) end

--- Every element becomes 0.
---@param t torch.Tensor
---@return torch.Tensor
function torch.zero(t) end

--- Every element becomes 0.
---@return torch.Tensor
function Tensor:zero() end

--- The elements of another tensor, of any type and shape with as many.
---@param source torch.Tensor|torch.Storage
---@return torch.Tensor
function Tensor:copy(source) end

--- f of each element, in order; what it returns takes its place, nil leaves it.
---@param f fun(x: number): number?
---@return torch.Tensor
function Tensor:apply(f) end

--- The same with the elements of two tensors.
---@param other torch.Tensor
---@param f fun(x: number, y: number): number?
---@return torch.Tensor
function Tensor:map(other, f) end

--- The same with three.
---@param a torch.Tensor
---@param b torch.Tensor
---@param f fun(x: number, y: number, z: number): number?
---@return torch.Tensor
function Tensor:map2(a, b, f) end

-- --- each element ---

--- A number added, or another tensor times a factor (1).
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(t: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
function torch.add(t, value) end

--- A number added, or another tensor times a factor (1).
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
function Tensor:add(value) end

--- A number taken away, or another tensor times a factor (1).
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(t: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
function torch.csub(t, value) end

--- A number taken away, or another tensor times a factor (1).
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, scale: number, other: torch.Tensor): torch.Tensor
function Tensor:csub(value) end

--- Times a number.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
function torch.mul(t, value) end

--- Times a number.
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
function Tensor:mul(value) end

--- Divided by a number. Error: an integer by 0.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
function torch.div(t, value) end

--- Divided by a number. Error: an integer by 0.
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
function Tensor:div(value) end

--- The rest of a division, with the sign of the element.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
function torch.fmod(t, value) end

--- The rest of a division, with the sign of the element.
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
function Tensor:fmod(value) end

--- Another name of `fmod`.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
function torch.mod(t, value) end

--- Another name of `fmod`.
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
function Tensor:mod(value) end

--- The rest of a division, with the sign of the divisor.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
function torch.remainder(t, value) end

--- The rest of a division, with the sign of the divisor.
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
function Tensor:remainder(value) end

--- Elements to a power, a number to powers from a tensor, or two numbers.
---@param t torch.Tensor
---@param exponent number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, exponent: number): torch.Tensor
---@overload fun(base: number, t: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, base: number, t: torch.Tensor): torch.Tensor
---@overload fun(base: number, exponent: number): number
function torch.pow(t, exponent) end

--- Elements to a power, a number to powers from a tensor, or two numbers.
---@param exponent number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, exponent: number): torch.Tensor
---@overload fun(self: torch.Tensor, base: number, source: torch.Tensor?): torch.Tensor
function Tensor:pow(exponent) end

--- What is below min or above max becomes that bound.
---@param t torch.Tensor
---@param min number
---@param max number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, min: number, max: number): torch.Tensor
function torch.clamp(t, min, max) end

--- What is below min or above max becomes that bound.
---@param min number
---@param max number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, min: number, max: number): torch.Tensor
function Tensor:clamp(min, max) end

--- Element times element.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cmul(t, other) end

--- Element times element.
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cmul(other) end

--- Element divided by element. Error: an integer by 0.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cdiv(t, other) end

--- Element divided by element. Error: an integer by 0.
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cdiv(other) end

--- Element to the power of an element.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cpow(t, other) end

--- Element to the power of an element.
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cpow(other) end

--- Rests of divisions, with the sign of the element.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cfmod(t, other) end

--- Rests of divisions, with the sign of the element.
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cfmod(other) end

--- Another name of `cfmod`.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cmod(t, other) end

--- Another name of `cfmod`.
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cmod(other) end

--- Rests of divisions, with the sign of the divisor.
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cremainder(t, other) end

--- Rests of divisions, with the sign of the divisor.
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cremainder(other) end

--- The larger of an element and a number, or of two elements.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cmax(t, value) end

--- The larger of an element and a number, or of two elements.
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cmax(value) end

--- The smaller of an element and a number, or of two elements.
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cmin(t, value) end

--- The smaller of an element and a number, or of two elements.
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cmin(value) end

--- t + scale * a * b, element by element; the factor is 1 by default.
---@param t torch.Tensor
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.addcmul(t, a, b) end

--- t + scale * a * b, element by element; the factor is 1 by default.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function Tensor:addcmul(a, b) end

--- t + scale * a / b, element by element; the factor is 1 by default.
---@param t torch.Tensor
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.addcdiv(t, a, b) end

--- t + scale * a / b, element by element; the factor is 1 by default.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, scale: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function Tensor:addcdiv(a, b) end

--- t + weight * (other - t). (Float and Double)
---@param t torch.Tensor
---@param other torch.Tensor
---@param weight number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor, weight: number): torch.Tensor
---@overload fun(a: number, b: number, weight: number): number
function torch.lerp(t, other, weight) end

--- t + weight * (other - t). (Float and Double)
---@param other torch.Tensor
---@param weight number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor, weight: number): torch.Tensor
function Tensor:lerp(other, weight) end

--- The absolute value.
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.abs(t) end

--- The absolute value.
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:abs(source) end

--- With the other sign.
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
function torch.neg(t) end

--- With the other sign.
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:neg(source) end

--- -1, 0 or 1.
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
function torch.sign(t) end

--- -1, 0 or 1.
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:sign(source) end

--- The square root. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.sqrt(t) end

--- The square root. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:sqrt(source) end

--- One divided by the square root. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.rsqrt(t) end

--- One divided by the square root. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:rsqrt(source) end

--- e to this power. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.exp(t) end

--- e to this power. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:exp(source) end

--- The natural logarithm. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.log(t) end

--- The natural logarithm. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:log(source) end

--- The logarithm of 1 + x, exact for small ones. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.log1p(t) end

--- The logarithm of 1 + x, exact for small ones. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:log1p(source) end

--- The sine. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.sin(t) end

--- The sine. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:sin(source) end

--- The cosine. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.cos(t) end

--- The cosine. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:cos(source) end

--- The tangent. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.tan(t) end

--- The tangent. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:tan(source) end

--- The arc sine. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.asin(t) end

--- The arc sine. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:asin(source) end

--- The arc cosine. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.acos(t) end

--- The arc cosine. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:acos(source) end

--- The arc tangent. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.atan(t) end

--- The arc tangent. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:atan(source) end

--- The angle of the point (other, t). (Float and Double)
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(y: number, x: number): number
function torch.atan2(t, other) end

--- The angle of the point (other, t). (Float and Double)
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:atan2(other) end

--- The hyperbolic sine. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.sinh(t) end

--- The hyperbolic sine. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:sinh(source) end

--- The hyperbolic cosine. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.cosh(t) end

--- The hyperbolic cosine. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:cosh(source) end

--- The hyperbolic tangent. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.tanh(t) end

--- The hyperbolic tangent. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:tanh(source) end

--- 1 / (1 + exp(-x)). (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.sigmoid(t) end

--- 1 / (1 + exp(-x)). (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:sigmoid(source) end

--- 1 divided by the element. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
function torch.cinv(t) end

--- 1 divided by the element. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:cinv(source) end

--- Rounded up. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.ceil(t) end

--- Rounded up. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:ceil(source) end

--- Rounded down. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.floor(t) end

--- Rounded down. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:floor(source) end

--- Rounded to the nearest whole number, halves away from 0. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.round(t) end

--- Rounded to the nearest whole number, halves away from 0. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:round(source) end

--- Rounded towards 0. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.trunc(t) end

--- Rounded towards 0. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:trunc(source) end

--- What `trunc` takes away. (Float and Double)
---@param t torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor): torch.Tensor
---@overload fun(x: number): number
function torch.frac(t) end

--- What `trunc` takes away. (Float and Double)
---@param source? torch.Tensor
---@return torch.Tensor
function Tensor:frac(source) end

--- Bits that both have. (integer types)
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.bitand(t, value) end

--- Bits that both have. (integer types)
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:bitand(value) end

--- Bits that either has. (integer types)
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.bitor(t, value) end

--- Bits that either has. (integer types)
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:bitor(value) end

--- Bits that one of both has. (integer types)
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.bitxor(t, value) end

--- Bits that one of both has. (integer types)
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:bitxor(value) end

--- Bits moved to the left. (integer types)
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.lshift(t, value) end

--- Bits moved to the left. (integer types)
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:lshift(value) end

--- Bits moved to the right. (integer types)
---@param t torch.Tensor
---@param value number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.Tensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.rshift(t, value) end

--- Bits moved to the right. (integer types)
---@param value number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, value: number): torch.Tensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:rshift(value) end

--- `bitand` of two tensors. (integer types)
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cbitand(t, other) end

--- `bitand` of two tensors. (integer types)
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cbitand(other) end

--- `bitor` of two tensors. (integer types)
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cbitor(t, other) end

--- `bitor` of two tensors. (integer types)
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cbitor(other) end

--- `bitxor` of two tensors. (integer types)
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.cbitxor(t, other) end

--- `bitxor` of two tensors. (integer types)
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:cbitxor(other) end

--- `lshift` of two tensors. (integer types)
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.clshift(t, other) end

--- `lshift` of two tensors. (integer types)
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:clshift(other) end

--- `rshift` of two tensors. (integer types)
---@param t torch.Tensor
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.Tensor
function torch.crshift(t, other) end

--- `rshift` of two tensors. (integer types)
---@param other torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, other: torch.Tensor): torch.Tensor
function Tensor:crshift(other) end

-- --- comparing ---

--- Is it less?
---@param t torch.Tensor
---@param value number
---@return torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function torch.lt(t, value) end

--- Is it less?
---@param value number
---@return torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function Tensor:lt(value) end

--- Is it less or equal?
---@param t torch.Tensor
---@param value number
---@return torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function torch.le(t, value) end

--- Is it less or equal?
---@param value number
---@return torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function Tensor:le(value) end

--- Is it greater?
---@param t torch.Tensor
---@param value number
---@return torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function torch.gt(t, value) end

--- Is it greater?
---@param value number
---@return torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function Tensor:gt(value) end

--- Is it greater or equal?
---@param t torch.Tensor
---@param value number
---@return torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function torch.ge(t, value) end

--- Is it greater or equal?
---@param value number
---@return torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function Tensor:ge(value) end

--- Is it equal?
---@param t torch.Tensor
---@param value number
---@return torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function torch.eq(t, value) end

--- Is it equal?
---@param value number
---@return torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function Tensor:eq(value) end

--- Is it not equal?
---@param t torch.Tensor
---@param value number
---@return torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function torch.ne(t, value) end

--- Is it not equal?
---@param value number
---@return torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, value: number): torch.ByteTensor
---@overload fun(self: torch.Tensor, other: torch.Tensor): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, other: torch.Tensor): torch.ByteTensor
function Tensor:ne(value) end

--- Have both the same sizes and elements?
---@param t torch.Tensor
---@param other torch.Tensor
---@return boolean
function torch.equal(t, other) end

--- Have both the same sizes and elements?
---@param other torch.Tensor
---@return boolean
function Tensor:equal(other) end

--- Is no element 0, in all or along a dimension? (ByteTensor)
---@param t torch.Tensor
---@return boolean
---@overload fun(t: torch.Tensor, dim: integer): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer): torch.ByteTensor
function torch.all(t) end

--- Is no element 0, in all or along a dimension? (ByteTensor)
---@return boolean
---@overload fun(self: torch.Tensor, dim: integer): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer): torch.ByteTensor
function Tensor:all() end

--- Is an element not 0, in all or along a dimension? (ByteTensor)
---@param t torch.Tensor
---@return boolean
---@overload fun(t: torch.Tensor, dim: integer): torch.ByteTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer): torch.ByteTensor
function torch.any(t) end

--- Is an element not 0, in all or along a dimension? (ByteTensor)
---@return boolean
---@overload fun(self: torch.Tensor, dim: integer): torch.ByteTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer): torch.ByteTensor
function Tensor:any() end

-- --- reducing ---

--- The sum of all elements, or along a dimension.
---@param t torch.Tensor
---@return number
---@overload fun(t: torch.Tensor, dim: integer): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor
function torch.sum(t) end

--- The sum of all elements, or along a dimension.
---@return number
---@overload fun(self: torch.Tensor, dim: integer): torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor
function Tensor:sum() end

--- The product of all elements, or along a dimension.
---@param t torch.Tensor
---@return number
---@overload fun(t: torch.Tensor, dim: integer): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor
function torch.prod(t) end

--- The product of all elements, or along a dimension.
---@return number
---@overload fun(self: torch.Tensor, dim: integer): torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor
function Tensor:prod() end

--- The mean of all elements, or along a dimension. (Float and Double)
---@param t torch.Tensor
---@return number
---@overload fun(t: torch.Tensor, dim: integer): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor
function torch.mean(t) end

--- The mean of all elements, or along a dimension. (Float and Double)
---@return number
---@overload fun(self: torch.Tensor, dim: integer): torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor
function Tensor:mean() end

--- The variance of all elements, or along a dimension; divided by n - 1, or by n if biased. (Float and Double)
---@param t torch.Tensor
---@param biased? boolean
---@return number
---@overload fun(t: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
function torch.var(t, biased) end

--- The variance of all elements, or along a dimension; divided by n - 1, or by n if biased. (Float and Double)
---@param biased? boolean
---@return number
---@overload fun(self: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
function Tensor:var(biased) end

--- The standard deviation, in the same ways. (Float and Double)
---@param t torch.Tensor
---@param biased? boolean
---@return number
---@overload fun(t: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
function torch.std(t, biased) end

--- The standard deviation, in the same ways. (Float and Double)
---@param biased? boolean
---@return number
---@overload fun(self: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer, biased: boolean?): torch.Tensor
function Tensor:std(biased) end

--- The smallest element, or those along a dimension and where they are.
---@param t torch.Tensor
---@return number
---@overload fun(t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
function torch.min(t) end

--- The smallest element, or those along a dimension and where they are.
---@return number
---@overload fun(self: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
function Tensor:min() end

--- The largest element, or those along a dimension and where they are.
---@param t torch.Tensor
---@return number
---@overload fun(t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
function torch.max(t) end

--- The largest element, or those along a dimension and where they are.
---@return number
---@overload fun(self: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer): torch.Tensor, torch.LongTensor
function Tensor:max() end

--- The p-norm (2) of all elements, or along a dimension. (Float and Double)
---@param t torch.Tensor
---@param p? number
---@return number
---@overload fun(t: torch.Tensor, p: number, dim: integer): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, p: number, dim: integer): torch.Tensor
function torch.norm(t, p) end

--- The p-norm (2) of all elements, or along a dimension. (Float and Double)
---@param p? number
---@return number
---@overload fun(self: torch.Tensor, p: number, dim: integer): torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, p: number, dim: integer): torch.Tensor
function Tensor:norm(p) end

--- The p-norm (2) of the difference. (Float and Double)
---@param t torch.Tensor
---@param other torch.Tensor
---@param p? number
---@return number
function torch.dist(t, other, p) end

--- The p-norm (2) of the difference. (Float and Double)
---@param other torch.Tensor
---@param p? number
---@return number
function Tensor:dist(other, p) end

--- Slices of a dimension whose p-norm is above the limit are scaled down to it. (Float and Double)
---@param t torch.Tensor
---@param p number
---@param dim integer
---@param limit number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, p: number, dim: integer, limit: number): torch.Tensor
function torch.renorm(t, p, dim, limit) end

--- Slices of a dimension whose p-norm is above the limit are scaled down to it. (Float and Double)
---@param p number
---@param dim integer
---@param limit number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, p: number, dim: integer, limit: number): torch.Tensor
function Tensor:renorm(p, dim, limit) end

--- The median along a dimension (the last), the lower of two, and where it is.
---@param t torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function torch.median(t, dim) end

--- The median along a dimension (the last), the lower of two, and where it is.
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function Tensor:median(dim) end

--- The k-th smallest along a dimension (the last), and where it is.
---@param t torch.Tensor
---@param k integer
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, k: integer, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, k: integer, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, k: integer, dim: integer?): torch.Tensor, torch.LongTensor
function torch.kthvalue(t, k, dim) end

--- The k-th smallest along a dimension (the last), and where it is.
---@param k integer
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, k: integer, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, k: integer, dim: integer?): torch.Tensor, torch.LongTensor
function Tensor:kthvalue(k, dim) end

--- The most frequent element along a dimension (the last), and where it is.
---@param t torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function torch.mode(t, dim) end

--- The most frequent element along a dimension (the last), and where it is.
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function Tensor:mode(dim) end

--- The k (1) smallest along a dimension (the last), or the largest, in order, and where they are.
---@param t torch.Tensor
---@param k? integer
---@param dim? integer
---@param largest? boolean
---@param sorted? boolean
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, k: integer?, dim: integer?, largest: boolean?, sorted: boolean?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, k: integer?, dim: integer?, largest: boolean?, sorted: boolean?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, k: integer?, dim: integer?, largest: boolean?, sorted: boolean?): torch.Tensor, torch.LongTensor
function torch.topk(t, k, dim, largest, sorted) end

--- The k (1) smallest along a dimension (the last), or the largest, in order, and where they are.
---@param k? integer
---@param dim? integer
---@param largest? boolean
---@param sorted? boolean
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, k: integer?, dim: integer?, largest: boolean?, sorted: boolean?): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, k: integer?, dim: integer?, largest: boolean?, sorted: boolean?): torch.Tensor, torch.LongTensor
function Tensor:topk(k, dim, largest, sorted) end

--- Sorted along a dimension (the last), equal elements in their order, and where each was.
---@param t torch.Tensor
---@param dim? integer
---@param descending? boolean
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, dim: integer?, descending: boolean?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer?, descending: boolean?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?, descending: boolean?): torch.Tensor, torch.LongTensor
function torch.sort(t, dim, descending) end

--- Sorted along a dimension (the last), equal elements in their order, and where each was.
---@param dim? integer
---@param descending? boolean
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer?, descending: boolean?): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?, descending: boolean?): torch.Tensor, torch.LongTensor
function Tensor:sort(dim, descending) end

--- Sums of all up to each element, along a dimension (the first).
---@param t torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor
function torch.cumsum(t, dim) end

--- Sums of all up to each element, along a dimension (the first).
---@param dim? integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor
function Tensor:cumsum(dim) end

--- Products of all up to each element, along a dimension (the first).
---@param t torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor
function torch.cumprod(t, dim) end

--- Products of all up to each element, along a dimension (the first).
---@param dim? integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor
function Tensor:cumprod(dim) end

--- The largest up to each element, along a dimension (the first), and where it is.
---@param t torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function torch.cummax(t, dim) end

--- The largest up to each element, along a dimension (the first), and where it is.
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function Tensor:cummax(dim) end

--- The smallest up to each element, along a dimension (the first), and where it is.
---@param t torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(result: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function torch.cummin(t, dim) end

--- The smallest up to each element, along a dimension (the first), and where it is.
---@param dim? integer
---@return torch.Tensor
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
---@overload fun(self: torch.Tensor, positions: torch.LongTensor, t: torch.Tensor, dim: integer?): torch.Tensor, torch.LongTensor
function Tensor:cummin(dim) end

--- How many elements are in each of so many (100) bins from min to max (those of the elements). (Float and Double)
---@param t torch.Tensor
---@param bins? integer
---@param min? number
---@param max? number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, bins: integer?, min: number?, max: number?): torch.Tensor
function torch.histc(t, bins, min, max) end

--- How many elements are in each of so many (100) bins from min to max (those of the elements). (Float and Double)
---@param bins? integer
---@param min? number
---@param max? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, bins: integer?, min: number?, max: number?): torch.Tensor
function Tensor:histc(bins, min, max) end

--- The same for each row. (Float and Double)
---@param t torch.Tensor
---@param bins? integer
---@param min? number
---@param max? number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, bins: integer?, min: number?, max: number?): torch.Tensor
function torch.bhistc(t, bins, min, max) end

--- The same for each row. (Float and Double)
---@param bins? integer
---@param min? number
---@param max? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, bins: integer?, min: number?, max: number?): torch.Tensor
function Tensor:bhistc(bins, min, max) end

--- The sum of the diagonal of a matrix.
---@param t torch.Tensor
---@return number
function torch.trace(t) end

--- The sum of the diagonal of a matrix.
---@return number
function Tensor:trace() end

-- --- products ---

--- The sum of the products of the elements.
---@param t torch.Tensor
---@param other torch.Tensor
---@return number
function torch.dot(t, other) end

--- The sum of the products of the elements.
---@param other torch.Tensor
---@return number
function Tensor:dot(other) end

--- Matrix times vector.
---@param matrix torch.Tensor
---@param vector torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
function torch.mv(matrix, vector) end

--- Matrix times vector.
---@param matrix torch.Tensor
---@param vector torch.Tensor
---@return torch.Tensor
function Tensor:mv(matrix, vector) end

--- Matrix times matrix.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.mm(a, b) end

--- Matrix times matrix.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
function Tensor:mm(a, b) end

--- The outer product of two vectors.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.ger(a, b) end

--- The outer product of two vectors.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
function Tensor:ger(a, b) end

--- Each matrix times its matrix, of two tensors with three dimensions.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(result: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.bmm(a, b) end

--- Each matrix times its matrix, of two tensors with three dimensions.
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
function Tensor:bmm(a, b) end

--- beta * t + alpha * matrix * vector; both factors are 1 by default.
---@param t torch.Tensor
---@param matrix torch.Tensor
---@param vector torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, alpha: number, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, alpha: number, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, alpha: number, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, alpha: number, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
function torch.addmv(t, matrix, vector) end

--- beta * t + alpha * matrix * vector; both factors are 1 by default.
---@param beta number
---@param alpha number
---@param matrix torch.Tensor
---@param vector torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, beta: number, source: torch.Tensor, alpha: number, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, alpha: number, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, alpha: number, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, matrix: torch.Tensor, vector: torch.Tensor): torch.Tensor
function Tensor:addmv(beta, alpha, matrix, vector) end

--- beta * t + alpha * a * b for matrices; both factors are 1 by default.
---@param t torch.Tensor
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.addmm(t, a, b) end

--- beta * t + alpha * a * b for matrices; both factors are 1 by default.
---@param beta number
---@param alpha number
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, beta: number, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function Tensor:addmm(beta, alpha, a, b) end

--- beta * t + alpha * the outer product of two vectors.
---@param t torch.Tensor
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.addr(t, a, b) end

--- beta * t + alpha * the outer product of two vectors.
---@param beta number
---@param alpha number
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, beta: number, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function Tensor:addr(beta, alpha, a, b) end

--- beta * t + alpha * the sum of the products of `bmm`.
---@param t torch.Tensor
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.addbmm(t, a, b) end

--- beta * t + alpha * the sum of the products of `bmm`.
---@param beta number
---@param alpha number
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, beta: number, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function Tensor:addbmm(beta, alpha, a, b) end

--- beta * t + alpha * each product of `bmm`.
---@param t torch.Tensor
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(result: torch.Tensor, beta: number, t: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function torch.baddbmm(t, a, b) end

--- beta * t + alpha * each product of `bmm`.
---@param beta number
---@param alpha number
---@param a torch.Tensor
---@param b torch.Tensor
---@return torch.Tensor
---@overload fun(self: torch.Tensor, beta: number, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, alpha: number, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, source: torch.Tensor, a: torch.Tensor, b: torch.Tensor): torch.Tensor
function Tensor:baddbmm(beta, alpha, a, b) end

--- The cross product along a dimension of size 3 (the first such one).
---@param t torch.Tensor
---@param other torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, other: torch.Tensor, dim: integer?): torch.Tensor
function torch.cross(t, other, dim) end

--- The cross product along a dimension of size 3 (the first such one).
---@param other torch.Tensor
---@param dim? integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, other: torch.Tensor, dim: integer?): torch.Tensor
function Tensor:cross(other, dim) end

--- Squared distances of each row of a to each of b, times a factor (1).
---@param a torch.Tensor
---@param b torch.Tensor
---@param factor? number
---@return torch.Tensor
---@overload fun(result: torch.Tensor, a: torch.Tensor, b: torch.Tensor, factor: number?): torch.Tensor
function torch.match(a, b, factor) end

--- Squared distances of each row of a to each of b, times a factor (1).
---@param a torch.Tensor
---@param b torch.Tensor
---@param factor? number
---@return torch.Tensor
function Tensor:match(a, b, factor) end

--- The library that products use, nil for none; false does without it, true takes it again.
---@param on? boolean
---@return string?
function torch.blas(on) end

-- --- linear algebra ---

--- x with a * x = b, and the factors of a.
---@param b torch.Tensor
---@param a torch.Tensor
---@return torch.Tensor
---@return torch.Tensor
function torch.gesv(b, a) end

--- x with the least squares of a * x - b, and the factors of a.
---@param b torch.Tensor
---@param a torch.Tensor
---@return torch.Tensor
---@return torch.Tensor
function torch.gels(b, a) end

--- x with a * x = b for a triangular a, and a.
---@param b torch.Tensor
---@param a torch.Tensor
---@param half? 'U'|'L'
---@param transposed? 'N'|'T'
---@param ones? 'N'|'U'
---@return torch.Tensor
---@return torch.Tensor
function torch.trtrs(b, a, half, transposed, ones) end

--- The inverse of a matrix.
---@param a torch.Tensor
---@return torch.Tensor
function torch.inverse(a) end

--- The Cholesky factor of a positive definite matrix.
---@param a torch.Tensor
---@param half? 'U'|'L'
---@return torch.Tensor
function torch.potrf(a, half) end

--- The inverse from a Cholesky factor.
---@param factor torch.Tensor
---@param half? 'U'|'L'
---@return torch.Tensor
function torch.potri(factor, half) end

--- x with a * x = b from the Cholesky factor of a.
---@param b torch.Tensor
---@param factor torch.Tensor
---@param half? 'U'|'L'
---@return torch.Tensor
function torch.potrs(b, factor, half) end

--- The Cholesky factor with exchanged columns, and which they are.
---@param a torch.Tensor
---@param half? 'U'|'L'
---@param tolerance? number
---@return torch.Tensor
---@return torch.Tensor
function torch.pstrf(a, half, tolerance) end

--- Eigenvalues of a symmetric matrix in order, and their vectors with 'V'.
---@param a torch.Tensor
---@param vectors? 'N'|'V'
---@param half? 'U'|'L'
---@return torch.Tensor
---@return torch.Tensor
function torch.symeig(a, vectors, half) end

--- Eigenvalues, real and imaginary part in a row, and their vectors with 'V'. Error: infinities and NaN.
---@param a torch.Tensor
---@param vectors? 'N'|'V'
---@return torch.Tensor
---@return torch.Tensor
function torch.eig(a, vectors) end

--- u, s and v with a = u * diag(s) * v:t(); 'A' gives all columns. Error: infinities.
---@param a torch.Tensor
---@param size? 'S'|'A'
---@return torch.Tensor
---@return torch.Tensor
---@return torch.Tensor
function torch.svd(a, size) end

--- An orthogonal matrix and a triangular one, whose product is a.
---@param a torch.Tensor
---@return torch.Tensor
---@return torch.Tensor
function torch.qr(a) end

--- The factors of `qr` as LAPACK packs them.
---@param a torch.Tensor
---@return torch.Tensor
---@return torch.Tensor
function torch.geqrf(a) end

--- The orthogonal matrix from what geqrf gave.
---@param a torch.Tensor
---@param tau torch.Tensor
---@return torch.Tensor
function torch.orgqr(a, tau) end

--- That matrix times c.
---@param a torch.Tensor
---@param tau torch.Tensor
---@param c torch.Tensor
---@param side? 'L'|'R'
---@param transposed? 'N'|'T'
---@return torch.Tensor
function torch.ormqr(a, tau, c, side, transposed) end

-- --- convolving ---

--- Planes convolved with a kernel.
---@param t torch.Tensor
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function torch.conv2(t, kernel, kind) end

--- Planes convolved with a kernel.
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function Tensor:conv2(kernel, kind) end

--- Volumes convolved with a kernel.
---@param t torch.Tensor
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function torch.conv3(t, kernel, kind) end

--- Volumes convolved with a kernel.
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function Tensor:conv3(kernel, kind) end

--- The same without turning the kernel round.
---@param t torch.Tensor
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function torch.xcorr2(t, kernel, kind) end

--- The same without turning the kernel round.
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function Tensor:xcorr2(kernel, kind) end

--- The same for volumes.
---@param t torch.Tensor
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(result: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function torch.xcorr3(t, kernel, kind) end

--- The same for volumes.
---@param kernel torch.Tensor
---@param kind? string
---@return torch.Tensor
---@overload fun(self: torch.Tensor, t: torch.Tensor, kernel: torch.Tensor, kind: string?): torch.Tensor
function Tensor:xcorr3(kernel, kind) end

-- --- random ---

--- Whole numbers from first (1) to last; without bounds all that the type holds.
---@param first? integer
---@param last? integer
---@return number
---@overload fun(generator: torch.Generator, first: integer?, last: integer?): number
---@overload fun(t: torch.Tensor, first: integer?, last: integer?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, first: integer?, last: integer?): torch.Tensor
function torch.random(first, last) end

--- Whole numbers from first (1) to last; without bounds all that the type holds.
---@param first? integer
---@param last? integer
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, first: integer?, last: integer?): torch.Tensor
function Tensor:random(first, last) end

--- Equally distributed, from 0 to 1 by default. (Float and Double)
---@param from? number
---@param to? number
---@return number
---@overload fun(generator: torch.Generator, from: number?, to: number?): number
---@overload fun(t: torch.Tensor, from: number?, to: number?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, from: number?, to: number?): torch.Tensor
function torch.uniform(from, to) end

--- Equally distributed, from 0 to 1 by default. (Float and Double)
---@param from? number
---@param to? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, from: number?, to: number?): torch.Tensor
function Tensor:uniform(from, to) end

--- Normally distributed, mean 0 and deviation 1 by default. (Float and Double)
---@param mean? number
---@param deviation? number
---@return number
---@overload fun(generator: torch.Generator, mean: number?, deviation: number?): number
---@overload fun(t: torch.Tensor, mean: number?, deviation: number?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, mean: number?, deviation: number?): torch.Tensor
function torch.normal(mean, deviation) end

--- Normally distributed, mean 0 and deviation 1 by default. (Float and Double)
---@param mean? number
---@param deviation? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, mean: number?, deviation: number?): torch.Tensor
function Tensor:normal(mean, deviation) end

--- Exponentially distributed, lambda 1 by default. (Float and Double)
---@param lambda? number
---@return number
---@overload fun(generator: torch.Generator, lambda: number?): number
---@overload fun(t: torch.Tensor, lambda: number?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, lambda: number?): torch.Tensor
function torch.exponential(lambda) end

--- Exponentially distributed, lambda 1 by default. (Float and Double)
---@param lambda? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, lambda: number?): torch.Tensor
function Tensor:exponential(lambda) end

--- Of the Cauchy distribution, median 0 and sigma 1 by default. (Float and Double)
---@param median? number
---@param sigma? number
---@return number
---@overload fun(generator: torch.Generator, median: number?, sigma: number?): number
---@overload fun(t: torch.Tensor, median: number?, sigma: number?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, median: number?, sigma: number?): torch.Tensor
function torch.cauchy(median, sigma) end

--- Of the Cauchy distribution, median 0 and sigma 1 by default. (Float and Double)
---@param median? number
---@param sigma? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, median: number?, sigma: number?): torch.Tensor
function Tensor:cauchy(median, sigma) end

--- Such that logarithms are normally distributed; mean 1 and deviation 2 by default. (Float and Double)
---@param mean? number
---@param deviation? number
---@return number
---@overload fun(generator: torch.Generator, mean: number?, deviation: number?): number
---@overload fun(t: torch.Tensor, mean: number?, deviation: number?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, mean: number?, deviation: number?): torch.Tensor
function torch.logNormal(mean, deviation) end

--- Such that logarithms are normally distributed; mean 1 and deviation 2 by default. (Float and Double)
---@param mean? number
---@param deviation? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, mean: number?, deviation: number?): torch.Tensor
function Tensor:logNormal(mean, deviation) end

--- Of the geometric distribution.
---@param p? number
---@return number
---@overload fun(generator: torch.Generator, p: number?): number
---@overload fun(t: torch.Tensor, p: number?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, p: number?): torch.Tensor
function torch.geometric(p) end

--- Of the geometric distribution.
---@param p? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, p: number?): torch.Tensor
function Tensor:geometric(p) end

--- 1 with probability p (0.5), else 0; a tensor gives a probability for each.
---@param p? number
---@return number
---@overload fun(generator: torch.Generator, p: number?): number
---@overload fun(t: torch.Tensor, p: number?): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, p: number?): torch.Tensor
---@overload fun(t: torch.Tensor, p: torch.Tensor): torch.Tensor
---@overload fun(t: torch.Tensor, generator: torch.Generator, p: torch.Tensor): torch.Tensor
function torch.bernoulli(p) end

--- 1 with probability p (0.5), else 0; a tensor gives a probability for each.
---@param p? number
---@return torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, p: number?): torch.Tensor
---@overload fun(self: torch.Tensor, p: torch.Tensor): torch.Tensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, p: torch.Tensor): torch.Tensor
function Tensor:bernoulli(p) end

--- So many positions from each row of weights, without replacement unless told. (Float and Double)
---@param weights torch.Tensor
---@param count integer
---@param replacement? boolean
---@return torch.LongTensor
---@overload fun(generator: torch.Generator, weights: torch.Tensor, count: integer, replacement: boolean?): torch.LongTensor
---@overload fun(positions: torch.LongTensor, weights: torch.Tensor, count: integer, replacement: boolean?): torch.LongTensor
---@overload fun(positions: torch.LongTensor, generator: torch.Generator, weights: torch.Tensor, count: integer, replacement: boolean?): torch.LongTensor
function torch.multinomial(weights, count, replacement) end

--- So many positions from each row of weights, without replacement unless told. (Float and Double)
---@param count integer
---@param replacement? boolean
---@return torch.LongTensor
---@overload fun(self: torch.Tensor, weights: torch.Tensor, count: integer, replacement: boolean?): torch.LongTensor
---@overload fun(self: torch.Tensor, generator: torch.Generator, weights: torch.Tensor, count: integer, replacement: boolean?): torch.LongTensor
function Tensor:multinomial(count, replacement) end

--- From here on the same numbers for the same seed; a generator may come first, here and in the next.
---@param seed integer
function torch.manualSeed(seed) end

--- A seed by chance, which is returned.
---@return integer
function torch.seed() end

--- The seed that was set last.
---@return integer
function torch.initialSeed() end

--- All that decides on the numbers to come.
---@return torch.ByteTensor
function torch.getRNGState() end

--- What getRNGState gave.
---@param state torch.ByteTensor
function torch.setRNGState(state) end

--- Random numbers apart from the process's.
---@return torch.Generator
function torch.Generator() end

-- --- types ---

--- The elements as nested tables of numbers.
---@param t torch.Tensor
---@return table
function torch.totable(t) end

--- The elements as nested tables of numbers.
---@return table
function Tensor:totable() end

--- The name of its type, or a copy of another ('torch.FloatTensor'); itself if it is of that type.
---@param type? string
---@return string|torch.Tensor
function Tensor:type(type) end

--- The same with the type of another tensor.
---@param other torch.Tensor
---@return torch.Tensor
function Tensor:typeAs(other) end

--- As bytes, 0 to 255; itself if it is of this type, as for the others.
---@return torch.ByteTensor
function Tensor:byte() end

--- As signed bytes.
---@return torch.CharTensor
function Tensor:char() end

--- As integers of 16 bits.
---@return torch.ShortTensor
function Tensor:short() end

--- As integers of 32 bits.
---@return torch.IntTensor
function Tensor:int() end

--- As integers of 64 bits.
---@return torch.LongTensor
function Tensor:long() end

--- As floating-point numbers of 32 bits.
---@return torch.FloatTensor
function Tensor:float() end

--- As floating-point numbers of 64 bits.
---@return torch.DoubleTensor
function Tensor:double() end

--- Of the default type.
---@return torch.Tensor
function Tensor:real() end

--- LuaJIT: an FFI pointer to the first element, good until the storage is resized or shared. Error: another Lua.
---@return any
function Tensor:data() end

--- The name of its class, or what Lua's `type` says.
---@param object any
---@return string
function torch.type(object) end

--- The name of its class, nil for what has none.
---@param object any
---@return string?
function torch.typename(object) end

--- Is its class this one, or does it inherit from it? The name may be a pattern.
---@param object any
---@param class string|table
---@return boolean
function torch.isTypeOf(object, class) end

--- Is it a tensor?
---@param object any
---@return boolean
function torch.isTensor(object) end

--- Is it a storage?
---@param object any
---@return boolean
function torch.isStorage(object) end

--- Are both the same object?
---@param a any
---@param b any
---@return boolean
function torch.isequal(a, b) end

--- A number that is an object's own as long as it lives.
---@param object any
---@return integer
function torch.pointer(object) end

--- What `torch.Tensor` makes from now on: 'torch.FloatTensor' or 'torch.DoubleTensor', or one of the others.
---@param type string
function torch.setdefaulttensortype(type) end

--- What it makes.
---@return string
function torch.getdefaulttensortype() end

-- --- sharing ---

--- Moves the storage into shared memory, with all its views: from now on a message carries a reference. Error: no memory.
---@return torch.Tensor
function Tensor:share() end

--- Is its storage in shared memory?
---@return boolean
function Tensor:isShared() end

-- --- classes ---

--- A new class, put where its name says; returns its metatable, in which methods are, and its parent's.
---@param name string
---@param parent? string|table
---@param module? table
---@return table
---@return table?
function torch.class(name, parent, module) end

--- What `class` is made of.
---@param name string
---@param parent? string
---@param constructor function?
---@param destructor function?
---@param factory function?
---@param module? table
---@return table
---@return table?
function torch.newmetatable(name, parent, constructor, destructor, factory, module) end

--- The metatable of a class.
---@param name string
---@return table?
function torch.getmetatable(name) end

--- Makes a table an object of a class.
---@param object table
---@param name string
---@return table
function torch.setmetatable(object, name) end

--- A function that makes an object without its constructor.
---@param name string
---@return function?
function torch.factory(name) end

--- What is called to make an object.
---@param name string
---@return table?
function torch.getconstructortable(name) end

--- The version of its class.
---@param object any
---@return integer?
function torch.version(object) end

-- --- files ---

--- Writes a value in Torch7's format.
---@param path string
---@param value any
---@param format? string
---@param options? table
function torch.save(path, value, format, options) end

--- Reads one.
---@param path string
---@param format? string
---@param options? table
---@return any
function torch.load(path, format, options) end

--- Another name of `save`.
---@param path string
---@param value any
---@param format? string
---@param options? table
function torch.saveobj(path, value, format, options) end

--- Another name of `load`.
---@param path string
---@param format? string
---@param options? table
---@return any
function torch.loadobj(path, format, options) end

--- The same bytes as a string.
---@param value any
---@param format? string
---@param options? table
---@return string
function torch.serialize(value, format, options) end

--- A value from them.
---@param text string
---@param format? string
---@param options? table
---@return any
function torch.deserialize(text, format, options) end

--- The same bytes as a CharStorage.
---@param value any
---@param format? string
---@param options? table
---@return torch.CharStorage
function torch.serializeToStorage(value, format, options) end

--- A value from them.
---@param chars torch.CharStorage
---@param format? string
---@param options? table
---@return any
function torch.deserializeFromStorage(chars, format, options) end

--- Writes it, as an object's part.
---@param file torch.File
function Tensor:write(file) end

--- Reads it.
---@param file torch.File
function Tensor:read(file) end

-- --- storages ---

--- How many elements.
---@return integer
function Storage:size() end

--- Every element becomes this number.
---@param value number
---@return torch.Storage
function Storage:fill(value) end

--- Another number of elements. Error: a shared one cannot.
---@param size integer
---@return torch.Storage
function Storage:resize(size) end

--- The elements of another of the same size, of any type.
---@param source torch.Storage|torch.Tensor
---@return torch.Storage
function Storage:copy(source) end

--- The elements as a table.
---@return number[]
function Storage:totable() end

--- Bytes of one element.
---@return integer
function Storage:elementSize() end

--- The bytes of a CharStorage or ByteStorage as a string, or becomes those of a string.
---@param text? string
---@return string|torch.Storage
function Storage:string(text) end

--- The name of its type, or a copy of another.
---@param type? string
---@return string|torch.Storage
function Storage:type(type) end

--- Moves it into shared memory; a message carries a reference then.
---@return torch.Storage
function Storage:share() end

--- Is it in shared memory?
---@return boolean
function Storage:isShared() end

--- LuaJIT: an FFI pointer to the first element. Error: another Lua.
---@return any
function Storage:data() end

--- Another storage of this type, by the arguments of its constructor.
---@param ... any
---@return torch.Storage
function Storage:new(...) end

--- Writes it, as an object's part.
---@param file torch.File
function Storage:write(file) end

--- Reads it.
---@param file torch.File
function Storage:read(file) end

-- --- open files ---

--- A byte, or several.
---@param n? integer|torch.Storage
---@return integer|torch.Storage
function File:readByte(n) end

--- A signed byte, or several.
---@param n? integer|torch.Storage
---@return integer|torch.Storage
function File:readChar(n) end

--- An integer of 16 bits, or several.
---@param n? integer|torch.Storage
---@return integer|torch.Storage
function File:readShort(n) end

--- An integer of 32 bits, or several.
---@param n? integer|torch.Storage
---@return integer|torch.Storage
function File:readInt(n) end

--- An integer of 64 bits, or several.
---@param n? integer|torch.Storage
---@return integer|torch.Storage
function File:readLong(n) end

--- A number of 32 bits, or several.
---@param n? integer|torch.Storage
---@return number|torch.Storage
function File:readFloat(n) end

--- A number of 64 bits, or several.
---@param n? integer|torch.Storage
---@return number|torch.Storage
function File:readDouble(n) end

--- A boolean.
---@return boolean
function File:readBool() end

--- The rest of the file ('*a') or of the line ('*l').
---@param format string
---@return string
function File:readString(format) end

--- A value as `writeObject` wrote it.
---@return any
function File:readObject() end

--- A byte, or all of a storage; returns how many were written, as the others do.
---@param value integer|torch.Storage
---@return integer
function File:writeByte(value) end

--- A signed byte, or several.
---@param value integer|torch.Storage
---@return integer
function File:writeChar(value) end

--- An integer of 16 bits, or several.
---@param value integer|torch.Storage
---@return integer
function File:writeShort(value) end

--- An integer of 32 bits, or several.
---@param value integer|torch.Storage
---@return integer
function File:writeInt(value) end

--- An integer of 64 bits, or several.
---@param value integer|torch.Storage
---@return integer
function File:writeLong(value) end

--- A number of 32 bits, or several.
---@param value number|torch.Storage
---@return integer
function File:writeFloat(value) end

--- A number of 64 bits, or several.
---@param value number|torch.Storage
---@return integer
function File:writeDouble(value) end

--- A boolean, as an Int.
---@param value boolean
function File:writeBool(value) end

--- The bytes of a string.
---@param text string
---@return integer
function File:writeString(text) end

--- Any value: numbers, strings, tables, objects. Error: a function that cannot be written.
---@param value any
function File:writeObject(value) end

--- Numbers as bytes.
---@return torch.File
function File:binary() end

--- Numbers as text, the default.
---@return torch.File
function File:ascii() end

--- Are numbers bytes?
---@return boolean
function File:isBinary() end

--- Are numbers text?
---@return boolean
function File:isAscii() end

--- A space or newline behind what is written as text, the default.
---@return torch.File
function File:autoSpacing() end

--- Without them.
---@return torch.File
function File:noAutoSpacing() end

--- With them?
---@return boolean
function File:isAutoSpacing() end

--- An error is kept for `hasError` and not raised.
---@return torch.File
function File:quiet() end

--- An error is raised, the default.
---@return torch.File
function File:pedantic() end

--- Are errors kept?
---@return boolean
function File:isQuiet() end

--- Was there one?
---@return boolean
function File:hasError() end

--- Forgets it.
---@return torch.File
function File:clearError() end

--- Goes to a position, from 1.
---@param position integer
---@return torch.File
function File:seek(position) end

--- Goes behind the last byte.
---@return torch.File
function File:seekEnd() end

--- Where the next byte is read or written, from 1.
---@return integer
function File:position() end

--- What was written goes to the system.
---@return torch.File
function File:synchronize() end

--- Ends it. Error: it is closed.
function File:close() end

--- Is it open for reading?
---@return boolean
function File:isReadable() end

--- Is it open for writing?
---@return boolean
function File:isWritable() end

--- Can it be written as an object?
---@param object any
---@return boolean
function File:isWritableObject(object) end

--- Are objects that stand in a file several times written once? Sets it as well.
---@param on? boolean
---@return boolean
function File:referenced(on) end

--- Are they?
---@return boolean
function File:isReferenced() end

--- Longs of 4 or 8 bytes in the file; 0 is as this machine has them.
---@param bytes? integer
---@return torch.File
function File:longSize(bytes) end

--- Bytes in the order of this machine, the default.
---@return torch.File
function File:nativeEndianEncoding() end

--- The lowest byte first.
---@return torch.File
function File:littleEndianEncoding() end

--- The highest byte first.
---@return torch.File
function File:bigEndianEncoding() end

--- Has this machine the lowest byte first?
---@return boolean
function File:isLittleEndianCPU() end

--- Has it the highest first?
---@return boolean
function File:isBigEndianCPU() end

--- What is written goes to the system at once.
---@return torch.File
function File:noBuffer() end

--- What a file in memory holds.
---@return torch.CharStorage
function File:storage() end

-- --- command lines ---

--- A line of the help.
---@param text? string
function CmdLine:text(text) end

--- An argument that has to be there.
---@param key string
---@param help? string
---@param type? string
function CmdLine:argument(key, help, type) end

--- An option with its default, which tells its type.
---@param key string
---@param default any
---@param help? string
---@param type? string
function CmdLine:option(key, default, help, type) end

--- Values by name, without dashes. What is wrong ends the program with the help.
---@param words string[]
---@return table
function CmdLine:parse(words) end

--- All defaults.
---@return table
function CmdLine:default() end

--- A name made of what is not the default.
---@param prefix string
---@param values table
---@param ignore table
---@return string
function CmdLine:string(prefix, values, ignore) end

--- What the program prints goes into this file, too.
---@param file any
---@param values? table
function CmdLine:log(file, values) end

--- What is logged is not shown.
function CmdLine:silent() end

--- The time in front of each line of the log.
---@param name? string
---@param format? string
function CmdLine:addTime(name, format) end

--- Prints the help.
---@param words? string[]
function CmdLine:help(words) end

--- Says what is wrong, prints the help, ends the program.
---@param message string
function CmdLine:error(message) end

-- --- tests ---

--- A table that takes each name once.
---@return table
function torch.TestSuite() end

--- A test, a suite, or a table of tests; _setUp and _tearDown run around each.
---@param f function|table
---@param name? string
---@return torch.Tester
function Tester:add(f, name) end

--- Runs all tests, or those whose names match. Error: one did not pass.
---@param patterns? string|string[]
function Tester:run(patterns) end

--- Tests that are left out.
---@param names string|string[]
---@return torch.Tester
function Tester:disable(names) end

--- Are both equal, whatever they are?
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:eq(a, b, ...) end

--- Are they not?
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:ne(a, b, ...) end

--- Is it true?
---@param condition any
---@param ... any
---@return boolean
function Tester:assert(condition, ...) end

--- a == b
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:asserteq(a, b, ...) end

--- a ~= b
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:assertne(a, b, ...) end

--- a < b
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:assertlt(a, b, ...) end

--- a <= b
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:assertle(a, b, ...) end

--- a > b
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:assertgt(a, b, ...) end

--- a >= b
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:assertge(a, b, ...) end

--- Differ they by no more than 1e-16, or as told?
---@param a number
---@param b number
---@param ... any
---@return boolean
function Tester:assertalmosteq(a, b, ...) end

--- Equal within a tolerance?
---@param a torch.Tensor
---@param b torch.Tensor
---@param ... any
---@return boolean
function Tester:assertTensorEq(a, b, ...) end

--- Not equal?
---@param a torch.Tensor
---@param b torch.Tensor
---@param ... any
---@return boolean
function Tester:assertTensorNe(a, b, ...) end

--- Equal, element by element?
---@param a table
---@param b table
---@param ... any
---@return boolean
function Tester:assertTableEq(a, b, ...) end

--- Not equal?
---@param a table
---@param b table
---@param ... any
---@return boolean
function Tester:assertTableNe(a, b, ...) end

--- Another name of `eq`.
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:assertGeneralEq(a, b, ...) end

--- Another name of `ne`.
---@param a any
---@param b any
---@param ... any
---@return boolean
function Tester:assertGeneralNe(a, b, ...) end

--- Does f raise an error?
---@param f function
---@param ... any
---@return boolean
function Tester:assertError(f, ...) end

--- Does it raise none?
---@param f function
---@param ... any
---@return boolean
function Tester:assertNoError(f, ...) end

--- Does it raise this text?
---@param f function
---@param message string
---@param ... any
---@return boolean
function Tester:assertErrorMsg(f, message, ...) end

--- Does it raise a text that matches?
---@param f function
---@param pattern string
---@param ... any
---@return boolean
function Tester:assertErrorPattern(f, pattern, ...) end

--- Does it raise what `matches` takes?
---@param f function
---@param matches function
---@param ... any
---@return boolean
function Tester:assertErrorObj(f, matches, ...) end

--- End at the first failure.
---@param on boolean
function Tester:setEarlyAbort(on) end

--- Errors of tests end the run.
---@param on boolean
function Tester:setRethrowErrors(on) end

--- Print no more than the numbers.
---@param on boolean
function Tester:setSummaryOnly(on) end

-- --- time ---

--- Seconds that it ran: `real`, `user` and `sys`.
---@return table
function Timer:time() end

--- Stops.
---@return torch.Timer
function Timer:stop() end

--- Goes on.
---@return torch.Timer
function Timer:resume() end

--- Begins anew.
---@return torch.Timer
function Timer:reset() end

--- Writes it, as an object's part.
---@param file torch.File
function Timer:write(file) end

--- Reads it.
---@param file torch.File
function Timer:read(file) end

--- A time in seconds, for `toc`.
---@return number
function torch.tic() end

--- Seconds since then.
---@param since number
---@return number
function torch.toc(since) end

--- Always 1.
---@return integer
function torch.getnumthreads() end

--- Does nothing.
---@param n integer
function torch.setnumthreads(n) end

--- Cores that may be used.
---@return integer
function torch.getnumcores() end

return torch
