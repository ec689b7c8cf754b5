/* Another child of our parent, as a link: an ordinary channel, made by the parent, with an end for each of the two. Nothing is known of
 * its process but that it has ended. */
#ifndef PAR_LINK_PEER_H
#define PAR_LINK_PEER_H

#include "link/link.h"

/* Both ends of a link between two of our children, to be sent to them as descriptors (share.h). */
int par_peer_pair(size_t ring_bytes, int sockets[2], par_error *err);
/* In one of them: takes the descriptor over if it succeeds. The end is freed with par_link_close. */
int par_peer_attach(par_link **out, int socket_fd, uint32_t id, par_error *err);

/* --- memory that both are to see, beside the messages of users, whose order it does not change. Neither of these waits. --- */
/* Sends all of a blob that travels by reference (share.h). `number`: by which the other knows what it is. PAR_E_AGAIN: no room. */
int par_peer_lend(par_link *link, uint64_t number, par_blob *blob, par_error *err);
/* What came with this number, with a reference; NULL: it did not. Takes in what has come. */
par_blob *par_peer_borrow(par_link *link, uint64_t number);

#endif
