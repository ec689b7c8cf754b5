/* What the bridge and the agent do all day: serve channels and connections, and wait for all of them together. */
#ifndef PAR_CLUSTER_LOOP_H
#define PAR_CLUSTER_LOOP_H

#include "channel/spin.h"
#include "cluster/mux.h"

#define PAR_LOOP_SOURCES_MAX 64 /* served at once */

/* A descriptor that is watched. */
typedef struct par_source par_source;
struct par_source {
    int fd; /* -1: not watched */
    void (*on_readable)(par_source *source);
    void *user;
};

typedef struct par_loop_role {
    void *context;
    /* Called in each round: does what is due, frees what has ended, and says when it wants to be called at the latest. */
    int64_t (*on_round)(void *context, int64_t now_ns);
} par_loop_role;

typedef struct par_loop {
    par_selector *selector;
    par_os_set *set;
    par_source channels;                /* the selector's */
    bool called;                        /* and it was readable */
    void *tokens[PAR_LOOP_SOURCES_MAX]; /* sources that are served in this round */
    int n_tokens;
    par_loop_role role;
    par_os_wait blocked[PAR_OS_WAITS_MAX]; /* connections that cannot be written right now, and the set */
    unsigned n_blocked;
    par_spin awake;  /* staying so between one message and the next */
    bool one_core;   /* where that is of no use */
    bool said;       /* something, by a channel, since the last wait; */
    int64_t said_ns; /* and the last time */
    bool stop;
} par_loop;

int par_loop_open(par_loop *loop, const par_loop_role *role, par_error *err);
void par_loop_close(par_loop *loop);
int par_loop_watch(par_loop *loop, par_source *source, int fd, par_error *err);
void par_loop_unwatch(par_loop *loop, par_source *source); /* before fd is closed; the source may be freed then */
/* Serves sources that are readable now. To be said in on_round. */
void par_loop_look(par_loop *loop);
/* To be said in on_round: when this connection has more to write, wake as soon as it can be written. Returns when to try again where no
 * descriptor tells (libzmq); else INT64_MAX. */
int64_t par_loop_await_room(par_loop *loop, const par_mux *mux, int64_t now_ns);
/* Until loop->stop. */
int par_loop_run(par_loop *loop, par_error *err);

#endif
