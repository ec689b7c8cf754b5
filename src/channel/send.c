/* From the owner into the ring. A message is a row of records: its payloads, then its bytes. */
#include "base/limits.h"
#include "channel/inbox.h"
#include "channel/job.h"
#include "channel/notices.h"
#include "channel/tx.h"
#include "channel/wait.h"
#include "channel/watch.h"
#include "os/os.h"

/* Pushes until all is out; takes in what comes meanwhile, so that two peers may both send first. */
static int push_loop(par_channel *channel, par_tx *tx, int64_t deadline_ns, par_error *err)
{
    for (bool first = true;; first = false) {
        if (par_tx_push(channel, tx)) return PAR_OK;
        if (channel->failed) return par_channel_corrupt(channel, err);
        if (channel->gone) return par_channel_closed(err);
        int rc = first ? PAR_OK : par_channel_overdue(channel, deadline_ns, err); /* there may always be more to take in */
        if (rc == PAR_OK) rc = par_channel_take_in(channel, err);
        if (rc < 0) return rc;
        rc = par_channel_wait(channel, par_channel_stuck_need(channel), par_tx_need(channel, tx), deadline_ns, err);
        if (rc != PAR_OK) return rc;
    }
}

static int push_all(par_channel *channel, par_tx *tx, int64_t deadline_ns, par_error *err)
{
    int rc = push_loop(channel, tx, deadline_ns, err);
    if (channel->watched) par_channel_touch(channel); /* bells were heard and messages taken in */
    return rc;
}

static int finish_owed(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    if (par_channel_push_owed(channel)) return PAR_OK;
    int rc = push_all(channel, channel->owed, deadline_ns, err);
    if (rc == PAR_OK) par_channel_push_owed(channel);
    return rc;
}

static int send_tx(par_channel *channel, par_tx *tx, int64_t deadline_ns, par_error *err)
{
    if (par_tx_push(channel, tx) && !channel->gone) return PAR_OK;
    channel->owed = tx; /* the owner may send something else from within the wait */
    int rc = push_all(channel, tx, deadline_ns, err);
    if (channel->owed == tx) channel->owed = NULL;
    if (rc == PAR_OK && channel->gone) return par_channel_closed(err);
    return rc == PAR_OK ? rc : par_tx_abandon(channel, tx, rc, err);
}

/* The socket is full of bells and descriptors that the peer has not read. */
static int wait_for_socket(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    int64_t now = par_os_now_ns(), slice = now + PAR_OS_SLICE_NS / 10;
    if (now >= deadline_ns) return par_error_set(err, PAR_E_TIMEOUT, "the time limit passed");
    if (par_channel_leave(channel, err) != PAR_OK) return err->code;
    int rc = par_os_wait_fd(channel->socket, PAR_OS_WRITABLE, deadline_ns < slice ? deadline_ns : slice);
    par_channel_drain(channel);
    if (rc == PAR_E_TIMEOUT) par_channel_ask_for_end(channel);
    return rc == PAR_E_SYSTEM ? par_error_system(err, "cannot wait for a peer's socket") : PAR_OK;
}

/* Takes in what comes until the peer's tail reaches `need`. */
static int wait_for_tail(par_channel *channel, uint64_t need, int64_t deadline_ns, par_error *err)
{
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (channel->gone) return par_channel_closed(err);
    int rc = par_channel_take_in(channel, err);
    if (rc >= 0) rc = par_channel_wait(channel, par_channel_stuck_need(channel), need, deadline_ns, err);
    if (channel->watched) par_channel_touch(channel);
    return rc;
}

/* Takes in what comes, until there may be room for a record of len bytes (or for a descriptor in the socket). */
static int wait_for_room(par_channel *channel, uint64_t len, int64_t deadline_ns, par_error *err)
{
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (channel->gone) return par_channel_closed(err);
    int rc = par_channel_take_in(channel, err);
    if (rc >= 0 && par_channel_has_room(channel, len)) rc = wait_for_socket(channel, deadline_ns, err);
    else if (rc >= 0)
        return wait_for_tail(channel, par_need_arm(channel->out.head + par_record_total(len) - channel->out.capacity), deadline_ns, err);
    if (channel->watched) par_channel_touch(channel);
    return rc;
}

static int check_message(uint32_t kind, size_t len, par_error *err)
{
    if (kind > PAR_KIND_MAX) return par_error_set(err, PAR_E_INVALID, "message kind %u", kind);
    if (len <= PAR_MESSAGE_MAX_BYTES) return PAR_OK;
    return par_error_set(err, PAR_E_LIMIT, "a message of %llu bytes", (unsigned long long)len);
}

static int send_with_payloads(par_channel *channel, par_job *job, int64_t deadline_ns, par_error *err)
{
    int rc;
    bool first = true;
    while ((rc = par_job_plan(job, err)) == PAR_E_AGAIN) {
        rc = job->need ? wait_for_tail(channel, job->need, deadline_ns, err)
                       : wait_for_room(channel, sizeof(par_record_segment), deadline_ns, err);
        if (rc == PAR_OK && !first) rc = par_channel_overdue(channel, deadline_ns, err);
        if (rc == PAR_OK) rc = finish_owed(channel, deadline_ns, err); /* of what was sent from within this wait */
        if (rc != PAR_OK) break;
        first = false;
    }
    return rc == PAR_OK ? send_tx(channel, &job->tx, deadline_ns, err) : rc;
}

static int send_message(par_channel *channel, par_tx_part part, const par_payload *payloads, uint32_t n, int64_t deadline_ns,
                        par_error *err)
{
    if (n == 0) {
        par_tx tx = {.parts = &part, .n = 1};
        return send_tx(channel, &tx, deadline_ns, err);
    }
    par_job job = {0};
    int rc = par_job_init(&job, channel, part, payloads, n, NULL, err);
    if (rc == PAR_OK) rc = send_with_payloads(channel, &job, deadline_ns, err);
    par_job_fini(&job, rc);
    return rc;
}

int par_channel_send(par_channel *channel, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads, uint32_t n_payloads,
                     int64_t deadline_ns, par_error *err)
{
    int rc = check_message(kind, len, err);
    channel->claimed = false;
    if (rc == PAR_OK && channel->failed) rc = par_channel_corrupt(channel, err);
    if (rc == PAR_OK && channel->gone) rc = par_channel_closed(err);
    if (rc == PAR_OK) rc = finish_owed(channel, deadline_ns, err);
    if (rc != PAR_OK) return rc;
    par_tx_part part = {.word = par_record_word(len, kind, 0), .data = bytes, .len = len};
    rc = send_message(channel, part, payloads, n_payloads, deadline_ns, err);
    if (rc == PAR_OK) par_channel_count_sent(channel, len);
    return rc;
}
