# What Python's multiprocessing and concurrent.futures take for what ours.lua does: name, value, unit, tab between them.
import concurrent.futures
import multiprocessing
import sys
import time

TASKS, MANY, TRIPS = 10000, 1000000, 5000


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


def trips(connection):
    for i in range(TRIPS):
        connection.send(i)
        connection.recv()


def main():
    mine, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo, args=(theirs,))
    child.start()
    print('round trip of a number', seconds(lambda: trips(mine)) / TRIPS * 1e6, 'us', sep='\t')
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
