#include "cluster/wire_zmq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES ((size_t)256 << 10) /* pieces: whole messages of megabytes make libzmq stall */
#define TICKETS_MAX 4096u
#define MESSAGES_AT_ONCE 64

/* A message that came, of which `at` bytes were read. */
typedef struct arrived arrived;
struct arrived {
    arrived *next;
    size_t at;
    par_zmq_message message;
};

typedef struct zmq_wire {
    par_wire wire;
    const par_zmq *zmq;
    void *context, *socket; /* context: an agent's own */
    par_hub *hub;           /* or NULL */
    uint32_t number;        /* in the hub */
    bool came;              /* the peer has said something */
    arrived *first, **end;
} zmq_wire;

typedef struct guest {
    unsigned char key[32]; /* as it comes in a handshake */
    bool used;
    zmq_wire *wire;
} guest;

struct par_hub {
    const par_zmq *zmq;
    void *context, *router, *gate; /* gate: where libzmq asks who may come in */
    char endpoint[PAR_HUB_ENDPOINT_BYTES];
    char public_key[PAR_ZMQ_KEY_TEXT];
    guest guests[TICKETS_MAX];
    uint32_t n_guests;
    unsigned refused;
};

static int fail(par_error *err, const char *what) { return par_error_system(err, "%s", what); }

static void set_int(const par_zmq *zmq, void *socket, int option, int value) { zmq->setsockopt(socket, option, &value, sizeof value); }
static int get_int(const par_zmq *zmq, void *socket, int option)
{
    int value = 0;
    size_t len = sizeof value;
    zmq->getsockopt(socket, option, &value, &len);
    return value;
}

static void set_common(const par_zmq *zmq, void *socket)
{
    int64_t most = (int64_t)MESSAGE_MAX_BYTES * 2;
    set_int(zmq, socket, PAR_ZMQ_SNDHWM, 16);
    set_int(zmq, socket, PAR_ZMQ_RCVHWM, 16);
    set_int(zmq, socket, PAR_ZMQ_LINGER, 200);
    set_int(zmq, socket, PAR_ZMQ_IMMEDIATE, 1);
    set_int(zmq, socket, PAR_ZMQ_HANDSHAKE_IVL, 10000);
    set_int(zmq, socket, PAR_ZMQ_HEARTBEAT_IVL, 1000);
    set_int(zmq, socket, PAR_ZMQ_HEARTBEAT_TIMEOUT, 5000);
    zmq->setsockopt(socket, PAR_ZMQ_MAXMSGSIZE, &most, sizeof most);
}

/* --- a wire --- */
static int64_t wire_write(par_wire *wire, const par_os_part *parts, int n)
{
    zmq_wire *self = (zmq_wire *)wire;
    const par_zmq *zmq = self->zmq;
    size_t total = 0, done = 0;
    par_zmq_message message;
    for (int i = 0; i < n; i++) total += parts[i].len;
    if (total > MESSAGE_MAX_BYTES) total = MESSAGE_MAX_BYTES;
    if (self->hub && !self->came) return PAR_E_AGAIN;
    if (self->hub && zmq->send(self->socket, &self->number, sizeof self->number, PAR_ZMQ_DONTWAIT | PAR_ZMQ_SNDMORE) < 0)
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

static void push(zmq_wire *self, arrived *one)
{
    one->next = NULL;
    one->at = 0;
    if (!self->first) self->end = &self->first;
    *self->end = one;
    self->end = &one->next;
}

static void pop(zmq_wire *self)
{
    arrived *first = self->first;
    self->first = first->next;
    self->zmq->msg_close(&first->message);
    free(first);
}

/* An agent takes from its socket; a hub has done so for all its wires. */
static void take_in(zmq_wire *self)
{
    if (self->hub || self->first) return;
    arrived *one = malloc(sizeof *one);
    if (!one) return;
    self->zmq->msg_init(&one->message);
    if (self->zmq->msg_recv(&one->message, self->socket, PAR_ZMQ_DONTWAIT) < 0) {
        self->zmq->msg_close(&one->message);
        free(one);
        return;
    }
    push(self, one);
}

static int64_t wire_read(par_wire *wire, const par_os_part *parts, int n)
{
    zmq_wire *self = (zmq_wire *)wire;
    int64_t done = 0;
    take_in(self);
    for (int i = 0; i < n && self->first; i++)
        for (size_t at = 0; at < parts[i].len && self->first;) {
            arrived *first = self->first;
            size_t there = self->zmq->msg_size(&first->message) - first->at, room = parts[i].len - at, len = there < room ? there : room;
            memcpy((char *)parts[i].bytes + at, (const char *)self->zmq->msg_data(&first->message) + first->at, len);
            at += len;
            first->at += len;
            done += (int64_t)len;
            if (len == there) pop(self);
        }
    return done ? done : PAR_E_AGAIN;
}

static void wire_close(par_wire *wire)
{
    zmq_wire *self = (zmq_wire *)wire;
    while (self->first) pop(self);
    if (self->hub) {
        self->hub->guests[self->number - 1].wire = NULL;
    } else {
        if (self->socket) self->zmq->close(self->socket);
        if (self->context) self->zmq->ctx_term(self->context);
    }
    free(self);
}

static zmq_wire *wire_new(const par_zmq *zmq)
{
    static const par_wire_kind kind = {wire_write, wire_read, wire_close};
    zmq_wire *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    self->wire = (par_wire){.kind = &kind, .read_fd = -1, .write_fd = -1};
    self->zmq = zmq;
    return self;
}

/* --- the hub --- */
static int listen_at(par_hub *hub, const char *address, unsigned port, par_error *err)
{
    char secret_key[PAR_ZMQ_KEY_TEXT], endpoint[PAR_HUB_ENDPOINT_BYTES];
    const par_zmq *zmq = hub->zmq;
    size_t len = sizeof hub->endpoint;
    hub->context = zmq->ctx_new();
    hub->gate = hub->context ? zmq->socket(hub->context, PAR_ZMQ_REP) : NULL;
    hub->router = hub->gate ? zmq->socket(hub->context, PAR_ZMQ_ROUTER) : NULL;
    if (!hub->router || zmq->bind(hub->gate, "inproc://zeromq.zap.01") != 0) return fail(err, "cannot make a socket of libzmq");
    if (zmq->curve_keypair(hub->public_key, secret_key) != 0)
        return par_error_set(err, PAR_E_UNSUPPORTED, "this libzmq was built without CURVE, which encrypts connections");
    set_common(zmq, hub->router);
    set_int(zmq, hub->router, PAR_ZMQ_ROUTER_MANDATORY, 1);
    set_int(zmq, hub->router, PAR_ZMQ_CURVE_SERVER, 1);
    zmq->setsockopt(hub->router, PAR_ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key);
    zmq->setsockopt(hub->router, PAR_ZMQ_ZAP_DOMAIN, "parallel", 8);
    if (port) snprintf(endpoint, sizeof endpoint, "tcp://%s:%u", address, port);
    else snprintf(endpoint, sizeof endpoint, "tcp://%s:*", address);
    if (zmq->bind(hub->router, endpoint) != 0) return par_error_system(err, "cannot listen at %s", endpoint);
    zmq->getsockopt(hub->router, PAR_ZMQ_LAST_ENDPOINT, hub->endpoint, &len);
    return PAR_OK;
}

int par_hub_open(par_hub **out, const char *address, unsigned port, par_error *err)
{
    const par_zmq *zmq = par_zmq_load(err);
    par_hub *hub = zmq ? calloc(1, sizeof *hub) : NULL;
    if (!hub) return zmq ? par_error_set(err, PAR_E_NOMEM, "out of memory") : err->code;
    hub->zmq = zmq;
    int rc = listen_at(hub, address, port, err);
    if (rc != PAR_OK) par_hub_close(hub);
    else *out = hub;
    return rc;
}

void par_hub_close(par_hub *hub)
{
    if (!hub) return;
    if (hub->router) hub->zmq->close(hub->router);
    if (hub->gate) hub->zmq->close(hub->gate);
    if (hub->context) hub->zmq->ctx_term(hub->context);
    free(hub);
}

/* A key as it is sent, from its text: base 85, five characters for four bytes, the first one counting most. */
static void key_bytes(unsigned char out[32], const char *text)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    for (int i = 0; i < 8; i++) {
        uint32_t value = 0;
        for (int k = 0; k < 5; k++) value = value * 85 + (uint32_t)(strchr(digits, text[5 * i + k]) - digits);
        for (int k = 0; k < 4; k++) out[4 * i + k] = (unsigned char)(value >> (24 - 8 * k));
    }
}

int par_hub_invite(par_hub *hub, par_hub_ticket *ticket, par_wire **out, par_error *err)
{
    if (hub->n_guests == TICKETS_MAX) return par_error_set(err, PAR_E_LIMIT, "more than %u agents", TICKETS_MAX);
    zmq_wire *self = wire_new(hub->zmq);
    if (!self) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    guest *one = &hub->guests[hub->n_guests++];
    *ticket = (par_hub_ticket){0};
    memcpy(ticket->endpoint, hub->endpoint, sizeof ticket->endpoint);
    memcpy(ticket->server_key, hub->public_key, sizeof ticket->server_key);
    hub->zmq->curve_keypair(ticket->public_key, ticket->secret_key);
    snprintf(ticket->number, sizeof ticket->number, "%u", hub->n_guests);
    key_bytes(one->key, ticket->public_key);
    one->wire = self;
    self->hub = hub;
    self->socket = hub->router;
    self->number = hub->n_guests;
    *out = &self->wire;
    return PAR_OK;
}

int par_hub_fd(const par_hub *hub) { return get_int(hub->zmq, hub->router, PAR_ZMQ_FD); }
int par_hub_gate_fd(const par_hub *hub) { return get_int(hub->zmq, hub->gate, PAR_ZMQ_FD); }
void par_hub_unbind(par_hub *hub) { hub->zmq->unbind(hub->router, hub->endpoint); }
bool par_hub_has(const par_wire *wire) { return ((const zmq_wire *)wire)->first != NULL; }

/* Whose key is it, and is it the first time that it is used? 0: nobody's. */
static uint32_t admit(par_hub *hub, const unsigned char *key, size_t len)
{
    for (uint32_t i = 0; len == 32 && i < hub->n_guests; i++)
        if (memcmp(hub->guests[i].key, key, 32) == 0) {
            if (hub->guests[i].used) return 0;
            hub->guests[i].used = true;
            return i + 1;
        }
    return 0;
}

/* One question at the gate: version, request, domain, address, identity, mechanism, key. false: there was none. */
static bool answer_gate(par_hub *hub)
{
    const par_zmq *zmq = hub->zmq;
    unsigned char request[256], key[64], other[256];
    int request_len = 0, key_len = 0, n = 0;
    do {
        unsigned char *to = n == 1 ? request : n == 6 ? key : other;
        int room = n == 6 ? (int)sizeof key : (int)sizeof other, len = zmq->recv(hub->gate, to, (size_t)room, PAR_ZMQ_DONTWAIT);
        if (len < 0) return false;
        if (n == 1) request_len = len < room ? len : room;
        if (n == 6) key_len = len;
        n++;
    } while (get_int(zmq, hub->gate, PAR_ZMQ_RCVMORE));
    uint32_t number = n == 7 ? admit(hub, key, key_len == 32 ? 32 : 0) : 0;
    char name[12];
    snprintf(name, sizeof name, "%u", number);
    if (!number) hub->refused++;
    zmq->send(hub->gate, "1.0", 3, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, request, (size_t)request_len, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, number ? "200" : "400", 3, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, "", 0, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, name, strlen(name), PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, "", 0, 0);
    return true;
}

/* The wire that the message is for: the name it came under has to be that of its key. */
static zmq_wire *wire_for(par_hub *hub, const arrived *one, uint32_t number)
{
    const char *user = hub->zmq->msg_gets(&one->message, "User-Id");
    if (number == 0 || number > hub->n_guests || !user || (uint32_t)strtoul(user, NULL, 10) != number) return NULL;
    return hub->guests[number - 1].wire;
}

/* One message off the router. false: there was none. */
static bool take_message(par_hub *hub)
{
    const par_zmq *zmq = hub->zmq;
    uint32_t number = 0;
    unsigned char name[256];
    int len = zmq->recv(hub->router, name, sizeof name, PAR_ZMQ_DONTWAIT);
    if (len < 0) return false;
    if (len == (int)sizeof number) memcpy(&number, name, sizeof number);
    while (get_int(zmq, hub->router, PAR_ZMQ_RCVMORE)) {
        arrived *one = malloc(sizeof *one);
        if (!one) return false;
        zmq->msg_init(&one->message);
        zmq_wire *wire = zmq->msg_recv(&one->message, hub->router, PAR_ZMQ_DONTWAIT) >= 0 ? wire_for(hub, one, number) : NULL;
        if (wire) {
            wire->came = true;
            push(wire, one);
        } else {
            zmq->msg_close(&one->message);
            free(one);
        }
    }
    return true;
}

unsigned par_hub_serve(par_hub *hub)
{
    for (int i = 0; i < MESSAGES_AT_ONCE && get_int(hub->zmq, hub->gate, PAR_ZMQ_EVENTS) & PAR_ZMQ_POLLIN; i++)
        if (!answer_gate(hub)) break;
    for (int i = 0; i < MESSAGES_AT_ONCE && get_int(hub->zmq, hub->router, PAR_ZMQ_EVENTS) & PAR_ZMQ_POLLIN; i++)
        if (!take_message(hub)) break;
    return hub->refused;
}

/* --- the agent's side --- */
int par_dial(par_wire **out, const par_hub_ticket *ticket, par_error *err)
{
    const par_zmq *zmq = par_zmq_load(err);
    zmq_wire *self = zmq ? wire_new(zmq) : NULL;
    if (!self) return zmq ? par_error_set(err, PAR_E_NOMEM, "out of memory") : err->code;
    uint32_t number = (uint32_t)strtoul(ticket->number, NULL, 10);
    self->context = zmq->ctx_new();
    self->socket = self->context ? zmq->socket(self->context, PAR_ZMQ_DEALER) : NULL;
    if (self->socket) {
        set_common(zmq, self->socket);
        set_int(zmq, self->socket, PAR_ZMQ_RECONNECT_IVL, -1);
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
    self->wire.read_fd = get_int(zmq, self->socket, PAR_ZMQ_FD);
    *out = &self->wire;
    return PAR_OK;
}

bool par_dial_has(const par_wire *wire)
{
    const zmq_wire *self = (const zmq_wire *)wire;
    return self->first || get_int(self->zmq, self->socket, PAR_ZMQ_EVENTS) & PAR_ZMQ_POLLIN;
}
