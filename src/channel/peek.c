/* A look at what comes next, which leaves it in the ring. */
#include "channel/peek.h"

#include "channel/inbox.h"
#include "channel/wait.h"

/* Puts a long message that is complete where receive finds it. */
static int settle_streamed(par_channel *channel, const par_item *from)
{
    if (from->kind >= PAR_KIND_CONTROL) {
        par_inbox_deliver(channel, from);
        return PAR_NOTICE;
    }
    par_error ignored;
    return par_inbox_keep(channel, from, &ignored); /* it is a parcel already: no memory is needed */
}

int par_peek(par_channel *channel)
{
    uint64_t ringful = channel->in.read + channel->in.capacity;
    while ((int64_t)(channel->in.read - ringful) < 0) {
        par_item next;
        int rc;
        if (!channel->rx.streaming) {
            rc = par_records_complete(channel, PAR_RECORD_HEADER);
            if (rc != PAR_OK) return rc;
            uint64_t word = par_reader_word(&channel->in), total = par_record_total(par_record_len(word));
            if (par_record_flags(word) == 0 && total <= channel->in_place_max) {
                rc = par_records_complete(channel, total);
                return rc != PAR_OK ? rc : par_record_kind(word) < PAR_KIND_CONTROL ? PAR_OK : PAR_NOTICE;
            }
        }
        rc = par_records_may_take(channel);
        if (rc != PAR_OK && !par_records_is_empty(&channel->in)) return rc == PAR_E_FULL ? PAR_OK : rc;
        rc = par_records_step(channel, &next);
        if (rc == PAR_OK && next.parcel) return settle_streamed(channel, &next);
        if (rc == PAR_OK) rc = PAR_E_CORRUPT; /* the word changed between two looks */
        if (rc != PAR_NOTICE) return rc;
    }
    channel->rx.need = par_need_arm(channel->in.read); /* there is more: nobody may sleep */
    return PAR_E_AGAIN;
}

bool par_peek_found(par_channel *channel, int rc)
{
    if (rc == PAR_E_CORRUPT) channel->failed = rc;
    return rc != PAR_E_AGAIN;
}

bool par_channel_pending(par_channel *channel)
{
    if (channel->failed || channel->gone || (channel->room_need && par_channel_room_came(channel))) return true;
    return !channel->paused && (channel->inbox || channel->notice || par_peek_found(channel, par_peek(channel)));
}
