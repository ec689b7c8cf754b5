/* A link: one relative (a child, or the parent) as this process sees it. The channel to it, what is known of its state,
 * and the control messages that came and were not asked for yet. */
#ifndef PAR_LINK_LINK_H
#define PAR_LINK_LINK_H

#include "channel/channel.h"
#include "os/os.h"
#include "link/forkserver.h"
#include "link/protocol.h"
#include "link/relay.h"

typedef enum par_link_state {
    PAR_LINK_RUNNING,
    PAR_LINK_YIELDED,  /* it waits in parallel.yield() for our join */
    PAR_LINK_RETURNED, /* its code returned: the values are in `final` */
    PAR_LINK_FAILED,   /* its code raised an error: `final` is a PAR_KIND_FAILED */
    PAR_LINK_DIED,     /* killed by a signal, os.exit with a status other than 0, or cut off after a corrupt message */
    PAR_LINK_QUIT      /* it ended normally in mid-code: os.exit(0) */
} par_link_state;
const char *par_link_state_name(par_link_state state); /* "running", "yielded", ... */

/* A control message, kept. */
typedef struct par_kept par_kept;
struct par_kept {
    par_kept *next;
    uint32_t kind;
    uint32_t n_payloads;
    par_blob **payloads;
    size_t len;
    uint8_t bytes[];
};
void par_kept_free(par_kept *kept);

typedef struct par_link {
    par_channel *channel;   /* NULL once retired */
    uint32_t id;
    pid_t pid;              /* of the relative's process */
    bool is_parent;         /* the relative is our parent */
    par_link_state state;
    par_kept *final;        /* RESULT or FAILED */
    par_kept *controls;     /* JOIN and EXEC that came, oldest first; they count as messages that wait */
    par_relay *relay;       /* of its output; NULL when it writes to ours */
    par_os_exit exit;       /* once its process has ended */
    bool asked;             /* somebody was told how it ended */
    bool hello;             /* its first message came */
    bool corrupt;           /* it wrote what cannot be, and was cut off */
    bool lost_control;      /* a control message could not be kept for want of memory */
    bool apart;             /* the child runs on another machine (apart.h): */
    bool answered, was_there; /*   the bridge has answered; the child's process was there */
    char *lost;             /*   why nobody knows how it ended; NULL: it is known */
    uint32_t given[2];      /*   how many chunks each slot was given */
    uint64_t words[2];      /*   its pool's words as they were heard last */
    int64_t claimed_ns;     /*   when it claimed a task last, by our clock */
    int64_t looked_ns;      /* when par_link_is_there last looked */
    char fingerprint[128];  /* of its Lua; empty before hello */
    /* The host's hook for interrupted waits (the Lua layer sets it). */
    bool (*interrupted)(void *host);
    void *host;
    struct par_link *next;  /* family.c's list */
} par_link;

typedef struct par_start_options {
    uint32_t id;
    size_t ring_bytes;
    const char *output;         /* NULL: it writes to ours; "prefix", "capture" or "null" */
    const char *prefix;         /* for "prefix" */
    par_os_spawn_options spawn; /* fds are filled in here */
    par_forkserver *server;     /* makes the child instead of a spawn; NULL for none */
    /* Has the child made on another machine instead: it gets these descriptors. NULL for none. */
    int (*place)(void *context, int child_socket, const int output[2], par_error *err);
    void *place_context;
} par_start_options;

/* Starts a child: channel, process, place in the family. */
int par_link_start(par_link **out, const par_start_options *options, par_error *err);
/* In a child: the link to the parent, over the inherited socket, with the life line that ends this process soon after
 * its parent. */
int par_link_attach(par_link **out, int socket_fd, par_error *err);
/* A child that still runs is killed. NULL is allowed. */
void par_link_free(par_link *link);

bool par_link_ended(const par_link *link); /* the code is over, whichever way */
/* Waits until a child has ended or yielded, taking in what it sends. PAR_OK: look at link->state. */
int par_link_wait(par_link *link, int64_t deadline_ns, par_error *err);
/* Waits, after that, until the process itself is gone and reaped. */
int par_link_reap(par_link *link, int64_t deadline_ns, par_error *err);
/* Waits for hello (a start that could fail silently). */
int par_link_wait_hello(par_link *link, int64_t deadline_ns, par_error *err);
/* In a child: waits for the next control message of this kind and hands it over (par_kept_free it). */
int par_link_wait_control(par_link *link, uint32_t kind, int64_t deadline_ns, par_kept **out, par_error *err);
/* Is there anybody to send to? Looks at most once a millisecond or so; in between a message to one who has just gone is
 * accepted, as one that he does not read. */
bool par_link_is_there(par_link *link);
/* The channel said PAR_E_CLOSED or PAR_E_CORRUPT: finds out how the child ended. PAR_E_NOMEM, PAR_E_LIMIT: it said something more
 * that cannot be had now, so nobody knows yet. */
int par_link_lost(par_link *link, int code, par_error *err);
void par_link_kill(par_link *link);
/* Sends a signal. Was its process there? */
bool par_link_signal(par_link *link, int signal_number);
/* A child that is gone and has no message left: closes its channel early (channel becomes NULL), keeps how it ended.
 * False when it is not that far. */
bool par_link_retire(par_link *link);
void par_link_resumed(par_link *link); /* our JOIN was sent: it runs again */

#endif
