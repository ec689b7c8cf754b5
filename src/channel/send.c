/* From the owner into the ring. A message is a row of records: its payloads, then its bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "channel/internal.h"
#include "channel/job.h"
#include "os/os.h"

/* Makes what was written visible, and rings if the peer waits for it. */
static void publish(par_channel *channel)
{
    par_writer *out = &channel->out;
    if (out->published == out->head) return;
    uint64_t need = par_writer_publish(out);
    if (!need) return;
    if (need & PAR_NEED_GONE) channel->gone = true;
    if (par_need_due(need, out->head, &out->rung)) par_channel_bell(channel, need);
}

/* --- writing what there is room for --- */
static uint64_t part_left(const par_tx *tx)
{
    const par_tx_part *part = &tx->parts[tx->at];
    return par_record_padded(part->len) - tx->done + (tx->begun ? 0 : PAR_RECORD_HEADER);
}

/* Short records go out whole, so that the peer never wakes for a half. */
static uint64_t room_wanted(const par_tx *tx)
{
    uint64_t left = part_left(tx);
    return left <= PAR_PUBLISH_TOGETHER ? left : PAR_RECORD_HEADER;
}

uint64_t par_tx_need(const par_channel *channel, const par_tx *tx)
{
    const par_writer *out = &channel->out;
    uint64_t left = part_left(tx), half = out->capacity / 2;
    /* The tail with which `want` bytes are free. */
    return par_need_arm(out->head + (left < half ? left : half) - out->capacity);
}

static void put_header(par_writer *out, par_tx *tx)
{
    memcpy(par_writer_at(out), &tx->parts[tx->at].word, sizeof(uint64_t));
    out->head += PAR_RECORD_HEADER;
    tx->begun = true;
}

/* Up to one step of the part's bytes; the last ones bring their padding. */
static void put_bytes(par_writer *out, par_tx *tx)
{
    const par_tx_part *part = &tx->parts[tx->at];
    uint64_t n = par_record_padded(part->len) - tx->done, room = par_writer_room(out);
    if (n > room) n = room; /* a multiple of 8, like all of these */
    if (n > PAR_PUBLISH_STEP) n = PAR_PUBLISH_STEP;
    uint64_t real = part->len - tx->done < n ? part->len - tx->done : n;
    if (real) memcpy(par_writer_at(out), (const uint8_t *)part->data + (tx->done - part->from), real);
    out->head += n;
    tx->done += n;
}

bool par_tx_push(par_channel *channel, par_tx *tx)
{
    par_writer *out = &channel->out;
    while (tx->at < tx->n) {
        if (par_writer_room(out) < room_wanted(tx)) {
            if (!par_writer_refresh(out, memory_order_acquire)) channel->failed = PAR_E_CORRUPT;
            if (channel->failed || par_writer_room(out) < room_wanted(tx)) break;
        }
        if (!tx->begun) put_header(out, tx);
        put_bytes(out, tx);
        if (tx->done >= tx->parts[tx->at].len) {
            tx->at++;
            tx->done = 0;
            tx->begun = false;
        }
        if (out->head - out->published >= PAR_PUBLISH_STEP) publish(channel);
    }
    publish(channel);
    channel->mid_record = tx->begun;
    return tx->at == tx->n;
}

/* --- records of our own --- */
bool par_channel_has_room(par_channel *channel, uint64_t len)
{
    par_writer *out = &channel->out;
    if (channel->mid_record || channel->failed) return false;
    if (par_writer_room(out) >= par_record_total(len)) return true;
    if (!par_writer_refresh(out, memory_order_acquire)) channel->failed = PAR_E_CORRUPT;
    return !channel->failed && par_writer_room(out) >= par_record_total(len);
}

void par_channel_put_internal(par_channel *channel, uint32_t kind, const void *bytes, uint64_t len)
{
    par_writer *out = &channel->out;
    uint64_t word = par_record_word(len, kind, PAR_RECORD_INTERNAL);
    memcpy(par_writer_at(out), &word, sizeof word);
    memcpy(par_writer_at(out) + PAR_RECORD_HEADER, bytes, len);
    out->head += par_record_total(len);
    /* Visible, but without a bell: a sleeping peer has no use for it before the next message, which will ring. */
    out->published = out->head;
    atomic_store_explicit(&out->words->head, out->head, memory_order_release);
}

static bool put_notice(par_channel *channel, const par_notice *notice)
{
    size_t len = notice->kind == PAR_INTERNAL_RELEASE ? sizeof(par_record_release) : sizeof(par_record_forget);
    if (!par_channel_has_room(channel, len)) return false;
    par_channel_put_internal(channel, (uint32_t)notice->kind, &notice->id, len); /* id, and n behind it */
    return true;
}

void par_channel_flush_notices(par_channel *channel)
{
    par_buffer *waiting = &channel->notices;
    size_t at = 0;
    if (channel->claimed) return;
    while (at < waiting->len && put_notice(channel, (const par_notice *)(const void *)(waiting->data + at)))
        at += sizeof(par_notice);
    if (at == 0) return;
    waiting->len -= at;
    memmove(waiting->data, waiting->data + at, waiting->len);
}

void par_channel_notify(par_channel *channel, uint32_t kind, uint64_t id, uint64_t n)
{
    par_notice notice = {.kind = kind, .id = id, .n = n};
    if (channel->gone || channel->failed) return;
    if (channel->notices.len) par_channel_flush_notices(channel);
    /* The collector may end a tensor, and so return what it lay in, in the middle of an encode into a claim. */
    if (!channel->claimed && channel->notices.len == 0 && put_notice(channel, &notice)) return;
    /* Without memory for 24 bytes the peer keeps a segment too long: that is all. */
    par_buffer_append(&channel->notices, &notice, sizeof notice);
}

/* --- what an abandoned send left --- */
bool par_channel_push_rest(par_channel *channel)
{
    par_tx *rest = &channel->rest;
    if (!rest->n) return true;
    if (channel->gone || channel->failed || par_tx_push(channel, rest)) {
        free((void *)(uintptr_t)rest->parts);
        *rest = (par_tx){0};
        return true;
    }
    return false;
}

static uint64_t unwritten(const par_tx *tx, uint32_t i)
{
    return tx->parts[i].len - (i == tx->at ? tx->done : 0);
}

/* Copies what is still to be written of tx, parts and bytes in one block. */
static int keep_rest(par_channel *channel, const par_tx *tx)
{
    uint32_t n = tx->n - tx->at;
    size_t bytes = n * sizeof(par_tx_part);
    for (uint32_t i = tx->at; i < tx->n; i++) bytes += unwritten(tx, i);
    par_tx_part *parts = malloc(bytes);
    if (!parts) return PAR_E_NOMEM;
    uint8_t *to = (uint8_t *)(parts + n);
    for (uint32_t i = 0; i < n; i++) {
        const par_tx_part *part = &tx->parts[tx->at + i];
        uint64_t left = unwritten(tx, tx->at + i), from = part->len - left;
        if (left) memcpy(to, (const uint8_t *)part->data + (from - part->from), left);
        parts[i] = (par_tx_part){.word = part->word, .data = to, .len = part->len, .from = from};
        to += left;
    }
    channel->rest = (par_tx){.parts = parts, .n = n, .begun = tx->begun, .done = tx->done};
    return PAR_OK;
}

bool par_tx_untouched(const par_tx *tx) { return tx->at == 0 && !tx->begun; }

static void add_text(par_error *err, const char *text)
{
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "%s", text);
}

/* A send that has to stop before its end. */
int par_tx_abandon(par_channel *channel, const par_tx *tx, int rc, par_error *err)
{
    if (rc == PAR_E_CLOSED || rc == PAR_E_CORRUPT || rc == PAR_E_SYSTEM) return rc;
    if (tx->at == tx->n || par_tx_untouched(tx)) return rc;
    if (keep_rest(channel, tx) == PAR_OK) {
        if (rc != PAR_E_INTERRUPTED) add_text(err, "; a part of the message is out, and the rest follows by itself: do not send it again");
        return rc == PAR_E_TIMEOUT ? PAR_OK : rc;
    }
    /* The peer can never get the rest of it, and nothing can follow. */
    channel->failed = PAR_E_NOMEM;
    return par_error_set(err, PAR_E_NOMEM, "not enough memory to keep the rest of a message that was not sent in time");
}

/* --- sending --- */
uint64_t par_channel_stuck_need(const par_channel *channel)
{
    uint64_t half = par_need_arm(channel->in.read + channel->in.capacity / 2);
    return (int64_t)(channel->rx.need - half) > 0 ? channel->rx.need : half;
}

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

static int finish_rest(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    if (!channel->rest.n || par_channel_push_rest(channel)) return PAR_OK;
    int rc = push_all(channel, &channel->rest, deadline_ns, err);
    if (rc == PAR_OK) par_channel_push_rest(channel);
    return rc;
}

static int send_tx(par_channel *channel, par_tx *tx, int64_t deadline_ns, par_error *err)
{
    if (par_tx_push(channel, tx) && !channel->gone) return PAR_OK;
    int rc = push_all(channel, tx, deadline_ns, err);
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

int par_channel_wait_for_room(par_channel *channel, uint64_t len, int64_t deadline_ns, par_error *err)
{
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (channel->gone) return par_channel_closed(err);
    int rc = par_channel_take_in(channel, err);
    if (rc >= 0 && par_channel_has_room(channel, len))
        rc = wait_for_socket(channel, deadline_ns, err);
    else if (rc >= 0)
        return wait_for_tail(channel, par_need_arm(channel->out.head + par_record_total(len) - channel->out.capacity),
                             deadline_ns, err);
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
                       : par_channel_wait_for_room(channel, sizeof(par_record_segment), deadline_ns, err);
        if (rc == PAR_OK && !first) rc = par_channel_overdue(channel, deadline_ns, err);
        if (rc != PAR_OK) break;
        first = false;
    }
    return rc == PAR_OK ? send_tx(channel, &job->tx, deadline_ns, err) : rc;
}

static int send_message(par_channel *channel, par_tx_part part, const par_payload *payloads, uint32_t n,
                        int64_t deadline_ns, par_error *err)
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

static void end_claim(par_channel *channel)
{
    channel->claimed = false;
    if (channel->notices.len && !channel->rest.n) par_channel_flush_notices(channel);
}

int par_channel_send(par_channel *channel, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads,
                     uint32_t n_payloads, int64_t deadline_ns, par_error *err)
{
    int rc = check_message(kind, len, err);
    channel->claimed = false;
    if (rc == PAR_OK && channel->failed) rc = par_channel_corrupt(channel, err);
    if (rc == PAR_OK && channel->gone) rc = par_channel_closed(err);
    if (rc == PAR_OK) rc = finish_rest(channel, deadline_ns, err);
    if (rc != PAR_OK) return rc;
    par_tx_part part = {.word = par_record_word(len, kind, 0), .data = bytes, .len = len};
    rc = send_message(channel, part, payloads, n_payloads, deadline_ns, err);
    if (rc == PAR_OK) par_channel_count_sent(channel, len);
    return rc;
}

/* --- in place --- */
uint8_t *par_channel_claim(par_channel *channel, size_t want, size_t *room)
{
    par_writer *out = &channel->out;
    end_claim(channel);
    if (channel->rest.n && !par_channel_push_rest(channel)) return NULL;
    uint64_t free_bytes = par_writer_room(out);
    if (free_bytes < PAR_RECORD_HEADER || free_bytes - PAR_RECORD_HEADER < want) {
        if (channel->failed) return NULL;
        if (!par_writer_refresh(out, memory_order_acquire)) {
            channel->failed = PAR_E_CORRUPT;
            return NULL;
        }
        free_bytes = par_writer_room(out);
        if (free_bytes < PAR_RECORD_HEADER || free_bytes - PAR_RECORD_HEADER < want) return NULL;
    }
    *room = free_bytes - PAR_RECORD_HEADER;
    channel->claimed = true;
    channel->claim_at = out->head;
    return par_writer_at(out) + PAR_RECORD_HEADER;
}

/* Puts the claimed bytes behind head as one record; nobody sees it yet. */
static int fill_claim(par_channel *channel, uint32_t kind, size_t len, par_error *err)
{
    par_writer *out = &channel->out;
    uint64_t total = par_record_total(len);
    if (!channel->claimed || channel->claim_at != out->head) {
        channel->claimed = false;
        return par_error_set(err, PAR_E_AGAIN, "another message was sent while this one was written");
    }
    if (len > out->capacity || total > par_writer_room(out) || kind > PAR_KIND_MAX || channel->rest.n)
        return par_error_set(err, PAR_E_INVALID, "commit of %zu bytes that were not claimed", len);
    uint64_t word = par_record_word(len, kind, 0);
    memcpy(par_writer_at(out), &word, sizeof word);
    out->head += total;
    channel->claimed = false;
    return PAR_OK;
}

static int count_commit(par_channel *channel, size_t len, par_error *err)
{
    if (channel->gone || channel->failed)
        return channel->failed ? par_channel_corrupt(channel, err) : par_channel_closed(err);
    par_channel_count_sent(channel, len);
    if (channel->notices.len) par_channel_flush_notices(channel);
    return PAR_OK;
}

int par_channel_commit(par_channel *channel, uint32_t kind, size_t len, par_error *err)
{
    int rc = fill_claim(channel, kind, len, err);
    if (rc != PAR_OK) return rc;
    publish(channel);
    return count_commit(channel, len, err);
}

int par_channel_commit_quietly(par_channel *channel, uint32_t kind, size_t len, par_error *err)
{
    int rc = fill_claim(channel, kind, len, err);
    if (rc != PAR_OK) return rc;
    par_writer_publish_quietly(&channel->out);
    return count_commit(channel, len, err);
}

void par_channel_ring(par_channel *channel)
{
    par_writer *out = &channel->out;
    uint64_t need = par_writer_publish(out);
    if (need & PAR_NEED_GONE) channel->gone = true;
    if (par_need_due(need, out->head, &out->rung)) par_channel_bell(channel, need);
}
