/* The limit of bench/many.lua: so many bare processes, each with a pipe there and one back, all woken for one byte, which they send back.
 * wakes [processes] [rounds] [pages] [lines]: prints microseconds for each process, the median of the rounds. Of so many pages of its own each
 * process writes to so many lines before it answers: with a thousand of them they are in no cache, and their addresses neither. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct peer {
    int to, from;
} peer;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void check(bool good, const char *what)
{
    if (good) return;
    perror(what);
    exit(1);
}

#define PAGE 4096
#define LINE 64

static size_t n_pages, n_lines;

/* Other lines in each page, or they would all meet in a few sets of the cache. */
static void touch(volatile char *memory)
{
    for (size_t i = 0; i < n_pages; i++)
        for (size_t k = 0; k < n_lines; k++) memory[i * PAGE + (i * 7 + k * 13) % (PAGE / LINE) * LINE]++;
}

/* Until the other end is closed, as it is when the parent ends. */
static void echo(int from, int to)
{
    char byte, *memory = calloc(n_pages + 1, PAGE);
    check(memory != NULL, "calloc");
    touch(memory);
    while (read(from, &byte, 1) == 1) {
        touch(memory);
        if (write(to, &byte, 1) != 1) break;
    }
    _exit(0);
}

static void start(peer *peers, int n)
{
    int there[2], back[2];
    check(pipe(there) == 0 && pipe(back) == 0, "pipe");
    pid_t pid = fork();
    check(pid >= 0, "fork");
    if (pid == 0) {
        for (int i = 0; i < n; i++) close(peers[i].to);
        close(there[1]);
        echo(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    peers[n] = (peer){.to = there[1], .from = back[0]};
}

static double round_us(const peer *peers, int n)
{
    char byte = 1;
    double began_us = now_us();
    for (int i = 0; i < n; i++) check(write(peers[i].to, &byte, 1) == 1, "write");
    for (int i = 0; i < n; i++) check(read(peers[i].from, &byte, 1) == 1, "read");
    return (now_us() - began_us) / n;
}

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000, rounds = argc > 2 ? atoi(argv[2]) : 9;
    n_pages = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    n_lines = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    check(n > 0 && rounds > 0, "numbers above 0 are expected");
    peer *peers = calloc((size_t)n, sizeof *peers);
    double *us = calloc((size_t)rounds, sizeof *us);
    check(peers && us, "calloc");
    for (int i = 0; i < n; i++) start(peers, i);
    round_us(peers, n);
    for (int i = 0; i < rounds; i++) us[i] = round_us(peers, n);
    qsort(us, (size_t)rounds, sizeof *us, by_size);
    printf("%.3g\n", us[(rounds - 1) / 2]);
    for (int i = 0; i < n; i++) close(peers[i].to);
    while (wait(NULL) > 0) {}
    return 0;
}
