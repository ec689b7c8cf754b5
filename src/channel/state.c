#include "channel/state.h"

_Static_assert(sizeof((par_segment_header *)0)->user == PAR_CHANNEL_WORDS * sizeof(uint64_t), "as channel.h says");

int par_channel_corrupt(par_channel *channel, par_error *err)
{
    if (channel->failed == PAR_E_NOMEM)
        return par_error_set(err, PAR_E_NOMEM, "this channel broke when memory ran out in the middle of a message");
    channel->failed = PAR_E_CORRUPT;
    return par_error_set(err, PAR_E_CORRUPT, "the peer damaged the shared memory of this channel");
}

int par_channel_closed(par_error *err) { return par_error_set(err, PAR_E_CLOSED, "the peer is gone"); }

int par_channel_socket(const par_channel *channel) { return channel->socket; }

void par_channel_stats_get(const par_channel *channel, par_channel_stats *out) { *out = channel->stats; }

_Atomic uint64_t *par_channel_words(par_channel *channel)
{
    par_segment_header *header = channel->header;
    return header->user;
}
