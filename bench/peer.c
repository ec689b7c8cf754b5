#include "peer.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/os.h"

const char *const way_names[WAYS] = {"channel", "spin", "pipe", "socket"};

void die(const char *what)
{
    perror(what);
    exit(1);
}

double now_ns(void) { return (double)par_os_now_ns(); }

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return values[n / 2];
}

uint64_t sum_words(const void *bytes, size_t len)
{
    const uint64_t *words = bytes;
    uint64_t sums[4] = {0};
    size_t n = len / sizeof *words, i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) sums[k] += words[i + (size_t)k];
    for (; i < n; i++) sums[0] += words[i];
    return sums[0] + sums[1] + sums[2] + sums[3];
}

void peer_bind(int core)
{
#ifdef __linux__
    cpu_set_t set;
    if (core == -1) return;
    memset(&set, core == -2 ? 0xff : 0, sizeof set);
    if (core >= 0) CPU_SET((unsigned)core, &set);
    sched_setaffinity(0, sizeof set, &set);
#else
    (void)core;
#endif
}

/* --- starting --- */
static void open_pipes(end *mine, end *theirs)
{
    int to[2], from[2];
    if (mine->how == WAY_SOCKET) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, to) != 0) die("socketpair");
        mine->in = mine->out = to[0];
        theirs->in = theirs->out = to[1];
        return;
    }
    if (pipe(to) != 0 || pipe(from) != 0) die("pipe");
    mine->in = from[0];
    mine->out = to[1];
    theirs->in = to[0];
    theirs->out = from[1];
}

static void open_spin(end *mine, end *theirs)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) die("mmap");
    mine->turn = theirs->turn = page;
    theirs->side = 1;
}

static void run_child(end *theirs, const end *mine, int fd, void (*child)(end *, void *), void *context)
{
    par_error err;
    if (theirs->how == WAY_CHANNEL) {
        close(par_channel_socket(mine->channel));
        if (par_channel_attach(&theirs->channel, fd, NULL, PAR_NEVER, &err) != PAR_OK) die(err.text);
    }
    child(theirs, context);
    par_channel_close(theirs->channel);
    _exit(0);
}

pid_t peer_start(way how, end *mine, int my_core, int peer_core, void (*child)(end *, void *), void *context)
{
    par_error err;
    int fd = -1;
    end theirs = {.how = how, .in = -1, .out = -1};
    *mine = theirs;
    if (how == WAY_CHANNEL && par_channel_open(&mine->channel, PAR_RING_DEFAULT_BYTES, NULL, &fd, &err) != PAR_OK) die(err.text);
    if (how == WAY_SPIN) open_spin(mine, &theirs);
    if (how == WAY_PIPE || how == WAY_SOCKET) open_pipes(mine, &theirs);
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        peer_bind(peer_core);
        run_child(&theirs, mine, fd, child, context);
    }
    if (fd >= 0) close(fd);
    if (theirs.in >= 0) close(theirs.in);
    if (theirs.out >= 0 && theirs.out != theirs.in) close(theirs.out);
    peer_bind(my_core);
    return pid;
}

void peer_end(end *mine, pid_t pid)
{
    par_channel_close(mine->channel);
    if (mine->in >= 0) close(mine->in);
    if (mine->out >= 0 && mine->out != mine->in) close(mine->out);
    if (mine->turn) munmap((void *)(uintptr_t)mine->turn, 4096);
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) die("a peer failed");
}

/* --- moving bytes --- */
static void write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR) die("write");
        if (n <= 0) continue;
        bytes += n;
        len -= (size_t)n;
    }
}

static void read_all(int fd, uint8_t *bytes, size_t len)
{
    while (len) {
        ssize_t n = read(fd, bytes, len);
        if (n == 0 || (n < 0 && errno != EINTR)) die("read");
        if (n <= 0) continue;
        bytes += n;
        len -= (size_t)n;
    }
}

static void channel_send(par_channel *channel, const void *bytes, size_t len)
{
    par_error err;
    size_t room;
    uint8_t *at = len <= 4096 ? par_channel_claim(channel, len, &room) : NULL;
    int rc;
    if (at) {
        memcpy(at, bytes, len);
        rc = par_channel_commit(channel, 1, len, &err);
    } else {
        rc = par_channel_send(channel, 1, bytes, len, NULL, 0, PAR_NEVER, &err);
    }
    if (rc != PAR_OK) die(err.text);
}

static void channel_receive(par_channel *channel, void *bytes, size_t len)
{
    par_error err;
    par_message message;
    if (par_channel_receive(channel, &message, PAR_NEVER, &err) != PAR_OK) die(err.text);
    if (message.len != len) die("a message has a wrong length");
    memcpy(bytes, message.bytes, len);
    par_channel_release(channel, &message);
}

void end_send(end *e, const void *bytes, size_t len)
{
    if (e->how == WAY_CHANNEL) channel_send(e->channel, bytes, len);
    else if (e->how == WAY_SPIN) __atomic_add_fetch(&e->turn[e->side * 16], 1, __ATOMIC_RELEASE);
    else write_all(e->out, bytes, len);
}

static void spin_receive(end *e)
{
    uint64_t now;
    while ((now = __atomic_load_n(&e->turn[(1 - e->side) * 16], __ATOMIC_ACQUIRE)) == e->seen) par_os_pause();
    e->seen = now;
}

void end_receive(end *e, void *bytes, size_t len)
{
    if (e->how == WAY_CHANNEL) channel_receive(e->channel, bytes, len);
    else if (e->how == WAY_SPIN) spin_receive(e);
    else read_all(e->in, bytes, len);
}
