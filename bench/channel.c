/* What the channel costs, each figure beside its limit in the same run; medians.
 *
 *   channel [--tsv] [--quick] [figure ...]      figures: trip pinned pairs small large broadcast idle */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/os.h"
#include "peer.h"

#define RUNS_MAX 15
#define KB ((size_t)1 << 10)
#define MB ((size_t)1 << 20)
#define GIGA_PER_ROW ((size_t)1 << 30)

static int runs = 7, tsv;

static void row(const char *name, const char *unit, const double *values, const char *const *columns, int n)
{
    if (!tsv) printf("%-22s", name);
    for (int i = 0; i < n; i++) {
        if (tsv) printf("%s\t%s\t%.4g\t%s\n", name, columns[i], values[i], unit);
        else printf("  %8s %8.4g", columns[i], values[i]);
    }
    if (!tsv) printf("  %s\n", unit);
    fflush(stdout);
}

/* --- round trips --- */
static void echo(end *e, void *context)
{
    int trips = *(int *)context;
    uint64_t words[2];
    for (int i = 0; i < trips; i++) {
        end_receive(e, words, sizeof words);
        end_send(e, words, sizeof words);
    }
}

static double trip_ns(way how, int my_core, int peer_core, int trips)
{
    end mine;
    uint64_t words[2] = {1, 2};
    pid_t pid = peer_start(how, &mine, my_core, peer_core, echo, &trips);
    double start = 0;
    for (int i = 0; i < trips; i++) {
        if (i == trips / 10) start = now_ns(); /* after a warm-up */
        end_send(&mine, words, sizeof words);
        end_receive(&mine, words, sizeof words);
    }
    double each = (now_ns() - start) / (trips - trips / 10);
    peer_end(&mine, pid);
    return each;
}

static void trips_row(const char *name, const way *ways, int n, int my_core, int peer_core)
{
    double values[WAYS], samples[WAYS][RUNS_MAX];
    const char *columns[WAYS];
    for (int r = 0; r < runs; r++) /* in turn, so that noise hits all of them */
        for (int i = 0; i < n; i++) samples[i][r] = trip_ns(ways[i], my_core, peer_core, 20000);
    for (int i = 0; i < n; i++) {
        values[i] = median(samples[i], runs);
        columns[i] = way_names[ways[i]];
    }
    row(name, "ns", values, columns, n);
}

static void figure_trip(void)
{
    const way ways[] = {WAY_CHANNEL, WAY_SPIN, WAY_PIPE, WAY_SOCKET};
    trips_row("round trip, two cores", ways, 4, 0, 1);
}

static void figure_pinned(void)
{
    const way ways[] = {WAY_CHANNEL, WAY_PIPE, WAY_SOCKET};
    trips_row("round trip, one core", ways, 3, 0, 0);
}

/* One of several pairs: this process and a child of it. */
static void run_pair(way how, int trips)
{
    end mine;
    uint64_t words[2] = {1, 2};
    pid_t pid = peer_start(how, &mine, -1, -1, echo, &trips);
    for (int k = 0; k < trips; k++) {
        end_send(&mine, words, sizeof words);
        end_receive(&mine, words, sizeof words);
    }
    peer_end(&mine, pid);
}

static double pairs_ns(way how, int trips)
{
    enum { PAIRS = 4 };
    double start = now_ns();
    for (int i = 0; i < PAIRS; i++) {
        if (fork() != 0) continue;
        run_pair(how, trips);
        _exit(0);
    }
    for (int i = 0; i < PAIRS; i++)
        if (wait(NULL) < 0) die("wait");
    return (now_ns() - start) / trips / PAIRS;
}

static void figure_pairs(void)
{
    const char *columns[] = {"channel", "pipe"};
    double values[2], samples[2][RUNS_MAX];
    peer_bind(-2);
    for (int r = 0; r < runs; r++) {
        samples[0][r] = pairs_ns(WAY_CHANNEL, 10000);
        samples[1][r] = pairs_ns(WAY_PIPE, 10000);
    }
    for (int i = 0; i < 2; i++) values[i] = median(samples[i], runs);
    row("round trip, 4 pairs", "ns", values, columns, 2);
}

/* --- one way --- */
typedef struct stream {
    size_t bytes;
    int messages;
    int payload; /* as a payload beside the message */
} stream;

static uint64_t take_message(par_channel *channel, const stream *s)
{
    par_error err;
    par_message message;
    if (par_channel_receive(channel, &message, PAR_NEVER, &err) != PAR_OK) die(err.text);
    uint64_t sum = sum_words(s->payload ? message.payloads[0]->data : message.bytes, s->bytes);
    par_channel_release(channel, &message);
    return sum;
}

static void drain(end *e, void *context)
{
    const stream *s = context;
    uint64_t sum = 0;
    uint8_t *buffer = malloc(s->bytes);
    for (int i = 0; i < s->messages; i++) {
        if (e->how == WAY_CHANNEL) {
            sum += take_message(e->channel, s);
        } else {
            end_receive(e, buffer, s->bytes);
            sum += sum_words(buffer, s->bytes);
        }
    }
    end_send(e, &sum, sizeof sum);
    free(buffer);
}

static void send_one(end *mine, const stream *s, const void *bytes)
{
    par_error err;
    par_payload payload = {.data = bytes, .bytes = s->bytes};
    if (!s->payload) end_send(mine, bytes, s->bytes);
    else if (par_channel_send(mine->channel, 1, "", 0, &payload, 1, PAR_NEVER, &err) != PAR_OK) die(err.text);
}

/* ns for each message; the receiver has read every word of it. */
static double stream_ns(way how, stream s)
{
    end mine;
    uint64_t sum;
    void *bytes = malloc(s.bytes);
    memset(bytes, 1, s.bytes);
    int warm = s.messages / 5 + 1, timed = s.messages;
    s.messages += warm;
    pid_t pid = peer_start(how, &mine, 0, 1, drain, &s);
    for (int i = 0; i < warm; i++) send_one(&mine, &s, bytes);
    double start = now_ns();
    for (int i = 0; i < timed; i++) send_one(&mine, &s, bytes);
    end_receive(&mine, &sum, sizeof sum);
    double each = (now_ns() - start) / timed;
    peer_end(&mine, pid);
    free(bytes);
    return each;
}

static void small_row(size_t bytes)
{
    const char *columns[] = {"channel", "pipe", "socket"};
    const way ways[] = {WAY_CHANNEL, WAY_PIPE, WAY_SOCKET};
    double values[3], samples[RUNS_MAX];
    char name[64];
    for (int i = 0; i < 3; i++) {
        stream s = {.bytes = bytes, .messages = ways[i] == WAY_CHANNEL ? 1000000 : 100000};
        for (int r = 0; r < runs; r++) samples[r] = stream_ns(ways[i], s);
        values[i] = median(samples, runs);
    }
    snprintf(name, sizeof name, "one way, %zu bytes", bytes);
    row(name, "ns", values, columns, 3);
}

static void figure_small(void)
{
    small_row(16);
    small_row(64);
    small_row(1024);
}

/* memcpy into a warm place: what one process would do. */
static double memcpy_ns(size_t bytes, int messages)
{
    void *from = malloc(bytes), *to = malloc(bytes);
    memset(from, 1, bytes);
    memset(to, 2, bytes);
    double start = now_ns();
    for (int i = 0; i < messages; i++) {
        memcpy(to, from, bytes);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    double each = (now_ns() - start) / messages;
    free(from);
    free(to);
    return each;
}

static void large_row(size_t bytes, const char *label)
{
    enum { POOL, RING, COPY, PIPE, SOCKET, N };
    const char *columns[] = {"pool", "ring", "memcpy", "pipe", "socket"};
    int messages = (int)(GIGA_PER_ROW / bytes), some = runs < 5 ? runs : 5;
    double values[N], samples[N][RUNS_MAX];
    stream ring = {.bytes = bytes, .messages = messages < 4 ? 4 : messages};
    stream pool = ring, slow = ring;
    pool.payload = 1;
    slow.messages = ring.messages / 8 + 2;
    for (int r = 0; r < some; r++) {
        samples[POOL][r] = stream_ns(WAY_CHANNEL, pool);
        samples[RING][r] = stream_ns(WAY_CHANNEL, ring);
        samples[COPY][r] = memcpy_ns(bytes, ring.messages);
        samples[PIPE][r] = stream_ns(WAY_PIPE, slow);
        samples[SOCKET][r] = stream_ns(WAY_SOCKET, slow);
    }
    for (int i = 0; i < N; i++) values[i] = (double)bytes / median(samples[i], some);
    row(label, "GB/s", values, columns, N);
}

static void figure_large(void)
{
    large_row(64 * KB, "one way, 64 KB");
    large_row(MB, "one way, 1 MB");
    large_row(16 * MB, "one way, 16 MB");
    large_row(256 * MB, "one way, 256 MB");
}

/* --- broadcast --- */
static void acknowledge(end *e, void *context)
{
    stream s = *(const stream *)context;
    for (int i = 0; i < s.messages; i++) {
        par_error err;
        par_message message;
        if (par_channel_receive(e->channel, &message, PAR_NEVER, &err) != PAR_OK) die(err.text);
        uint8_t ok = message.payloads[0]->bytes == s.bytes;
        par_channel_release(e->channel, &message);
        end_send(e, &ok, 1);
    }
}

/* us until all have it and said so. */
static double broadcast_us(uint32_t n, size_t bytes, int rounds)
{
    end ends[4];
    pid_t pids[4];
    par_channel *channels[4];
    int results[4];
    par_error err;
    stream s = {.bytes = bytes, .messages = rounds + 2};
    par_payload payload = {.data = malloc(bytes), .bytes = bytes};
    memset((void *)(uintptr_t)payload.data, 1, bytes);
    for (uint32_t i = 0; i < n; i++) {
        pids[i] = peer_start(WAY_CHANNEL, &ends[i], -1, -1, acknowledge, &s);
        channels[i] = ends[i].channel;
    }
    double start = 0;
    for (int r = 0; r < rounds + 2; r++) {
        uint8_t ok;
        if (r == 2) start = now_ns();
        if (par_channel_broadcast(channels, n, 1, "", 0, &payload, 1, PAR_NEVER, results, &err) != PAR_OK) die(err.text);
        for (uint32_t i = 0; i < n; i++) end_receive(&ends[i], &ok, 1);
    }
    double each = (now_ns() - start) / rounds;
    for (uint32_t i = 0; i < n; i++) peer_end(&ends[i], pids[i]);
    free((void *)(uintptr_t)payload.data);
    return each / 1000;
}

static void figure_broadcast(void)
{
    const char *columns[] = {"to 4", "to 1"};
    double values[2], samples[2][RUNS_MAX];
    peer_bind(-2);
    for (int r = 0; r < runs; r++) {
        samples[0][r] = broadcast_us(4, 16 * MB, 20);
        samples[1][r] = broadcast_us(1, 16 * MB, 20);
    }
    for (int i = 0; i < 2; i++) values[i] = median(samples[i], runs);
    row("broadcast of 16 MB", "us", values, columns, 2);
}

/* --- doing nothing --- */
/* CPU time that a process has used. */
static int64_t cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec used = {0};
    if (clock_getcpuclockid(pid, &clock) == 0) clock_gettime(clock, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static void wait_idle(end *e, void *context)
{
    uint8_t byte;
    (void)context;
    end_receive(e, &byte, 1);
}

/* They have waited for a while already: what the start costs is not meant. */
static void figure_idle(void)
{
    enum { WAITING = 50, BEFORE = 2, SECONDS = 10 };
    static end ends[WAITING];
    static pid_t pids[WAITING];
    const char *columns[] = {"all"};
    int64_t used_ns = 0;
    for (int i = 0; i < WAITING; i++) pids[i] = peer_start(WAY_CHANNEL, &ends[i], -1, -1, wait_idle, NULL);
    par_os_sleep_ns((int64_t)BEFORE * 1000000000);
    for (int i = 0; i < WAITING; i++) used_ns -= cpu_ns(pids[i]);
    par_os_sleep_ns((int64_t)SECONDS * 1000000000);
    for (int i = 0; i < WAITING; i++) used_ns += cpu_ns(pids[i]);
    for (int i = 0; i < WAITING; i++) {
        end_send(&ends[i], "", 1);
        peer_end(&ends[i], pids[i]);
    }
    double used_ms = (double)used_ns / 1e6;
    row("50 waiting for 10 s", "ms of CPU", &used_ms, columns, 1);
}

typedef struct figure {
    const char *name;
    void (*run)(void);
} figure;

static const figure figures[] = {{"trip", figure_trip},   {"pinned", figure_pinned},       {"pairs", figure_pairs}, {"small", figure_small},
                                 {"large", figure_large}, {"broadcast", figure_broadcast}, {"idle", figure_idle}};

int main(int argc, char **argv)
{
    unsigned wanted = 0, n = sizeof figures / sizeof *figures;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--tsv") == 0) tsv = 1;
        if (strcmp(argv[i], "--quick") == 0) runs = 3;
        for (unsigned f = 0; f < n; f++)
            if (strcmp(argv[i], figures[f].name) == 0) wanted |= 1u << f;
    }
    for (unsigned f = 0; f < n; f++)
        if (!wanted || (wanted >> f & 1)) figures[f].run();
    return 0;
}
