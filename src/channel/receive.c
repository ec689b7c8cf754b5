/* From the ring to the owner: whole records in place, long ones bit by bit into private memory. */
#include <stdlib.h>

#include "base/limits.h"
#include "channel/internal.h"
#include "os/os.h"

#define STREAM_AT_ONCE ((uint64_t)256 << 10)  /* of a long record; then whoever waits looks at the time again */
#define STEPS_AT_ONCE 64                      /* records that are no messages, likewise */
#define TAKE_IN_AT_ONCE ((uint64_t)256 << 10) /* of the ring, into the inbox */

/* A record that came off the ring: in place (bytes) or as a parcel. */
typedef struct item {
    uint32_t kind;
    const uint8_t *bytes;
    uint64_t len;
    par_parcel *parcel;
} item;

/* --- streamed records --- */
static int begin_message(par_channel *channel, uint32_t kind)
{
    par_parcel *parcel = channel->spare ? channel->spare : par_parcel_new();
    channel->spare = NULL;
    if (!parcel) return PAR_E_NOMEM;
    parcel->kind = kind;
    parcel->bytes.len = 0;
    channel->rx.parcel = parcel;
    return PAR_OK;
}

static int begin_stream(par_channel *channel, uint32_t kind, uint32_t flags, uint64_t len)
{
    par_rx *rx = &channel->rx;
    int rc = PAR_OK;
    if (len > PAR_MESSAGE_MAX_BYTES) return PAR_E_CORRUPT;
    if (!(flags & PAR_RECORD_INTERNAL))
        rc = begin_message(channel, kind);
    else if (kind != PAR_INTERNAL_BYTES || rx->payloads.n >= PAR_PAYLOADS_MAX)
        return PAR_E_CORRUPT;
    else if ((rc = par_payloads_reserve(&rx->payloads)) == PAR_OK)
        rc = par_growing_begin(&rx->payload, len);
    if (rc != PAR_OK) return rc;
    rx->streaming = true;
    rx->control = flags & PAR_RECORD_CONTROL;
    rx->left = len;
    rx->padding = par_record_padded(len) - len;
    channel->in.read += PAR_RECORD_HEADER;
    return PAR_OK;
}

/* Memory for the next n bytes; capacity follows what has arrived, not what was announced. */
static uint8_t *stream_room(par_rx *rx, uint64_t n)
{
    if (!rx->parcel) return par_growing_room(&rx->payload, n);
    par_buffer *bytes = &rx->parcel->bytes;
    uint64_t want = n, total = n + rx->left;
    if (bytes->capacity - bytes->len < n) want = total < PAR_CLAIM_TRUSTED_BYTES ? total : n + bytes->len;
    if (want > total) want = total;
    return par_buffer_reserve(bytes, want) == PAR_OK ? bytes->data + bytes->len : NULL;
}

static void stream_advance(par_rx *rx, uint64_t n)
{
    if (rx->parcel)
        rx->parcel->bytes.len += n;
    else
        rx->payload.len += n;
}

/* Copies what is there. PAR_OK: the record is complete; PAR_E_AGAIN; PAR_NOTICE: it was enough for once. */
static int stream_on(par_channel *channel)
{
    par_rx *rx = &channel->rx;
    par_reader *in = &channel->in;
    uint64_t enough = in->read + STREAM_AT_ONCE;
    while (rx->left + rx->padding) {
        if ((int64_t)(in->read - enough) >= 0) return PAR_NOTICE;
        if (par_reader_available(in) == 0 && !par_reader_refresh(in, memory_order_acquire)) return PAR_E_CORRUPT;
        uint64_t there = par_reader_available(in), n = there < rx->left ? there : rx->left;
        if (n > PAR_PUBLISH_STEP) n = PAR_PUBLISH_STEP;
        uint64_t rest = rx->left + rx->padding, half = in->capacity / 2;
        rx->need = par_need_arm(in->read + (rest < half ? rest : half));
        if (there == 0) return PAR_E_AGAIN;
        if (n) {
            rx->left -= n;
            uint8_t *room = stream_room(rx, n);
            if (!room) {
                rx->left += n;
                return PAR_E_NOMEM;
            }
            memcpy(room, par_reader_at(in), n);
            stream_advance(rx, n);
        }
        if (rx->left == 0) { /* indices are multiples of 8, so the padding came too */
            n += rx->padding;
            rx->padding = 0;
        }
        in->read += n;
        if (in->read - in->tail >= channel->lazy_bytes) par_channel_give_back(channel);
    }
    rx->streaming = false;
    return PAR_OK;
}

/* --- records --- */
static int take_payload(par_channel *channel, par_blob *blob, bool control)
{
    par_rx *rx = &channel->rx;
    if (par_payloads_push(&rx->payloads, blob) != PAR_OK) {
        par_blob_release(blob);
        return PAR_E_NOMEM;
    }
    uint64_t waits = par_payload_waits(blob, true);
    channel->stats.inbox_bytes += waits;
    if (control) rx->control_bytes += waits;
    if (control && blob->kind == PAR_BLOB_HEAP) rx->control_heap_bytes += waits;
    return PAR_OK;
}

static int take_bytes(par_channel *channel, const uint8_t *bytes, uint64_t len, bool control)
{
    if (channel->rx.payloads.n >= PAR_PAYLOADS_MAX) return PAR_E_CORRUPT;
    par_blob *blob = par_blob_new(len, false);
    if (!blob) return PAR_E_NOMEM;
    if (len) memcpy(blob->data, bytes, len);
    return take_payload(channel, blob, control);
}

static int take_lend(par_channel *channel, const par_record_lend *record, bool control)
{
    par_blob *blob = NULL;
    if (channel->rx.payloads.n >= PAR_PAYLOADS_MAX) return PAR_E_CORRUPT;
    int rc = par_payloads_reserve(&channel->rx.payloads); /* a lend that was taken cannot be taken again */
    if (rc == PAR_OK) rc = par_lend_take(channel, record, &blob);
    return rc == PAR_OK ? take_payload(channel, blob, control) : rc;
}

/* Copies a record of exactly `size` bytes out of the ring before anything in it is believed. */
static bool copy_record(void *record, size_t size, const uint8_t *bytes, uint64_t len)
{
    if (len != size) return false;
    memcpy(record, bytes, size);
    return true;
}

static int take_internal(par_channel *channel, uint32_t kind, const uint8_t *bytes, uint64_t len, bool control)
{
    union {
        par_record_segment segment;
        par_record_lend lend;
        par_record_release release;
        par_record_forget forget;
    } r;
    switch (kind) {
    case PAR_INTERNAL_BYTES: return take_bytes(channel, bytes, len, control);
    case PAR_INTERNAL_SEGMENT:
        if (!copy_record(&r.segment, sizeof r.segment, bytes, len)) return PAR_E_CORRUPT;
        return par_lend_take_segment(channel, &r.segment);
    case PAR_INTERNAL_LEND:
        if (!copy_record(&r.lend, sizeof r.lend, bytes, len)) return PAR_E_CORRUPT;
        return take_lend(channel, &r.lend, control);
    case PAR_INTERNAL_RELEASE:
        if (!copy_record(&r.release, sizeof r.release, bytes, len)) return PAR_E_CORRUPT;
        return par_lend_take_release(channel, &r.release);
    case PAR_INTERNAL_FORGET:
        if (!copy_record(&r.forget, sizeof r.forget, bytes, len)) return PAR_E_CORRUPT;
        return par_lend_take_forget(channel, &r.forget);
    default: return PAR_E_CORRUPT;
    }
}

/* Goes on with the record under way. PAR_OK: out is a message; PAR_NOTICE: it was a payload, or is not complete. */
static int next_streamed(par_channel *channel, item *out)
{
    par_rx *rx = &channel->rx;
    int rc = stream_on(channel);
    if (rc != PAR_OK) return rc;
    if (!rx->parcel) {
        rc = take_payload(channel, par_growing_take(&rx->payload), rx->control);
        return rc == PAR_OK ? PAR_NOTICE : rc;
    }
    par_parcel *parcel = rx->parcel;
    rx->parcel = NULL;
    *out = (item){.kind = parcel->kind, .bytes = parcel->bytes.data, .len = parcel->bytes.len, .parcel = parcel};
    return PAR_OK;
}

/* Is the record at `read` all there? PAR_OK, PAR_E_AGAIN (rx.need says when), PAR_E_CORRUPT. */
static int wait_for(par_channel *channel, uint64_t total)
{
    par_reader *in = &channel->in;
    if (par_reader_available(in) >= total) return PAR_OK;
    if (!par_reader_refresh(in, memory_order_acquire)) return PAR_E_CORRUPT;
    if (par_reader_available(in) >= total) return PAR_OK;
    channel->rx.need = par_need_arm(in->read + total);
    return PAR_E_AGAIN;
}

/* A record in one piece. PAR_OK: out lies in place, read is behind it; PAR_NOTICE: taken care of. */
static int next_whole(par_channel *channel, item *out)
{
    int rc = wait_for(channel, PAR_RECORD_HEADER);
    if (rc != PAR_OK) return rc;
    uint64_t word = par_reader_word(&channel->in), len = par_record_len(word), total = par_record_total(len);
    uint32_t kind = par_record_kind(word), flags = par_record_flags(word);
    bool internal = flags & PAR_RECORD_INTERNAL, control = flags & PAR_RECORD_CONTROL;
    if (flags & ~(PAR_RECORD_INTERNAL | PAR_RECORD_CONTROL) || (control && !internal)) return PAR_E_CORRUPT;
    if (total > channel->in_place_max) {
        rc = begin_stream(channel, kind, flags, len);
        return rc == PAR_OK ? PAR_NOTICE : rc;
    }
    rc = wait_for(channel, total);
    if (rc != PAR_OK) return rc;
    const uint8_t *bytes = par_reader_at(&channel->in) + PAR_RECORD_HEADER;
    channel->in.read += total;
    if (internal) {
        rc = take_internal(channel, kind, bytes, len, control);
        if (rc != PAR_OK && rc != PAR_E_CORRUPT) channel->in.read -= total; /* a want of ours: it is tried again */
        return rc == PAR_OK ? PAR_NOTICE : rc;
    }
    *out = (item){.kind = kind, .bytes = bytes, .len = len};
    return PAR_OK;
}

/* One record: PAR_OK a message, PAR_NOTICE something else, PAR_E_AGAIN, PAR_E_CORRUPT, PAR_E_NOMEM, PAR_E_LIMIT. */
static int next_step(par_channel *channel, item *out)
{
    int rc = channel->rx.streaming ? next_streamed(channel, out) : next_whole(channel, out);
    if (rc == PAR_OK) {
        channel->rx.lent = channel->rx.payloads.n != 0;
        channel->rx.control_bytes = channel->rx.control_heap_bytes = 0;
        channel->stats.received_messages++;
        channel->stats.received_bytes += out->len;
    }
    return rc;
}

/* --- how much may wait --- */
/* May more be taken in beside what waits to be received? A control message is asked for by whoever waits, so it does not count; and
 * what a peer that has ended left in the ring is little. PAR_OK, PAR_E_FULL, PAR_E_NOMEM. */
static int may_take(const par_channel *channel)
{
    const par_rx *rx = &channel->rx;
    uint64_t bytes = channel->stats.inbox_bytes - rx->control_bytes, heap = rx->control_heap_bytes;
    if (channel->in.ended) return PAR_OK;
    if (rx->streaming && rx->parcel)
        *(rx->parcel->kind < PAR_KIND_CONTROL ? &bytes : &heap) += rx->parcel->bytes.len;
    else if (rx->streaming)
        *(rx->control ? &heap : &bytes) += rx->payload.len;
    if (bytes > channel->inbox_limit) return PAR_E_FULL;
    return heap > channel->control_limit ? PAR_E_NOMEM : PAR_OK;
}

static bool is_empty(par_reader *in)
{
    return par_reader_available(in) == 0 && par_reader_refresh(in, memory_order_acquire) && par_reader_available(in) == 0;
}

/* The next message off the ring, data or control. `limited`: for the inbox, which has a limit. PAR_NOTICE: there may be more, but
 * whoever waits has to look at the time first. */
static int next_item(par_channel *channel, item *out, bool limited)
{
    int rc = PAR_NOTICE;
    for (int i = 0; i < STEPS_AT_ONCE && rc == PAR_NOTICE; i++) {
        int may = limited ? may_take(channel) : PAR_OK;
        if (may != PAR_OK && !is_empty(&channel->in)) return may;
        rc = next_step(channel, out);
    }
    return rc;
}

static int item_failed(par_channel *channel, int rc, par_error *err)
{
    switch (rc) {
    case PAR_E_CORRUPT: return par_channel_corrupt(channel, err);
    case PAR_E_FULL:
        return par_error_set(err, rc, "more than %llu bytes of its messages wait to be received: receive some of them first",
                             (unsigned long long)channel->inbox_limit);
    case PAR_E_LIMIT:
        return par_error_set(err, rc, "this process may have no more descriptors, or no more mappings, for the shared memory that "
                             "came: close files, drop tensors or raise the limit (ulimit -n, vm.max_map_count), then try again");
    default: return par_error_set(err, rc, "not enough memory for a message from the peer");
    }
}

/* --- the inbox --- */
static void recycle(par_channel *channel, par_parcel *parcel)
{
    par_payloads_fini(&parcel->payloads);
    if (channel->spare || parcel->bytes.capacity > PAR_SPARE_KEEP_BYTES) {
        par_parcel_free(parcel);
        return;
    }
    parcel->next = NULL;
    channel->spare = parcel;
}

/* Makes a parcel of an item which may lie in place. NULL: no memory (the item's payloads stay with the channel). */
static par_parcel *make_parcel(par_channel *channel, const item *from)
{
    par_parcel *parcel = from->parcel;
    if (!parcel) {
        parcel = par_parcel_new();
        if (!parcel || par_buffer_append(&parcel->bytes, from->bytes, from->len) != PAR_OK) {
            par_parcel_free(parcel);
            return NULL;
        }
        parcel->kind = from->kind;
    }
    parcel->payloads = channel->rx.payloads;
    channel->rx.payloads = (par_payloads){0};
    return parcel;
}

/* Payloads count from the moment in which they come until they are handed out. */
static void count_payloads(par_channel *channel, const par_payloads *payloads, bool begins)
{
    for (uint32_t i = 0; i < payloads->n; i++) {
        uint64_t bytes = par_payload_waits(payloads->blobs[i], begins);
        channel->stats.inbox_bytes += begins ? bytes : 0 - bytes;
    }
}

static void count_parcel(par_channel *channel, const par_parcel *parcel, int sign)
{
    uint64_t bytes = par_parcel_bytes(parcel);
    channel->stats.inbox_messages += (uint64_t)(int64_t)sign;
    channel->stats.inbox_bytes += sign > 0 ? bytes : 0 - bytes;
}

static void inbox_append(par_channel *channel, par_parcel *parcel)
{
    parcel->next = NULL;
    *channel->inbox_end = parcel;
    channel->inbox_end = &parcel->next;
    count_parcel(channel, parcel, 1);
}

static par_parcel *inbox_pop(par_channel *channel)
{
    par_parcel *parcel = channel->inbox;
    channel->inbox = parcel->next;
    if (!channel->inbox) channel->inbox_end = &channel->inbox;
    count_parcel(channel, parcel, -1);
    count_payloads(channel, &parcel->payloads, false);
    return parcel;
}

static void inbox_push_front(par_channel *channel, par_parcel *parcel)
{
    parcel->next = channel->inbox;
    if (!channel->inbox) channel->inbox_end = &parcel->next;
    channel->inbox = parcel;
    count_parcel(channel, parcel, 1);
    count_payloads(channel, &parcel->payloads, true);
}

static void show_parcel(par_parcel *parcel, par_message *out)
{
    static const uint8_t nothing[8];
    *out = (par_message){.kind = parcel->kind,
                         .bytes = parcel->bytes.data ? parcel->bytes.data : nothing,
                         .len = parcel->bytes.len,
                         .payloads = parcel->payloads.blobs,
                         .n_payloads = parcel->payloads.n,
                         .held = parcel};
}

/* The payloads of a message that goes straight to the owner. */
static par_payloads hand_over_payloads(par_channel *channel)
{
    par_payloads payloads = channel->rx.payloads;
    count_payloads(channel, &payloads, false);
    channel->rx.payloads = (par_payloads){0};
    return payloads;
}

/* Hands a control message to the owner and forgets it. */
static void deliver_control(par_channel *channel, const item *from)
{
    par_payloads payloads = hand_over_payloads(channel);
    par_message message = {.kind = from->kind,
                           .bytes = from->bytes,
                           .len = from->len,
                           .payloads = payloads.blobs,
                           .n_payloads = payloads.n};
    channel->notice = true;
    if (channel->owner.on_control) channel->owner.on_control(channel->owner.context, &message);
    par_payloads_fini(&payloads);
    if (from->parcel) recycle(channel, from->parcel);
}

static int keep(par_channel *channel, const item *from, par_error *err)
{
    par_parcel *parcel = make_parcel(channel, from);
    if (!parcel) { /* it lies in place still, and is not lost */
        channel->in.read -= par_record_total(from->len);
        channel->stats.received_messages--;
        channel->stats.received_bytes -= from->len;
        return par_error_set(err, PAR_E_NOMEM, "not enough memory to keep a message from the peer");
    }
    inbox_append(channel, parcel);
    return PAR_OK;
}

/* One message from the ring into the inbox or to on_control. PAR_OK, PAR_NOTICE (also: not yet a whole one), PAR_E_AGAIN or
 * worse. */
static int take_one(par_channel *channel, par_error *err)
{
    item next;
    int rc = next_item(channel, &next, true);
    if (rc == PAR_E_AGAIN || rc == PAR_NOTICE) return rc;
    if (rc != PAR_OK) return item_failed(channel, rc, err);
    if (next.kind >= PAR_KIND_CONTROL) {
        deliver_control(channel, &next);
        rc = PAR_NOTICE;
    } else {
        rc = keep(channel, &next, err);
    }
    if (channel->in.read - channel->in.tail >= channel->lazy_bytes) par_channel_give_back(channel);
    return rc;
}

int par_channel_take_in(par_channel *channel, par_error *err)
{
    int taken = 0;
    uint64_t enough = channel->in.read + TAKE_IN_AT_ONCE;
    while ((int64_t)(channel->in.read - enough) < 0) {
        int rc = take_one(channel, err);
        if (rc == PAR_E_AGAIN) return taken;
        if (rc < 0) return rc;
        taken++;
    }
    return taken;
}

/* --- waiting for a message --- */
/* After PAR_E_AGAIN: waits for more, or says why there will be none. PAR_OK: look again. */
static int await_more(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    bool was_gone = channel->gone;
    if (par_channel_push_rest(channel)) par_channel_flush_notices(channel);
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (was_gone) return par_channel_closed(err);
    if (channel->gone) return PAR_OK; /* what was published before the end is still to be read */
    if (deadline_ns == 0) {
        par_channel_give_back(channel);
        par_channel_drain(channel);
        if (channel->gone || channel->failed) return PAR_OK;
        return par_error_set(err, PAR_E_TIMEOUT, "no message is there");
    }
    return par_channel_wait(channel, channel->rx.need, channel->rest.n ? par_tx_need(channel, &channel->rest) : 0,
                            deadline_ns, err);
}

static void show_in_place(par_channel *channel, const item *from, par_message *out)
{
    channel->held = PAR_HELD_IN_PLACE(channel);
    *out = (par_message){.kind = from->kind, .bytes = from->bytes, .len = from->len, .held = channel->held};
    if (!channel->rx.payloads.n) return;
    channel->held_payloads = hand_over_payloads(channel);
    out->payloads = channel->held_payloads.blobs;
    out->n_payloads = channel->held_payloads.n;
}

static void hand_out_parcel(par_channel *channel, par_parcel *parcel, par_message *out)
{
    channel->held = parcel;
    show_parcel(parcel, out);
}

static void hand_out(par_channel *channel, const item *from, par_message *out)
{
    if (!from->parcel) {
        show_in_place(channel, from, out);
        return;
    }
    from->parcel->payloads = hand_over_payloads(channel);
    hand_out_parcel(channel, from->parcel, out);
}

static void release_held(par_channel *channel)
{
    void *held = channel->held;
    channel->held = NULL;
    if (held != PAR_HELD_IN_PLACE(channel)) {
        recycle(channel, held);
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
        item next;
        if (channel->inbox) {
            hand_out_parcel(channel, inbox_pop(channel), out);
            return PAR_OK;
        }
        int rc = channel->failed ? PAR_E_CORRUPT : next_item(channel, &next, false);
        if (rc == PAR_OK && next.kind < PAR_KIND_CONTROL) {
            hand_out(channel, &next, out);
            return PAR_OK;
        }
        if (rc == PAR_OK) deliver_control(channel, &next);
        if (rc == PAR_OK || rc == PAR_NOTICE) {
            rc = go_on(channel, ringful, deadline_ns, err);
            if (rc != PAR_OK) return rc;
            continue;
        }
        if (rc != PAR_E_AGAIN) return item_failed(channel, rc, err);
        if (channel->notice) {
            channel->notice = false;
            return PAR_NOTICE;
        }
        rc = await_more(channel, deadline_ns, err);
        if (rc != PAR_OK) return rc;
    }
}

/* Whoever watches this channel has to look again, unless we have just seen that nothing is there. */
static int watched(par_channel *channel, int rc)
{
    if (rc == PAR_E_TIMEOUT)
        par_channel_rest_armed(channel);
    else
        par_channel_touch(channel);
    return rc;
}

int par_channel_receive(par_channel *channel, par_message *out, int64_t deadline_ns, par_error *err)
{
    int rc = receive(channel, out, deadline_ns, err);
    return channel->watched ? watched(channel, rc) : rc;
}

static int absorb(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    for (;;) {
        int rc = channel->failed ? par_channel_corrupt(channel, err) : take_one(channel, err);
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
    return channel->watched ? watched(channel, rc) : rc;
}

void par_channel_last_words(par_channel *channel)
{
    int rc = PAR_OK;
    par_channel_peer_ended(channel);
    while (!channel->failed && (rc == PAR_OK || rc == PAR_NOTICE)) {
        item next;
        rc = next_item(channel, &next, false);
        if (rc == PAR_OK && next.kind >= PAR_KIND_CONTROL) {
            deliver_control(channel, &next);
        } else if (rc == PAR_OK) {
            par_payloads dropped = hand_over_payloads(channel);
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
    if (!message->held || message->held != channel->held)
        return par_error_set(err, PAR_E_INVALID, "this message was released already");
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
    inbox_push_front(channel, parcel);
    *message = (par_message){0};
    if (channel->watched) par_channel_touch(channel);
    return PAR_OK;
}

/* --- looking --- */
/* Puts a long message that is complete where receive finds it. */
static int settle_streamed(par_channel *channel, const item *from)
{
    if (from->kind >= PAR_KIND_CONTROL) {
        deliver_control(channel, from);
        return PAR_NOTICE;
    }
    par_parcel *parcel = make_parcel(channel, from);
    inbox_append(channel, parcel); /* it is a parcel already: no memory is needed */
    return PAR_OK;
}

/* What comes next in the ring, without taking it out when it is a whole message: PAR_OK data (perhaps not all of it, if it is more
 * than may wait), PAR_NOTICE control, PAR_E_AGAIN nothing that can be given yet, or an error. */
static int peek(par_channel *channel)
{
    uint64_t ringful = channel->in.read + channel->in.capacity;
    while ((int64_t)(channel->in.read - ringful) < 0) {
        item next;
        int rc;
        if (!channel->rx.streaming) {
            rc = wait_for(channel, PAR_RECORD_HEADER);
            if (rc != PAR_OK) return rc;
            uint64_t word = par_reader_word(&channel->in), total = par_record_total(par_record_len(word));
            if (par_record_flags(word) == 0 && total <= channel->in_place_max) {
                rc = wait_for(channel, total);
                return rc != PAR_OK ? rc : par_record_kind(word) < PAR_KIND_CONTROL ? PAR_OK : PAR_NOTICE;
            }
        }
        rc = may_take(channel);
        if (rc != PAR_OK && !is_empty(&channel->in)) return rc == PAR_E_FULL ? PAR_OK : rc;
        rc = next_step(channel, &next);
        if (rc == PAR_OK && next.parcel) return settle_streamed(channel, &next);
        if (rc == PAR_OK) rc = PAR_E_CORRUPT; /* the word changed between two looks */
        if (rc != PAR_NOTICE) return rc;
    }
    channel->rx.need = par_need_arm(channel->in.read); /* there is more: nobody may sleep */
    return PAR_E_AGAIN;
}

static bool peek_found(par_channel *channel, int rc)
{
    if (rc == PAR_E_CORRUPT) channel->failed = rc;
    return rc != PAR_E_AGAIN;
}

bool par_channel_pending(par_channel *channel)
{
    if (channel->inbox || channel->failed || channel->notice || channel->gone) return true;
    return peek_found(channel, peek(channel)) || (channel->room_need && par_channel_room_came(channel));
}

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
        int rc = peek(channel);
        if (!peek_found(channel, rc) || rc == PAR_E_CORRUPT) return false;
        if (rc != PAR_NOTICE) return true; /* also one that cannot be taken right now: receive says why */
        if (take_one(channel, &ignored) != PAR_NOTICE && !channel->inbox) return false;
    }
    return channel->inbox != NULL;
}

bool par_channel_has_data(par_channel *channel)
{
    bool found = has_data(channel);
    if (channel->watched) par_channel_touch(channel);
    return found;
}
