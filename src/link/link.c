#include "link/link.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "channel/channel.h"
#include "link/apart.h"
#include "link/family.h"

#define LINGER_NS INT64_C(2000000000)    /* a process without a socket has this long to end by itself */
#define LAST_LINES_NS INT64_C(500000000) /* a grandchild may hold the output of an ended child open so long */
#define ABSORB_AT_ONCE 64u               /* messages taken in before a wait looks at the time again */
#define ABSORB_AT_MOST (1u << 18)        /* by one that does not wait: as many as fit into a ring of ordinary size */
#define LOOK_NS INT64_C(1000000)         /* a sender looks this often whether the other end is there */

const char *par_link_state_name(par_link_state state)
{
    static const char *const names[] = {"running", "yielded", "returned", "failed", "died", "quit"};
    return names[state];
}

void par_kept_free(par_kept *kept)
{
    if (!kept) return;
    for (uint32_t i = 0; i < kept->n_payloads; i++) par_blob_release(kept->payloads[i]);
    free(kept->payloads);
    free(kept);
}

static par_kept *kept_new(const par_message *message)
{
    par_kept *kept = malloc(sizeof *kept + message->len);
    if (!kept) return NULL;
    *kept = (par_kept){.kind = message->kind, .len = message->len};
    if (message->len) memcpy(kept->bytes, message->bytes, message->len);
    if (message->n_payloads) {
        kept->payloads = malloc(message->n_payloads * sizeof *kept->payloads);
        if (!kept->payloads) {
            free(kept);
            return NULL;
        }
        kept->n_payloads = message->n_payloads;
        for (uint32_t i = 0; i < message->n_payloads; i++) kept->payloads[i] = par_blob_retain(message->payloads[i]);
    }
    return kept;
}

static int64_t kept_bytes(const par_kept *kept)
{
    int64_t bytes = (int64_t)(sizeof *kept + kept->len);
    for (uint32_t i = 0; i < kept->n_payloads; i++) bytes += (int64_t)kept->payloads[i]->bytes;
    return bytes;
}

static void take_hello(par_link *link, const par_message *message)
{
    size_t len = message->len < sizeof link->fingerprint ? message->len : sizeof link->fingerprint - 1;
    if (len) memcpy(link->fingerprint, message->bytes, len);
    link->fingerprint[len] = 0;
    link->hello = true;
}

static void take_from_child(par_link *link, const par_message *message)
{
    if (link->apart && par_apart_take(link, message)) return;
    switch (message->kind) {
    case PAR_KIND_HELLO:
        take_hello(link, message);
        break;
    case PAR_KIND_YIELD:
        if (link->state == PAR_LINK_RUNNING) link->state = PAR_LINK_YIELDED;
        break;
    case PAR_KIND_RESULT:
    case PAR_KIND_FAILED:
        if (link->final) break; /* only the first end counts */
        link->final = kept_new(message);
        if (!link->final) link->lost_control = true;
        link->state = message->kind == PAR_KIND_RESULT ? PAR_LINK_RETURNED : PAR_LINK_FAILED;
        break;
    default: /* a kind that a child has no right to send: nobody waits for it */
        break;
    }
}

static void take_from_parent(par_link *link, const par_message *message)
{
    if (message->kind != PAR_KIND_JOIN && message->kind != PAR_KIND_EXEC && message->kind != PAR_KIND_GROUP) return;
    par_kept *kept = kept_new(message), **end = &link->controls;
    if (!kept) {
        link->lost_control = true;
        return;
    }
    while (*end) end = &(*end)->next;
    *end = kept;
    par_channel_count_kept(link->channel, kept_bytes(kept));
}

static void on_control(void *context, const par_message *message)
{
    par_link *link = context;
    if (link->is_parent) take_from_parent(link, message);
    else if (!link->is_peer) take_from_child(link, message);
}

/* The parent's end does not come when its link is closed, so that ends the waits of whoever uses it. */
static bool on_interrupted(void *context)
{
    par_link *link = context;
    bool left = link->interrupted && link->interrupted(link->host);
    return left || (link->closed && link->is_parent);
}

static void look_at_exit(par_link *link)
{
    if (!link->exit.ended && !link->is_parent && !link->is_peer && !link->apart) par_os_reap(link->pid, &link->exit);
}

static bool on_peer_gone(void *context)
{
    par_link *link = context;
    if (link->is_parent) return par_os_parent_pid() != link->pid;
    look_at_exit(link);
    return link->exit.ended;
}

static int on_peer_process(void *context)
{
    par_link *link = context;
    if (link->is_peer) return -1;
    if (link->apart) return -1; /* the bridge alone has the other end: its end is the channel's */
    int fd = par_os_process_watch(link->pid);
    if (fd < 0 || !on_peer_gone(link)) return fd; /* it lives, so the descriptor is its own */
    par_os_close(fd);
    return -1;
}

par_transport_owner par_link_owner(par_link *link)
{
    return (par_transport_owner){link, on_control, on_interrupted, on_peer_gone, on_peer_process};
}

/* --- using a link --- */

int par_link_open(const par_link *link, par_error *err)
{
    if (link->channel && !link->closed) return PAR_OK;
    return par_error_set(err, PAR_E_CLOSED, link->closed ? "it was closed meanwhile" : "it has ended");
}

int par_link_may_take(const par_link *link, par_error *err)
{
    if (!PAR_FRAME_LIVES(link->reading)) return PAR_OK;
    return par_error_set(err, PAR_E_INVALID, "a message from this process is being read right now, and a finalizer or hook inside of that "
                         "wants the next one");
}

bool par_link_leave(par_link_use use)
{
    par_link *link = use.link;
    bool closed = link->closed;
    if (!use.outermost) return !closed;
    link->frame = link->reading = NULL;
    if (closed && !link->is_parent) par_link_free(link);
    return !closed;
}

bool par_link_close(par_link *link)
{
    link->closed = true;
    if (link->is_parent) return false;
    par_family_report(link);
    if (PAR_FRAME_LIVES(link->frame)) {
        par_link_kill(link);
        if (link->channel) par_channel_peer_ended(link->channel); /* whoever waits for it or sends to it gives up */
        return false;
    }
    par_link_free(link);
    return true;
}

void par_link_free(par_link *link)
{
    if (!link) return;
    if (!link->is_parent) {
        par_family_remove(link);
        par_link_kill(link);
    }
    if (link->freed) link->freed(link->host);
    par_channel_close(link->channel);
    par_relay_close(link->relay);
    par_kept_free(link->final);
    free(link->lost);
    while (link->controls) {
        par_kept *next = link->controls->next;
        par_kept_free(link->controls);
        link->controls = next;
    }
    free(link);
}

/* --- what is known of the other process --- */

bool par_link_is_there(par_link *link)
{
    if (!link->channel || link->closed) return false;
    int64_t now_ns = par_os_now_coarse_ns();
    if (now_ns - link->looked_ns < LOOK_NS) return true;
    link->looked_ns = now_ns;
    int events = par_os_wait_fd(par_channel_socket(link->channel), 0, 0);
    return events < 0 || !(events & PAR_OS_HANGUP);
}

bool par_link_ended(const par_link *link) { return link->state >= PAR_LINK_RETURNED; }
static bool said_hello(const par_link *link) { return link->hello || par_link_ended(link); }

void par_link_resumed(par_link *link)
{
    if (link->state == PAR_LINK_YIELDED) link->state = PAR_LINK_RUNNING;
    link->yield_told = false;
}

const par_os_exit *par_link_exit(par_link *link)
{
    look_at_exit(link);
    return &link->exit;
}

/* The process has no socket any more, or a SIGKILL: it is ending. One that does not is put to an end. */
static void await_exit(par_link *link, int64_t deadline_ns)
{
    int64_t pause_ns = 20000, patience_ns = par_os_now_ns() + LINGER_NS;
    if (link->apart) {
        par_apart_await_exit(link, deadline_ns);
        return;
    }
    for (look_at_exit(link); !link->exit.ended; look_at_exit(link)) {
        int64_t now_ns = par_os_now_ns();
        if (now_ns >= deadline_ns) return;
        if (now_ns >= patience_ns) par_os_kill(link->pid, SIGKILL);
        par_os_sleep_ns(pause_ns);
        if (pause_ns < 1000000) pause_ns *= 2;
    }
}

void par_link_kill(par_link *link)
{
    look_at_exit(link);
    if (link->exit.ended || link->is_peer) return;
    if (link->apart) {
        par_apart_kill(link);
        return;
    }
    par_os_kill(link->pid, SIGKILL);
    await_exit(link, par_os_now_ns() + LINGER_NS);
}

/* One that is stopped while it starts has no life line yet, and would not see our end. It is given the time to make one, unless
 * it does not come to that. */
static void await_life_line(par_link *link)
{
    par_error ignored;
    int64_t patience_ns = par_os_now_ns() + LINGER_NS;
    while (link->channel && !said_hello(link) && par_os_now_ns() < patience_ns) {
        int rc = par_channel_absorb(link->channel, 0, &ignored);
        if (rc == PAR_E_TIMEOUT) par_os_sleep_ns(20000); /* nothing wakes for a hello */
        else if (rc < 0) return;
    }
}

bool par_link_signal(par_link *link, int signal_number)
{
    if (signal_number == SIGSTOP) await_life_line(link);
    if (link->apart) return par_apart_signal(link, signal_number);
    look_at_exit(link);
    return !link->exit.ended && par_os_kill(link->pid, signal_number) == PAR_OK;
}

bool par_link_retire(par_link *link)
{
    if (link->is_parent || !par_link_ended(link)) return false;
    if (!link->channel) return true;
    if (PAR_FRAME_LIVES(link->frame)) return false;
    if (!link->exit.ended || par_channel_has_data(link->channel)) return false;
    par_channel_close(link->channel);
    link->channel = NULL;
    par_family_remove(link);
    return true;
}

int par_link_lost(par_link *link, int code, par_error *err)
{
    if (link->is_parent || !link->channel) return PAR_OK;
    if (link->is_peer) { /* how it ended is for our parent to know */
        par_channel_peer_ended(link->channel);
        link->corrupt = code == PAR_E_CORRUPT;
        link->state = PAR_LINK_QUIT;
        return PAR_OK;
    }
    if (code == PAR_E_CORRUPT) {
        link->corrupt = true;
        if (!link->apart) par_os_kill(link->pid, SIGKILL);
    }
    await_exit(link, PAR_NEVER);
    par_channel_peer_ended(link->channel);
    /* What it still said: the reason of its end may be behind data that nobody asked for. */
    int rc = code == PAR_E_CORRUPT ? code : PAR_OK;
    while (rc >= 0) rc = par_channel_absorb(link->channel, 0, err);
    if (par_link_ended(link)) return PAR_OK;
    if (rc == PAR_E_NOMEM || rc == PAR_E_LIMIT) return rc;
    bool died = link->corrupt || link->lost || link->exit.signal != 0 || link->exit.status != 0;
    link->state = died ? PAR_LINK_DIED : PAR_LINK_QUIT;
    return PAR_OK;
}

/* The n-th absorb of a wait: a child that talks without end does not keep it from its time limit. One that does not wait takes in
 * what may lie in the ring. */
static int absorb_in_time(par_link *link, unsigned n, int64_t deadline_ns, par_error *err)
{
    int open = par_link_may_take(link, err);
    if (open != PAR_OK) return open;
    if (n % (deadline_ns ? ABSORB_AT_ONCE : ABSORB_AT_MOST) == 0) {
        int rc = par_channel_overdue(link->channel, deadline_ns, err);
        if (rc != PAR_OK) return rc;
    }
    return par_channel_absorb(link->channel, deadline_ns, err);
}

/* Takes in messages until `done` says that the wait is over or the child is. */
static int absorb_until(par_link *link, bool (*done)(const par_link *), int64_t deadline_ns, par_error *err)
{
    for (unsigned n = 1; !done(link); n++) {
        int rc = absorb_in_time(link, n, deadline_ns, err);
        if (rc == PAR_E_CLOSED || rc == PAR_E_CORRUPT) rc = par_link_lost(link, rc, err);
        if (rc < 0) return rc;
    }
    return PAR_OK;
}

static bool not_running(const par_link *link) { return link->state != PAR_LINK_RUNNING; }

int par_link_wait(par_link *link, int64_t deadline_ns, par_error *err)
{
    return absorb_until(link, not_running, deadline_ns, err);
}

int par_link_wait_hello(par_link *link, int64_t deadline_ns, par_error *err)
{
    return absorb_until(link, said_hello, deadline_ns, err);
}

/* After its last message a child sends nothing more: what is waited for is the end of its socket. */
static int await_hangup(par_link *link, int64_t deadline_ns, par_error *err)
{
    for (;;) {
        if (deadline_ns && on_interrupted(link)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        int64_t slice = par_os_now_ns() + PAR_OS_SLICE_NS;
        int events = par_os_wait_fd(par_channel_socket(link->channel), 0, deadline_ns < slice ? deadline_ns : slice);
        if (events > 0) return PAR_OK;
        if (events == PAR_E_TIMEOUT && par_os_now_ns() >= deadline_ns)
            return par_error_set(err, PAR_E_TIMEOUT, "the process is still ending");
        if (events == PAR_E_SYSTEM) return PAR_OK; /* waitpid will tell */
    }
}

int par_link_reap(par_link *link, int64_t deadline_ns, par_error *err)
{
    if (!link->channel) return PAR_OK;
    look_at_exit(link);
    if (!link->exit.ended) {
        int rc = await_hangup(link, deadline_ns, err);
        if (rc != PAR_OK) return rc;
        await_exit(link, deadline_ns);
        if (!link->exit.ended) return par_error_set(err, PAR_E_TIMEOUT, "the process is still ending");
    }
    par_relay_finish(link->relay, par_os_now_ns() + LAST_LINES_NS);
    par_channel_peer_ended(link->channel);
    return PAR_OK;
}

static par_kept **find_control(par_link *link, uint32_t kind)
{
    par_kept **at = &link->controls;
    while (*at && (*at)->kind != kind) at = &(*at)->next;
    return at;
}

bool par_link_has_control(par_link *link, uint32_t kind)
{
    par_error ignored;
    if (*find_control(link, kind)) return true;
    par_link_wait(link, 0, &ignored); /* a parent never ends one of our waits: all that has come is taken in */
    return *find_control(link, kind) != NULL;
}

int par_link_wait_control(par_link *link, uint32_t kind, int64_t deadline_ns, par_kept **out, par_error *err)
{
    for (unsigned n = 1;; n++) {
        if (link->lost_control) return par_error_set(err, PAR_E_NOMEM, "out of memory for a message of the parent");
        par_kept **at = find_control(link, kind);
        if (*at) {
            *out = *at;
            *at = (*at)->next;
            (*out)->next = NULL;
            par_channel_count_kept(link->channel, -kept_bytes(*out));
            return PAR_OK;
        }
        int rc = absorb_in_time(link, n, deadline_ns, err);
        if (rc < 0) return rc;
    }
}
