# The NumPy side of bench/tensor.lua: one round, lines of "name<TAB>nanoseconds".
import time
import numpy as np

n = 1000000
rng = np.random.RandomState(1)
x, y, r = rng.randn(n), rng.randn(n), np.empty(n)
xf, yf, rf = x.astype(np.float32), y.astype(np.float32), np.empty(n, np.float32)
a, b, c = rng.randn(1000, 1000), rng.randn(1000, 1000), np.empty((1000, 1000))
v, t = rng.randn(100), rng.randn(100, 100)


def measure(name, f, times):
    best = float('inf')
    f()
    for _ in range(times):
        start = time.perf_counter()
        f()
        best = min(best, time.perf_counter() - start)
    print('%s\t%.0f' % (name, best * 1e9), flush=True)


def loop(name, f, count):
    best = float('inf')
    for _ in range(3):
        start = time.perf_counter()
        f(count)
        best = min(best, time.perf_counter() - start)
    print('%s\t%.1f' % (name, best / count * 1e9), flush=True)


measure('add', lambda: np.add(x, y, out=r), 40)
measure('add scalar', lambda: np.add(x, 2.5, out=r), 40)
measure('cmul', lambda: np.multiply(x, y, out=r), 40)
measure('cdiv', lambda: np.divide(x, y, out=r), 40)
measure('sum', lambda: x.sum(), 40)
measure('exp', lambda: np.exp(x, out=r), 40)
measure('sqrt', lambda: np.sqrt(np.abs(x, out=r), out=r), 20)
measure('max', lambda: x.max(), 40)
measure('dot', lambda: x.dot(y), 40)
measure('float add', lambda: np.add(xf, yf, out=rf), 40)
measure('float exp', lambda: np.exp(xf, out=rf), 40)
measure('sum rows', lambda: a.sum(1), 20)
measure('sum columns', lambda: a.sum(0), 20)
measure('copy transposed', lambda: np.copyto(c, a.T), 10)
measure('sort 100000', lambda: np.sort(x[:100000], kind='stable'), 3)
measure('randn 100000', lambda: rng.standard_normal(100000), 5)
measure('mm 1000', lambda: np.dot(a, b, out=c), 5)


def read_vector(count):
    s = 0.0
    for i in range(count):
        s += v[i % 100]


def write_vector(count):
    for i in range(count):
        v[i % 100] = i


def read_matrix(count):
    s = 0.0
    for i in range(count):
        s += t[i % 100][i % 100]


loop('v[i]', read_vector, 300000)
loop('v[i] = x', write_vector, 300000)
loop('t[i][j]', read_matrix, 200000)
