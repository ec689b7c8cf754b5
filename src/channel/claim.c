/* The short way: a message that is written where it will lie. */
#include "channel/notices.h"
#include "channel/tx.h"
#include "channel/wait.h"

static void end_claim(par_channel *channel)
{
    channel->claimed = false;
    if (channel->notices.len && !channel->owed) par_channel_flush_notices(channel);
}

uint8_t *par_channel_claim(par_channel *channel, size_t want, size_t *room)
{
    par_writer *out = &channel->out;
    end_claim(channel);
    if (channel->owed && !par_channel_push_owed(channel)) return NULL;
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

/* Puts the claimed bytes behind head as one record; nobody sees it yet. Small messages are sent by the million, so all of a commit is
 * one function. */
__attribute__((always_inline)) static inline int fill_claim(par_channel *channel, uint32_t kind, size_t len, par_error *err)
{
    par_writer *out = &channel->out;
    uint64_t total = par_record_total(len);
    if (!channel->claimed || channel->claim_at != out->head) {
        channel->claimed = false;
        return par_error_set(err, PAR_E_AGAIN, "another message was sent while this one was written");
    }
    if (len > out->capacity || total > par_writer_room(out) || kind > PAR_KIND_MAX || channel->owed)
        return par_error_set(err, PAR_E_INVALID, "commit of %zu bytes that were not claimed", len);
    uint64_t word = par_record_word(len, kind, 0);
    memcpy(par_writer_at(out), &word, sizeof word);
    out->head += total;
    channel->claimed = false;
    return PAR_OK;
}

__attribute__((always_inline)) static inline int count_commit(par_channel *channel, size_t len, par_error *err)
{
    if (channel->gone || channel->failed) return channel->failed ? par_channel_corrupt(channel, err) : par_channel_closed(err);
    par_channel_count_sent(channel, len);
    if (channel->notices.len) par_channel_flush_notices(channel);
    return PAR_OK;
}

__attribute__((always_inline)) static inline int commit(par_channel *channel, uint32_t kind, size_t len, bool quietly, par_error *err)
{
    int rc = fill_claim(channel, kind, len, err);
    if (rc != PAR_OK) return rc;
    if (quietly) par_writer_publish_quietly(&channel->out);
    else par_tx_publish(channel);
    return count_commit(channel, len, err);
}

int par_channel_commit(par_channel *channel, uint32_t kind, size_t len, par_error *err) { return commit(channel, kind, len, false, err); }

int par_channel_commit_quietly(par_channel *channel, uint32_t kind, size_t len, par_error *err)
{
    return commit(channel, kind, len, true, err);
}

void par_channel_ring(par_channel *channel)
{
    par_writer *out = &channel->out;
    uint64_t need = par_writer_publish(out);
    if (need & PAR_NEED_GONE) channel->gone = true;
    if (par_need_due(need, out->head, &out->rung)) par_channel_bell(channel, need);
}
