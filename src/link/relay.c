#include "link/relay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "os/os.h"

typedef struct stream {
    int fd;          /* ours, to read; -1 at its end. Changed by the thread alone, under the lock */
    par_buffer line; /* PREFIX: the line that has begun; CAPTURE: all that was kept (under the lock) */
    uint64_t dropped;
    bool busy;      /* the thread has bytes that it has not passed on */
    uint64_t taken; /* bytes that it has */
    uint64_t last;  /* what was written before the end is among so many first bytes; 0: not asked yet */
} stream;

struct par_relay {
    pthread_mutex_t lock; /* guards refs, done, what is known of the streams, and the buffers of CAPTURE */
    pthread_cond_t changed;
    int refs; /* the owner and the thread */
    bool done;
    par_relay_mode mode;
    stream streams[2];
    size_t prefix_len;
    char prefix[];
};

static void release(par_relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    int left = --relay->refs;
    pthread_mutex_unlock(&relay->lock);
    if (left > 0) return;
    for (int i = 0; i < 2; i++) {
        par_os_close(relay->streams[i].fd);
        par_buffer_fini(&relay->streams[i].line);
    }
    pthread_cond_destroy(&relay->changed);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}

/* --- the thread --- */

/* Starts a new line in the buffer: the prefix stands there already when the line's bytes come. */
static int append_to_line(par_relay *relay, stream *s, const char *bytes, size_t len)
{
    if (s->line.len == 0 && par_buffer_append(&s->line, relay->prefix, relay->prefix_len) != PAR_OK) return PAR_E_NOMEM;
    return par_buffer_append(&s->line, bytes, len);
}

static void pass_line_on(stream *s, int target)
{
    if (s->line.len == 0) return;
    par_os_write_all(target, s->line.data, s->line.len);
    s->line.len = 0;
}

static void pass_on(par_relay *relay, stream *s, int target, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end ? (size_t)(end - bytes) + 1 : len;
        if (append_to_line(relay, s, bytes, part) != PAR_OK) {
            par_os_write_all(target, bytes, part); /* better torn than lost */
            s->line.len = 0;
        } else if (end || s->line.len > PAR_RELAY_LINE_BYTES) {
            if (!end) par_buffer_append(&s->line, "\n", 1);
            pass_line_on(s, target);
        }
        bytes += part;
        len -= part;
    }
}

static void keep(par_relay *relay, stream *s, const char *bytes, size_t len)
{
    pthread_mutex_lock(&relay->lock);
    size_t room = PAR_RELAY_KEEP_BYTES - s->line.len, part = len < room ? len : room;
    if (par_buffer_append(&s->line, bytes, part) != PAR_OK) part = 0;
    s->dropped += len - part;
    pthread_mutex_unlock(&relay->lock);
}

static void end_stream(par_relay *relay, stream *s, int target)
{
    if (relay->mode == PAR_RELAY_PREFIX && s->line.len > 0) {
        par_buffer_append(&s->line, "\n", 1);
        pass_line_on(s, target);
    }
    pthread_mutex_lock(&relay->lock);
    par_os_close(s->fd);
    s->fd = -1;
    pthread_mutex_unlock(&relay->lock);
}

static void set_busy(par_relay *relay, stream *s, bool busy, int taken)
{
    pthread_mutex_lock(&relay->lock);
    s->busy = busy;
    if (taken > 0) s->taken += (uint64_t)taken;
    pthread_mutex_unlock(&relay->lock);
}

static void read_stream(par_relay *relay, int i)
{
    char bytes[16384];
    stream *s = &relay->streams[i];
    set_busy(relay, s, true, 0);
    int n = par_os_read(s->fd, bytes, sizeof bytes);
    if (n > 0 && relay->mode == PAR_RELAY_PREFIX) pass_on(relay, s, i + 1, bytes, (size_t)n);
    else if (n > 0) keep(relay, s, bytes, (size_t)n);
    else if (n != PAR_E_AGAIN) end_stream(relay, s, i + 1);
    set_busy(relay, s, false, n);
}

static void *relay_main(void *argument)
{
    par_relay *relay = argument;
    while (relay->streams[0].fd >= 0 || relay->streams[1].fd >= 0) {
        par_os_wait waits[2];
        int which[2];
        unsigned n = 0;
        for (int i = 0; i < 2; i++)
            if (relay->streams[i].fd >= 0) {
                which[n] = i;
                waits[n++] = (par_os_wait){relay->streams[i].fd, PAR_OS_READABLE, 0};
            }
        if (par_os_wait_fds(waits, n, INT64_MAX) <= 0) continue;
        for (unsigned k = 0; k < n; k++)
            if (waits[k].seen) read_stream(relay, which[k]);
    }
    pthread_mutex_lock(&relay->lock);
    relay->done = true;
    pthread_cond_broadcast(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
    release(relay);
    return NULL;
}

/* --- the owner --- */

static par_relay *relay_new(par_relay_mode mode, const char *prefix)
{
    size_t len = strlen(prefix);
    par_relay *relay = calloc(1, sizeof *relay + len + 1);
    if (!relay) return NULL;
    relay->mode = mode;
    relay->refs = 2;
    relay->prefix_len = len;
    memcpy(relay->prefix, prefix, len);
    pthread_mutex_init(&relay->lock, NULL);
    par_os_condition_init(&relay->changed);
    relay->streams[0].fd = relay->streams[1].fd = -1;
    return relay;
}

int par_relay_open(par_relay **out, par_relay_mode mode, const char *prefix, int child_fds[2], par_error *err)
{
    par_relay *relay = relay_new(mode, prefix);
    if (!relay) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    child_fds[0] = child_fds[1] = -1;
    int rc = par_os_pipe(&relay->streams[0].fd, &child_fds[0], err);
    if (rc == PAR_OK) rc = par_os_pipe(&relay->streams[1].fd, &child_fds[1], err);
    if (rc == PAR_OK) rc = par_os_thread_start(relay_main, relay, err);
    if (rc != PAR_OK) {
        par_os_close(child_fds[0]);
        par_os_close(child_fds[1]);
        child_fds[0] = child_fds[1] = -1; /* the caller closes what it finds there */
        relay->refs = 1;
        release(relay);
        return rc;
    }
    *out = relay;
    return PAR_OK;
}

void par_relay_finish(par_relay *relay, int64_t deadline_ns)
{
    if (!relay) return;
    pthread_mutex_lock(&relay->lock);
    for (int i = 0; i < 2; i++)
        if (!relay->streams[i].last) relay->streams[i].last = relay->streams[i].taken + PAR_OS_PIPE_BYTES;
    while (!relay->done && par_os_condition_wait(&relay->changed, &relay->lock, deadline_ns)) {}
    pthread_mutex_unlock(&relay->lock);
}

bool par_relay_has_rest(par_relay *relay)
{
    bool rest = false;
    if (!relay) return false;
    pthread_mutex_lock(&relay->lock);
    for (int i = 0; i < 2; i++) {
        const stream *s = &relay->streams[i];
        if (s->taken >= s->last) continue; /* what comes now is somebody else's */
        rest = rest || s->busy || (s->fd >= 0 && par_os_wait_fd(s->fd, PAR_OS_READABLE, 0) > 0);
    }
    pthread_mutex_unlock(&relay->lock);
    return rest;
}

int par_relay_take(par_relay *relay, int i, char **bytes, size_t *len, uint64_t *dropped)
{
    stream *s = &relay->streams[i];
    pthread_mutex_lock(&relay->lock);
    *len = relay->mode == PAR_RELAY_CAPTURE ? s->line.len : 0;
    *dropped = s->dropped;
    *bytes = malloc(*len + 1);
    if (*bytes && *len) memcpy(*bytes, s->line.data, *len);
    pthread_mutex_unlock(&relay->lock);
    return *bytes ? PAR_OK : PAR_E_NOMEM;
}

void par_relay_close(par_relay *relay)
{
    if (relay) release(relay);
}
