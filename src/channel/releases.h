/* Lends that peers have given back, looked for. */
#ifndef PAR_CHANNEL_RELEASES_H
#define PAR_CHANNEL_RELEASES_H

#include "channel/state.h"

/* All channels of this thread with lends look for releases; did any come? `take`: even behind messages nobody has
 * received. */
bool par_releases_look(bool take);

#endif
