/* What a peer lent us. What it says is checked. */
#ifndef PAR_CHANNEL_BORROW_H
#define PAR_CHANNEL_BORROW_H

#include "channel/segment.h"
#include "channel/state.h"

/* The peer announces a segment, whose descriptor is in the socket. PAR_OK, PAR_E_CORRUPT; PAR_E_NOMEM, PAR_E_LIMIT, PAR_E_SYSTEM: it
 * can be tried again. */
int par_borrow_segment(par_channel *channel, const par_record_segment *record);
/* It lends a part of one: *out is a view of it. PAR_OK, PAR_E_CORRUPT, PAR_E_NOMEM. */
int par_borrow_take(par_channel *channel, const par_record_lend *record, par_blob **out);
/* It will not lend it again. PAR_OK, PAR_E_CORRUPT. */
int par_borrow_forget(par_channel *channel, const par_record_forget *record);
/* What is still in use stays valid. */
void par_borrow_close(par_channel *channel);

#endif
