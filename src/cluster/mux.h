/* One connection and the streams on it: each stream joins a local channel with one at the other end, as if the two processes were
 * on one machine. Both ends of a connection, the bridge's and the agent's, are this; what differs is told by a par_mux_role.
 *
 * Nothing here waits. Who reads slowly holds up his own stream only: a stream may send so many bytes beyond what the other end has
 * taken over (its credit), and a channel is not read while its stream has none. */
#ifndef PAR_CLUSTER_MUX_H
#define PAR_CLUSTER_MUX_H

#include "channel/channel.h"
#include "channel/grow.h"
#include "cluster/cache.h"
#include "cluster/frame.h"
#include "cluster/queue.h"
#include "cluster/wire.h"
#include "link/protocol.h"

#define PAR_WINDOW_BYTES (64u << 10)       /* with which a stream begins */
#define PAR_WINDOW_MAX_BYTES (4u << 20)    /* to which it grows while its reader keeps up */
#define PAR_WINDOWS_MAX_BYTES (16u << 20)  /* by which all streams of a process may grow together */
#define PAR_MESSAGE_COST_BYTES 64u         /* of a window, beside a message's bytes: what it takes up in memory */
#define PAR_BEAT_NS INT64_C(1000000000)    /* nobody is silent for longer */
#define PAR_SILENCE_NS INT64_C(5000000000) /* who is, is taken to be gone */
#define PAR_ORPHAN_NS INT64_C(1600000000)  /* and so early where the launcher has ended already */

typedef struct par_mux par_mux;
typedef struct par_stream par_stream;

/* A message that goes out in pieces. */
typedef struct par_outgoing {
    const uint8_t *bytes; /* NULL when none is under way */
    size_t len;
    par_blob *const *payloads;
    uint32_t n_payloads, part; /* 0: its bytes, i: its i-th payload */
    size_t done;               /* of that part */
    bool queued;               /* it is the first of `controls`, not the channel's */
    bool common, keyed;        /* others get it as well (cache.h), and its key is whole: what makes it the same is */
    uint32_t kind;             /*   its kind and */
    par_cache_key key;         /*   this; or it is the part under way that has come again, alone: */
    uint64_t mark;             /*   by what it looked like */
} par_outgoing;

/* A message that comes in pieces. */
typedef struct par_incoming {
    bool begun;
    uint32_t kind, n_payloads, n_sizes, part;
    uint64_t *sizes;
    par_growing growing; /* the part under way */
    par_blob **blobs;    /* [0] its bytes, [i] its i-th payload, as they are complete */
    uint64_t len;
} par_incoming;

struct par_stream {
    par_mux *mux;
    uint32_t id;
    par_channel *channel;       /* NULL once it is closed here: what still comes is dropped */
    void *user;                 /* the role's */
    bool is_peer;               /* it joins two members of a group, and is nobody's but the mux's (peer.h) */
    bool peer_told, peer_heard; /* that it has ended here, and there */
    uint64_t messages;          /* that went either way, */
    uint64_t sent;              /*   and those that came off the channel */
    int64_t send_credit;
    uint64_t owed_bytes, window_bytes;
    bool watched;  /* the channel is in the selector */
    bool paused;   /* and not read: no credit, or the connection is full */
    bool lined_up; /* it goes on when the connection is no longer full */
    bool kept;     /* the channel has a part of a message still to take */
    bool bell;     /* messages were committed without ringing */
    bool has_held; /* `held` was received and has to wait for controls that came before it */
    par_message held;
    par_queue controls; /* control messages off the channel */
    par_queue waiting;  /* messages that found no room in the channel */
    par_outgoing out;
    par_incoming in;
    bool expects_common;    /* others get the next message of the channel as well: */
    uint64_t common_number; /*   the number of the broadcast, or 0 */
    uint64_t got;           /* places of the cache that it has got: one bit each */
    bool ready;             /* it has something to send that is off its channel already */
    par_stream *next_paused, *next_bell, *next_ready, *next_over;
};

typedef struct par_mux_role {
    void *context;
    par_frame_way from; /* who is at the other end */
    /* A frame that is not of messages, credit or beats. PAR_OK, or a code with err for a connection that is to end. stream: NULL for
     * a frame of the connection, or of a stream that is not (any more). */
    int (*on_frame)(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err);
    /* A control message of PAR_KIND_APART or more that came from the stream's channel, in its place among the others. */
    void (*on_local)(void *context, par_stream *stream, const par_queued *message);
    /* Nothing comes from the stream's channel any more, and all that came has been sent: PAR_E_CLOSED or PAR_E_CORRUPT. */
    void (*on_channel_end)(void *context, par_stream *stream, int code);
    /* A message PAR_KIND_GROUP came for the stream's channel: what has to go with it is here. A code ends the connection. NULL: it is
     * a message like others. */
    int (*on_group)(void *context, par_stream *stream, const uint8_t *bytes, size_t len, par_error *err);
    /* All that came for the stream's channel is in it. */
    void (*on_delivered)(void *context, par_stream *stream);
    /* The connection is over; called once. */
    void (*on_lost)(void *context, par_mux *mux, const char *why);
} par_mux_role;

struct par_mux {
    par_wire *wire;
    par_selector *selector;
    const par_mux_role *role;
    void *user;            /* the role's */
    par_stream **streams;  /* by id */
    uint32_t n_streams;    /* room in streams */
    uint32_t n_open;       /* those that are of children */
    par_cache *cache;      /* NULL: nothing was common yet */
    par_stream *filler;    /* who sends what is to be kept */
    uint64_t *grown_bytes; /* by which the windows of this process have grown */
    /* out: what is being written, behind it bytes that lie elsewhere, and what is gathered meanwhile */
    par_buffer first;
    size_t first_at;
    const uint8_t *big;
    size_t big_len;
    par_stream *big_stream;
    void (*big_done)(par_stream *stream);
    par_buffer out;
    /* in */
    uint8_t *in;
    size_t in_at, in_len;
    uint8_t *direct;                           /* the body of a frame goes straight to its place: here, */
    size_t direct_len;                         /*   so many bytes more, */
    size_t direct_all;                         /*   of so many, */
    par_stream *direct_stream;                 /* for this stream; NULL: it is dropped */
    par_stream *paused, *bells, *ready, *over; /* over: of members (between.h), which both ends are done with */
    uint32_t window_bytes;
    int64_t beat_ns, silence_ns, sent_ns, heard_ns;
    int64_t due_ns;                          /* until when tick wants to be called */
    par_frame_beat last_beat;                /* of the other end */
    int64_t last_beat_ns;                    /* when it came */
    int64_t clock_offset_ns, clock_error_ns; /* the other end's clock minus ours, and by how much that may be wrong */
    bool lost;
    char why[300];
};

/* The wire is the mux's from now on, also on failure. grown_bytes: one count for all muxes of this process. */
int par_mux_open(par_mux **out, par_wire *wire, par_selector *selector, const par_mux_role *role, void *user, uint64_t *grown_bytes,
                 par_error *err);
void par_mux_close(par_mux *mux); /* its streams too, with their channels */

/* --- streams (stream.c) --- */
/* Stream 0 is nobody's: on it comes what is to be kept. */
/* Joins the channel, which is the stream's from now on, to stream `id`. Its owner has to be par_stream_owner's. */
int par_stream_open(par_stream **out, par_mux *mux, uint32_t id, void *user, par_error *err);
par_channel_owner par_stream_owner(par_stream *stream);
int par_stream_bind(par_stream *stream, par_channel *channel, par_error *err);
par_stream *par_stream_of(const par_mux *mux, uint32_t id);
/* Is there something that the channel has no room for yet? */
bool par_stream_is_behind(const par_stream *stream);
/* Puts a message into the channel, or into the line for it. */
int par_stream_deliver(par_stream *stream, uint32_t kind, const void *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads);
/* Closes the channel. The stream stays, and drops what comes. */
void par_stream_end(par_stream *stream);
void par_stream_free(par_stream *stream);
/* The channel is ready: reads it, fairly, and delivers what waits for it. */
void par_stream_serve(par_stream *stream);

/* --- the connection (mux.c) --- */
/* Reads what has come and deals with it. */
void par_mux_read(par_mux *mux);
/* The same with bytes that were read from the wire before it was a mux's: fewer than a frame may have. */
void par_mux_feed(par_mux *mux, const void *bytes, size_t len);
/* Serves the streams that have something to send although their channels are not ready. true: some have more. */
bool par_mux_serve(par_mux *mux);
static inline bool par_mux_has_ready(const par_mux *mux) { return mux->ready != NULL && !mux->lost; } /* is there more to serve? */
/* Writes what there is to be written. Goes on with those streams that were held up by it. */
void par_mux_flush(par_mux *mux);
bool par_mux_is_full(const par_mux *mux); /* what goes out waits for the connection */
bool par_mux_wants_to_write(const par_mux *mux);
/* Beats, and listens for them. Returns when it wants to be called again. */
int64_t par_mux_tick(par_mux *mux, int64_t now_ns);
void par_mux_beat(par_mux *mux, int64_t now_ns); /* one now, which is answered at once if it is the first: the clocks are known then */
/* Others get the next message of this stream's channel as well. number: of the broadcast; 0: it is told by its content. */
void par_stream_expect_common(par_stream *stream, uint64_t number);
/* The connection cannot go on. */
void par_mux_fail(par_mux *mux, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- between the files of a mux: out.c, pace.c, common.c, deliver.c, forward.c, stream.c, mux.c, each of which knows those before it --- */
/* A frame whose body lies elsewhere and stays there until done(stream), or until the stream is ended. Only when it is not full. */
int par_mux_put_big(par_mux *mux, par_stream *stream, const par_frame *header, const uint8_t *bytes, void (*done)(par_stream *stream));
void par_mux_write(par_mux *mux);              /* what it takes, and no more */
void par_stream_hold_back(par_stream *stream); /* its channel is not read */
void par_stream_line_up(par_stream *stream);   /* until the connection takes more */
/* Is the message that goes out (stream->out) to go by way of what the other end keeps? */
bool par_common_is_wanted(par_stream *stream);
/* Is the part of it that is to go out next, since it looks like one that went out lately? */
bool par_common_is_again(par_stream *stream, const void *bytes, size_t len);
/* The place that it has there: THERE; COMING: not before others have filled theirs; FREE: it is to be filled now, by this stream; -1:
 * there is none for it. */
int par_common_place(par_stream *stream, par_cache_state *state);
void par_common_filled(par_stream *stream);           /* all of it is out */
void par_common_refer(par_stream *stream, int place); /* the child gets what is there, as all of the message or as a part of it */
void par_common_leave(par_stream *stream);            /* it fills nothing any more */
void par_common_leave_all(par_stream *stream);        /* it is gone */
int par_stream_on_message(par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err);
/* Where the n bytes of a frame BYTES go; NULL: no memory, or they cannot be. */
uint8_t *par_stream_room(par_stream *stream, const par_frame *frame, par_error *err);
int par_stream_arrived(par_stream *stream, size_t len, par_error *err); /* so many have come there */
int par_stream_on_kept(par_stream *stream, const par_frame *frame, par_error *err);
int par_stream_on_kept_part(par_stream *stream, const par_frame *frame, par_error *err);
int par_mux_on_drop(par_mux *mux, const par_frame *frame, par_error *err);
int par_stream_on_begin(par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err);
void par_incoming_fini(par_incoming *in);
void par_stream_deliver_waiting(par_stream *stream);
/* One step: a piece, a control message, or the next message off the channel. PAR_OK; PAR_E_AGAIN: nothing is there, or it may not be
 * sent now (then it is paused); else the channel's end. */
int par_stream_forward(par_stream *stream, par_error *err);
void par_stream_on_credit(par_stream *stream, uint32_t bytes);
void par_stream_unpause(par_stream *stream);
void par_stream_make_ready(par_stream *stream); /* if there is something to send */
void par_stream_ring(par_mux *mux);

#endif
