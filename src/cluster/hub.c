#include "cluster/hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/log.h"

#define MESSAGES_AT_ONCE 64

typedef struct guest {
    uint32_t number;
    unsigned char key[32]; /* as it comes in a handshake */
    bool used;
    void *wire; /* par_zmq_wire; NULL: closed */
} guest;

struct par_hub {
    const par_zmq *zmq;
    void *context, *router, *gate; /* gate: where libzmq asks who may come in */
    char address[64];
    unsigned first, last; /* ports */
    char endpoint[PAR_ENDPOINT_BYTES];
    char public_key[PAR_KEY_TEXT];
    guest guests[PAR_TICKETS_MAX];
    uint32_t n_guests;
    unsigned refused;
    bool stale, asked; /* something may have come to the router, to the gate */
};

/* --- listening --- */
static int open_sockets(par_hub *hub, par_error *err)
{
    char secret_key[PAR_KEY_TEXT];
    const par_zmq *zmq = hub->zmq;
    hub->context = zmq->ctx_new();
    hub->gate = hub->context ? zmq->socket(hub->context, PAR_ZMQ_REP) : NULL;
    hub->router = hub->gate ? zmq->socket(hub->context, PAR_ZMQ_ROUTER) : NULL;
    if (!hub->router || zmq->bind(hub->gate, "inproc://zeromq.zap.01") != 0) return par_error_system(err, "cannot make a socket of libzmq");
    if (zmq->curve_keypair(hub->public_key, secret_key) != 0)
        return par_error_set(err, PAR_E_UNSUPPORTED, "this libzmq was built without CURVE, which encrypts connections");
    par_zmq_prepare(zmq, hub->router);
    par_zmq_set(zmq, hub->router, PAR_ZMQ_IPV6, strchr(hub->address, ':') != NULL);
    par_zmq_set(zmq, hub->router, PAR_ZMQ_ROUTER_MANDATORY, 1);
    par_zmq_set(zmq, hub->router, PAR_ZMQ_CURVE_SERVER, 1);
    zmq->setsockopt(hub->router, PAR_ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key);
    zmq->setsockopt(hub->router, PAR_ZMQ_ZAP_DOMAIN, "parallel", 8);
    return PAR_OK;
}

static bool bind_to(par_hub *hub, unsigned port)
{
    char endpoint[PAR_ENDPOINT_BYTES], number[12] = "*";
    bool bare = strchr(hub->address, ':') != NULL && hub->address[0] != '['; /* of IPv6 */
    if (port) snprintf(number, sizeof number, "%u", port);
    snprintf(endpoint, sizeof endpoint, bare ? "tcp://[%s]:%s" : "tcp://%s:%s", hub->address, number);
    return hub->zmq->bind(hub->router, endpoint) == 0;
}

static int listen_at(par_hub *hub, par_error *err)
{
    size_t len = sizeof hub->endpoint;
    bool bound = false;
    for (unsigned port = hub->first; port <= hub->last && !bound; port++) bound = bind_to(hub, port);
    if (!bound && hub->last > hub->first)
        return par_error_system(err, "cannot listen at %s, on no port from %u to %u", hub->address, hub->first, hub->last);
    if (!bound) return par_error_system(err, "cannot listen at %s, port %u", hub->address, hub->first);
    hub->zmq->getsockopt(hub->router, PAR_ZMQ_LAST_ENDPOINT, hub->endpoint, &len);
    return PAR_OK;
}

int par_hub_open(par_hub **out, const char *address, unsigned first, unsigned last, par_error *err)
{
    const par_zmq *zmq = par_zmq_load(err);
    par_hub *hub = zmq ? calloc(1, sizeof *hub) : NULL;
    if (!hub) return zmq ? par_error_set(err, PAR_E_NOMEM, "out of memory") : err->code;
    hub->zmq = zmq;
    hub->first = first;
    hub->last = last;
    snprintf(hub->address, sizeof hub->address, "%s", address);
    int rc = open_sockets(hub, err);
    if (rc == PAR_OK) rc = listen_at(hub, err);
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

/* --- who may come --- */
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

/* A new guest, in a place that nobody has (any more). NULL: there is none. */
static guest *new_guest(par_hub *hub)
{
    uint32_t place = 0;
    while (place < hub->n_guests && hub->guests[place].wire) place++;
    if (place == PAR_TICKETS_MAX) return NULL;
    if (place == hub->n_guests) hub->n_guests++;
    guest *one = &hub->guests[place];
    *one = (guest){.number = par_ticket_next(place, one->number)};
    return one;
}

int par_hub_invite(par_hub *hub, par_ticket *ticket, par_wire **out, par_error *err)
{
    par_zmq_wire *wire = par_zmq_wire_new(hub->zmq);
    if (!wire) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    guest *one = new_guest(hub);
    if (!one) {
        par_wire_close(&wire->wire);
        return par_error_set(err, PAR_E_LIMIT, "more than %u agents", PAR_TICKETS_MAX);
    }
    *ticket = (par_ticket){0};
    memcpy(ticket->endpoint, hub->endpoint, sizeof ticket->endpoint);
    memcpy(ticket->server_key, hub->public_key, sizeof ticket->server_key);
    hub->zmq->curve_keypair(ticket->public_key, ticket->secret_key);
    snprintf(ticket->number, sizeof ticket->number, "%u", one->number);
    key_bytes(one->key, ticket->public_key);
    one->wire = wire;
    wire->place = &one->wire;
    wire->socket = hub->router;
    wire->number = one->number;
    wire->stale = &hub->stale;
    *out = &wire->wire;
    return PAR_OK;
}

int par_hub_fd(const par_hub *hub) { return par_zmq_get(hub->zmq, hub->router, PAR_ZMQ_FD); }
int par_hub_gate_fd(const par_hub *hub) { return par_zmq_get(hub->zmq, hub->gate, PAR_ZMQ_FD); }
unsigned par_hub_refused(const par_hub *hub) { return hub->refused; }
bool par_hub_has(const par_wire *wire) { return ((const par_zmq_wire *)wire)->first != NULL; }
void par_hub_ignore(par_wire *wire) { par_zmq_wire_ignore((par_zmq_wire *)wire); }

/* Whose key is it, and is it the first time that it is used? 0: nobody's. */
static uint32_t admit(par_hub *hub, const unsigned char *key, const char *from)
{
    for (uint32_t i = 0; i < hub->n_guests; i++) {
        guest *one = &hub->guests[i];
        if (memcmp(one->key, key, 32) != 0) continue;
        if (!one->used) {
            one->used = true;
            return one->number;
        }
        par_log("refused a connection from %s: the key of agent %u was used before", from, one->number);
        return 0;
    }
    par_log("refused a connection from %s: its key is none of this run's", from);
    return 0;
}

/* The parts of a question at the gate, in their order. */
enum { VERSION, REQUEST, DOMAIN, ADDRESS, IDENTITY, MECHANISM, KEY, PARTS };
typedef struct question {
    unsigned char part[PARTS][256];
    int len[PARTS];
    int n;
} question;

static bool take_question(par_hub *hub, question *out)
{
    const par_zmq *zmq = hub->zmq;
    unsigned char more[256];
    out->n = 0;
    do {
        int i = out->n, room = (int)sizeof more - 1,
            len = zmq->recv(hub->gate, i < PARTS ? out->part[i] : more, (size_t)room, PAR_ZMQ_DONTWAIT);
        if (len < 0) return false;
        if (i < PARTS) {
            out->len[i] = len < room ? len : room;
            out->part[i][out->len[i]] = 0;
        }
        out->n++;
    } while (par_zmq_get(zmq, hub->gate, PAR_ZMQ_RCVMORE));
    return true;
}

static bool was_interrupted(void) { return errno == EINTR; }

/* Answers one question at the gate. false: there was none. */
static bool answer_gate(par_hub *hub)
{
    const par_zmq *zmq = hub->zmq;
    question asked;
    char name[12];
    if (!take_question(hub, &asked)) return was_interrupted();
    bool good = asked.n == PARTS && asked.len[KEY] == 32;
    uint32_t number = good ? admit(hub, asked.part[KEY], (const char *)asked.part[ADDRESS]) : 0;
    snprintf(name, sizeof name, "%u", number);
    if (!number) hub->refused++;
    zmq->send(hub->gate, "1.0", 3, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, asked.part[REQUEST], asked.n > REQUEST ? (size_t)asked.len[REQUEST] : 0, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, number ? "200" : "400", 3, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, "", 0, PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, name, strlen(name), PAR_ZMQ_SNDMORE);
    zmq->send(hub->gate, "", 0, 0);
    return true;
}

/* --- what comes --- */
/* The wire that the message is for: the name it came under has to be that of its key. */
static par_zmq_wire *wire_for(par_hub *hub, const par_zmq_arrived *one, uint32_t number)
{
    const char *user = hub->zmq->msg_gets(&one->message, "User-Id");
    const guest *who = &hub->guests[par_ticket_place(number)];
    if (number == 0 || who->number != number || !user || (uint32_t)strtoul(user, NULL, 10) != number) return NULL;
    return who->wire;
}

/* One message off the router. false: there was none. */
static bool take_message(par_hub *hub)
{
    const par_zmq *zmq = hub->zmq;
    uint32_t number = 0;
    unsigned char name[256];
    int len = zmq->recv(hub->router, name, sizeof name, PAR_ZMQ_DONTWAIT);
    if (len < 0) return was_interrupted();
    if (len == (int)sizeof number) memcpy(&number, name, sizeof number);
    while (par_zmq_get(zmq, hub->router, PAR_ZMQ_RCVMORE)) {
        par_zmq_arrived *one = malloc(sizeof *one);
        if (!one) return false;
        zmq->msg_init(&one->message);
        par_zmq_wire *wire = zmq->msg_recv(&one->message, hub->router, PAR_ZMQ_DONTWAIT) >= 0 ? wire_for(hub, one, number) : NULL;
        if (wire) {
            wire->came = true;
            par_zmq_wire_push(wire, one);
        } else {
            zmq->msg_close(&one->message);
            free(one);
        }
    }
    return true;
}

void par_hub_look(par_hub *hub, int fd)
{
    if (fd == par_hub_gate_fd(hub)) hub->asked = true;
    else hub->stale = true;
}

bool par_hub_serve(par_hub *hub)
{
    for (int i = 0; i < MESSAGES_AT_ONCE && hub->asked; i++) hub->asked = answer_gate(hub);
    for (int i = 0; i < MESSAGES_AT_ONCE && hub->stale; i++) hub->stale = take_message(hub);
    return !hub->asked && !hub->stale;
}
