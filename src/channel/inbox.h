/* Messages that wait to be received. */
#ifndef PAR_CHANNEL_INBOX_H
#define PAR_CHANNEL_INBOX_H

#include "channel/records.h"

void par_inbox_init(par_channel *channel);
void par_inbox_fini(par_channel *channel);
/* One message from the ring into the inbox or to on_control. PAR_OK, PAR_NOTICE (also: not yet a whole one), PAR_E_AGAIN or
 * worse. */
int par_inbox_take_one(par_channel *channel, par_error *err);
/* Takes what is complete from the ring into the inbox, no more than a part of what a peer may send meanwhile. Returns how many, or
 * a code. */
int par_channel_take_in(par_channel *channel, par_error *err);
/* Keeps a message that came off the ring. PAR_E_NOMEM: it is in the ring still; never for one that is a parcel already. */
int par_inbox_keep(par_channel *channel, const par_item *from, par_error *err);
/* The first message, the caller's from now on; the inbox must not be empty. */
par_parcel *par_inbox_pop(par_channel *channel);
void par_inbox_push_front(par_channel *channel, par_parcel *parcel);
/* Hands a control message to the owner and forgets it. */
void par_inbox_deliver(par_channel *channel, const par_item *from);
/* The payloads of a message that goes straight to the owner. */
par_payloads par_inbox_hand_over(par_channel *channel);
/* Frees a message, or keeps its buffer for the next long one. */
void par_inbox_recycle(par_channel *channel, par_parcel *parcel);

#endif
