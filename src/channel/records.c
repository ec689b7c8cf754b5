/* What stands in the ring, record by record: messages in place, payloads, long ones bit by bit into private memory. */
#include "channel/records.h"

#include "base/limits.h"
#include "channel/borrow.h"
#include "channel/lend.h"
#include "channel/wait.h"
#include "os/blob.h"
#include "os/os.h"

#define STREAM_AT_ONCE ((uint64_t)256 << 10) /* of a long record; then whoever waits looks at the time again */
#define STEPS_AT_ONCE 64                     /* records that are no messages, likewise */

par_parcel *par_records_parcel(par_channel *channel, uint32_t kind)
{
    par_parcel *parcel = channel->spare ? channel->spare : par_parcel_new();
    channel->spare = NULL;
    if (!parcel) return NULL;
    parcel->kind = kind;
    parcel->bytes.len = 0;
    return parcel;
}

/* --- streamed records --- */
static int begin_stream(par_channel *channel, uint32_t kind, uint32_t flags, uint64_t len)
{
    par_rx *rx = &channel->rx;
    int rc = PAR_OK;
    if (len > PAR_MESSAGE_MAX_BYTES) return PAR_E_CORRUPT;
    if (!(flags & PAR_RECORD_INTERNAL)) rc = (rx->parcel = par_records_parcel(channel, kind)) ? PAR_OK : PAR_E_NOMEM;
    else if (kind != PAR_INTERNAL_BYTES || rx->payloads.n >= PAR_PAYLOADS_MAX) return PAR_E_CORRUPT;
    else if ((rc = par_payloads_reserve(&rx->payloads)) == PAR_OK) rc = par_growing_begin(&rx->payload, len);
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
    if (rx->parcel) rx->parcel->bytes.len += n;
    else rx->payload.len += n;
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
    par_blob *blob = par_os_blob_new(len, false);
    if (!blob) return PAR_E_NOMEM;
    if (len) memcpy(blob->data, bytes, len);
    return take_payload(channel, blob, control);
}

static int take_lend(par_channel *channel, const par_record_lend *record, bool control)
{
    par_blob *blob = NULL;
    if (channel->rx.payloads.n >= PAR_PAYLOADS_MAX) return PAR_E_CORRUPT;
    int rc = par_payloads_reserve(&channel->rx.payloads); /* a lend that was taken cannot be taken again */
    if (rc == PAR_OK) rc = par_borrow_take(channel, record, &blob);
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
        return par_borrow_segment(channel, &r.segment);
    case PAR_INTERNAL_LEND:
        if (!copy_record(&r.lend, sizeof r.lend, bytes, len)) return PAR_E_CORRUPT;
        return take_lend(channel, &r.lend, control);
    case PAR_INTERNAL_RELEASE:
        if (!copy_record(&r.release, sizeof r.release, bytes, len)) return PAR_E_CORRUPT;
        return par_lend_take_release(channel, &r.release);
    case PAR_INTERNAL_FORGET:
        if (!copy_record(&r.forget, sizeof r.forget, bytes, len)) return PAR_E_CORRUPT;
        return par_borrow_forget(channel, &r.forget);
    default: return PAR_E_CORRUPT;
    }
}

/* Goes on with the record under way. PAR_OK: out is a message; PAR_NOTICE: it was a payload, or is not complete. */
static int next_streamed(par_channel *channel, par_item *out)
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
    *out = (par_item){.kind = parcel->kind, .bytes = parcel->bytes.data, .len = parcel->bytes.len, .parcel = parcel};
    return PAR_OK;
}

/* A record in one piece. PAR_OK: out lies in place, read is behind it; PAR_NOTICE: taken care of. */
static int next_whole(par_channel *channel, par_item *out)
{
    int rc = par_records_complete(channel, PAR_RECORD_HEADER);
    if (rc != PAR_OK) return rc;
    uint64_t word = par_reader_word(&channel->in), len = par_record_len(word), total = par_record_total(len);
    uint32_t kind = par_record_kind(word), flags = par_record_flags(word);
    bool internal = flags & PAR_RECORD_INTERNAL, control = flags & PAR_RECORD_CONTROL;
    if (flags & ~(PAR_RECORD_INTERNAL | PAR_RECORD_CONTROL) || (control && !internal)) return PAR_E_CORRUPT;
    if (total > channel->in_place_max) {
        rc = begin_stream(channel, kind, flags, len);
        return rc == PAR_OK ? PAR_NOTICE : rc;
    }
    rc = par_records_complete(channel, total);
    if (rc != PAR_OK) return rc;
    const uint8_t *bytes = par_reader_at(&channel->in) + PAR_RECORD_HEADER;
    channel->in.read += total;
    if (internal) {
        rc = take_internal(channel, kind, bytes, len, control);
        if (rc != PAR_OK && rc != PAR_E_CORRUPT) channel->in.read -= total; /* a want of ours: it is tried again */
        return rc == PAR_OK ? PAR_NOTICE : rc;
    }
    *out = (par_item){.kind = kind, .bytes = bytes, .len = len};
    return PAR_OK;
}

int par_records_step(par_channel *channel, par_item *out)
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
static uint64_t memory_share(unsigned part)
{
    uint64_t all = par_os_memory_total_bytes();
    return all ? all / part : UINT64_MAX;
}

uint64_t par_channel_inbox_default(void)
{
    uint64_t eighth = memory_share(8);
    return eighth < PAR_INBOX_MAX_BYTES ? eighth : PAR_INBOX_MAX_BYTES;
}

void par_channel_limit_inbox(par_channel *channel, uint64_t bytes) { channel->inbox_limit = bytes; }

/* The limits that nobody has set; most channels never need them. */
static void look_up_limits(par_channel *channel)
{
    if (!channel->inbox_limit) channel->inbox_limit = par_channel_inbox_default();
    if (!channel->control_limit) channel->control_limit = memory_share(2);
}

/* A control message is asked for by whoever waits, so it does not count; and what a peer that has ended left in
 * the ring is little. */
int par_records_may_take(par_channel *channel)
{
    const par_rx *rx = &channel->rx;
    uint64_t bytes = channel->stats.inbox_bytes - rx->control_bytes, heap = rx->control_heap_bytes;
    if (channel->in.ended) return PAR_OK;
    if (rx->streaming && rx->parcel) *(rx->parcel->kind < PAR_KIND_CONTROL ? &bytes : &heap) += rx->parcel->bytes.len;
    else if (rx->streaming) *(rx->control ? &heap : &bytes) += rx->payload.len;
    if (bytes || heap) look_up_limits(channel);
    if (bytes > channel->inbox_limit) return PAR_E_FULL;
    return heap > channel->control_limit ? PAR_E_NOMEM : PAR_OK;
}

int par_records_next(par_channel *channel, par_item *out, bool limited)
{
    int rc = PAR_NOTICE;
    for (int i = 0; i < STEPS_AT_ONCE && rc == PAR_NOTICE; i++) {
        int may = limited ? par_records_may_take(channel) : PAR_OK;
        if (may != PAR_OK && !par_records_is_empty(&channel->in)) return may;
        rc = par_records_step(channel, out);
    }
    return rc;
}

int par_records_failed(par_channel *channel, int rc, par_error *err)
{
    switch (rc) {
    case PAR_E_CORRUPT: return par_channel_corrupt(channel, err);
    case PAR_E_FULL:
        return par_error_set(err, rc, "more than %llu bytes of its messages wait to be received: receive some of them first",
                             (unsigned long long)channel->inbox_limit);
    case PAR_E_LIMIT:
        return par_error_set(err, rc,
                             "this process may have no more descriptors, or no more mappings, for the shared memory that "
                             "came: close files, drop tensors or raise the limit (ulimit -n, vm.max_map_count), then try again");
    default: return par_error_set(err, rc, "not enough memory for a message from the peer");
    }
}
