/* What a channel holds. Only this folder includes it. */
#ifndef PAR_CHANNEL_STATE_H
#define PAR_CHANNEL_STATE_H

#include <sys/types.h>

#include "base/idmap.h"
#include "channel/channel.h"
#include "channel/grow.h"
#include "channel/parcel.h"
#include "channel/ring.h"
#include "channel/spin.h"

#define PAR_PUBLISH_STEP ((uint64_t)64 << 10) /* records that are longer than a few KB become visible in steps of this */
#define PAR_FDS_QUEUED_MAX 64                 /* descriptors that arrived and were not yet asked for */

/* One record on its way out. */
typedef struct par_tx_part {
    uint64_t word;
    const void *data; /* the record's bytes from `from` on */
    uint64_t len, from;
} par_tx_part;

/* A message on its way out: it can stop at any byte and go on later. */
typedef struct par_tx {
    const par_tx_part *parts;
    uint32_t n, at; /* the part being written */
    bool begun;     /* its header is written */
    uint64_t done;  /* and so many of its bytes */
} par_tx;

/* The message being read. */
typedef struct par_rx {
    uint64_t need;               /* need word: head has to reach this before there is something to do */
    bool streaming;              /* inside a record that is taken out bit by bit: */
    uint64_t left;               /*   bytes still to come */
    uint64_t padding;            /*   and padding behind them */
    par_parcel *parcel;          /*   into this long message, or */
    par_growing payload;         /*   into this payload */
    par_payloads payloads;       /* complete ones, for the next message */
    bool control;                /* `payload` is of a control message */
    uint64_t control_bytes;      /* of inbox_bytes: payloads of a control message that is not complete, */
    uint64_t control_heap_bytes; /*   and of these the ones in private memory */
    bool lent;                   /* the last message brought lends: the next one may be in the middle of its copy */
} par_rx;

/* Messages with lent payloads that the peer has not taken yet: lends take no room in the ring, so this is what slows down
 * a sender who is faster than its peer. */
typedef struct par_flight {
    struct {
        uint64_t end, bytes; /* where the message ends in the ring, what it lends */
    } message[PAR_FLIGHT_MAX_BYTES / PAR_LEND_MIN_BYTES];
    unsigned first, n;
    uint64_t bytes;
} par_flight;

/* Segments and peers (lend.c, borrow.c). */
typedef struct par_lends {
    par_idmap exports;          /* by our id: what the peer knows of a segment of ours */
    par_idmap imports;          /* by the peer's id: par_segment */
    uint64_t open;              /* lends that the peer has not given back */
    par_channel *next, *before; /* all channels of this thread that export something */
    bool listed;
} par_lends;

/* Somebody who wants to know when a channel was used: a selector's node begins with it. */
typedef struct par_watcher par_watcher;
struct par_watcher {
    par_watcher *next;                     /* of this channel */
    void (*touched)(par_watcher *watcher); /* there may be more to be received */
    void (*closing)(par_watcher *watcher); /* the channel ends: it has to leave the list */
};

#define PAR_NOT_ASKED (-2)

struct par_channel {
    par_writer out;
    par_reader in;
    uint64_t in_place_max; /* records up to this are handed out inside the ring */
    uint64_t lazy_bytes;   /* what is read may stay unreported up to this */
    int failed;            /* sticky PAR_E_CORRUPT, or 0 */
    bool gone;             /* the peer's end of file or death was seen: the bell will not ring again */
    bool notice;           /* a control message was delivered and no receive has told so yet */
    int socket;
    pid_t pid; /* the process whose channel this is */
    par_rx rx;
    par_tx rest;  /* of a message whose sender gave up in the middle (rest.parts is ours, one block) */
    par_tx *owed; /* what has to be out before anything else: that rest, or a message of which a call that waits, perhaps further out, has
                   * put a part there; NULL: nothing */
    par_parcel *inbox, **inbox_end;
    par_parcel *spare;          /* an empty one with a warm buffer */
    void *held;                 /* what the owner has not released: NULL, IN_PLACE or a parcel */
    par_payloads held_payloads; /* of the message in place */
    uint64_t inbox_limit;       /* of stats.inbox_bytes: past it only receive takes anything in; 0: not looked up yet */
    uint64_t control_limit;     /* of the private memory of one control message; the same */
    par_spin spin, yield;
    uint64_t answered_at; /* out.head when a spin found something last, */
    unsigned unanswered;  /*   and how many quick ones found it there before */
    unsigned quiet;       /* slices slept in a row without anything */
    unsigned slow;        /* waits in a row that the word was too short for */
    int peer_process;     /* what owner.peer_process said, or PAR_NOT_ASKED */
    par_channel_owner owner;
    par_channel_stats stats;
    int n_fds, fds[PAR_FDS_QUEUED_MAX];
    bool starved; /* the next descriptor found no room in this process: it is in the socket still */
    _Atomic uint32_t *my_bell, *peer_bell;
    void *header;
    size_t header_bytes;
    par_lends lends;
    par_flight flight;
    bool mid_record;    /* the last record in the ring is not complete: nothing else may follow */
    par_buffer notices; /* par_notice records that wait for room, or for the end of a claim */
    bool claimed;       /* the owner writes into the room at claim_at: nothing else may go there */
    uint64_t claim_at;  /* the writer's head when it was claimed */
    /* for event loops and selectors (watch.c) */
    bool watched;           /* one of the two below is there */
    bool paused;            /* what comes in does not count */
    uint64_t room_need;     /* need word: tail with which the room is there that was wanted; 0: none was */
    uint64_t idle_need;     /* need word armed while nobody waits; when it is reached the socket is or gets readable */
    struct par_os_set *set; /* behind par_channel_fd */
    par_watcher *watchers;  /* one for each selector that it is in */
};

typedef struct par_notice {
    uint64_t kind, id, n;
} par_notice;

#define PAR_HELD_IN_PLACE(channel) ((void *)&(channel)->in)

int par_channel_corrupt(par_channel *channel, par_error *err);
int par_channel_closed(par_error *err);

static inline void par_channel_count_sent(par_channel *channel, uint64_t bytes)
{
    channel->stats.sent_messages++;
    channel->stats.sent_bytes += bytes;
}

#endif
