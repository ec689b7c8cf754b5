/* The addresses of ours at which agents arrive that connect by themselves: one door for each address and way, opened when it is first
 * wanted. */
#ifndef PAR_CLUSTER_DOOR_H
#define PAR_CLUSTER_DOOR_H

#include "cluster/hub.h"
#include "cluster/listener.h"

typedef struct par_door par_door;
struct par_door {
    par_door *next;
    char address[64];
    unsigned first, last;   /* ports */
    par_hub *hub;           /* encrypted */
    par_listener *listener; /* or not */
    par_source sources[2];  /* the hub's */
};

/* The door for this address, ports and way, which may be open already. */
int par_door_open(par_door **out, par_door **doors, par_loop *loop, const char *address, unsigned first, unsigned last, bool encrypted,
                  par_error *err);
void par_doors_close(par_door *doors, par_loop *loop);
/* Takes in what has come by libzmq. false: there may be more. */
bool par_doors_serve(par_door *doors);
/* Sends away who waits for too long. Returns when it wants to be called again. */
int64_t par_doors_tick(par_door *doors, int64_t now_ns);
/* Nobody is expected any more. */
void par_doors_rest(par_door *doors);
void par_doors_forget(par_door *doors, const void *user);

#endif
