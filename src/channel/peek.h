/* What comes next in the ring. */
#ifndef PAR_CHANNEL_PEEK_H
#define PAR_CHANNEL_PEEK_H

#include "channel/state.h"

/* What comes next, without taking it out when it is a whole message: PAR_OK data (perhaps not all of it, if it is more
 * than may wait), PAR_NOTICE control, PAR_E_AGAIN nothing that can be given yet, or an error. */
int par_peek(par_channel *channel);
/* Is it something that receive would return with? */
bool par_peek_found(par_channel *channel, int rc);

#endif
