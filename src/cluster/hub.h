/* Where agents connect to by libzmq. Only keys that the hub has made itself come in, each once. It listens as long as it is there: who
 * has come in by a listener of libzmq is ended with it. */
#ifndef PAR_CLUSTER_HUB_H
#define PAR_CLUSTER_HUB_H

#include "cluster/wire_zmq.h"

typedef struct par_hub par_hub;

/* Listens at this address (not at all of them), on the first port from `first` to `last` that is free; 0, 0: on any. */
int par_hub_open(par_hub **out, const char *address, unsigned first, unsigned last, par_error *err);
void par_hub_close(par_hub *hub); /* its wires have to be closed before */
/* A new ticket, and the wire to whoever comes with it: nothing can be written before he has said something. */
int par_hub_invite(par_hub *hub, par_ticket *ticket, par_wire **out, par_error *err);
/* Readable when there may be something to do: par_hub_look is told which of them. That is told once, and whatever is written to a wire of the
 * hub may use it up: before each sleep the hub is to be served, which costs nothing when nothing can have come. */
int par_hub_fd(const par_hub *hub);
int par_hub_gate_fd(const par_hub *hub);
void par_hub_look(par_hub *hub, int fd);
/* Takes in what has come, for all wires; lets in those who may. false: there may be more. */
bool par_hub_serve(par_hub *hub);
unsigned par_hub_refused(const par_hub *hub); /* strangers so far */
/* Has this wire something to read? */
bool par_hub_has(const par_wire *wire);
/* Nobody reads this wire any more: what still comes for it is dropped. */
void par_hub_ignore(par_wire *wire);

#endif
