/* A link: one other process (a child, or the parent) as this process sees it. The transport to it, what is known of its state, and the
 * control messages that came and were not asked for yet. Nothing above this folder knows on which transport a link stands. */
#ifndef PAR_LINK_LINK_H
#define PAR_LINK_LINK_H

#include <sys/types.h>

#include "base/frame.h"
#include "link/kept.h"
#include "link/protocol.h"
#include "link/relay.h"
#include "os/os.h"
#include "transport/transport.h"
#include "view/view.h"

typedef enum par_link_state {
    PAR_LINK_RUNNING,
    PAR_LINK_YIELDED,  /* it waits in parallel.yield() for our join */
    PAR_LINK_RETURNED, /* its code returned: the values are in `final` */
    PAR_LINK_FAILED,   /* its code raised an error: `final` is a PAR_KIND_FAILED */
    PAR_LINK_DIED,     /* killed by a signal, os.exit with a status other than 0, or cut off after a corrupt message */
    PAR_LINK_QUIT      /* it ended normally in mid-code: os.exit(0) */
} par_link_state;
const char *par_link_state_name(par_link_state state); /* "running", "yielded", ... */

typedef struct par_link {
    struct par_channel *channel; /* NULL once retired */
    uint32_t id;
    pid_t pid;      /* of the other process */
    pid_t owner;    /* the process that started it; a copy that this made by fork has the link too, but may not touch its process */
    bool is_parent; /* it is our parent */
    par_link_state state;
    par_kept *final;          /* RESULT or FAILED */
    par_kept *controls;       /* that came and nobody has asked for, oldest first; they count as messages that wait */
    par_kept *need;           /* the name of a module that this child asks us for; NULL: none */
    par_relay *relay;         /* of its output; NULL when it writes to ours */
    par_os_exit exit;         /* once its process has ended */
    bool asked;               /* somebody was told how it ended */
    bool hello;               /* its first message came */
    bool corrupt;             /* it wrote what cannot be, and was cut off */
    bool lost_control;        /* a control message could not be kept for want of memory */
    bool yield_told;          /* par_link_is_news has told of this yield */
    bool far;                 /* its process is on another machine */
    bool is_peer;             /* it is another child of our parent (peer.h): no process to look after */
    bool apart;               /* the child runs on another machine (apart.h): */
    bool answered, was_there; /*   the bridge has answered; the child's process was there */
    char *lost;               /*   why nobody knows how it ended; NULL: it is known */
    uint32_t given[2];        /*   how many chunks each slot was given */
    uint64_t words[2];        /*   its pool's words as they were heard last */
    int64_t claimed_ns;       /*   when it claimed a task last, by our clock */
    int64_t looked_ns;        /* when par_link_is_there last looked */
    char fingerprint[128];    /* of its Lua; empty before hello */
    /* Calls under way (frame.h): */
    const void *frame;   /* the outermost call that uses the link */
    const void *reading; /* one that reads a message where it lies; nothing else may be received meanwhile */
    bool closed;         /* par_link_close has come: it is freed when the last call leaves */
    uint64_t turn;       /* of the message that was received last */
    /* What the host (the Lua layer) wants to be asked and told: */
    bool (*interrupted)(void *host); /* shall a wait be left? It may run anything, and close links */
    void (*freed)(void *host);       /* the link is no more */
    void *host;
    struct par_link *next; /* family.c's list */
} par_link;

/* --- using a link (link.c) ---
 * Hooks, finalizers and signal handlers run in the middle of calls, and may close the very link that the call works on. Whoever calls
 * anything below that may call out enters first, and leaves before he raises an error. A link that is closed while it is used is only
 * marked, and its process killed; all calls on it end soon, and the last one frees it. */
typedef struct par_link_use {
    par_link *link;
    bool outermost;
} par_link_use;

__attribute__((always_inline)) static inline par_link_use par_link_enter(par_link *link)
{
    par_link_use use = {link, !PAR_FRAME_LIVES(link->frame)};
    if (use.outermost) link->frame = PAR_FRAME_HERE;
    return use;
}
bool par_link_leave_closed(par_link_use use);
/* false: it was closed meanwhile, and may be gone already. */
static inline bool par_link_leave(par_link_use use)
{
    par_view_goes_on();
    if (use.link->closed) return par_link_leave_closed(use);
    if (use.outermost) use.link->frame = use.link->reading = NULL;
    return true;
}
/* A child that still runs is killed. Freed now, or when nobody uses it any more (false). The parent's link stays, since its socket is
 * our life line (false). */
bool par_link_close(par_link *link);

/* --- what is known of the other process (exit.c, wait.c) --- */
static inline bool par_link_ended(const par_link *link) { return link->state >= PAR_LINK_RETURNED; } /* the code is over, whichever way */
/* Waits until a child has ended or yielded, taking in what it sends. PAR_OK: look at link->state. */
int par_link_wait(par_link *link, int64_t deadline_ns, par_error *err);
/* Waits, after that, until the process itself is gone and reaped. */
int par_link_reap(par_link *link, int64_t deadline_ns, par_error *err);
/* Waits for hello (a start that could fail silently). */
int par_link_wait_hello(par_link *link, int64_t deadline_ns, par_error *err);
/* In a child: waits for the next control message of this kind and hands it over (par_kept_free it). */
int par_link_wait_control(par_link *link, uint32_t kind, int64_t deadline_ns, par_kept **out, par_error *err);
/* Is one there already? Takes in what has come. */
bool par_link_has_control(par_link *link, uint32_t kind);
/* Is there anybody to send to? Looks at most once a millisecond or so, and for the parent at what the life line has seen; in between a
 * message to one who has just gone is accepted, as one that he does not read. */
bool par_link_is_there(par_link *link);
/* The transport said PAR_E_CLOSED or PAR_E_CORRUPT: finds out how the child ended. PAR_E_NOMEM, PAR_E_LIMIT: it said something more
 * that cannot be had now, so nobody knows yet. */
int par_link_lost(par_link *link, int code, par_error *err);
void par_link_kill(par_link *link);
/* Sends a signal. Was its process there? */
bool par_link_signal(par_link *link, int signal_number);
/* How its process ended, as far as that is known now; it is reaped if it has. */
const par_os_exit *par_link_exit(par_link *link);
/* A child that is gone, with no message left and nobody using it: closes its transport early (channel becomes NULL), keeps how it
 * ended. False when it is not that far. */
bool par_link_retire(par_link *link);
void par_link_resumed(par_link *link); /* our JOIN was sent: it runs again */

/* --- for the files of this folder --- */
static inline bool par_link_said_hello(const par_link *link) { return link->hello || par_link_ended(link); }
bool par_link_interrupted(par_link *link); /* shall a wait be left? */
par_transport_owner par_link_owner(par_link *link);
void par_link_free(par_link *link);                          /* a child that still runs is killed; NULL is allowed */
int par_link_not_open(const par_link *link, par_error *err); /* PAR_E_CLOSED, and why */
/* PAR_OK: it can be used; PAR_E_CLOSED: retired, or closed by a call further in. */
static inline int par_link_open(const par_link *link, par_error *err)
{
    return link->channel && !link->closed ? PAR_OK : par_link_not_open(link, err);
}
/* May messages be taken in, by a call that has found the link open? Not while one is read where it lies. */
int par_link_may_take(const par_link *link, par_error *err);

#endif
