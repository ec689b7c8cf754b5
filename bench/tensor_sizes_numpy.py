# The NumPy side of bench/tensor_sizes.lua: one round, lines of "name<TAB>nanoseconds" for arrays of about N elements.
import math
import sys
import time
import numpy as np

n = int(float(sys.argv[1]))
side = int(math.sqrt(n))
columns = 1000 if n >= 10000 else 10
rows = n // columns
rng = np.random.RandomState(1)
draw = np.random.Generator(np.random.MT19937(1))


def measure(name, f):
    f()
    start = time.perf_counter()
    f()
    once = max(time.perf_counter() - start, 1e-8)
    calls = max(1, int(1e-3 / once))
    best, began, runs = float('inf'), time.perf_counter(), 0
    while runs < 3 or time.perf_counter() - began < 0.08:
        start = time.perf_counter()
        for _ in range(calls):
            f()
        best, runs = min(best, (time.perf_counter() - start) / calls), runs + 1
    print('%s\t%.1f' % (name, best * 1e9), flush=True)


def max_dim():
    # Torch gives the places, too.
    m.max(0)
    m.argmax(0)


def sort():
    places = np.argsort(x, kind='stable')
    np.take(x, places, out=r, mode='clip')


x, y, r = rng.randn(n), rng.randn(n), np.empty(n)
a, b, c = rng.randn(side, side), rng.randn(side, side), np.empty((side, side))
m, taken = rng.randn(rows, columns), np.empty((rows, columns))
order, places = rng.permutation(rows), rng.permutation(n)
joined, line, other = np.empty(2 * n), np.empty(columns), np.empty(side)
at, bt = a.T, b.T

measure('index rows', lambda: np.take(m, order, axis=0, out=taken, mode='clip'))
measure('index elements', lambda: np.take(x, places, out=r, mode='clip'))
measure('cat', lambda: np.concatenate((x, y), out=joined))
measure('cat columns', lambda: np.concatenate((m, m), axis=1))
measure('add transposed', lambda: np.add(a, bt, out=c))
measure('mul transposed', lambda: np.multiply(at, b, out=c))
measure('exp transposed', lambda: np.exp(at, out=c))
measure('sum transposed', lambda: at.sum())
measure('sum transposed, dim 1', lambda: np.sum(at, axis=0, out=other))
measure('max transposed', lambda: at.max())
measure('std dim 1', lambda: np.std(m, axis=0, ddof=1, out=line))
measure('var dim 1', lambda: np.var(m, axis=0, ddof=1, out=line))
measure('max dim 1', max_dim)
measure('sort', sort)
measure('rand', lambda: draw.random(out=r))
measure('tanh', lambda: np.tanh(x, out=r))
if n < 10000:
    for k in (4, 16, 32):
        p, q, s = rng.randn(k, k), rng.randn(k, k), np.empty((k, k))
        measure('mm %d' % k, lambda: np.dot(p, q, out=s))
