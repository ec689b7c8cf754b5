/* Another child of our parent, as a link: an ordinary channel, made by the parent, with an end for each of the two. Nothing is known of
 * its process but that it has ended. */
#ifndef PAR_LINK_PEER_H
#define PAR_LINK_PEER_H

#include "link/link.h"

/* Both ends of a link between two of our children, to be sent to them as descriptors (share.h). */
int par_peer_pair(size_t ring_bytes, int sockets[2], par_error *err);
/* In one of them: takes the descriptor over if it succeeds. The end is freed with par_link_close. */
int par_peer_attach(par_link **out, int socket_fd, uint32_t id, par_error *err);

#endif
