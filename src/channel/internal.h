/* What the files of this folder share and nobody else sees. */
#ifndef PAR_CHANNEL_INTERNAL_H
#define PAR_CHANNEL_INTERNAL_H

#include <sys/types.h>

#include "channel/channel.h"
#include "channel/grow.h"
#include "channel/parcel.h"
#include "channel/ring.h"
#include "channel/segment.h"
#include "channel/spin.h"

#define PAR_PUBLISH_TOGETHER ((uint64_t)4 << 10) /* header and bytes up to here become visible in one step */
#define PAR_PUBLISH_STEP ((uint64_t)64 << 10)    /* longer ones in steps of this */
#define PAR_SPARE_KEEP_BYTES ((size_t)32 << 20)  /* of a warm buffer for long messages */
#define PAR_FDS_QUEUED_MAX 64                    /* descriptors that arrived and were not yet asked for */

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
    uint64_t need;         /* need word: head has to reach this before there is something to do */
    bool streaming;        /* inside a record that is taken out bit by bit: */
    uint64_t left;         /*   bytes still to come */
    uint64_t padding;      /*   and padding behind them */
    par_parcel *parcel;    /*   into this long message, or */
    par_growing payload;   /*   into this payload */
    par_payloads payloads; /* complete ones, for the next message */
    bool control;          /* `payload` is of a control message */
    uint64_t control_bytes;      /* of inbox_bytes: payloads of a control message that is not complete, */
    uint64_t control_heap_bytes; /*   and of these the ones in private memory */
    bool lent;             /* the last message brought lends: the next one may be in the middle of its copy */
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
    par_tx rest; /* of a message whose sender gave up in the middle (rest.parts is ours, one block) */
    par_parcel *inbox, **inbox_end;
    par_parcel *spare;          /* an empty one with a warm buffer */
    void *held;                 /* what the owner has not released: NULL, IN_PLACE or a parcel */
    par_payloads held_payloads; /* of the message in place */
    uint64_t inbox_limit;   /* of stats.inbox_bytes: past it only receive takes anything in */
    uint64_t control_limit; /* of the private memory of one control message */
    par_spin spin, yield;
    unsigned quiet;   /* slices slept in a row without anything */
    int peer_process; /* what owner.peer_process said, or PAR_NOT_ASKED */
    par_channel_owner owner;
    par_channel_stats stats;
    int n_fds, fds[PAR_FDS_QUEUED_MAX];
    _Atomic uint32_t *my_bell, *peer_bell;
    void *header;
    size_t header_bytes;
    par_lends lends;
    par_flight flight;
    bool mid_record;      /* the last record in the ring is not complete: nothing else may follow */
    par_buffer notices;   /* par_notice records that wait for room, or for the end of a claim */
    bool claimed;         /* the owner writes into the room at claim_at: nothing else may go there */
    uint64_t claim_at;    /* the writer's head when it was claimed */
    /* for event loops and selectors (watch.c) */
    bool watched;            /* one of the two below is there */
    uint64_t room_need;      /* need word: tail with which the room is there that was wanted; 0: none was */
    uint64_t idle_need;      /* need word armed while nobody waits; when it is reached the socket is or gets readable */
    struct par_os_set *set;  /* behind par_channel_fd */
    struct par_node *nodes;  /* one for each selector that it is in */
};

typedef struct par_notice {
    uint64_t kind, id, n;
} par_notice;

#define PAR_HELD_IN_PLACE(channel) ((void *)&(channel)->in)

/* --- channel.c --- */
int par_channel_corrupt(par_channel *channel, par_error *err);
int par_channel_closed(par_error *err);

/* --- wait.c --- */
/* PAR_E_INTERRUPTED when the owner wants to leave its wait, else PAR_OK. To be asked before each sleep. */
int par_channel_leave(par_channel *channel, par_error *err);
/* Wakes the peer, which waits in the way that its need says. */
void par_channel_bell(par_channel *channel, uint64_t need);
/* Reads what the socket has. `gone` is set at end of file. Never waits. true: there may be more. */
bool par_channel_drain(par_channel *channel);
/* Reports what was read, and rings if the peer waits for room. */
void par_channel_give_back(par_channel *channel);
/* Waits until head reaches rx_need or tail reaches tx_need (armed need words; 0: not waited for), the peer is gone, or
 * something came over the socket. PAR_OK: look again. Else PAR_E_TIMEOUT, PAR_E_INTERRUPTED, PAR_E_CORRUPT, PAR_E_SYSTEM. */
int par_channel_wait(par_channel *channel, uint64_t rx_need, uint64_t tx_need, int64_t deadline_ns, par_error *err);

/* The two halves of a wait, for those who wait for several channels: says what is waited for and looks again (more than
 * 0: it is there, PAR_E_CORRUPT); takes it back. */
int par_channel_arm(par_channel *channel, uint64_t rx_need, uint64_t tx_need);
void par_channel_disarm(par_channel *channel, uint64_t rx_need, uint64_t tx_need);

/* --- watch.c --- */
/* After every use of a watched channel: there may be more, so whoever watches has to look. */
void par_channel_touch(par_channel *channel);
/* Nothing was found: makes sure that the next thing wakes whoever watches. false: something is there after all. */
bool par_channel_rest_armed(par_channel *channel);

/* --- offer.c --- */
/* Has the tail reached room_need, which is not 0? */
bool par_channel_room_came(par_channel *channel);

/* --- selector.c --- */
void par_selector_touch(par_channel *channel);
void par_selector_forget(par_channel *channel);

/* --- receive.c --- */
/* Takes what is complete from the ring into the inbox, no more than a part of what a peer may send meanwhile. Returns how many, or
 * a code. */
int par_channel_take_in(par_channel *channel, par_error *err);

/* --- send.c --- */
/* Writes what there is room for. true: all of it. */
bool par_tx_push(par_channel *channel, par_tx *tx);
bool par_tx_untouched(const par_tx *tx);
/* A send that stops with the outcome rc: keeps a copy of what has to follow. Returns what the caller is told. */
int par_tx_abandon(par_channel *channel, const par_tx *tx, int rc, par_error *err);
/* With so much in it (as a need word) the incoming ring has to be emptied: the peer may be stuck. */
uint64_t par_channel_stuck_need(const par_channel *channel);
/* The tail (as a need word) with which push can usefully go on. */
uint64_t par_tx_need(const par_channel *channel, const par_tx *tx);
/* Could a record of len bytes be put now? */
bool par_channel_has_room(par_channel *channel, uint64_t len);
/* Takes in what comes, until there may be room for a record of len bytes (or for a descriptor in the socket). */
int par_channel_wait_for_room(par_channel *channel, uint64_t len, int64_t deadline_ns, par_error *err);
/* Writes an internal record for which there is room. The peer learns of it with the next message. */
void par_channel_put_internal(par_channel *channel, uint32_t kind, const void *bytes, uint64_t len);
/* Tells the peer RELEASE or FORGET, now or as soon as there is room. Never waits. */
void par_channel_notify(par_channel *channel, uint32_t kind, uint64_t id, uint64_t n);
void par_channel_flush_notices(par_channel *channel);
/* Goes on with the rest of an abandoned message. true: nothing is left of it. */
bool par_channel_push_rest(par_channel *channel);

static inline void par_channel_count_sent(par_channel *channel, uint64_t bytes)
{
    channel->stats.sent_messages++;
    channel->stats.sent_bytes += bytes;
}

#endif
