-- What Torch7 has and what of it is here: the table in docs/tensor.md, made by looking at the module itself.
--
--   tools/lua 5.4 scripts/torch-table.lua           writes the table into docs/tensor.md
--   dofile 'scripts/torch-table.lua' in a test      returns {{path=, text=}}, the document with it (tools/document.lua)
package.path = 'tools/?.lua;' .. package.path
local torch = require 'parallel.tensor'
local document = require 'document'

-- Torch7's names, by what they are called on.
local names = {
  {'`torch.name(...)`, numbers', [[
    abs acos add addbmm addcdiv addcmul addmm addmv addr all any asin atan atan2 baddbmm bernoulli bhistc bitand bitor bitxor bmm cat
    cauchy cbitand cbitor cbitxor cdiv ceil cfmod chunk cinv clamp clshift cmax cmin cmod cmul conv2 conv3 cos cosh cpow cremainder
    cross crshift csub cumprod cumsum diag dist div dot eig eq equal exp expand expandAs exponential eye fill floor fmod frac gather ge
    gels geometric geqrf ger gesv gt histc inverse kthvalue le lerp linspace log log1p logNormal logspace lshift lt match max mean
    median min mm mod mode mul multinomial multinomialAlias multinomialAliasSetup mv ne neg nonzero norm normal numel ones orgqr ormqr
    permute potrf potri potrs pow prod pstrf qr rand randn random randperm range remainder renorm repeatTensor reshape round rshift
    rsqrt scatter sigmoid sign sin sinh sort split sqrt squeeze std sum svd symeig tan tanh topk totable trace tril triu trtrs trunc
    uniform var view viewAs xcorr2 xcorr3 zero zeros]]},
  {'`torch.name(...)`, everything else', [[
    cdata class data deserialize deserializeFromStorage factory getRNGState getconstructortable getdefaulttensortype getenv getmetatable
    getnumcores getnumthreads include initialSeed isStorage isTensor isTypeOf isatty isequal load manualSeed metatype newmetatable
    packageLuaPath pointer pushudata save seed serialize serializeToStorage setRNGState setdefaulttensortype setenv setheaptracking
    setmetatable setnumthreads test tic toc type typename updateerrorhandlers updatethreadlocals version]]},
  {'`t:name(...)` of a tensor', [[
    abs acos add addbmm addcdiv addcmul addmm addmv addr all any apply asin atan atan2 baddbmm bernoulli bhistc bitand bitor bitxor bmm
    byte cauchy cbitand cbitor cbitxor cdata cdiv ceil cfmod char chunk cinv clamp clone clshift cmax cmin cmod cmul contiguous conv2
    conv3 copy cos cosh cpow cremainder cross crshift csub cumprod cumsum data diag dim dist div dot double elementSize eq equal exp
    expand expandAs exponential fill float floor fmod frac free gather ge geometric ger gt half histc index indexAdd indexCopy indexFill
    int isContiguous isSameSizeAs isSetTo isSize kthvalue le lerp log log1p logNormal long lshift lt map map2 maskedCopy maskedFill
    maskedSelect match max mean median min mm mod mode mul multinomial mv nDimension nElement narrow ne neg nonzero norm normal numel
    permute pow prod random read real remainder renorm repeatTensor reshape resize resizeAs retain round rshift rsqrt scatter select set
    short sigmoid sign sin sinh size sort split sqrt squeeze std storage storageOffset stride sub sum t tan tanh topk totable trace
    transpose tril triu trunc type typeAs unfold uniform var view viewAs write xcorr2 xcorr3 zero]]},
  {'`s:name(...)` of a storage', 'cdata copy data elementSize fill free read resize retain size string totable type write'},
  {'`file:name(...)`', [[
    ascii autoSpacing bigEndianEncoding binary clearError close hasError isAutoSpacing isBigEndianCPU isBinary isLittleEndianCPU isQuiet
    isReadable isReferenced isWritable isWritableObject littleEndianEncoding longSize nativeEndianEncoding noAutoSpacing noBuffer
    pedantic position quiet readBool readByte readChar readDouble readFloat readInt readLong readObject readShort readString referenced
    seek seekEnd storage synchronize writeBool writeByte writeChar writeDouble writeFloat writeInt writeLong writeObject writeShort
    writeString]]},
  {'classes', [[
    ByteTensor CharTensor ShortTensor IntTensor LongTensor FloatTensor DoubleTensor HalfTensor CudaTensor ByteStorage CharStorage
    ShortStorage IntStorage LongStorage FloatStorage DoubleStorage HalfStorage CudaStorage CmdLine DiskFile Generator MemoryFile
    PipeFile Tester TestSuite Timer]]},
}

-- What is here and does something else than in Torch7.
local different = {
  [1] = {
    topk = 'in order, asked for or not', exp = 'within one unit in the last place', tanh = 'within three units in the last place',
    sum = 'of more than 100,000 elements in several parts', dot = 'in several parts',
    eig = 'refuses infinities and NaN, which crash LAPACK', svd = 'refuses infinities, with which LAPACK never ends',
  },
  [2] = {
    load = 'functions only with `{functions = true}`', deserialize = 'functions only with `{functions = true}`',
    setnumthreads = 'does nothing', getnumthreads = 'always 1',
  },
  [3] = {data = 'needs LuaJIT, as `ffi` does'},
  [4] = {data = 'needs LuaJIT, as `ffi` does', resize = 'refused for shared ones'},
}

-- Where the names of each group are looked for.
local function places()
  local file = {}
  for _, class in ipairs {'torch.File', 'torch.DiskFile', 'torch.MemoryFile'} do file[#file + 1] = torch.getmetatable(class) end
  local _ = torch.MemoryFile -- what is loaded late is there once it was asked for
  return {{torch}, {torch}, {torch.getmetatable 'torch.DoubleTensor', torch.getmetatable 'torch.LongTensor'},
          {torch.getmetatable 'torch.CharStorage'}, file, {torch}}
end

-- Is it there, and no more than an error that says it is not?
local function is_here(places_of, name)
  for _, place in ipairs(places_of) do
    local value = place[name]
    if value ~= nil and not torch._missing[name] then return true end
  end
  return false
end

local function list(words) return #words == 0 and '' or '`' .. table.concat(words, '` `') .. '`' end

-- The lines of a cell must not be too long to be read.
local function row(group, place, about)
  local here, absent, other = {}, {}, {}
  for name in group[2]:gmatch '%S+' do
    local found = is_here(place, name)
    if about and about[name] then
      assert(found, name .. ' is told to be different, and is not here')
      other[#other + 1] = ('`%s`: %s'):format(name, about[name])
    elseif found then
      here[#here + 1] = name
    else
      absent[#absent + 1] = name
    end
  end
  return ('| %s | %s | %s | %s |'):format(group[1], list(here), list(absent), table.concat(other, '; '))
end

local function text()
  local lines, where = {'| | here | not here | here, and different |', '|---|---|---|---|'}, places()
  for i, group in ipairs(names) do lines[#lines + 1] = row(group, where[i], different[i]) end
  return table.concat(lines, '\n')
end

return document.finish({document.part('docs/tensor.md', '<!-- made by scripts/torch-table.lua -->\n', text())}, 'torch%-table')
