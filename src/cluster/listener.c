#include "cluster/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/log.h"
#include "cluster/proof.h"

#define PROVE_NS INT64_C(10000000000) /* a caller has this long */
#define ACCEPTS_AT_ONCE 64

typedef struct guest {
    uint32_t number;
    char key[PAR_KEY_TEXT];
    bool used;
    void (*arrived)(void *user, int fd);
    void *user; /* NULL: nobody waits for him any more */
} guest;

/* Somebody who has connected. */
typedef struct caller caller;
struct caller {
    caller *next;
    par_listener *listener;
    par_source source;
    char from[80];
    int64_t deadline_ns;
    bool asked; /* his question was answered */
    par_proof proof;
    uint8_t said[PAR_SHA256_BYTES];
    size_t said_len;
};

struct par_listener {
    par_loop *loop;
    char address[64];
    unsigned first, last, port; /* port: where it listened last */
    par_source source;          /* fd -1: it does not listen */
    guest *guests;
    uint32_t n_guests;
    caller *callers, **end; /* the oldest first */
    unsigned n_callers;
};

_Static_assert(PAR_PROOF_ASK_BYTES <= PAR_SHA256_BYTES, "both fit where they are gathered");

/* --- callers --- */
static void forget(caller *one)
{
    par_listener *listener = one->listener;
    int fd = one->source.fd;
    caller **at = &listener->callers;
    while (*at != one) at = &(*at)->next;
    *at = one->next;
    if (!*at) listener->end = at;
    listener->n_callers--;
    par_loop_unwatch(listener->loop, &one->source);
    par_os_close(fd);
    free(one);
}

static void refuse(caller *one, const char *why)
{
    par_log("refused a connection from %s: %s", one->from, why);
    forget(one);
}

static guest *guest_of(par_listener *listener, uint32_t number)
{
    guest *who = &listener->guests[par_ticket_place(number)];
    return number && who->number == number ? who : NULL;
}

/* His question is all there. A stranger who names a number that is none gets an answer that proves nothing, so it tells him nothing. */
static void answer(caller *one)
{
    uint8_t bytes[PAR_PROOF_ANSWER_BYTES];
    par_error err;
    const guest *who = par_proof_get_ask(&one->proof, one->said) ? guest_of(one->listener, one->proof.number) : NULL;
    if (!who) return refuse(one, "it does not speak as an agent of this run");
    if (who->used) return refuse(one, "the key of this agent was used before");
    if (par_os_random(one->proof.b, sizeof one->proof.b, &err) != PAR_OK) return refuse(one, err.text);
    memcpy(bytes, one->proof.b, sizeof one->proof.b);
    par_proof_make(bytes + sizeof one->proof.b, &one->proof, PAR_PROVES_BRIDGE, who->key);
    par_os_part part = {bytes, sizeof bytes};
    if (par_os_write_parts(one->source.fd, &part, 1) != (int64_t)sizeof bytes) return refuse(one, "it does not read");
    one->asked = true;
    one->said_len = 0;
}

static void judge(caller *one)
{
    uint8_t wanted[PAR_SHA256_BYTES];
    guest *who = guest_of(one->listener, one->proof.number);
    if (!who) return refuse(one, "nobody waits for this agent any more");
    par_proof_make(wanted, &one->proof, PAR_PROVES_AGENT, who->key);
    if (!par_same_secret(wanted, one->said, sizeof wanted)) return refuse(one, "it does not know the key of this run's agent");
    if (who->used) return refuse(one, "the key of this agent was used before");
    who->used = true;
    if (!who->user) return forget(one);
    int fd = one->source.fd;
    par_loop_unwatch(one->listener->loop, &one->source);
    one->source.fd = -1;
    forget(one);
    who->arrived(who->user, fd);
}

static void on_caller(par_source *source)
{
    caller *one = source->user;
    size_t wanted = one->asked ? PAR_SHA256_BYTES : PAR_PROOF_ASK_BYTES;
    par_os_part part = {one->said + one->said_len, wanted - one->said_len}; /* what follows is the connection's */
    int64_t n = par_os_read_parts(source->fd, &part, 1);
    if (n == PAR_E_AGAIN) return;
    if (n < 0) return forget(one); /* a scanner, or an agent that was ended */
    one->said_len += (size_t)n;
    if (one->said_len < wanted) return;
    if (one->asked) judge(one);
    else answer(one);
}

static int add_caller(par_listener *listener, int fd, const char *from, par_error *err)
{
    caller *one = calloc(1, sizeof *one);
    if (!one) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    if (listener->n_callers == PAR_CALLERS_MAX) refuse(listener->callers, "too many connect and say nothing");
    *one = (caller){.listener = listener, .source = {-1, on_caller, one}, .deadline_ns = par_os_now_ns() + PROVE_NS};
    snprintf(one->from, sizeof one->from, "%s", from);
    *listener->end = one;
    listener->end = &one->next;
    listener->n_callers++;
    int rc = par_loop_watch(listener->loop, &one->source, fd, err);
    if (rc != PAR_OK) forget(one);
    return rc;
}

static void on_listening(par_source *source)
{
    par_listener *listener = source->user;
    par_error err;
    char from[80];
    for (int i = 0, fd; i < ACCEPTS_AT_ONCE && par_os_accept(source->fd, &fd, from, sizeof from, &err) == PAR_OK; i++)
        if (add_caller(listener, fd, from, &err) != PAR_OK) par_os_close(fd);
}

/* --- listening --- */
static int listen_again(par_listener *listener, par_error *err)
{
    int fd = -1, rc = PAR_E_SYSTEM;
    if (listener->source.fd >= 0) return PAR_OK;
    for (unsigned port = listener->first; port <= listener->last && rc != PAR_OK; port++)
        rc = par_os_listen(listener->address, port, &fd, &listener->port, err);
    if (rc != PAR_OK && listener->last > listener->first)
        return par_error_set(err, rc, "no port from %u to %u of %s is free", listener->first, listener->last, listener->address);
    if (rc != PAR_OK) return rc;
    rc = par_loop_watch(listener->loop, &listener->source, fd, err);
    if (rc != PAR_OK) par_os_close(fd);
    return rc;
}

void par_listener_rest(par_listener *listener)
{
    int fd = listener->source.fd;
    par_loop_unwatch(listener->loop, &listener->source);
    par_os_close(fd);
    while (listener->callers) forget(listener->callers);
}

int par_listener_open(par_listener **out, par_loop *loop, const char *address, unsigned first, unsigned last, par_error *err)
{
    par_listener *listener = calloc(1, sizeof *listener);
    guest *guests = listener ? calloc(PAR_TICKETS_MAX, sizeof *guests) : NULL;
    if (!guests) {
        free(listener);
        return par_error_set(err, PAR_E_NOMEM, "out of memory");
    }
    *listener = (par_listener){.loop = loop, .first = first, .last = last, .source = {-1, on_listening, listener}, .guests = guests};
    listener->end = &listener->callers;
    snprintf(listener->address, sizeof listener->address, "%s", address);
    int rc = listen_again(listener, err);
    if (rc != PAR_OK) par_listener_close(listener);
    else *out = listener;
    return rc;
}

void par_listener_close(par_listener *listener)
{
    if (!listener) return;
    par_listener_rest(listener);
    free(listener->guests);
    free(listener);
}

/* A new guest, in a place that nobody has (any more). NULL: there is none. */
static guest *new_guest(par_listener *listener)
{
    uint32_t place = 0;
    while (place < listener->n_guests && listener->guests[place].user) place++;
    if (place == PAR_TICKETS_MAX) return NULL;
    if (place == listener->n_guests) listener->n_guests++;
    guest *one = &listener->guests[place];
    *one = (guest){.number = par_ticket_next(place, one->number)};
    return one;
}

int par_listener_invite(par_listener *listener, par_ticket *ticket, void (*arrived)(void *user, int fd), void *user, par_error *err)
{
    char key[PAR_KEY_TEXT];
    int rc = listen_again(listener, err);
    if (rc == PAR_OK) rc = par_proof_key(key, err);
    if (rc != PAR_OK) return rc;
    guest *one = new_guest(listener);
    if (!one) return par_error_set(err, PAR_E_LIMIT, "more than %u agents", PAR_TICKETS_MAX);
    memcpy(one->key, key, sizeof key);
    one->arrived = arrived;
    one->user = user;
    *ticket = (par_ticket){0};
    snprintf(ticket->endpoint, sizeof ticket->endpoint, "%s:%u", listener->address, listener->port);
    memcpy(ticket->secret_key, one->key, sizeof ticket->secret_key);
    snprintf(ticket->number, sizeof ticket->number, "%u", one->number);
    return PAR_OK;
}

void par_listener_forget(par_listener *listener, const void *user)
{
    for (uint32_t i = 0; i < listener->n_guests; i++)
        if (listener->guests[i].user == user) listener->guests[i].user = NULL;
}

int64_t par_listener_tick(par_listener *listener, int64_t now_ns)
{
    while (listener->callers && now_ns >= listener->callers->deadline_ns) refuse(listener->callers, "it says nothing");
    return listener->callers ? listener->callers->deadline_ns : INT64_MAX;
}
