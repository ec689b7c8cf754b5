/* Two processes, or two ends in one, with a channel between them, for tests. */
#ifndef PAR_TESTS_PEERS_H
#define PAR_TESTS_PEERS_H

#include <dirent.h>
#include <stdint.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/limits.h"
#include "channel/channel.h"
#include "os/os.h"
#include "tap.h"

static bool peers_survive; /* do they outlive us? */

typedef struct peers {
    par_channel *channel;
    pid_t child;
} peers;

#define SECONDS(n) (par_os_now_ns() + (int64_t)(n)*1000000000)
#define MILLISECONDS(n) (par_os_now_ns() + (int64_t)(n)*1000000)

static inline void peers_start(peers *p, size_t ring_bytes, void (*child)(par_channel *))
{
    par_error err;
    int fd;
    CHECK_INT(par_channel_open(&p->channel, ring_bytes, NULL, &fd, &err), PAR_OK);
    fflush(stdout);
    p->child = fork();
    CHECK(p->child >= 0);
    if (p->child == 0) {
#ifdef __linux__
        if (!peers_survive) prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is ended by its time limit leaves nobody behind */
#endif
        /* Only the attached end is to count: the copy of the parent's socket would hide its end. */
        par_os_close(par_channel_socket(p->channel));
        par_channel *channel;
        CHECK_INT(par_channel_attach(&channel, fd, NULL, SECONDS(60), &err), PAR_OK);
        child(channel);
        par_channel_close(channel);
        fflush(stdout);
        _exit(0);
    }
    par_os_close(fd);
}

static inline void peers_end(peers *p)
{
    int status;
    par_channel_close(p->channel);
    CHECK(waitpid(p->child, &status, 0) == p->child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

/* Both ends in this process. */
static inline void pair_open(par_channel **a, par_channel **b, size_t ring_bytes, const par_channel_owner *owner)
{
    par_error err;
    int fd;
    CHECK_INT(par_channel_open(a, ring_bytes, owner, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(b, fd, NULL, SECONDS(60), &err), PAR_OK);
}

static inline void pair_close(par_channel *a, par_channel *b)
{
    par_channel_close(a);
    par_channel_close(b);
}

static inline unsigned open_fds(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) return 0;
    while (readdir(dir)) n++;
    closedir(dir);
    return n;
}

/* Bytes that tell where they belong. */
static inline void pattern_fill(uint8_t *bytes, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)((i * 2654435761u + seed * 40503u) >> 7);
}
static inline int pattern_good(const uint8_t *bytes, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != (uint8_t)((i * 2654435761u + seed * 40503u) >> 7)) return 0;
    return 1;
}

static inline void send_pattern(par_channel *channel, uint32_t kind, size_t n, uint64_t seed)
{
    par_error err;
    uint8_t *bytes = malloc(n + 1);
    pattern_fill(bytes, n, seed);
    CHECK_INT(par_channel_send(channel, kind, bytes, n, NULL, 0, SECONDS(60), &err), PAR_OK);
    free(bytes);
}

static inline void receive_pattern(par_channel *channel, uint32_t kind, size_t n, uint64_t seed)
{
    par_error err;
    par_message message;
    CHECK_INT(par_channel_receive(channel, &message, SECONDS(60), &err), PAR_OK);
    CHECK_INT(message.kind, kind);
    CHECK_INT(message.len, n);
    CHECK(((uintptr_t)message.bytes & 7) == 0);
    CHECK(pattern_good(message.bytes, n, seed));
    par_channel_release(channel, &message);
}

#endif
