/* Records of our own, which say what became of segments. */
#ifndef PAR_CHANNEL_NOTICES_H
#define PAR_CHANNEL_NOTICES_H

#include "channel/state.h"

/* Could a record of len bytes be put now? */
bool par_channel_has_room(par_channel *channel, uint64_t len);
/* Writes an internal record for which there is room. The peer learns of it with the next message. */
void par_channel_put_internal(par_channel *channel, uint32_t kind, const void *bytes, uint64_t len);
/* Tells the peer RELEASE or FORGET, now or as soon as there is room. Never waits. */
void par_channel_notify(par_channel *channel, uint32_t kind, uint64_t id, uint64_t n);
void par_channel_flush_notices(par_channel *channel);

#endif
