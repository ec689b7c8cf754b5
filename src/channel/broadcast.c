/* One message to many: encoded once, each large payload in one segment, and nobody waits for the slowest. */
#include <stdlib.h>

#include "base/limits.h"
#include "channel/inbox.h"
#include "channel/job.h"
#include "channel/notices.h"
#include "channel/tx.h"
#include "channel/watch.h"
#include "os/os.h"

#define SPIN_ROUNDS 64

typedef struct delivery {
    par_job job;
    bool begun, done;
} delivery;

typedef struct broadcast {
    delivery *deliveries;
    uint32_t n, left;
    int *results;
    par_tx_part message;
    const par_payload *payloads;
    uint32_t n_payloads;
    par_segment **common;
    int first_rc; /* the first failure, and its text */
    par_error *err;
} broadcast;

static void finish(broadcast *b, uint32_t i, int rc, const par_error *err)
{
    delivery *d = &b->deliveries[i];
    if (d->job.channel->owed == &d->job.tx) d->job.channel->owed = NULL;
    if (d->begun) par_job_fini(&d->job, rc);
    if (rc == PAR_OK) par_channel_count_sent(d->job.channel, b->message.len);
    if (rc != PAR_OK && b->first_rc == PAR_OK) {
        b->first_rc = rc;
        *b->err = *err;
    }
    b->results[i] = rc;
    d->done = true;
    b->left--;
}

/* As far as there is room. PAR_OK: all of it is out; PAR_E_AGAIN. */
static int go_on(broadcast *b, delivery *d, par_error *err)
{
    par_channel *channel = d->job.channel;
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (channel->gone) return par_channel_closed(err);
    if (!par_channel_push_owed(channel)) return PAR_E_AGAIN;
    if (!d->begun) {
        int rc = par_job_init(&d->job, channel, b->message, b->payloads, b->n_payloads, b->common, err);
        if (rc != PAR_OK) return rc;
        d->begun = true;
    }
    int rc = par_job_plan(&d->job, err);
    if (rc != PAR_OK) return rc;
    if (!par_tx_push(channel, &d->job.tx)) {
        channel->owed = &d->job.tx;
        rc = PAR_E_AGAIN;
    }
    if (channel->failed) return par_channel_corrupt(channel, err);
    return channel->gone ? par_channel_closed(err) : rc;
}

/* A round over all that are not done: pushes, and takes in what the others send meanwhile. true: something was. */
static bool go_round(broadcast *b)
{
    bool took = false;
    for (uint32_t i = 0; i < b->n; i++) {
        delivery *d = &b->deliveries[i];
        par_error err;
        if (d->done) continue;
        int rc = go_on(b, d, &err);
        if (rc == PAR_E_AGAIN) {
            int taken = par_channel_take_in(d->job.channel, &err);
            if (d->job.channel->watched) par_channel_touch(d->job.channel);
            took = took || taken > 0;
            if (taken >= 0) continue;
            rc = par_tx_abandon(d->job.channel, &d->job.tx, taken, &err);
        }
        finish(b, i, rc, &err);
    }
    return took;
}

static uint64_t room_need(const delivery *d)
{
    const par_channel *channel = d->job.channel;
    if (channel->owed) return par_tx_need(channel, channel->owed);
    if (d->begun && d->job.need) return d->job.need;
    return par_need_arm(channel->out.head + par_record_total(sizeof(par_record_segment)) - channel->out.capacity);
}

typedef struct sleeper {
    par_channel *channel;
    uint64_t rx, tx;
} sleeper;

/* There is room in the ring, but the socket is full of descriptors that the peer has not taken out. */
static bool waits_for_socket(const delivery *d)
{
    par_channel *channel = d->job.channel;
    bool is_planning = d->begun && d->job.planned < d->job.n;
    return !channel->owed && is_planning && !d->job.need && par_channel_has_room(channel, sizeof(par_record_segment));
}

/* Arms up to PAR_OS_WAITS_MAX of them. Returns how many, 0 when one need not wait. */
static unsigned arm_all(broadcast *b, sleeper *sleepers, par_os_wait *waits)
{
    unsigned n = 0;
    bool there = false;
    for (uint32_t i = 0; i < b->n && n < PAR_OS_WAITS_MAX; i++) {
        delivery *d = &b->deliveries[i];
        par_channel *channel = d->job.channel;
        if (d->done) continue;
        par_channel_give_back(channel);
        bool socket = waits_for_socket(d);
        sleepers[n] = (sleeper){.channel = channel, .rx = par_channel_stuck_need(channel), .tx = socket ? 0 : room_need(d)};
        waits[n] = (par_os_wait){.fd = channel->socket, .events = PAR_OS_READABLE | (socket ? PAR_OS_WRITABLE : 0)};
        if (par_channel_arm(channel, sleepers[n].rx, sleepers[n].tx) != 0) there = true;
        n++;
    }
    for (unsigned i = 0; there && i < n; i++) par_channel_disarm(sleepers[i].channel, sleepers[i].rx, sleepers[i].tx);
    return there ? 0 : n;
}

/* A part of the time limit at most. */
static int wait_for_any(broadcast *b, int64_t deadline_ns)
{
    sleeper sleepers[PAR_OS_WAITS_MAX];
    par_os_wait waits[PAR_OS_WAITS_MAX];
    unsigned n = arm_all(b, sleepers, waits);
    if (n == 0) return PAR_OK;
    par_error ignored;
    if (par_channel_leave(sleepers[0].channel, &ignored) != PAR_OK) { /* they all have one owner */
        for (unsigned i = 0; i < n; i++) par_channel_disarm(sleepers[i].channel, sleepers[i].rx, sleepers[i].tx);
        return PAR_E_INTERRUPTED;
    }
    int64_t slice = par_os_now_ns() + (b->left > n ? PAR_OS_SLICE_NS / 10 : PAR_OS_SLICE_NS);
    int rc = par_os_wait_fds(waits, n, deadline_ns < slice ? deadline_ns : slice);
    for (unsigned i = 0; i < n; i++) {
        par_channel_disarm(sleepers[i].channel, sleepers[i].rx, sleepers[i].tx);
        if (rc > 0 && waits[i].seen) par_channel_drain(sleepers[i].channel);
        if (rc == PAR_E_TIMEOUT) par_channel_ask_for_end(sleepers[i].channel);
    }
    return PAR_OK;
}

static void give_up(broadcast *b, int why)
{
    for (uint32_t i = 0; i < b->n; i++) {
        delivery *d = &b->deliveries[i];
        par_error err;
        if (d->done) continue;
        par_error_set(&err, why, why == PAR_E_TIMEOUT ? "the time limit passed" : "interrupted");
        int rc = d->begun ? par_tx_abandon(d->job.channel, &d->job.tx, why, &err) : why;
        finish(b, i, rc, &err);
    }
}

/* The time is looked at whether we slept or not: whoever floods us, or pretends that there is room, keeps us from every sleep. */
static int after_rounds(broadcast *b, bool took, int64_t deadline_ns)
{
    par_error ignored;
    uint32_t i = 0;
    int rc = took ? PAR_OK : wait_for_any(b, deadline_ns);
    if (rc != PAR_OK) return rc;
    while (b->deliveries[i].done) i++; /* they all have one owner */
    return par_channel_overdue(b->deliveries[i].job.channel, deadline_ns, &ignored);
}

static void deliver(broadcast *b, int64_t deadline_ns)
{
    for (;;) {
        bool took = false;
        for (int i = 0; i < SPIN_ROUNDS && b->left && !took; i++) {
            took = go_round(b);
            if (b->left) par_os_pause();
        }
        int rc = b->left ? after_rounds(b, took, deadline_ns) : PAR_OK;
        if (rc != PAR_OK) give_up(b, rc);
        if (!b->left) return;
    }
}

/* --- payloads that all get from one segment --- */
static void release_common(broadcast *b)
{
    for (uint32_t i = 0; b->common && i < b->n_payloads; i++)
        if (b->common[i]) par_segment_release(b->common[i], 1);
    free(b->common);
}

/* What does not go into a segment goes through each ring. */
static void copy_common(broadcast *b)
{
    par_error ignored;
    if (b->n < 2 || !b->n_payloads) return;
    b->common = calloc(b->n_payloads, sizeof *b->common);
    for (uint32_t i = 0; b->common && i < b->n_payloads; i++) {
        const par_payload *payload = &b->payloads[i];
        if (payload->bytes < PAR_LEND_MIN_BYTES || (payload->shared && par_segment_of(payload->blob))) continue;
        if (par_job_copy(payload, PAR_LEND_COMMON, NULL, &b->common[i], &ignored) != PAR_OK) b->common[i] = NULL;
    }
}

int par_channel_broadcast(par_channel *const *channels, uint32_t n, uint32_t kind, const void *bytes, size_t len,
                          const par_payload *payloads, uint32_t n_payloads, int64_t deadline_ns, int *results, par_error *err)
{
    if (kind > PAR_KIND_MAX || len > PAR_MESSAGE_MAX_BYTES)
        return par_error_set(err, PAR_E_INVALID, "message kind %u, %zu bytes", kind, len);
    if (n == 0) return PAR_OK;
    broadcast b = {.n = n, .left = n, .results = results, .payloads = payloads, .n_payloads = n_payloads, .err = err};
    b.message = (par_tx_part){.word = par_record_word(len, kind, 0), .data = bytes, .len = len};
    b.deliveries = calloc(n, sizeof *b.deliveries);
    if (!b.deliveries) return par_error_set(err, PAR_E_NOMEM, "not enough memory to send to %u processes", n);
    for (uint32_t i = 0; i < n; i++) b.deliveries[i].job.channel = channels[i];
    copy_common(&b);
    deliver(&b, deadline_ns);
    release_common(&b);
    free(b.deliveries);
    return b.first_rc;
}
