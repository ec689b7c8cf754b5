/* Connections over libzmq, encrypted and authenticated by CURVE: the bridge listens with a hub, each agent dials it. Only keys that the
 * hub has made itself come in, each once. */
#ifndef PAR_CLUSTER_WIRE_ZMQ_H
#define PAR_CLUSTER_WIRE_ZMQ_H

#include "base/buffer.h"
#include "cluster/wire.h"
#include "cluster/zmq.h"

#define PAR_HUB_ENDPOINT_BYTES 128

/* What an agent has to know to dial: it is told through its launcher's standard input. */
typedef struct par_hub_ticket {
    char endpoint[PAR_HUB_ENDPOINT_BYTES];
    char server_key[PAR_ZMQ_KEY_TEXT], public_key[PAR_ZMQ_KEY_TEXT], secret_key[PAR_ZMQ_KEY_TEXT];
    char number[12]; /* by which the hub knows it */
} par_hub_ticket;

/* As bytes, and back: PAR_E_CORRUPT. */
int par_ticket_put(par_buffer *out, const par_hub_ticket *ticket);
int par_ticket_get(par_hub_ticket *out, const uint8_t *bytes, size_t len, par_error *err);

typedef struct par_hub par_hub;

/* Listens on this address (not on all): port 0 is any that is free. */
int par_hub_open(par_hub **out, const char *address, unsigned port, par_error *err);
void par_hub_close(par_hub *hub); /* its wires have to be closed before */
/* A new ticket, and the wire to whoever comes with it: nothing can be written before he has said something. */
int par_hub_invite(par_hub *hub, par_hub_ticket *ticket, par_wire **out, par_error *err);
/* Readable when serve may have something to do. */
int par_hub_fd(const par_hub *hub);
int par_hub_gate_fd(const par_hub *hub);
/* Takes in what has come, for all wires; lets in those who may. To be called in every round. Strangers that were refused so far. */
unsigned par_hub_serve(par_hub *hub);
/* Has this wire something to read? */
bool par_hub_has(const par_wire *wire);
/* Nobody else is expected: stops to listen. */
void par_hub_unbind(par_hub *hub);

/* The agent's side. read_fd says when to look; par_dial_has asks. */
int par_dial(par_wire **out, const par_hub_ticket *ticket, par_error *err);
bool par_dial_has(const par_wire *wire);

#endif
