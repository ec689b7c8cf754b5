#include "cluster/loop.h"

#include "os/os.h"

#define CHANNELS_AT_ONCE 64
#define LOOKS_AT_ONCE 16
#define RETRY_NS INT64_C(1000000) /* who could not write by libzmq tries again so soon, since room for more may be told in the same way */
/* A message there and back passes five threads each way, and to wake each of them on a core that has gone to sleep takes as long as all that they
 * do. Who waits awake for so long, and lets others have the core, keeps it from sleeping for all of them. It is earned like a spin. */
#define AWAKE_NS INT64_C(300000)
#define AWAKE_DEAR_NS INT64_C(1000000) /* a yield that took longer went to somebody who computes: then who sleeps is woken sooner */
#define AWAKE_GAIN_NS INT64_C(20000)
#define TALK_NS INT64_C(1000000)     /* and only so soon after a process of this machine has said something: not for heartbeats */
#define BLOCKED_NS INT64_C(10000000) /* when there are more blocked descriptors than can be waited for, they are looked at so often */

static void on_channels(par_source *source) { ((par_loop *)source->user)->called = true; }

int par_loop_open(par_loop *loop, const par_loop_role *role, par_error *err)
{
    int fd = -1;
    *loop = (par_loop){.role = *role, .one_core = par_os_cores() == 1, .channels = {.fd = -1, .on_readable = on_channels, .user = loop}};
    int rc = par_selector_open(&loop->selector, NULL, err);
    if (rc == PAR_OK) rc = par_os_set_open(&loop->set, err);
    if (rc == PAR_OK) rc = par_selector_resting_fd(loop->selector, &fd, err);
    if (rc == PAR_OK) rc = par_loop_watch(loop, &loop->channels, fd, err);
    if (rc != PAR_OK) par_loop_close(loop);
    return rc;
}

void par_loop_close(par_loop *loop)
{
    par_os_set_close(loop->set);
    par_selector_close(loop->selector);
    *loop = (par_loop){0};
}

int par_loop_watch(par_loop *loop, par_source *source, int fd, par_error *err)
{
    int rc = par_os_set_add(loop->set, fd, source, err);
    source->fd = rc == PAR_OK ? fd : -1;
    return rc;
}

void par_loop_unwatch(par_loop *loop, par_source *source)
{
    if (source->fd >= 0) par_os_set_remove(loop->set, source->fd);
    source->fd = -1;
    for (int i = 0; i < loop->n_tokens; i++)
        if (loop->tokens[i] == source) loop->tokens[i] = NULL;
}

int64_t par_loop_await_room(par_loop *loop, const par_mux *mux, int64_t now_ns)
{
    if (!par_mux_wants_to_write(mux)) return INT64_MAX;
    int fd = mux->wire->write_fd;
    if (fd < 0) return now_ns + RETRY_NS;
    if (loop->n_blocked < PAR_OS_WAITS_MAX) loop->blocked[loop->n_blocked] = (par_os_wait){.fd = fd, .events = PAR_OS_WRITABLE};
    loop->n_blocked++;
    return INT64_MAX;
}

static void serve_channels(par_loop *loop)
{
    void *user;
    bool readable = loop->called;
    loop->called = false;
    for (int n = 0; n < CHANNELS_AT_ONCE && (readable || !par_selector_rests(loop->selector)); n++) {
        if (par_selector_look(loop->selector, &user, readable) != PAR_OK) return;
        par_stream_serve(user);
        loop->said = true;
        readable = false;
    }
}

/* Sleeps until a descriptor of the set is readable or a blocked one writable. */
static void sleep_until(par_loop *loop, int64_t deadline_ns)
{
    par_error err;
    int fd;
    if (loop->n_blocked == 0 || par_os_set_fd(loop->set, &fd, &err) != PAR_OK) return; /* the wait for the set does it */
    unsigned n = loop->n_blocked;
    if (n >= PAR_OS_WAITS_MAX) {
        int64_t soon_ns = par_os_now_ns() + BLOCKED_NS;
        n = PAR_OS_WAITS_MAX - 1;
        if (soon_ns < deadline_ns) deadline_ns = soon_ns;
    }
    loop->blocked[n] = (par_os_wait){.fd = fd, .events = PAR_OS_READABLE};
    par_os_wait_fds(loop->blocked, n + 1, deadline_ns);
}

/* Returns how many there were, or a code. */
static int serve_readable(par_loop *loop, int64_t deadline_ns)
{
    int n = par_os_set_wait(loop->set, loop->tokens, PAR_LOOP_SOURCES_MAX, deadline_ns);
    loop->n_tokens = n > 0 ? n : 0;
    for (int i = 0; i < loop->n_tokens; i++) {
        par_source *source = loop->tokens[i]; /* NULL: one that was served before has ended it */
        if (source) source->on_readable(source);
    }
    loop->n_tokens = 0;
    return n;
}

void par_loop_look(par_loop *loop)
{
    for (int i = 0; i < LOOKS_AT_ONCE && serve_readable(loop, 0) == PAR_LOOP_SOURCES_MAX; i++) {}
}

/* Returns whether something has come. */
static bool stay_awake(par_loop *loop, int64_t until_ns)
{
    int64_t now_ns = par_os_now_ns(), end_ns = now_ns + AWAKE_NS, took_ns = 0;
    bool found = false;
    if (loop->said) loop->said_ns = now_ns;
    loop->said = false;
    if (loop->one_core || now_ns - loop->said_ns > TALK_NS || !par_spin_may(&loop->awake)) return false;
    while (now_ns < end_ns && now_ns < until_ns && took_ns <= AWAKE_DEAR_NS && !found) {
        par_os_yield();
        took_ns = par_os_now_ns() - now_ns;
        found = serve_readable(loop, 0) > 0;
        now_ns = par_os_now_ns();
    }
    par_yield_settle_by(&loop->awake, found, took_ns, AWAKE_DEAR_NS, AWAKE_GAIN_NS);
    return found;
}

static int serve_sources(par_loop *loop, int64_t deadline_ns, par_error *err)
{
    if (deadline_ns && loop->n_blocked) {
        sleep_until(loop, deadline_ns);
        deadline_ns = 0;
    }
    if (deadline_ns && stay_awake(loop, deadline_ns)) return PAR_OK;
    return serve_readable(loop, deadline_ns) == PAR_E_SYSTEM ? par_error_system(err, "cannot wait for connections") : PAR_OK;
}

int par_loop_run(par_loop *loop, par_error *err)
{
    int rc = PAR_OK;
    while (rc == PAR_OK && !loop->stop) {
        serve_channels(loop);
        loop->n_blocked = 0;
        int64_t until_ns = loop->role.on_round(loop->role.context, par_os_now_ns());
        if (!loop->stop) rc = serve_sources(loop, par_selector_rests(loop->selector) ? until_ns : 0, err);
    }
    return rc;
}
