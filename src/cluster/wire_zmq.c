#include "cluster/wire_zmq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES ((size_t)256 << 10) /* pieces: whole messages of megabytes make libzmq stall */

void par_zmq_set(const par_zmq *zmq, void *socket, int option, int value) { zmq->setsockopt(socket, option, &value, sizeof value); }

int par_zmq_get(const par_zmq *zmq, void *socket, int option)
{
    int value = 0;
    size_t len = sizeof value;
    zmq->getsockopt(socket, option, &value, &len);
    return value;
}

void par_zmq_prepare(const par_zmq *zmq, void *socket)
{
    int64_t most = (int64_t)MESSAGE_MAX_BYTES * 2;
    par_zmq_set(zmq, socket, PAR_ZMQ_SNDHWM, 16);
    par_zmq_set(zmq, socket, PAR_ZMQ_RCVHWM, 16);
    par_zmq_set(zmq, socket, PAR_ZMQ_LINGER, 200);
    par_zmq_set(zmq, socket, PAR_ZMQ_IMMEDIATE, 1);
    par_zmq_set(zmq, socket, PAR_ZMQ_HANDSHAKE_IVL, 10000);
    par_zmq_set(zmq, socket, PAR_ZMQ_HEARTBEAT_IVL, 1000);
    par_zmq_set(zmq, socket, PAR_ZMQ_HEARTBEAT_TIMEOUT, 5000);
    zmq->setsockopt(socket, PAR_ZMQ_MAXMSGSIZE, &most, sizeof most);
}

/* --- a wire --- */
static int64_t wire_write(par_wire *wire, const par_os_part *parts, int n)
{
    par_zmq_wire *self = (par_zmq_wire *)wire;
    const par_zmq *zmq = self->zmq;
    size_t total = 0, done = 0;
    par_zmq_message message;
    for (int i = 0; i < n; i++) total += parts[i].len;
    if (total > MESSAGE_MAX_BYTES) total = MESSAGE_MAX_BYTES;
    if (self->number && !self->came) return PAR_E_AGAIN;
    *self->stale = true;
    if (self->number && zmq->send(self->socket, &self->number, sizeof self->number, PAR_ZMQ_DONTWAIT | PAR_ZMQ_SNDMORE) < 0)
        return errno == EAGAIN ? PAR_E_AGAIN : PAR_E_CLOSED;
    if (zmq->msg_init_size(&message, total) != 0) return PAR_E_SYSTEM;
    for (int i = 0; i < n && done < total; i++) {
        size_t len = parts[i].len < total - done ? parts[i].len : total - done;
        memcpy((char *)zmq->msg_data(&message) + done, parts[i].bytes, len);
        done += len;
    }
    if (zmq->msg_send(&message, self->socket, PAR_ZMQ_DONTWAIT) >= 0) return (int64_t)total;
    int error = errno;
    zmq->msg_close(&message);
    return error == EAGAIN ? PAR_E_AGAIN : PAR_E_CLOSED;
}

void par_zmq_wire_push(par_zmq_wire *self, par_zmq_arrived *one)
{
    one->next = NULL;
    one->at = 0;
    if (!self->first) self->end = &self->first;
    *self->end = one;
    self->end = &one->next;
}

static void pop(par_zmq_wire *self)
{
    par_zmq_arrived *first = self->first;
    self->first = first->next;
    self->zmq->msg_close(&first->message);
    free(first);
}

/* An agent takes from its socket; a hub has done so for all its wires. */
static void take_in(par_zmq_wire *self)
{
    if (self->number || self->first) return;
    par_zmq_arrived *one = malloc(sizeof *one);
    if (!one) return;
    self->zmq->msg_init(&one->message);
    if (self->zmq->msg_recv(&one->message, self->socket, PAR_ZMQ_DONTWAIT) < 0) {
        if (errno == EAGAIN) self->own_stale = false;
        self->zmq->msg_close(&one->message);
        free(one);
        return;
    }
    par_zmq_wire_push(self, one);
}

static int64_t wire_read(par_wire *wire, const par_os_part *parts, int n)
{
    par_zmq_wire *self = (par_zmq_wire *)wire;
    int64_t done = 0;
    take_in(self);
    for (int i = 0; i < n && self->first; i++)
        for (size_t at = 0; at < parts[i].len && self->first;) {
            par_zmq_arrived *first = self->first;
            size_t there = self->zmq->msg_size(&first->message) - first->at, room = parts[i].len - at, len = there < room ? there : room;
            memcpy((char *)parts[i].bytes + at, (const char *)self->zmq->msg_data(&first->message) + first->at, len);
            at += len;
            first->at += len;
            done += (int64_t)len;
            if (len == there) pop(self);
        }
    return done ? done : PAR_E_AGAIN;
}

void par_zmq_wire_ignore(par_zmq_wire *self)
{
    while (self->first) pop(self);
    if (self->place) *self->place = NULL;
    self->place = NULL;
}

static void wire_close(par_wire *wire)
{
    par_zmq_wire *self = (par_zmq_wire *)wire;
    par_zmq_wire_ignore(self);
    if (self->context) {
        if (self->socket) self->zmq->close(self->socket);
        self->zmq->ctx_term(self->context);
    }
    free(self);
}

par_zmq_wire *par_zmq_wire_new(const par_zmq *zmq)
{
    static const par_wire_kind kind = {wire_write, wire_read, wire_close};
    par_zmq_wire *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    self->wire = (par_wire){.kind = &kind, .read_fd = -1, .write_fd = -1};
    self->zmq = zmq;
    self->stale = &self->own_stale;
    return self;
}

/* --- the agent's side --- */
int par_dial(par_wire **out, const par_ticket *ticket, par_error *err)
{
    const par_zmq *zmq = par_zmq_load(err);
    par_zmq_wire *self = zmq ? par_zmq_wire_new(zmq) : NULL;
    if (!self) return zmq ? par_error_set(err, PAR_E_NOMEM, "out of memory") : err->code;
    uint32_t number = (uint32_t)strtoul(ticket->number, NULL, 10);
    self->context = zmq->ctx_new();
    self->socket = self->context ? zmq->socket(self->context, PAR_ZMQ_DEALER) : NULL;
    if (self->socket) {
        par_zmq_prepare(zmq, self->socket);
        par_zmq_set(zmq, self->socket, PAR_ZMQ_IPV6, strchr(ticket->endpoint, '[') != NULL);
        par_zmq_set(zmq, self->socket, PAR_ZMQ_RECONNECT_IVL, -1);
        zmq->setsockopt(self->socket, PAR_ZMQ_ROUTING_ID, &number, sizeof number);
        zmq->setsockopt(self->socket, PAR_ZMQ_CURVE_SERVERKEY, ticket->server_key, sizeof ticket->server_key);
        zmq->setsockopt(self->socket, PAR_ZMQ_CURVE_PUBLICKEY, ticket->public_key, sizeof ticket->public_key);
        zmq->setsockopt(self->socket, PAR_ZMQ_CURVE_SECRETKEY, ticket->secret_key, sizeof ticket->secret_key);
    }
    if (!self->socket || zmq->connect(self->socket, ticket->endpoint) != 0) {
        par_error_system(err, "cannot connect to %s", ticket->endpoint);
        wire_close(&self->wire);
        return err->code;
    }
    self->wire.read_fd = par_zmq_get(zmq, self->socket, PAR_ZMQ_FD);
    *out = &self->wire;
    return PAR_OK;
}

void par_dial_look(par_wire *wire) { ((par_zmq_wire *)wire)->own_stale = true; }

bool par_dial_has(par_wire *wire)
{
    par_zmq_wire *self = (par_zmq_wire *)wire;
    if (self->own_stale) take_in(self);
    return self->first != NULL;
}
