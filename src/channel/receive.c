/* From the ring and the inbox to the owner. */
#include "base/limits.h"
#include "channel/inbox.h"
#include "channel/notices.h"
#include "channel/peek.h"
#include "channel/records.h"
#include "channel/tx.h"
#include "channel/wait.h"
#include "channel/watch.h"

/* --- waiting for a message --- */
/* After PAR_E_AGAIN: waits for more, or says why there will be none. PAR_OK: look again. */
static int await_more(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    bool was_gone = channel->gone;
    if (par_channel_push_owed(channel)) par_channel_flush_notices(channel);
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (was_gone) return par_channel_closed(err);
    if (channel->gone) return PAR_OK; /* what was published before the end is still to be read */
    if (deadline_ns == 0) {
        par_channel_give_back(channel);
        par_channel_drain(channel);
        if (channel->gone || channel->failed) return PAR_OK;
        return par_error_set(err, PAR_E_TIMEOUT, "no message is there");
    }
    return par_channel_wait(channel, channel->rx.need, channel->owed ? par_tx_need(channel, channel->owed) : 0, deadline_ns, err);
}

/* --- handing out --- */
#define TAKE_OUT_MAX_BYTES ((uint64_t)64 << 10)

static void show_parcel(par_parcel *parcel, par_message *out)
{
    static _Alignas(8) const uint8_t nothing[8];
    *out = (par_message){.kind = parcel->kind,
                         .bytes = parcel->bytes.data ? parcel->bytes.data : nothing,
                         .len = parcel->bytes.len,
                         .payloads = parcel->payloads.blobs,
                         .n_payloads = parcel->payloads.n,
                         .held = parcel};
}

static void show_in_place(par_channel *channel, const par_item *from, par_message *out)
{
    channel->held = PAR_HELD_IN_PLACE(channel);
    *out = (par_message){.kind = from->kind, .bytes = from->bytes, .len = from->len, .held = channel->held};
    if (!channel->rx.payloads.n) return;
    channel->held_payloads = par_inbox_hand_over(channel);
    out->payloads = channel->held_payloads.blobs;
    out->n_payloads = channel->held_payloads.n;
}

static void hand_out_parcel(par_channel *channel, par_parcel *parcel, par_message *out)
{
    channel->held = parcel;
    show_parcel(parcel, out);
}

/* A message with payloads is copied out of the ring, unless it is long itself: by the tail its sender knows that it was taken, and that the
 * next one may be copied into shared memory (job.c). So he does that while this one is read, of which a string is in turn a copy. */
static par_parcel *taken_out(par_channel *channel, const par_item *from)
{
    if (!channel->rx.payloads.n || from->len > TAKE_OUT_MAX_BYTES) return NULL;
    par_parcel *parcel = par_records_parcel(channel, from->kind);
    if (!parcel) return NULL;
    if (par_buffer_append(&parcel->bytes, from->bytes, from->len) == PAR_OK) return parcel;
    par_inbox_recycle(channel, parcel);
    return NULL;
}

static void hand_out(par_channel *channel, const par_item *from, par_message *out)
{
    par_parcel *parcel = from->parcel ? from->parcel : taken_out(channel, from);
    if (!parcel) {
        show_in_place(channel, from, out);
        return;
    }
    bool lent = channel->rx.payloads.n > 0;
    parcel->payloads = par_inbox_hand_over(channel);
    hand_out_parcel(channel, parcel, out);
    if (lent) par_channel_give_back(channel);
}

static void release_held(par_channel *channel)
{
    void *held = channel->held;
    channel->held = NULL;
    if (held != PAR_HELD_IN_PLACE(channel)) {
        par_inbox_recycle(channel, held);
        return;
    }
    if (channel->held_payloads.n) {
        par_payloads_fini(&channel->held_payloads);
        par_channel_give_back(channel); /* the sender may wait to send more of them */
        return;
    }
    if (channel->in.read - channel->in.tail >= channel->lazy_bytes) par_channel_give_back(channel);
}

/* Something came that was no message to be received: is there time for more? One who does not wait looks at a ringful: what was
 * there when he came. */
static int go_on(par_channel *channel, uint64_t ringful, int64_t deadline_ns, par_error *err)
{
    if (deadline_ns == 0 && (int64_t)(channel->in.read - ringful) < 0) return PAR_OK;
    return par_channel_overdue(channel, deadline_ns, err);
}

static int receive(par_channel *channel, par_message *out, int64_t deadline_ns, par_error *err)
{
    if (channel->held) release_held(channel);
    uint64_t ringful = channel->in.read + channel->in.capacity;
    for (;;) {
        par_item next;
        if (channel->inbox) {
            hand_out_parcel(channel, par_inbox_pop(channel), out);
            return PAR_OK;
        }
        int rc = channel->failed ? PAR_E_CORRUPT : par_records_next(channel, &next, false);
        if (rc == PAR_OK && next.kind < PAR_KIND_CONTROL) {
            hand_out(channel, &next, out);
            return PAR_OK;
        }
        if (rc == PAR_OK) par_inbox_deliver(channel, &next);
        if (rc == PAR_OK || rc == PAR_NOTICE) {
            rc = go_on(channel, ringful, deadline_ns, err);
            if (rc != PAR_OK) return rc;
            continue;
        }
        if (rc != PAR_E_AGAIN) return par_records_failed(channel, rc, err);
        if (channel->notice) {
            channel->notice = false;
            return PAR_NOTICE;
        }
        rc = await_more(channel, deadline_ns, err);
        if (rc != PAR_OK) return rc;
    }
}

/* Whoever watches this channel has to look again, unless we have just seen that nothing is there. Who does not wait has read the socket. */
static int watched(par_channel *channel, int rc, int64_t deadline_ns)
{
    if (rc != PAR_E_TIMEOUT) par_channel_touch(channel);
    else if (deadline_ns == 0) par_channel_rest_drained(channel);
    else par_channel_rest_armed(channel);
    return rc;
}

int par_channel_receive(par_channel *channel, par_message *out, int64_t deadline_ns, par_error *err)
{
    int rc = receive(channel, out, deadline_ns, err);
    return channel->watched ? watched(channel, rc, deadline_ns) : rc;
}

const uint8_t *par_channel_next_short(par_channel *channel, uint32_t kind, size_t max_bytes, size_t *len)
{
    par_reader *in = &channel->in;
    if (channel->held || channel->inbox || channel->failed || channel->rx.streaming || channel->rx.payloads.n) return NULL;
    if (par_reader_available(in) < PAR_RECORD_HEADER) {
        if (!par_reader_refresh(in, memory_order_acquire)) channel->failed = PAR_E_CORRUPT;
        if (channel->failed || par_reader_available(in) < PAR_RECORD_HEADER) return NULL;
    }
    uint64_t word = par_reader_word(in);
    *len = par_record_len(word);
    if (word != par_record_word(*len, kind, 0) || *len > max_bytes) return NULL;
    return par_reader_available(in) >= par_record_total(*len) ? par_reader_at(in) + PAR_RECORD_HEADER : NULL;
}

void par_channel_skip_short(par_channel *channel, size_t len)
{
    channel->in.read += par_record_total(len);
    channel->rx.lent = false;
    channel->stats.received_messages++;
    channel->stats.received_bytes += len;
    if (channel->in.read - channel->in.tail >= channel->lazy_bytes) par_channel_give_back(channel);
}

void par_channel_end_skips(par_channel *channel)
{
    if (channel->watched) par_channel_touch(channel);
}

static int absorb(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    for (;;) {
        int rc = channel->failed ? par_channel_corrupt(channel, err) : par_inbox_take_one(channel, err);
        if (rc != PAR_E_AGAIN || channel->notice) {
            channel->notice = false;
            return rc == PAR_E_AGAIN ? PAR_NOTICE : rc;
        }
        rc = await_more(channel, deadline_ns, err);
        if (rc != PAR_OK) return rc;
    }
}

int par_channel_absorb(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    int rc = absorb(channel, deadline_ns, err);
    return channel->watched ? watched(channel, rc, deadline_ns) : rc;
}

void par_channel_last_words(par_channel *channel)
{
    int rc = PAR_OK;
    par_channel_peer_ended(channel);
    while (!channel->failed && (rc == PAR_OK || rc == PAR_NOTICE)) {
        par_item next;
        rc = par_records_next(channel, &next, false);
        if (rc == PAR_OK && next.kind >= PAR_KIND_CONTROL) {
            par_inbox_deliver(channel, &next);
        } else if (rc == PAR_OK) {
            par_payloads dropped = par_inbox_hand_over(channel);
            par_payloads_fini(&dropped);
            par_parcel_free(next.parcel);
        }
    }
}

void par_channel_release(par_channel *channel, par_message *message)
{
    if (message->held && message->held == channel->held) release_held(channel);
    *message = (par_message){0};
}

int par_channel_unreceive(par_channel *channel, par_message *message, par_error *err)
{
    if (!message->held || message->held != channel->held) return par_error_set(err, PAR_E_INVALID, "this message was released already");
    par_parcel *parcel = message->held;
    if (channel->held == PAR_HELD_IN_PLACE(channel)) {
        parcel = par_parcel_new();
        if (!parcel || par_buffer_append(&parcel->bytes, message->bytes, message->len) != PAR_OK) {
            par_parcel_free(parcel);
            return par_error_set(err, PAR_E_NOMEM, "not enough memory to put a message back");
        }
        parcel->kind = message->kind;
        parcel->payloads = channel->held_payloads;
        channel->held_payloads = (par_payloads){0};
        release_held(channel);
    }
    channel->held = NULL;
    par_inbox_push_front(channel, parcel);
    *message = (par_message){0};
    if (channel->watched) par_channel_touch(channel);
    return PAR_OK;
}

/* --- looking --- */
bool par_channel_ready(par_channel *channel)
{
    if (par_channel_pending(channel)) return true;
    if (channel->watched) return !par_channel_rest_armed(channel);
    par_channel_drain(channel);
    return channel->gone || channel->failed;
}

static bool has_data(par_channel *channel)
{
    par_error ignored;
    uint64_t ringful = channel->in.read + channel->in.capacity;
    while (!channel->inbox && !channel->failed && (int64_t)(channel->in.read - ringful) < 0) {
        int rc = par_peek(channel);
        if (!par_peek_found(channel, rc) || rc == PAR_E_CORRUPT) return false;
        if (rc != PAR_NOTICE) return true; /* also one that cannot be taken right now: receive says why */
        if (par_inbox_take_one(channel, &ignored) != PAR_NOTICE && !channel->inbox) return false;
    }
    return channel->inbox != NULL;
}

bool par_channel_has_data(par_channel *channel)
{
    bool found = has_data(channel);
    if (channel->watched) par_channel_touch(channel);
    return found;
}
