/* Messages of every size between two processes, each way beside the others in the same run: there and back, and one way with every word
 * read. Lines of: bytes, way, us there and back, GB/s one way. For bench/plots/figures.lua.
 *
 *   sizes [runs] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "peer.h"

enum { RUNS_MAX = 15, COLUMNS = 4, COPY = 3 }; /* the last column is a memcpy in one process */
#define TRIP_BYTES ((size_t)64 << 20)          /* what a round of trips moves at most */
#define STREAM_BYTES ((size_t)256 << 20)

typedef struct job {
    size_t bytes;
    int messages;
    void *buffer;
} job;

static int at_most(size_t total, size_t bytes, int most)
{
    size_t n = total / bytes;
    return n < 4 ? 4 : n < (size_t)most ? (int)n : most;
}

static void echo(end *e, void *context)
{
    const job *j = context;
    for (int i = 0; i < j->messages; i++) {
        end_receive(e, j->buffer, j->bytes);
        end_send(e, j->buffer, j->bytes);
    }
}

static double trip_us(way how, job j)
{
    end mine;
    j.messages = at_most(TRIP_BYTES, j.bytes, 5000);
    pid_t pid = peer_start(how, &mine, 0, 1, echo, &j);
    double began = 0;
    int warm = j.messages / 5;
    for (int i = 0; i < j.messages; i++) {
        if (i == warm) began = now_ns();
        end_send(&mine, j.buffer, j.bytes);
        end_receive(&mine, j.buffer, j.bytes);
    }
    double us = (now_ns() - began) / (j.messages - warm) / 1000;
    peer_end(&mine, pid);
    return us;
}

static void drain(end *e, void *context)
{
    const job *j = context;
    uint64_t sum = 0;
    for (int i = 0; i < j->messages; i++) {
        end_receive(e, j->buffer, j->bytes);
        sum += sum_words(j->buffer, j->bytes);
    }
    end_send(e, &sum, sizeof sum);
}

static double gigabytes(way how, job j)
{
    end mine;
    uint64_t sum;
    j.messages = at_most(how == WAY_CHANNEL ? STREAM_BYTES : STREAM_BYTES / 4, j.bytes, 100000);
    pid_t pid = peer_start(how, &mine, 0, 1, drain, &j);
    double began = now_ns();
    for (int i = 0; i < j.messages; i++) end_send(&mine, j.buffer, j.bytes);
    end_receive(&mine, &sum, sizeof sum);
    double each = (now_ns() - began) / j.messages;
    peer_end(&mine, pid);
    return (double)j.bytes / each;
}

static double copied_gigabytes(job j)
{
    void *to = malloc(j.bytes);
    if (!to) die("memory");
    memset(to, 2, j.bytes);
    j.messages = at_most(STREAM_BYTES, j.bytes, 100000);
    double began = now_ns();
    for (int i = 0; i < j.messages; i++) {
        memcpy(to, j.buffer, j.bytes);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    double each = (now_ns() - began) / j.messages;
    free(to);
    return (double)j.bytes / each;
}

static void measure(size_t bytes, int runs)
{
    static const way ways[] = {WAY_CHANNEL, WAY_PIPE, WAY_SOCKET};
    double trips[COPY][RUNS_MAX], rates[COLUMNS][RUNS_MAX];
    job j = {.bytes = bytes, .buffer = malloc(bytes)};
    if (!j.buffer) die("memory");
    memset(j.buffer, 1, bytes);
    for (int r = 0; r < runs; r++) { /* in turns, so that noise hits all of them */
        for (int i = 0; i < COPY; i++) trips[i][r] = trip_us(ways[i], j);
        for (int i = 0; i < COPY; i++) rates[i][r] = gigabytes(ways[i], j);
        rates[COPY][r] = copied_gigabytes(j);
    }
    for (int i = 0; i < COPY; i++)
        printf("%zu\t%s\t%.4g\t%.4g\n", bytes, way_names[ways[i]], median(trips[i], runs), median(rates[i], runs));
    printf("%zu\tmemcpy\t-\t%.4g\n", bytes, median(rates[COPY], runs));
    fflush(stdout);
    free(j.buffer);
}

int main(int argc, char **argv)
{
    int runs = argc > 1 ? atoi(argv[1]) : 3;
    if (runs < 1 || runs > RUNS_MAX) die("from 1 to 15 runs");
    for (size_t bytes = 16; bytes <= (size_t)16 << 20; bytes *= 8) measure(bytes, runs);
    return 0;
}
