# What Python's multiprocessing and concurrent.futures take for what ours.lua does: name, value, unit, tab between them.
import concurrent.futures
import multiprocessing
import sys
import time

TASKS, MANY, TRIPS, ENTRIES, MB = 10000, 1000000, 5000, 10000, 2 ** 20


def square(x):
    return x * x


def echo(connection):
    while True:
        value = connection.recv()
        if value is None:
            return
        connection.send(value)


def seconds(f):
    f()
    began = time.perf_counter()
    f()
    return time.perf_counter() - began


def entry(i):
    return 'value%d' % i if i % 3 == 0 else i if i % 3 == 1 else i + 0.5


def trips(connection):
    def trip(value):
        connection.send(value)
        return connection.recv()

    def each(name, n, value_of):
        print(name, seconds(lambda: [trip(value_of(i)) for i in range(n)]) / n * 1e6, 'us', sep='\t')

    each('round trip of a number', TRIPS, lambda i: i)
    each("round trip of {name='x', i=i}", TRIPS, lambda i: {'name': 'x', 'i': i})
    rest, large = 'x' * (MB - 8), {'key%d' % i: entry(i) for i in range(1, ENTRIES + 1)}
    each('round trip of distinct strings of 1 MB', 50, lambda i: '%08d' % i + rest)
    each('round trip of a table of 10,000 entries', 20, lambda i: large)


def main():
    began = time.perf_counter()
    mine, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo, args=(theirs,))
    child.start()
    mine.send(7)
    mine.recv()
    print('start to the first answer', (time.perf_counter() - began) * 1e3, 'ms', sep='\t')
    trips(mine)
    mine.send(None)
    child.join()
    items = list(range(TASKS))
    with multiprocessing.Pool(2) as pool:
        print('map of x*x over 10,000', TASKS / seconds(lambda: pool.map(square, items)) / 1e6, 'M/s', sep='\t')
        many = list(range(MANY))
        print('map of x*x over 1,000,000', MANY / seconds(lambda: pool.map(square, many)) / 1e6, 'M/s', sep='\t')
        print('imap of the 10,000', TASKS / seconds(lambda: list(pool.imap(square, items))) / 1e6, 'M/s', sep='\t')
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print('submit and result', seconds(lambda: [f.result() for f in [pool.submit(square, i) for i in items[:1000]]]) / 1000 * 1e6,
              'us', sep='\t')
    sys.stdout.flush()


if __name__ == '__main__':
    main()
