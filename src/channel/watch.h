/* Channels that somebody watches while nobody waits in them: event loops and selectors. */
#ifndef PAR_CHANNEL_WATCH_H
#define PAR_CHANNEL_WATCH_H

#include "channel/state.h"

/* After every use of a watched channel: there may be more, so whoever watches has to look. */
void par_channel_touch(par_channel *channel);
/* Nothing was found: makes sure that the next thing wakes whoever watches. false: something is there after all. */
bool par_channel_rest_armed(par_channel *channel);
bool par_channel_rest_drained(par_channel *channel); /* the same just after its socket was read */
/* Does it rest from the last time, and has nothing come since? Its socket is not read. */
bool par_channel_rests(par_channel *channel);
/* The channel closes: nobody watches it any more. */
void par_channel_unwatch(par_channel *channel);

#endif
