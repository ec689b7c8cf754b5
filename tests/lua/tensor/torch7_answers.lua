-- What Torch7 (its last revision, on LuaJIT) answers: pairs of an expression and the text of its value, after
-- torch.manualSeed(123). "ERROR ..." is the message of the error raised, without file positions.
return {
{"torch.Tensor(3):fill(1.5)",
" 1.5000\
 1.5000\
 1.5000\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor{1,2,3}",
" 1\
 2\
 3\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor{{1,-2.5,3e5},{4,5,6}}",
" 1.0000e+00 -2.5000e+00  3.0000e+05\
 4.0000e+00  5.0000e+00  6.0000e+00\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.Tensor{{{1,2},{3,4}},{{5,6},{7,8}}}",
"(1,.,.) = \
  1  2\
  3  4\
\
(2,.,.) = \
  5  6\
  7  8\
[torch.DoubleTensor of size 2x2x2]\
"},
{"torch.ones(4)",
" 1\
 1\
 1\
 1\
[torch.DoubleTensor of size 4]\
"},
{"torch.eye(3)",
" 1  0  0\
 0  1  0\
 0  0  1\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.range(1,5)",
" 1\
 2\
 3\
 4\
 5\
[torch.DoubleTensor of size 5]\
"},
{"torch.range(2,10,3)",
" 2\
 5\
 8\
[torch.DoubleTensor of size 3]\
"},
{"torch.linspace(0,1,5)",
" 0.0000\
 0.2500\
 0.5000\
 0.7500\
 1.0000\
[torch.DoubleTensor of size 5]\
"},
{"torch.logspace(0,2,3)",
"   1\
  10\
 100\
[torch.DoubleTensor of size 3]\
"},
{"torch.ByteTensor{{1,2},{3,250}}",
"   1    2\
   3  250\
[torch.ByteTensor of size 2x2]\
"},
{"torch.LongTensor{10000000000,2}",
" 1.0000e+10\
 2.0000e+00\
[torch.LongTensor of size 2]\
"},
{"torch.CharTensor{-128,127}",
"-128\
 127\
[torch.CharTensor of size 2]\
"},
{"torch.ShortTensor(2,2):fill(-7)",
"-7 -7\
-7 -7\
[torch.ShortTensor of size 2x2]\
"},
{"torch.Tensor(0)",
"[torch.DoubleTensor with no dimension]\
"},
{"torch.Tensor{1e-10,1,1e10}",
" 1.0000e-10\
 1.0000e+00\
 1.0000e+10\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor{0.001,1000}",
" 1.0000e-03\
 1.0000e+03\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,30):resize(2,15)",
"  1   2   3   4   5   6   7   8   9  10  11  12  13  14  15\
 16  17  18  19  20  21  22  23  24  25  26  27  28  29  30\
[torch.DoubleTensor of size 2x15]\
"},
{"torch.DoubleStorage{1,2,3}",
" 1\
 2\
 3\
[torch.DoubleStorage of size 3]\
"},
{"torch.LongStorage{4,5}",
" 4\
 5\
[torch.LongStorage of size 2]\
"},
{"torch.Tensor(2,3):fill(1):size()",
" 2\
 3\
[torch.LongStorage of size 2]\
"},
{"torch.Tensor(2,3):fill(1):stride()",
" 3\
 1\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,6):resize(2,3)[2][3] ",
"6"},
{"torch.range(1,6):resize(2,3)[{2,3}] ",
"6"},
{"torch.range(1,12):resize(3,4)[{{},2}] ",
"  2\
  6\
 10\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,12):resize(3,4)[{{-2,-1},{}}] ",
"  5   6   7   8\
  9  10  11  12\
[torch.DoubleTensor of size 2x4]\
"},
{"torch.range(1,24):resize(2,3,4):transpose(1,3):size()",
" 4\
 3\
 2\
[torch.LongStorage of size 3]\
"},
{"torch.range(1,24):resize(2,3,4):narrow(2,2,2)",
"(1,.,.) = \
   5   6   7   8\
   9  10  11  12\
\
(2,.,.) = \
  17  18  19  20\
  21  22  23  24\
[torch.DoubleTensor of size 2x2x4]\
"},
{"torch.range(1,24):resize(2,3,4):sub(1,1,2,3)",
"(1,.,.) = \
   5   6   7   8\
   9  10  11  12\
[torch.DoubleTensor of size 1x2x4]\
"},
{"torch.range(1,12):view(4,3)",
"  1   2   3\
  4   5   6\
  7   8   9\
 10  11  12\
[torch.DoubleTensor of size 4x3]\
"},
{"torch.range(1,7):unfold(1,3,2)",
" 1  2  3\
 3  4  5\
 5  6  7\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.range(1,3):resize(3,1):expand(3,4)",
" 1  1  1  1\
 2  2  2  2\
 3  3  3  3\
[torch.DoubleTensor of size 3x4]\
"},
{"torch.range(1,6):resize(2,3):t():isContiguous()",
"false"},
{"torch.range(1,6):resize(2,3):t():contiguous():stride()",
" 2\
 1\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,6):resize(2,3)[2]:storageOffset()",
"4"},
{"torch.range(1,6):resize(2,3):nElement()",
"6"},
{"#torch.range(1,6):resize(2,3)",
" 2\
 3\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,6):resize(2,3):squeeze():size()",
" 2\
 3\
[torch.LongStorage of size 2]\
"},
{"torch.range(1,9):resize(3,3):diag()",
" 1\
 5\
 9\
[torch.DoubleTensor of size 3]\
"},
{"torch.diag(torch.range(1,3))",
" 1  0  0\
 0  2  0\
 0  0  3\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.triu(torch.ones(3,3))",
" 1  1  1\
 0  1  1\
 0  0  1\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.cat(torch.ones(2),torch.zeros(3))",
" 1\
 1\
 0\
 0\
 0\
[torch.DoubleTensor of size 5]\
"},
{"torch.range(1,10):index(1,torch.LongTensor{2,4})",
" 2\
 4\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,5):gather(1,torch.LongTensor{5,1})",
" 5\
 1\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,5):chunk(2)[1] ",
" 1\
 2\
 3\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,5):maskedSelect(torch.ByteTensor{1,0,1,0,1})",
" 1\
 3\
 5\
[torch.DoubleTensor of size 3]\
"},
{"torch.eq(torch.range(1,3),torch.Tensor{1,5,3})",
" 1\
 0\
 1\
[torch.ByteTensor of size 3]\
"},
{"torch.range(1,3)+1",
" 2\
 3\
 4\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3)*2",
" 2\
 4\
 6\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3)/2",
" 0.5000\
 1.0000\
 1.5000\
[torch.DoubleTensor of size 3]\
"},
{"2+torch.range(1,3)",
" 3\
 4\
 5\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3)*torch.range(1,3)",
"14"},
{"torch.range(1,6):resize(2,3)*torch.range(1,6):resize(3,2)",
" 22  28\
 49  64\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.add(torch.ones(2),3,torch.range(1,2))",
" 4\
 7\
[torch.DoubleTensor of size 2]\
"},
{"torch.cmul(torch.range(1,3),torch.range(1,3))",
" 1\
 4\
 9\
[torch.DoubleTensor of size 3]\
"},
{"torch.cdiv(torch.range(1,3),torch.range(2,4))",
" 0.5000\
 0.6667\
 0.7500\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3):pow(0.5)",
" 1.0000\
 1.4142\
 1.7321\
[torch.DoubleTensor of size 3]\
"},
{"torch.sqrt(torch.range(1,3))",
" 1.0000\
 1.4142\
 1.7321\
[torch.DoubleTensor of size 3]\
"},
{"torch.log(torch.range(1,3))",
" 0.0000\
 0.6931\
 1.0986\
[torch.DoubleTensor of size 3]\
"},
{"torch.abs(torch.Tensor{-1,2})",
" 1\
 2\
[torch.DoubleTensor of size 2]\
"},
{"torch.ceil(torch.Tensor{-1.5,2.5})",
"-1\
 3\
[torch.DoubleTensor of size 2]\
"},
{"torch.round(torch.Tensor{-1.5,2.5,0.5})",
"-2\
 3\
 1\
[torch.DoubleTensor of size 3]\
"},
{"torch.clamp(torch.range(-2,2),-1,1)",
"-1\
-1\
 0\
 1\
 1\
[torch.DoubleTensor of size 5]\
"},
{"torch.tanh(torch.Tensor{0.5})",
" 0.4621\
[torch.DoubleTensor of size 1]\
"},
{"torch.addcmul(torch.ones(2),2,torch.range(1,2),torch.range(3,4))",
"  7\
 17\
[torch.DoubleTensor of size 2]\
"},
{"torch.dot(torch.range(1,3),torch.range(1,3))",
"14"},
{"torch.mm(torch.eye(2),torch.Tensor{{3,4},{5,6}})",
" 3  4\
 5  6\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.ger(torch.range(1,2),torch.range(1,3))",
" 1  2  3\
 2  4  6\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.addmm(torch.ones(2,2),torch.eye(2),torch.eye(2))",
" 2  1\
 1  2\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.IntTensor{7,-7}/2",
" 3\
-3\
[torch.IntTensor of size 2]\
"},
{"torch.range(1,6):sum()",
"21"},
{"torch.range(1,6):resize(2,3):sum(1)",
" 5  7  9\
[torch.DoubleTensor of size 1x3]\
"},
{"torch.range(1,6):mean()",
"3.5"},
{"torch.range(1,6):resize(2,3):mean(2)",
" 2\
 5\
[torch.DoubleTensor of size 2x1]\
"},
{"torch.range(1,6):var()",
"3.5"},
{"torch.range(1,6):prod()",
"720"},
{"torch.range(1,6):resize(2,3):max(1)",
" 4  5  6\
[torch.DoubleTensor of size 1x3]\
"},
{"select(2,torch.range(1,6):resize(2,3):max(2))",
" 3\
 3\
[torch.LongTensor of size 2x1]\
"},
{"torch.range(1,6):norm()",
"9.5393920141695"},
{"torch.range(1,6):norm(1)",
"21"},
{"torch.cumsum(torch.range(1,4))",
"  1\
  3\
  6\
 10\
[torch.DoubleTensor of size 4]\
"},
{"torch.cumprod(torch.range(1,4))",
"  1\
  2\
  6\
 24\
[torch.DoubleTensor of size 4]\
"},
{"select(2,torch.sort(torch.Tensor{3,1,2},true))",
" 1\
 3\
 2\
[torch.LongTensor of size 3]\
"},
{"torch.trace(torch.range(1,9):resize(3,3))",
"15"},
{"torch.kthvalue(torch.Tensor{5,3,1},2)",
" 3\
[torch.DoubleTensor of size 1]\
"},
{"torch.median(torch.Tensor{5,3,1})",
" 3\
[torch.DoubleTensor of size 1]\
"},
{"torch.all(torch.ByteTensor{1,1})",
"true"},
{"torch.any(torch.ByteTensor{0,0})",
"false"},
{"torch.range(1,3):map(torch.ones(3),function(a,b) return a+b end)",
" 2\
 3\
 4\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3):clone():zero()",
" 0\
 0\
 0\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor(2,2):copy(torch.range(1,4))",
" 1  2\
 3  4\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.FloatTensor(2):copy(torch.range(1,2))",
" 1\
 2\
[torch.FloatTensor of size 2]\
"},
{"torch.Tensor{1.7,-1.7}:long()",
" 1\
-1\
[torch.LongTensor of size 2]\
"},
{"torch.range(1,4):float():type()",
"torch.FloatTensor"},
{"torch.typename(torch.Tensor())",
"torch.DoubleTensor"},
{"torch.typename(torch.LongStorage())",
"torch.LongStorage"},
{"torch.isTensor(torch.Tensor())",
"true"},
{"torch.isStorage(torch.Storage())",
"true"},
{"torch.totable(torch.Tensor{{1,2},{3,4}})[2][1] ",
"3"},
{"torch.Tensor{1,2}:isSameSizeAs(torch.ones(2))",
"true"},
{"torch.Tensor(torch.LongStorage{2,2}):fill(3)",
" 3  3\
 3  3\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.Tensor(torch.DoubleStorage{1,2,3,4},2,torch.LongStorage{2})",
" 2\
 3\
[torch.DoubleTensor of size 2]\
"},
{"torch.getdefaulttensortype()",
"torch.DoubleTensor"},
{"string.format('%.17g %.17g %.17g', torch.uniform(),torch.uniform(),torch.uniform(2,5))",
"0.69646918727084994 0.71295532141812146 2.8584180162288249"},
{"string.format('%d %d %d', torch.random(),torch.random(10),torch.random(5,9))",
"2991312382 10 7"},
{"torch.randn(5)",
"-0.5214\
-1.4914\
-0.2381\
 1.0306\
 0.2221\
[torch.DoubleTensor of size 5]\
"},
{"torch.randperm(10)",
"  3\
  1\
  9\
  2\
  4\
  8\
  5\
 10\
  6\
  7\
[torch.DoubleTensor of size 10]\
"},
{"torch.randn(100,100):norm()",
"100.74260234204"},
{"string.format('%.17g %.17g', torch.rand(1000):sum(), torch.randn(1000):sum())",
"492.04352685436606 -4.7923068435257701"},
{"string.format('%.17g %.17g', torch.exponential(2),torch.cauchy())",
"0.59613607449643169 0.79065846734277412"},
{"torch.Tensor(5):uniform(-1,1)",
" 0.3929\
 0.4259\
-0.4277\
-0.1431\
-0.5463\
[torch.DoubleTensor of size 5]\
"},
{"torch.Tensor(3):normal(10,0.1)",
" 9.9479\
 9.8509\
 9.9762\
[torch.DoubleTensor of size 3]\
"},
{"torch.LongTensor(4):random(1,6)",
" 5\
 2\
 1\
 1\
[torch.LongTensor of size 4]\
"},
{"torch.initialSeed()",
"123"},
{"torch.ones(2)+torch.ones(3)",
"ERROR inconsistent tensor size, expected r_ [2], t [2] and src [3] to have the same number of elements, but got 2, 2 and 3 elements respectively"},
{"torch.mm(torch.ones(2,3),torch.ones(2,3))",
"ERROR size mismatch, m1: [2 x 3], m2: [2 x 3]"},
{"torch.ones(2,2):select(3,1)",
"ERROR bad argument #2 to '?' (out of range"},
{"torch.ones(2,2):narrow(1,2,2)",
"ERROR bad argument #4 to '?' (out of range"},
{"torch.ones(2):copy(torch.ones(3))",
"ERROR inconsistent tensor size, expected tensor [2] and src [3] to have the same number of elements, but got 2 and 3 elements respectively"},
{"torch.ones(3):dot(torch.ones(2))",
"ERROR inconsistent tensor size, expected tensor [3] and src [2] to have the same number of elements, but got 3 and 2 elements respectively"},
{"torch.Tensor('x')",
"ERROR bad argument #1 to '?' (expecting number or torch.DoubleTensor or torch.DoubleStorage"},
{"torch.range(1,12):resize(3,4)[{{},{2,-2}}] ",
"  2   3\
  6   7\
 10  11\
[torch.DoubleTensor of size 3x2]\
"},
{"torch.range(1,12):resize(3,4)[{{-1}}] ",
"  9  10  11  12\
[torch.DoubleTensor of size 1x4]\
"},
{"(function() local t=torch.zeros(3,4) t[{{},2}]=5 return t end)()",
" 0  5  0  0\
 0  5  0  0\
 0  5  0  0\
[torch.DoubleTensor of size 3x4]\
"},
{"(function() local t=torch.zeros(3,4) t[2]=7 return t end)()",
" 0  0  0  0\
 7  7  7  7\
 0  0  0  0\
[torch.DoubleTensor of size 3x4]\
"},
{"(function() local t=torch.range(1,5) t[t:gt(2)]=0 return t end)()",
" 1\
 2\
 0\
 0\
 0\
[torch.DoubleTensor of size 5]\
"},
{"(function() local t=torch.range(1,6):resize(2,3) t[t:eq(4)]=-1 return t end)()",
" 1  2  3\
-1  5  6\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.range(1,12):resize(3,4)[torch.LongStorage{2,3}] ",
"7"},
{"torch.range(1,24):resize(2,3,4)[{2,{},{1,4}}] ",
" 13  14  15  16\
 17  18  19  20\
 21  22  23  24\
[torch.DoubleTensor of size 3x4]\
"},
{"torch.range(1,4)[5] ",
"ERROR bad argument #2 to '?' (out of range"},
{"torch.range(1,12):resize(3,4)[{{2,5},{}}] ",
"ERROR bad argument #2 to '?' (end index out of bound"},
{"torch.range(1,24):view(2,3,-1):size()",
" 2\
 3\
 4\
[torch.LongStorage of size 3]\
"},
{"torch.range(1,6):reshape(3,2)",
" 1  2\
 3  4\
 5  6\
[torch.DoubleTensor of size 3x2]\
"},
{"torch.range(1,6):reshape(torch.LongStorage{2,3})",
" 1  2  3\
 4  5  6\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.ones(2,3):expand(4,3)",
"ERROR incorrect size: only supporting singleton expansion (size=1)"},
{"torch.ones(2,3):resize(2,3,1):size()",
" 2\
 3\
 1\
[torch.LongStorage of size 3]\
"},
{"torch.range(1,24):resize(2,3,4):permute(3,1,2)[1] ",
"  1   5   9\
 13  17  21\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.squeeze(torch.ones(1,1))",
"1"},
{"torch.ones(2,3):nDimension()",
"2"},
{"torch.ones(2,3):size(3)",
"ERROR bad argument #1 to 'size' (dimension 3 out of range of 2D tensor"},
{"torch.range(1,4):unfold(1,2,1)",
" 1  2\
 2  3\
 3  4\
[torch.DoubleTensor of size 3x2]\
"},
{"torch.ones(2,3):isSetTo(torch.ones(2,3))",
"false"},
{"torch.Tensor():set(torch.DoubleStorage{1,2,3,4},2,torch.LongStorage{3},torch.LongStorage{1})",
" 2\
 3\
 4\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,10):narrow(1,-3,2)",
"ERROR bad argument #2 to 'narrow' (out of range"},
{"torch.range(1,6):resize(2,3):unsqueeze(1):size()",
"ERROR attempt to call method 'unsqueeze' (a nil value)"},
{"#torch.range(1,10):split(3)",
"4"},
{"torch.split(torch.range(1,6):resize(2,3),2,2)[2] ",
" 3\
 6\
[torch.DoubleTensor of size 2x1]\
"},
{"torch.cat(torch.ones(3),torch.zeros(3),2)",
" 1  0\
 1  0\
 1  0\
[torch.DoubleTensor of size 3x2]\
"},
{"torch.range(1,12):resize(3,4):index(2,torch.LongTensor{4,1})",
"  4   1\
  8   5\
 12   9\
[torch.DoubleTensor of size 3x2]\
"},
{"torch.ones(2,4):indexAdd(2,torch.LongTensor{4,1},torch.range(1,4):resize(2,2))",
" 1  2\
 3  4\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.range(1,12):resize(3,4):gather(2,torch.LongTensor{{1,2},{3,4},{4,1}})",
"  1   2\
  7   8\
 12   9\
[torch.DoubleTensor of size 3x2]\
"},
{"torch.zeros(3,5):scatter(2,torch.LongTensor{{1,2},{3,4},{5,1}},torch.range(1,6):resize(3,2))",
" 1  2  0  0  0\
 0  0  3  4  0\
 6  0  0  0  5\
[torch.DoubleTensor of size 3x5]\
"},
{"torch.zeros(5):maskedFill(torch.ByteTensor{1,0,1,0,0},3)",
"3"},
{"torch.Tensor{0,3,0,4}:nonzero()",
" 2\
 4\
[torch.LongTensor of size 2x1]\
"},
{"torch.range(1,3):index(1,torch.LongTensor{5})",
"ERROR index out of range"},
{"torch.sort(torch.Tensor{{3,1,2},{9,7,8}},2,true)",
" 3  2  1\
 9  8  7\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.topk(torch.Tensor{5,1,4,2},2,1,true,true)",
" 5\
 4\
[torch.DoubleTensor of size 2]\
"},
{"(function() local v,i=torch.kthvalue(torch.Tensor{{5,1,4},{9,8,7}},2,2) return i end)()",
" 3\
 2\
[torch.LongTensor of size 2x1]\
"},
{"torch.median(torch.Tensor{{5,1,4},{9,8,7}},1)",
" 5  1  4\
[torch.DoubleTensor of size 1x3]\
"},
{"torch.max(torch.Tensor{{5,1,4},{9,8,7}},2)",
" 5\
 9\
[torch.DoubleTensor of size 2x1]\
"},
{"torch.cmax(torch.Tensor{1,5},torch.Tensor{3,2})",
" 3\
 5\
[torch.DoubleTensor of size 2]\
"},
{"torch.Tensor{1,5}:cmax(2)",
" 2\
 5\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,6):resize(2,3):var(1,true)",
" 2.2500  2.2500  2.2500\
[torch.DoubleTensor of size 1x3]\
"},
{"torch.range(1,6):resize(2,3):cumsum(2)",
"  1   3   6\
  4   9  15\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.renorm(torch.range(1,6):resize(2,3),2,1,1)",
" 0.2673  0.5345  0.8018\
 0.4558  0.5698  0.6838\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.histc(torch.Tensor{1,2,1,5,3},4,0,8)",
" 2\
 2\
 1\
 0\
[torch.DoubleTensor of size 4]\
"},
{"torch.addmm(2,torch.ones(2,2),3,torch.eye(2),torch.range(1,4):resize(2,2))",
"  5   8\
 11  14\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.addr(torch.ones(2,3),torch.range(1,2),torch.range(1,3))",
" 2  3  4\
 3  5  7\
[torch.DoubleTensor of size 2x3]\
"},
{"torch.bmm(torch.ones(2,2,3),torch.ones(2,3,2))",
"(1,.,.) = \
  3  3\
  3  3\
\
(2,.,.) = \
  3  3\
  3  3\
[torch.DoubleTensor of size 2x2x2]\
"},
{"torch.addbmm(torch.ones(2,2),torch.ones(3,2,2),torch.ones(3,2,2))",
" 7  7\
 7  7\
[torch.DoubleTensor of size 2x2]\
"},
{"select(2,torch.svd(torch.Tensor{{2,1},{1,3}}))",
" 3.6180\
 1.3820\
[torch.DoubleTensor of size 2]\
"},
{"torch.symeig(torch.Tensor{{2,1},{1,3}})",
" 1.3820\
 3.6180\
[torch.DoubleTensor of size 2]\
"},
{"torch.potrf(torch.Tensor{{4,2},{2,3}})",
" 2.0000  1.0000\
 0.0000  1.4142\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.qr(torch.Tensor{{1,2},{3,4}}):abs()",
" 0.3162  0.9487\
 0.9487  0.3162\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.cross(torch.Tensor{1,0,0},torch.Tensor{0,1,0})",
" 0\
 0\
 1\
[torch.DoubleTensor of size 3]\
"},
{"torch.conv2(torch.range(1,9):resize(3,3),torch.ones(2,2),'F')",
"  1   3   5   3\
  5  12  16   9\
 11  24  28  15\
  7  15  17   9\
[torch.DoubleTensor of size 4x4]\
"},
{"torch.ger(torch.range(1,2),torch.range(1,2)):trace()",
"5"},
{"torch.lerp(torch.zeros(2),torch.ones(2),0.3)",
" 0.3000\
 0.3000\
[torch.DoubleTensor of size 2]\
"},
{"torch.add(torch.range(1,3),10)",
" 11\
 12\
 13\
[torch.DoubleTensor of size 3]\
"},
{"torch.range(1,3):csub(2,torch.ones(3))",
"-1\
 0\
 1\
[torch.DoubleTensor of size 3]\
"},
{"torch.fmod(torch.Tensor{-3,5},2)",
"-1\
 1\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(1,6)%4",
" 1\
 2\
 3\
 0\
 1\
 2\
[torch.DoubleTensor of size 6]\
"},
{"torch.frac(torch.Tensor{-1.25,1.5})",
"-0.2500\
 0.5000\
[torch.DoubleTensor of size 2]\
"},
{"torch.cinv(torch.Tensor{4,16})",
" 0.2500\
 0.0625\
[torch.DoubleTensor of size 2]\
"},
{"torch.log1p(torch.Tensor{0,1})",
" 0.0000\
 0.6931\
[torch.DoubleTensor of size 2]\
"},
{"torch.sin(torch.Tensor{0,1})",
" 0.0000\
 0.8415\
[torch.DoubleTensor of size 2]\
"},
{"torch.cosh(torch.Tensor{0,1})",
" 1.0000\
 1.5431\
[torch.DoubleTensor of size 2]\
"},
{"torch.addcdiv(torch.ones(2),2,torch.range(1,2),torch.range(3,4))",
" 1.6667\
 2.0000\
[torch.DoubleTensor of size 2]\
"},
{"torch.ge(torch.range(1,3),torch.Tensor{3,2,1})",
" 0\
 1\
 1\
[torch.ByteTensor of size 3]\
"},
{"torch.ByteTensor{3,5}:bitand(1)",
" 1\
 1\
[torch.ByteTensor of size 2]\
"},
{"torch.IntTensor{7,8}:mul(1.5)",
" 7\
 8\
[torch.IntTensor of size 2]\
"},
{"torch.range(1,3):map2(torch.ones(3),torch.ones(3),function(a,b,c) return a+b*c end)",
" 2\
 3\
 4\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor{{-1e6,2.5},{3,4}}",
"-1.0000e+06  2.5000e+00\
 3.0000e+00  4.0000e+00\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.Tensor{{0.00001,1},{2,3}}",
" 1.0000e-05  1.0000e+00\
 2.0000e+00  3.0000e+00\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.FloatTensor(1,2,3):fill(1e20)",
"(1,.,.) = \
  1.0000e+20  1.0000e+20  1.0000e+20\
  1.0000e+20  1.0000e+20  1.0000e+20\
[torch.FloatTensor of size 1x2x3]\
"},
{"torch.range(1,60):resize(2,30)*-1000",
"Columns 1 to 11\
 -1000  -2000  -3000  -4000  -5000  -6000  -7000  -8000  -9000 -10000 -11000\
-31000 -32000 -33000 -34000 -35000 -36000 -37000 -38000 -39000 -40000 -41000\
\
Columns 12 to 22\
-12000 -13000 -14000 -15000 -16000 -17000 -18000 -19000 -20000 -21000 -22000\
-42000 -43000 -44000 -45000 -46000 -47000 -48000 -49000 -50000 -51000 -52000\
\
Columns 23 to 30\
-23000 -24000 -25000 -26000 -27000 -28000 -29000 -30000\
-53000 -54000 -55000 -56000 -57000 -58000 -59000 -60000\
[torch.DoubleTensor of size 2x30]\
"},
{"torch.Tensor(1,1):fill(3)",
" 3\
[torch.DoubleTensor of size 1x1]\
"},
{"torch.FloatStorage{1.5,-2}",
" 1.5000\
-2.0000\
[torch.FloatStorage of size 2]\
"},
{"torch.Tensor{1e-5,2e-5}",
"1e-05 *\
 1.0000\
 2.0000\
[torch.DoubleTensor of size 2]\
"},
{"#torch.serialize(torch.ones(3))",
"135"},
{"torch.serialize(torch.IntTensor{1,2},'ascii')",
"4\
1\
3\
V 1\
15\
torch.IntTensor\
1\
2\
1\
1\
4\
2\
3\
V 1\
16\
torch.IntStorage\
2\
1 2\
"},
{"(function() local f=torch.MemoryFile() f:writeInt(5) f:writeDouble(2.5) f:seek(1) return f:readInt()+f:readDouble() end)()",
"7.5"},
{"torch.typename(torch.Timer())",
"torch.Timer"},
{"(function() torch.manualSeed(7) local s=torch.getRNGState() local a=torch.uniform() torch.setRNGState(s) return a==torch.uniform() end)()",
"true"},
{"string.format('%.14g %.14g',torch.exponential(1),torch.exponential(3))",
"1.1922721489929 0.4160391336124"},
{"torch.Tensor(4):geometric(0.3)",
" 1\
 2\
 1\
 1\
[torch.DoubleTensor of size 4]\
"},
{"torch.Tensor(3):logNormal(1,0.5)",
" 2.0944\
 1.2895\
 2.4132\
[torch.DoubleTensor of size 3]\
"},
{"torch.multinomial(torch.Tensor{1,2,3,4},3)",
" 4\
 3\
 1\
[torch.LongTensor of size 3]\
"},
{"torch.FloatTensor(3):uniform()",
" 0.6965\
 0.7130\
 0.2861\
[torch.FloatTensor of size 3]\
"},
{"torch.IntTensor(5):random()",
" 8.4383e+08\
 9.1464e+08\
 1.2290e+09\
 1.8403e+09\
 9.7432e+08\
[torch.IntTensor of size 5]\
"},
{"torch.randn(2,3):float()",
"-0.5214 -1.4914 -0.2381\
 1.0306  0.2221  1.5162\
[torch.FloatTensor of size 2x3]\
"},
{"torch.Tensor(3):bernoulli(torch.Tensor{0.1,0.9,0.5})",
" 0\
 1\
 1\
[torch.DoubleTensor of size 3]\
"},
{"torch.seed()~=nil",
"true"},
{"torch.Tensor{1,2}:double():float():byte():char():short()",
" 1\
 2\
[torch.ShortTensor of size 2]\
"},
{"torch.Tensor{1,2}:totable()[2] ",
"2"},
{"torch.DoubleStorage{1,2,3}:copy(torch.DoubleStorage{4,5,6})",
" 4\
 5\
 6\
[torch.DoubleStorage of size 3]\
"},
{"torch.LongStorage{1,2}:totable()[1] ",
"1"},
{"torch.ones(2)==torch.ones(2)",
"false"},
{"torch.mul(torch.ones(2),torch.ones(2))",
"ERROR invalid arguments: DoubleTensor DoubleTensor "},
{"torch.cat(torch.ones(2,2),torch.ones(3,3),1)",
"ERROR inconsistent tensor sizes"},
{"torch.ones(2,3):narrow(3,1,1)",
"ERROR bad argument #1 to 'narrow' (out of range"},
{"torch.inverse(torch.zeros(2,2))",
"ERROR Lapack Error getrf : U(1,1) is 0, U is singular"},
{"torch.ones(3):gather(1,torch.LongTensor{4})",
"ERROR Invalid index in gather"},
{"torch.setdefaulttensortype('torch.Nope')",
"ERROR <torch.Nope> is not a string describing a torch object"},
{"torch.CmdLine and torch.type(torch.CmdLine())",
"torch.CmdLine"},
{"torch.Tester and torch.type(torch.Tester())",
"torch.Tester"},
{"torch.pointer(torch.ones(1))~=nil",
"true"},
{"torch.ones(3):sum(1)",
" 3\
[torch.DoubleTensor of size 1]\
"},
{"torch.std(torch.range(1,4),1,true)",
" 1.1180\
[torch.DoubleTensor of size 1]\
"},
{"torch.triu(torch.range(1,9):resize(3,3),1)",
" 0  2  3\
 0  0  6\
 0  0  0\
[torch.DoubleTensor of size 3x3]\
"},
{"torch.diag(torch.range(1,9):resize(3,3),1)",
" 2\
 6\
[torch.DoubleTensor of size 2]\
"},
{"torch.range(0,1,0.25)",
" 0.0000\
 0.2500\
 0.5000\
 0.7500\
 1.0000\
[torch.DoubleTensor of size 5]\
"},
{"torch.Tensor():linspace(0,1,3)",
" 0.0000\
 0.5000\
 1.0000\
[torch.DoubleTensor of size 3]\
"},
{"torch.Tensor():eye(2)",
" 1  0\
 0  1\
[torch.DoubleTensor of size 2x2]\
"},
{"torch.cmul(torch.Tensor(),torch.Tensor{3,4},torch.Tensor{2,2})",
" 6\
 8\
[torch.DoubleTensor of size 2]\
"},
{"torch.maskedSelect and torch.maskedSelect(torch.range(1,3),torch.ByteTensor{1,0,1})",
"nil"},
}
