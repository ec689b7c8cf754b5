/* What is lent to whom. */
#ifndef PAR_CHANNEL_LEND_H
#define PAR_CHANNEL_LEND_H

#include "channel/segment.h"
#include "channel/state.h"

/* Makes sure that the peer knows the segment; PAR_E_AGAIN: there is no room for that now. */
int par_lend_announce(par_channel *channel, par_segment *segment, uint32_t mode, par_error *err);
void par_lend_add(par_channel *channel, par_segment *segment);
void par_lend_undo(par_channel *channel, par_segment *segment);
bool par_lend_knows(const par_channel *channel, const par_segment *segment);
/* What the peer says. PAR_OK, PAR_E_CORRUPT. */
int par_lend_take_release(par_channel *channel, const par_record_release *record);
/* Bytes in segments of this thread's pool that are lent. */
uint64_t par_lend_bytes(void);
/* The channels of this thread whose peers know segments of ours: the first, and the one behind it; NULL: no more. */
par_channel *par_lend_first(void);
par_channel *par_lend_next(const par_channel *channel);
/* Ends what was lent to this channel's peer. */
void par_lend_close(par_channel *channel);

#endif
