/* Messages that were taken in while something else was waited for. */
#include "channel/inbox.h"

#include "base/assert.h"
#include "base/limits.h"
#include "channel/segment.h"
#include "channel/wait.h"
#include "os/os.h"

#define TAKE_IN_AT_ONCE ((uint64_t)256 << 10) /* of the ring */
#define SPARE_KEEP_BYTES ((size_t)32 << 20)   /* of a warm buffer for long messages */

void par_channel_count_kept(par_channel *channel, int64_t bytes) { channel->stats.inbox_bytes += (uint64_t)bytes; }

void par_inbox_init(par_channel *channel) { channel->inbox_end = &channel->inbox; }

/* --- the list --- */
void par_inbox_fini(par_channel *channel)
{
    par_parcel_free(channel->spare);
    while (channel->inbox) {
        par_parcel *next = channel->inbox->next;
        par_parcel_free(channel->inbox);
        channel->inbox = next;
    }
}

void par_inbox_recycle(par_channel *channel, par_parcel *parcel)
{
    par_payloads_fini(&parcel->payloads);
    if (channel->spare || parcel->bytes.capacity > SPARE_KEEP_BYTES) {
        par_parcel_free(parcel);
        return;
    }
    parcel->next = NULL;
    channel->spare = parcel;
}

/* Makes a parcel of an item which may lie in place. NULL: no memory (the item's payloads stay with the channel). */
static par_parcel *make_parcel(par_channel *channel, const par_item *from)
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
    PAR_ASSERT(sign > 0 || (channel->stats.inbox_messages > 0 && channel->stats.inbox_bytes >= bytes));
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

par_parcel *par_inbox_pop(par_channel *channel)
{
    par_parcel *parcel = channel->inbox;
    channel->inbox = parcel->next;
    if (!channel->inbox) channel->inbox_end = &channel->inbox;
    count_parcel(channel, parcel, -1);
    count_payloads(channel, &parcel->payloads, false);
    return parcel;
}

void par_inbox_push_front(par_channel *channel, par_parcel *parcel)
{
    parcel->next = channel->inbox;
    if (!channel->inbox) channel->inbox_end = &parcel->next;
    channel->inbox = parcel;
    count_parcel(channel, parcel, 1);
    count_payloads(channel, &parcel->payloads, true);
}

par_payloads par_inbox_hand_over(par_channel *channel)
{
    par_payloads payloads = channel->rx.payloads;
    count_payloads(channel, &payloads, false);
    channel->rx.payloads = (par_payloads){0};
    return payloads;
}

/* --- from the ring --- */
void par_inbox_deliver(par_channel *channel, const par_item *from)
{
    par_payloads payloads = par_inbox_hand_over(channel);
    par_message message = {
        .kind = from->kind, .bytes = from->bytes, .len = from->len, .payloads = payloads.blobs, .n_payloads = payloads.n};
    channel->notice = true;
    if (channel->owner.on_control) channel->owner.on_control(channel->owner.context, &message);
    par_payloads_fini(&payloads);
    if (from->parcel) par_inbox_recycle(channel, from->parcel);
}

int par_inbox_keep(par_channel *channel, const par_item *from, par_error *err)
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

int par_inbox_take_one(par_channel *channel, par_error *err)
{
    par_item next;
    int rc = par_records_next(channel, &next, true);
    if (rc == PAR_E_AGAIN || rc == PAR_NOTICE) return rc;
    if (rc != PAR_OK) return par_records_failed(channel, rc, err);
    if (next.kind >= PAR_KIND_CONTROL) {
        par_inbox_deliver(channel, &next);
        rc = PAR_NOTICE;
    } else {
        rc = par_inbox_keep(channel, &next, err);
    }
    if (channel->in.read - channel->in.tail >= channel->lazy_bytes) par_channel_give_back(channel);
    return rc;
}

int par_channel_take_in(par_channel *channel, par_error *err)
{
    int taken = 0;
    uint64_t enough = channel->in.read + TAKE_IN_AT_ONCE;
    while ((int64_t)(channel->in.read - enough) < 0) {
        int rc = par_inbox_take_one(channel, err);
        if (rc == PAR_E_AGAIN) return taken;
        if (rc < 0) return rc;
        taken++;
    }
    return taken;
}
