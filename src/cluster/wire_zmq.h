/* Connections over libzmq, encrypted and authenticated by CURVE: the bridge listens with a hub (hub.h), each agent dials it. */
#ifndef PAR_CLUSTER_WIRE_ZMQ_H
#define PAR_CLUSTER_WIRE_ZMQ_H

#include "cluster/ticket.h"
#include "cluster/wire.h"
#include "cluster/zmq.h"

/* Connects. par_dial_look: read_fd of the wire is readable. That is told once, and whatever is said over the wire may use it up: before each
 * sleep par_dial_has is to be asked, which costs nothing when nothing can have come. */
int par_dial(par_wire **out, const par_ticket *ticket, par_error *err);
void par_dial_look(par_wire *wire);
bool par_dial_has(par_wire *wire);

/* --- for hub.c --- */
/* A message that came, of which `at` bytes were read. */
typedef struct par_zmq_arrived par_zmq_arrived;
struct par_zmq_arrived {
    par_zmq_arrived *next;
    size_t at;
    par_zmq_message message;
};

typedef struct par_zmq_wire {
    par_wire wire;
    const par_zmq *zmq;
    void *context, *socket; /* context: an agent's own; NULL: the socket is a hub's */
    uint32_t number;        /* by which the hub knows the other end; 0: of an agent's own socket */
    bool came;              /* the other end has said something */
    bool own_stale, *stale; /* something may have come of which no descriptor tells: the wire's, or its hub's */
    void **place;           /* the hub's pointer to this wire; NULL: an agent's own, or one that is ignored */
    par_zmq_arrived *first, **end;
} par_zmq_wire;

par_zmq_wire *par_zmq_wire_new(const par_zmq *zmq);
void par_zmq_wire_push(par_zmq_wire *wire, par_zmq_arrived *one);
void par_zmq_wire_ignore(par_zmq_wire *wire);           /* forgets what has come, and leaves its place at the hub */
void par_zmq_prepare(const par_zmq *zmq, void *socket); /* what both ends set */
void par_zmq_set(const par_zmq *zmq, void *socket, int option, int value);
int par_zmq_get(const par_zmq *zmq, void *socket, int option);

#endif
