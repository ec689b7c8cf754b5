-- A valid call of every function that takes a tensor, for errors_spec.lua, which spoils one argument after the other.
--
-- An argument that is a text stands for a tensor: '2x3' is a DoubleTensor of ones, 'E3x3' one of torch.eye, 'L2', 'B2x3' and 'I2' are a
-- Long-, Byte- and IntTensor, 'S2,3' a LongStorage of 2 and 3.
return {
  -- elements
  {'index', '4x3', 1, 'L2'}, {'indexSelect', '4x3', 1, 'L2'}, {'indexCopy', '4x3', 1, 'L2', '2x3'},
  {'indexAdd', '4x3', 1, 'L2', '2x3'}, {'indexFill', '4x3', 1, 'L2', 7}, {'gather', '4x3', 1, 'L2x3'},
  {'scatter', '4x3', 1, 'L2x3', '2x3'}, {'scatter', '4x3', 1, 'L2x3', 5}, {'scatterAdd', '4x3', 1, 'L2x3', '2x3'},
  {'maskedSelect', '2x3', 'B2x3'}, {'maskedFill', '2x3', 'B2x3', 4}, {'maskedCopy', '2x3', 'B2x3', '2x3'}, {'nonzero', '2x3'},
  {'select', '4x3', 1, 2}, {'narrow', '4x3', 1, 2, 2}, {'sub', '4x3', 1, 2, 1, 2},
  -- shape
  {'size', '4x3', 1}, {'stride', '4x3', 1}, {'transpose', '4x3', 1, 2}, {'t', '4x3'}, {'unfold', '4x3', 1, 2, 1},
  {'expand', '1x3', 4, 3}, {'expandAs', '1x3', '4x3'}, {'view', '4x3', 3, 4}, {'view', '4x3', 'S3,4'}, {'viewAs', '4x3', '3x4'},
  {'reshape', '4x3', 3, 4}, {'permute', '4x3x2', 3, 2, 1}, {'squeeze', '4x1', 2}, {'split', '4x3', 2, 1}, {'chunk', '4x3', 2, 1},
  {'repeatTensor', '4x3', 2, 2}, {'copy', '4x3', '4x3'}, {'resize', '4x3', 3, 4}, {'resizeAs', '4x3', '3x4'},
  {'set', '4x3', '3x4'}, {'isSameSizeAs', '4x3', '4x3'}, {'isSetTo', '4x3', '4x3'}, {'isSize', '4x3', 'S4,3'}, {'clone', '4x3'},
  {'contiguous', '4x3'}, {'fill', '4x3', 3}, {'zero', '4x3'}, {'cat', '4x3', '4x3', 1}, {'typeAs', '4x3', '4x3'},
  {'totable', '4x3'}, {'nElement', '4x3'}, {'numel', '4x3'}, {'dim', '4x3'}, {'storage', '4x3'}, {'storageOffset', '4x3'},
  {'isContiguous', '4x3'}, {'elementSize', '4x3'},
  -- element by element
  {'add', '4x3', 3}, {'add', '4x3', '4x3'}, {'add', '4x3', 2, '4x3'}, {'csub', '4x3', 3}, {'csub', '4x3', '4x3'},
  {'mul', '4x3', 3}, {'div', '4x3', 3}, {'fmod', '4x3', 3}, {'mod', '4x3', 3}, {'remainder', '4x3', 3}, {'pow', '4x3', 2},
  {'clamp', '4x3', 1, 2}, {'cmul', '4x3', '4x3'}, {'cdiv', '4x3', '4x3'}, {'cpow', '4x3', '4x3'}, {'cfmod', '4x3', '4x3'},
  {'cmod', '4x3', '4x3'}, {'cremainder', '4x3', '4x3'}, {'cmax', '4x3', '4x3'}, {'cmin', '4x3', 1},
  {'addcmul', '4x3', 2, '4x3', '4x3'}, {'addcdiv', '4x3', 2, '4x3', '4x3'}, {'lerp', '4x3', '4x3', 0.5}, {'atan2', '4x3', '4x3'},
  {'abs', '4x3'}, {'neg', '4x3'}, {'sign', '4x3'}, {'sqrt', '4x3'}, {'rsqrt', '4x3'}, {'exp', '4x3'}, {'log', '4x3'},
  {'log1p', '4x3'}, {'sin', '4x3'}, {'cos', '4x3'}, {'tan', '4x3'}, {'asin', '4x3'}, {'acos', '4x3'}, {'atan', '4x3'},
  {'sinh', '4x3'}, {'cosh', '4x3'}, {'tanh', '4x3'}, {'sigmoid', '4x3'}, {'cinv', '4x3'}, {'ceil', '4x3'}, {'floor', '4x3'},
  {'round', '4x3'}, {'trunc', '4x3'}, {'frac', '4x3'}, {'cbitand', 'I4x3', 'I4x3'}, {'cbitor', 'I4x3', 'I4x3'},
  {'cbitxor', 'I4x3', 'I4x3'}, {'clshift', 'I4x3', 'I4x3'}, {'crshift', 'I4x3', 'I4x3'}, {'bitand', 'I4x3', 3},
  {'bitor', 'I4x3', 3}, {'bitxor', 'I4x3', 3}, {'lshift', 'I4x3', 3}, {'rshift', 'I4x3', 3}, {'lt', '4x3', 3},
  {'le', '4x3', '4x3'}, {'gt', '4x3', 3}, {'ge', '4x3', '4x3'}, {'eq', '4x3', 3}, {'ne', '4x3', '4x3'}, {'equal', '4x3', '4x3'},
  {'map', '4x3', '4x3', math.max}, {'map2', '4x3', '4x3', '4x3', math.max}, {'apply', '4x3', math.max},
  -- reducing
  {'sum', '4x3', 1}, {'prod', '4x3', 1}, {'mean', '4x3', 1}, {'var', '4x3', 1}, {'std', '4x3', 1}, {'min', '4x3', 1},
  {'max', '4x3', 1}, {'norm', '4x3', 2, 1}, {'dist', '4x3', '4x3', 2}, {'median', '4x3', 1}, {'kthvalue', '4x3', 2, 1},
  {'mode', '4x3', 1}, {'topk', '4x3', 2, 1}, {'sort', '4x3', 1}, {'cumsum', '4x3', 1}, {'cumprod', '4x3', 1}, {'cummax', '4x3', 1},
  {'cummin', '4x3', 1}, {'renorm', '4x3', 2, 1, 1}, {'trace', '3x3'}, {'histc', '4x3', 10, 0, 2}, {'bhistc', '4x3', 10, 0, 2},
  {'all', 'B4x3', 1}, {'any', 'B4x3', 1},
  -- made of others
  {'diag', '3x3', 1}, {'tril', '4x3', 1}, {'triu', '4x3', 1}, {'cross', '4x3', '4x3', 2},
  -- products
  {'dot', '4', '4'}, {'mv', '4', '4x3', '3'}, {'mm', '4x2', '4x3', '3x2'}, {'ger', '4x3', '4', '3'},
  {'bmm', '2x4x5', '2x4x3', '2x3x5'}, {'addmv', '4', 1, '4x3', '3'}, {'addmm', '4x2', 1, '4x3', '3x2'},
  {'addr', '4x3', 1, '4', '3'}, {'addbmm', '4x5', 1, '2x4x3', '2x3x5'}, {'baddbmm', '2x4x5', 1, '2x4x3', '2x3x5'},
  {'match', '4x2', '4x3', '2x3', 1},
  -- LAPACK
  {'gesv', '3x2', 'E3x3'}, {'gels', '4x2', 'E4x3'}, {'trtrs', '3x2', 'E3x3'}, {'inverse', 'E3x3'}, {'potrf', 'E3x3'},
  {'potri', 'E3x3'}, {'potrs', '3x2', 'E3x3'}, {'pstrf', 'E3x3'}, {'symeig', 'E3x3'}, {'eig', 'E3x3'}, {'svd', 'E4x3'},
  {'qr', 'E4x3'}, {'geqrf', 'E4x3'}, {'orgqr', 'E4x3', '3'}, {'ormqr', 'E3x3', '3', '3x2'},
  -- convolving
  {'conv2', '5x6', '2x3'}, {'conv2', '2x5x6', '3x2x2x3'}, {'xcorr2', '5x6', '2x3'}, {'conv3', '5x6x7', '2x3x2'},
  {'xcorr3', '5x6x7', '2x3x2'},
  -- random
  {'random', '4x3', 1, 5}, {'uniform', '4x3', 1, 5}, {'normal', '4x3', 1, 5}, {'exponential', '4x3', 1}, {'cauchy', '4x3', 1, 2},
  {'logNormal', '4x3', 1, 2}, {'geometric', '4x3', 0.5}, {'bernoulli', '4x3', 0.5}, {'bernoulli', '4x3', '4x3'},
  {'multinomial', '4x3', 2, true},
  -- made by sizes
  {'zeros', 4, 3}, {'ones', 4, 3}, {'rand', 4, 3}, {'randn', 4, 3}, {'eye', 4, 3}, {'range', 1, 4, 1}, {'linspace', 1, 4, 4},
  {'logspace', 1, 4, 4}, {'randperm', 4},
}
