#include "link/message.h"

#include <stdlib.h>

#include "base/limits.h"
#include "channel/channel.h"
#include "link/need.h"
#include "trace/trace.h"
#include "view/view.h"

#define NOTICES_AT_ONCE 64 /* of a process that says things which are no messages */

/* PAR_OK: messages may be received. */
static int may_receive(const par_link *link, par_error *err)
{
    int rc = par_link_open(link, err);
    return rc == PAR_OK ? par_link_may_take(link, err) : rc;
}

/* --- sending --- */

static int sent(int rc)
{
    if (rc == PAR_OK) par_view_add(&par_view_now()->sent, 1);
    return rc;
}

/* Memory cannot be shared with another machine. */
static int check_shared(const par_link *link, const par_payload *payloads, uint32_t n, par_error *err)
{
    for (uint32_t i = 0; link->far && i < n; i++)
        if (payloads[i].shared)
            return par_error_set(err, PAR_E_UNSUPPORTED,
                                 "a tensor that was share()d cannot be shared with another machine: send t:clone()");
    return PAR_OK;
}

int par_link_send(par_link *link, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads, uint32_t n_payloads,
                  int64_t deadline_ns, par_error *err)
{
    int rc = par_link_open(link, err);
    if (rc == PAR_OK) rc = check_shared(link, payloads, n_payloads, err);
    if (rc != PAR_OK) return rc;
    return sent(par_channel_send(link->channel, kind, bytes, len, payloads, n_payloads, deadline_ns, err));
}

uint8_t *par_link_claim(par_link *link, size_t want, size_t *room)
{
    return link->channel && !link->closed ? par_channel_claim(link->channel, want, room) : NULL;
}

int par_link_commit(par_link *link, uint32_t kind, size_t len, bool quietly, par_error *err)
{
    int rc = par_link_open(link, err);
    if (rc != PAR_OK) return rc;
    return sent(quietly ? par_channel_commit_quietly(link->channel, kind, len, err) : par_channel_commit(link->channel, kind, len, err));
}

void par_link_ring(par_link *link)
{
    if (link->channel && !link->closed) par_channel_ring(link->channel);
}

/* A word in front, for the bridge. Without it the message comes all the same. */
static void announce(par_link *link, uint64_t bytes, uint64_t number)
{
    par_error ignored;
    par_told_common body = {number};
    if (!link->apart || bytes < PAR_COMMON_MIN_BYTES) return;
    par_channel_try_once(link->channel, PAR_KIND_COMMON, &body, sizeof body, NULL, 0, &ignored);
}

void par_link_announce_common(par_link *link, uint64_t bytes)
{
    if (link->channel && !link->closed) announce(link, bytes, 0);
}

/* A broadcast of which several go to other machines is known by its number, within this process. */
static void announce_broadcast(par_link *const *links, uint32_t n, uint64_t bytes)
{
    static atomic_uint_least64_t last; /* several Lua states of a process may be in threads of their own */
    uint32_t n_apart = 0;
    for (uint32_t i = 0; i < n; i++) n_apart += links[i]->apart;
    if (n_apart < 2) return;
    uint64_t number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    for (uint32_t i = 0; i < n; i++) announce(links[i], bytes, number);
}

int par_link_broadcast(par_link *const *links, uint32_t n, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads,
                       uint32_t n_payloads, int64_t deadline_ns, int *results, par_error *err)
{
    par_channel **channels = malloc((n + 1) * sizeof *channels);
    if (!channels) return par_error_set(err, PAR_E_NOMEM, "not enough memory to send to %u processes", n);
    int rc = PAR_OK;
    for (uint32_t i = 0; i < n; i++) {
        channels[i] = links[i]->channel;
        if (rc == PAR_OK) rc = check_shared(links[i], payloads, n_payloads, err);
    }
    for (uint32_t i = 0; i < n && rc != PAR_OK; i++) results[i] = rc; /* nothing is sent to anybody */
    uint64_t all_bytes = len;
    for (uint32_t i = 0; i < n_payloads; i++) all_bytes += payloads[i].bytes;
    if (rc == PAR_OK) announce_broadcast(links, n, all_bytes);
    if (rc == PAR_OK) rc = par_channel_broadcast(channels, n, kind, bytes, len, payloads, n_payloads, deadline_ns, results, err);
    free(channels);
    if (rc == PAR_OK) par_view_add(&par_view_now()->sent, n);
    return rc;
}

/* --- receiving --- */

/* When the process is traced, waiting for a message is a span of its own. Part of each receive. */
__attribute__((always_inline)) static inline int next_notice_or_message(par_link *link, par_message *out, int64_t deadline_ns,
                                                                        par_error *err)
{
    if (!par_trace_is_on() || deadline_ns == 0) return par_channel_receive(link->channel, out, deadline_ns, err);
    int rc = par_channel_receive(link->channel, out, 0, err);
    if (rc != PAR_E_TIMEOUT) return rc;
    par_trace_flush();
    int64_t began_ns = par_trace_begin();
    rc = par_channel_receive(link->channel, out, deadline_ns, err);
    par_trace_end("wait", began_ns, link->id, -1);
    return rc;
}

static int taken(par_link *link, par_message *out, int rc, par_error *err)
{
    if (rc == PAR_OK) par_view_add(&par_view_now()->received, 1);
    if (rc == PAR_OK) out->turn = ++link->turn;
    else err->code = rc;
    return rc;
}

/* Why no message came although the wait was not limited by the caller. */
static int no_message(const par_link *link, int64_t deadline_ns, par_error *err)
{
    if (par_link_ended(link)) return par_error_set(err, PAR_E_CLOSED, "the child has ended");
    if (link->state == PAR_LINK_YIELDED && deadline_ns != 0) return par_error_set(err, PAR_E_CLOSED, "the child waits in parallel.yield()");
    return PAR_E_TIMEOUT;
}

/* All that one who has ended or yielded sent is in the ring: nothing more comes. */
static bool is_over(const par_link *link) { return par_link_ended(link) || link->state == PAR_LINK_YIELDED; }

int par_link_receive(par_link *link, par_message *out, int64_t deadline_ns, par_error *err)
{
    int rc = may_receive(link, err);
    if (rc != PAR_OK) return rc;
    int64_t wait_ns = is_over(link) ? 0 : deadline_ns;
    while ((rc = next_notice_or_message(link, out, wait_ns, err)) == PAR_NOTICE) {
        par_need_serve(link);
        rc = par_channel_overdue(link->channel, wait_ns, err);
        if (rc == PAR_OK) rc = par_link_open(link, err);
        if (rc != PAR_OK) break;
        if (is_over(link)) wait_ns = 0;
    }
    if (rc == PAR_E_TIMEOUT) rc = no_message(link, deadline_ns, err);
    return taken(link, out, rc, err);
}

int par_link_receive_next(par_link *link, par_message *out, int64_t deadline_ns, par_error *err)
{
    int rc = PAR_NOTICE;
    while (rc == PAR_NOTICE) {
        rc = may_receive(link, err);
        if (rc == PAR_OK) rc = next_notice_or_message(link, out, deadline_ns, err);
    }
    return taken(link, out, rc, err);
}

int par_link_receive_now(par_link *link, par_message *out, par_error *err)
{
    int rc = may_receive(link, err);
    if (rc != PAR_OK) return rc;
    if (!par_channel_pending(link->channel)) return PAR_E_TIMEOUT; /* receive would ask the system as well */
    rc = PAR_NOTICE;
    for (int i = 0; rc == PAR_NOTICE && i < NOTICES_AT_ONCE; i++) {
        rc = par_channel_receive(link->channel, out, 0, err);
        if (rc == PAR_NOTICE) par_need_serve(link);
    }
    return taken(link, out, rc == PAR_NOTICE ? PAR_E_TIMEOUT : rc, err);
}

const uint8_t *par_link_next_short(par_link *link, uint32_t kind, size_t max_bytes, size_t *len)
{
    if (!link->channel || link->closed || link->reading) return NULL;
    return par_channel_next_short(link->channel, kind, max_bytes, len);
}

void par_link_skip_short(par_link *link, size_t len)
{
    link->turn++;
    par_channel_skip_short(link->channel, len);
}

void par_link_end_skips(par_link *link, uint64_t n)
{
    par_view_add(&par_view_now()->received, n);
    par_channel_end_skips(link->channel);
}

void par_link_release(par_link *link, par_message *message)
{
    if (message->turn == link->turn) {
        link->reading = NULL;
        if (link->channel) par_channel_release(link->channel, message);
    }
    *message = (par_message){0};
}

int par_link_unreceive(par_link *link, par_message *message, par_error *err)
{
    if (!link->channel || message->turn != link->turn) return par_error_set(err, PAR_E_INVALID, "another message was received since");
    return par_channel_unreceive(link->channel, message, err);
}

void par_link_limit_inbox(par_link *link, uint64_t bytes)
{
    if (link->channel) par_channel_limit_inbox(link->channel, bytes);
}

uint64_t par_link_inbox_default(void) { return par_channel_inbox_default(); }

/* --- looking --- */

bool par_link_has_message(par_link *link) { return link->channel && par_channel_has_data(link->channel); }

bool par_link_ready(par_link *link) { return !link->channel || par_channel_ready(link->channel); }

bool par_link_is_news(par_link *link)
{
    par_error ignored;
    if (!link->channel || par_channel_has_data(link->channel)) return true;
    int rc = par_link_wait(link, 0, &ignored);
    if (!link->channel || par_channel_has_data(link->channel) || par_link_ended(link)) return true;
    if (rc == PAR_OK && link->state == PAR_LINK_YIELDED && !link->yield_told) return link->yield_told = true;
    return rc != PAR_OK && rc != PAR_E_TIMEOUT;
}

int par_link_fd(par_link *link, int *fd, par_error *err)
{
    int rc = par_link_open(link, err);
    return rc == PAR_OK ? par_channel_fd(link->channel, fd, err) : rc;
}
