# What bench/sizes.c measures, with Python's multiprocessing.Pipe: lines of bytes, "python", us there and back, GB/s one way.
import multiprocessing, time


def at_most(total, size, most): return max(4, min(most, total // size))


def echo(pipe, n):
    for _ in range(n): pipe.send_bytes(pipe.recv_bytes())


def drain(pipe, n):
    for _ in range(n): pipe.recv_bytes()
    pipe.send_bytes(b'x')


def run(child, size, n):
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=child, args=(theirs, n))
    process.start()
    data = b'x' * size
    began = time.perf_counter()
    for _ in range(n):
        mine.send_bytes(data)
        if child is echo: mine.recv_bytes()
    if child is drain: mine.recv_bytes()
    seconds = time.perf_counter() - began
    process.join()
    return seconds / n


if __name__ == '__main__':
    size = 16
    while size <= 16 << 20:
        trip = sorted(run(echo, size, at_most(64 << 20, size, 2000)) for _ in range(3))[1]
        one_way = sorted(run(drain, size, at_most(64 << 20, size, 20000)) for _ in range(3))[1]
        print('%d\tpython\t%.4g\t%.4g' % (size, trip * 1e6, size / one_way / 1e9), flush=True)
        size *= 8
