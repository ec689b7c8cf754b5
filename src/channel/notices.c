/* Records of our own between the messages: what became of segments. */
#include "channel/notices.h"

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
    while (at < waiting->len && put_notice(channel, (const par_notice *)(const void *)(waiting->data + at))) at += sizeof(par_notice);
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
