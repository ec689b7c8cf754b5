/* Control messages, as they come off the transport: what they change, and what is kept of them. */
#ifndef PAR_LINK_CONTROL_H
#define PAR_LINK_CONTROL_H

#include "link/link.h"

/* For par_transport_owner; context is the link. */
void par_link_on_control(void *context, const par_message *message);
/* The first kept one of a kind, taken out of the list; NULL: there is none. par_kept_free it. */
par_kept *par_link_take_kept(par_link *link, uint32_t kind);
bool par_link_has_kept(const par_link *link, uint32_t kind);

#endif
