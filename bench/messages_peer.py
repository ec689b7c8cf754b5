# Python's multiprocessing: Connection.send_bytes from one process to another. Prints MB/s, the median of the rounds.
# messages_peer.py BYTES MESSAGES ROUNDS
import multiprocessing
import statistics
import sys
import time


def receive(connection, count):
    for _ in range(count):
        connection.recv_bytes()
    connection.send_bytes(b'done')


def main():
    size, count, rounds = (int(text) for text in sys.argv[1:4])
    data, rates = b'x' * size, []
    for _ in range(rounds):
        mine, theirs = multiprocessing.Pipe()
        child = multiprocessing.Process(target=receive, args=(theirs, count + 1))
        child.start()
        mine.send_bytes(data)
        start = time.perf_counter()
        for _ in range(count):
            mine.send_bytes(data)
        mine.recv_bytes()
        rates.append(size * count / (time.perf_counter() - start) / 1e6)
        child.join()
    print(statistics.median(rates))


if __name__ == '__main__':
    main()
