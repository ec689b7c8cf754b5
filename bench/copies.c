/* The limit of large strings in bench/messages.lua: a bare process copies different blocks into shared memory, one after the other, and another
 * one copies each from there into a block of its own, while the first goes on with the next. All memory has been touched before.
 * copies BYTES [blocks]: prints MB/s. */
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHARED 2                          /* blocks in shared memory, in turn */
#define SOURCES_BYTES ((size_t)512 << 20) /* so much is copied before a block comes again */
#define LOOKS_AT_ONCE 1000                /* then somebody else may have the core */

typedef struct counts {
    _Alignas(128) _Atomic uint64_t in;  /* blocks copied into shared memory: the reader waits for it */
    _Alignas(128) _Atomic uint64_t out; /* and out of it: the writer waits for it */
} counts;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int good, const char *what)
{
    if (good) return;
    perror(what);
    exit(1);
}

static void *shared_memory(size_t bytes)
{
    void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(data != MAP_FAILED, "mmap");
    memset(data, 0, bytes);
    return data;
}

static char *touched(size_t bytes, int value)
{
    char *data = malloc(bytes);
    check(data != NULL, "malloc");
    memset(data, value, bytes);
    return data;
}

static void await(_Atomic uint64_t *count, uint64_t least)
{
    for (unsigned looks = 1; atomic_load_explicit(count, memory_order_acquire) < least; looks++)
        if (looks % LOOKS_AT_ONCE == 0) sched_yield();
}

static void copy_out(counts *now, const char *shared, size_t bytes, uint64_t n)
{
    char *to = touched(bytes, 1);
    for (size_t at = 0; at < SHARED * bytes; at += 4096) to[at % bytes] = shared[at]; /* its pages are mapped here, too */
    for (uint64_t i = 0; i < n; i++) {
        await(&now->in, i + 1);
        memcpy(to, shared + i % SHARED * bytes, bytes);
        atomic_store_explicit(&now->out, i + 1, memory_order_release);
    }
    _exit(to[bytes - 1] == 0);
}

/* -> MB/s */
static double copy_in(counts *now, char *shared, size_t bytes, uint64_t n)
{
    uint64_t n_sources = SOURCES_BYTES / bytes < 2 ? 2 : SOURCES_BYTES / bytes, warm = n / 10 + 1;
    char **sources = calloc(n_sources, sizeof *sources);
    double began_s = 0;
    check(sources != NULL, "calloc");
    for (uint64_t i = 0; i < n_sources; i++) sources[i] = touched(bytes, (int)(i % 255) + 1);
    for (uint64_t i = 0; i < n; i++) {
        if (i >= SHARED) await(&now->out, i + 1 - SHARED);
        if (i == warm) began_s = now_s();
        memcpy(shared + i % SHARED * bytes, sources[i % n_sources], bytes);
        atomic_store_explicit(&now->in, i + 1, memory_order_release);
    }
    await(&now->out, n);
    return (double)bytes * (double)(n - warm) / (now_s() - began_s) / 1e6;
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    uint64_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 20;
    check(bytes > 0 && n > 2, "a size and a number of blocks are expected");
    char *shared = shared_memory(SHARED * bytes);
    counts *now = shared_memory(sizeof *now);
    pid_t reader = fork();
    check(reader >= 0, "fork");
    if (reader == 0) copy_out(now, shared, bytes, n);
    printf("%.4g\n", copy_in(now, shared, bytes, n));
    check(waitpid(reader, NULL, 0) == reader, "waitpid");
    return 0;
}
