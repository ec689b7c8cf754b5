/* Streams between two members of a group that are on different hosts: each end is a channel to one of them, or in the bridge to the
 * stream that leads on to the other's host. A stream ends when both ends have said that theirs has. */
#ifndef PAR_CLUSTER_BETWEEN_H
#define PAR_CLUSTER_BETWEEN_H

#include "cluster/mux.h"

/* socket: one of par_channel_pair's, taken over. PAR_E_LIMIT: there is such a stream. */
int par_between_open(par_mux *mux, uint32_t id, int socket, par_error *err);
/* What a par_mux_role hears of such a stream. */
void par_between_channel_end(par_stream *stream);
void par_between_delivered(par_stream *stream);
void par_between_heard(par_stream *stream); /* a frame PEER_END */
/* Frees those that are over. */
void par_betweens_free(par_mux *mux);

#endif
