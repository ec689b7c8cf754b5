/* Where agents connect to without encryption. Who has proved the key of a ticket comes in, with each once (proof.h). */
#ifndef PAR_CLUSTER_LISTENER_H
#define PAR_CLUSTER_LISTENER_H

#include "cluster/loop.h"
#include "cluster/ticket.h"

#define PAR_CALLERS_MAX 128u /* who have connected and not proved anything yet; one more, and the oldest is sent away */

typedef struct par_listener par_listener;

/* Listens at this address (not at all of them), on the first port from `first` to `last` that is free; 0, 0: on any. */
int par_listener_open(par_listener **out, par_loop *loop, const char *address, unsigned first, unsigned last, par_error *err);
void par_listener_close(par_listener *listener);
/* A new ticket. Whoever comes with it is given to `arrived`, as a stream. The listener listens from then on. */
int par_listener_invite(par_listener *listener, par_ticket *ticket, void (*arrived)(void *user, int fd), void *user, par_error *err);
/* Nobody is to be given to this user any more. */
void par_listener_forget(par_listener *listener, const void *user);
/* Nobody else is expected: stops to listen until the next invitation. */
void par_listener_rest(par_listener *listener);
/* Sends away who has been silent for too long. Returns when it wants to be called again. */
int64_t par_listener_tick(par_listener *listener, int64_t now_ns);

#endif
