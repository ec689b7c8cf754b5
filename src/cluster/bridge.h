/* The bridge: the process on the user's machine that starts the agents of other hosts and stands for their children. Each of these has an
 * ordinary channel to the user's process, of which the bridge holds the other end. It ends, and they with it, when that process does. */
#ifndef PAR_CLUSTER_BRIDGE_H
#define PAR_CLUSTER_BRIDGE_H

#include "cluster/agent.h"
#include "cluster/ask.h"
#include "cluster/door.h"
#include "cluster/launch.h"
#include "cluster/launcher.h"
#include "cluster/loop.h"
#include "cluster/spread.h"

#define PAR_HOSTS_MAX 4096u
#define PAR_RESERVE 8

typedef struct par_host par_host;
typedef struct par_remote par_remote;

typedef struct par_bridge {
    par_loop loop;
    int socket; /* to the user's process */
    par_source requests;
    par_buffer in;
    par_buffer answers;      /* that the user's process has not read: it may compute for hours, and others are served meanwhile */
    int fds[PAR_OS_FDS_MAX]; /* that came and belong to requests which are not read yet */
    int n_fds;
    int reserve[PAR_RESERVE]; /* descriptors for what comes with a request, and for refusing it; -1: none */
    par_host **hosts;         /* by number */
    uint32_t n_hosts;
    par_host *former; /* lost, and launched anew, while what had come of their children was not read yet */
    par_remote *remotes;
    uint64_t grown_bytes;
    par_spread *spreads; /* groups over several hosts */
    par_error group_err; /* what went wrong with the one that is being made; PAR_OK */
    par_door *doors;     /* for agents that connect by themselves */
} par_bridge;

typedef enum par_host_phase { PAR_HOST_GREETING, PAR_HOST_RUNNING, PAR_HOST_FAILING, PAR_HOST_GONE } par_host_phase;

/* --- a host (host.c) --- */
struct par_host {
    par_host *next; /* of the former ones */
    par_bridge *bridge;
    uint32_t number;
    par_host_phase phase;
    char *name;            /* for people */
    par_launcher launcher; /* its pipes: the wire's, when they are the connection */
    par_source out_source, wire_source;
    uint8_t nonce[PAR_NONCE_BYTES];
    par_buffer noise;    /* what came before the nonce */
    int64_t deadline_ns; /* GREETING: to be up; FAILING: to know how the launcher ended */
    bool dials;          /* the agent connects by itself; else its pipes are the connection */
    par_wire *dialed;    /* by libzmq; NULL: not by that */
    par_mux *mux;
    par_mux_role role;
    char *path, *cpath; /* where modules lie that its children may have; NULL: they get none */
    char why[400];      /* it is not up, or no longer */
};

int par_host_launch(par_bridge *bridge, uint32_t number, const uint8_t *body, size_t len, par_error *err);
/* Ends its agent in good order. */
void par_host_drop(par_host *host, const char *why);
/* The body of PAR_ASK_PATHS. What cannot be read is no path. */
void par_host_set_paths(par_host *host, const uint8_t *body, size_t len);
int64_t par_host_tick(par_host *host, int64_t now_ns);
void par_host_free(par_host *host);

/* --- a child on a host, as the bridge has it (remote.c) --- */
struct par_remote {
    par_remote *next;
    par_bridge *bridge;
    par_host *host;
    uint32_t id; /* its number among the children of the user's process */
    par_stream *stream;
    int output[2]; /* where its output goes; -1: nowhere */
    par_buffer unwritten[2];
    bool started;               /* its agent has said whether it runs */
    uint32_t signals, retracts; /* questions that its agent has not answered */
    bool over;                  /* nothing more comes: what is left is delivered, then its channel closes */
    bool closed;                /* and it has been */
    bool acknowledged;          /* its agent has said its last word of it: */
    par_told_ended ended;
    size_t written[2]; /* bytes of output that were not granted again yet */
};

extern const par_mux_role par_remote_role;
int par_remote_start(par_host *host, uint32_t id, const uint8_t *body, size_t len, int *fds, int n_fds, par_error *err);
/* Says over the channel behind fd, which is closed, why there will be no child. */
void par_remote_refuse(int fd, const char *why);
/* Its host is lost. */
void par_remote_lose(par_remote *remote, const char *why);
int par_remote_on_frame(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err);
/* Frees those that are over; writes output that waits. */
int64_t par_remotes_tick(par_bridge *bridge, int64_t now_ns);
void par_remote_free(par_remote *remote);
void par_remotes_forget(par_bridge *bridge, const par_mux *mux); /* all that are on this connection */
bool par_remotes_have(const par_bridge *bridge, const par_mux *mux);

/* Children of this number that runs, or NULL. */
par_remote *par_remote_of(const par_bridge *bridge, const par_host *host, uint32_t id);
uint32_t par_remote_free_stream(const par_mux *mux); /* an id that no stream has; 0: all are taken */

/* --- groups of which children on other hosts are members (bridge_group.c); requests PAR_ASK_GROUP to PAR_ASK_GROUP_DONE --- */
/* Takes the descriptor over, if there is one. What fails is told at the end. */
void par_bridge_group(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int fd);
void par_bridge_group_bell(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int fd);
void par_bridge_group_peer(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int fd);
void par_bridge_group_done(par_bridge *bridge, const par_ask *ask);

/* --- answer.c --- */
void par_bridge_answer(par_bridge *bridge, uint32_t type, uint32_t host, const void *body, size_t len);
/* Writes answers that wait. false: there are some left. */
bool par_bridge_tell(par_bridge *bridge);
/* --- the bridge itself (bridge.c) --- */
/* Serves the user's process at the other end of the socket. */
int par_bridge_serve(int socket, par_error *err);

#endif
