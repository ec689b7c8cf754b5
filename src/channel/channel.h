/* A channel: two processes, two shared-memory rings, one socket as doorbell, death notice and carrier of descriptors.
 *
 * Knows nothing of Lua and nothing of what messages mean. A channel belongs to one thread. A message is `kind`, bytes
 * and any number of payloads; kinds below PAR_KIND_CONTROL are data and delivered in order, the others are handed to
 * the owner's on_control as soon as they come off the ring, even while data before them still waits in the inbox. */
#ifndef PAR_CHANNEL_CHANNEL_H
#define PAR_CHANNEL_CHANNEL_H

#include <stdatomic.h>

#include "transport/transport.h"

typedef struct par_channel par_channel;
typedef par_transport_owner par_channel_owner;

/* The parent's end: makes segment and socketpair. *peer_fd is the socket for the child (caller closes it after the
 * spawn); the segment's descriptor already waits inside it. ring_bytes is rounded up to what the system needs. */
int par_channel_open(par_channel **out, size_t ring_bytes, const par_channel_owner *owner, int *peer_fd, par_error *err);
/* The child's end, from the socket it inherited: takes the descriptor over. Waits for the segment until deadline_ns. */
int par_channel_attach(par_channel **out, int socket_fd, const par_channel_owner *owner, int64_t deadline_ns, par_error *err);
/* The same for the channel to our parent, in whose memory this process shows what it does (view/view.h) as long as it runs. */
int par_channel_attach_home(par_channel **out, int socket_fd, const par_channel_owner *owner, int64_t deadline_ns, par_error *err);
/* Both ends of a channel, for two processes that are not us: each is sent one (descriptor.h) and attaches it. */
int par_channel_pair(size_t ring_bytes, int sockets[2], par_error *err);
/* Unmaps and closes. Payload blobs that are still held stay valid; the peer sees the end of file. NULL is allowed. */
void par_channel_close(par_channel *channel);

/* Sends one message. Blocks until all of it is in the ring (or, for payloads, in segments); takes in incoming messages
 * meanwhile, so two peers may both send first. PAR_E_CLOSED when the peer is gone. When the deadline passes after a
 * part of a long message is already out, the rest still has to follow: the channel keeps a private copy of it and
 * finishes it before the next send (PAR_E_TIMEOUT is then returned only if nothing was published). The same after PAR_E_INTERRUPTED,
 * PAR_E_FULL, PAR_E_LIMIT and PAR_E_NOMEM, which are returned all the same: err says so. */
int par_channel_send(par_channel *channel, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads, uint32_t n_payloads,
                     int64_t deadline_ns, par_error *err);

/* The short way for short messages: contiguous room in the ring, 8-byte aligned, or NULL when less than `want` bytes are
 * free right now (use send). A claim that is never committed costs nothing: the next claim or send starts over. */
uint8_t *par_channel_claim(par_channel *channel, size_t want, size_t *room);
/* Publishes the first len bytes of the claim as one message without payloads. PAR_E_CLOSED when the peer is gone.
 * PAR_E_AGAIN: another message was sent on this channel since the claim, which is void: what was written has to be sent anew. */
int par_channel_commit(par_channel *channel, uint32_t kind, size_t len, par_error *err);

/* The same without ringing: the peer finds the message when it looks, or when it is rung by par_channel_ring or by a later
 * commit or send. Many small messages then cost one bell, and what was committed outlives this process all the same. */
int par_channel_commit_quietly(par_channel *channel, uint32_t kind, size_t len, par_error *err);
/* Rings if the peer waits for what was committed quietly. */
void par_channel_ring(par_channel *channel);

/* For those who serve many channels and may wait for none (offer.c). Sends without waiting and without taking anything in: PAR_OK (what
 * found no room after a part was out is kept, and follows with the next call of this or of want_room), PAR_E_AGAIN: nothing of it was
 * sent. */
int par_channel_try_send(par_channel *channel, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads,
                         uint32_t n_payloads, par_error *err);
/* The same for who does not try again: nothing wakes for room. */
int par_channel_try_once(par_channel *channel, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads,
                         uint32_t n_payloads, par_error *err);
/* Memory for a payload of so many bytes of one message that goes to this channel: what is written there is lent to the peer as it is,
 * and is not to be touched from then on. A reference; NULL: there is none, and a payload that lies elsewhere is copied. */
par_blob *par_channel_payload_new(par_channel *channel, size_t bytes);
/* Is there room for a message of so many bytes, and nothing kept that has to go first? If not, and after PAR_E_AGAIN or when
 * something was kept, the descriptor and selectors wake when the peer has made room. */
bool par_channel_want_room(par_channel *channel, size_t bytes);
/* While it is paused, messages that came do not make it ready: for one who has no place for them. */
void par_channel_pause(par_channel *channel, bool paused);

/* PAR_CHANNEL_WORDS words in shared memory, zero at first, which both owners read and write as they agree. What is read from
 * them is as untrustworthy as anything the peer writes. */
#define PAR_CHANNEL_WORDS 8
_Atomic uint64_t *par_channel_words(par_channel *channel);

/* The next data message: from the inbox, else from the ring. PAR_NOTICE: a control message was handled and no data is
 * there yet; call again to go on waiting. PAR_E_CLOSED: the peer is gone and nothing is left. deadline_ns 0: never waits
 * (PAR_E_TIMEOUT). PAR_E_LIMIT, PAR_E_NOMEM: it cannot be had now, but when there is room. A message that was not released is
 * released by the next receive. */
int par_channel_receive(par_channel *channel, par_message *out, int64_t deadline_ns, par_error *err);
void par_channel_release(par_channel *channel, par_message *message);
/* For those who take many short messages in a row. The bytes of the next one, when it is a data message of this kind that lies in the ring
 * and no longer than max_bytes; else NULL: receive says what comes. It stays where it is until it is skipped, before anything else is done
 * with the channel. Whoever skips touches the channel at last. */
const uint8_t *par_channel_next_short(par_channel *channel, uint32_t kind, size_t max_bytes, size_t *len);
void par_channel_skip_short(par_channel *channel, size_t len);
void par_channel_end_skips(par_channel *channel);
/* Takes one message from the ring into the inbox (or to on_control): what join does while it waits.
 * PAR_OK: a data message was kept; PAR_NOTICE: a control message was handled, or a part of a message; PAR_E_FULL; else as receive. */
int par_channel_absorb(par_channel *channel, int64_t deadline_ns, par_error *err);
/* What absorb, and send while it waits, take in is bounded: past so many bytes in memory they end with PAR_E_FULL and leave the rest
 * where it is, until something was received. A message that is being put together counts. */
void par_channel_limit_inbox(par_channel *channel, uint64_t bytes);
/* What it is at first, and with 0 bytes: PAR_INBOX_MAX_BYTES or an eighth of the machine's memory. */
uint64_t par_channel_inbox_default(void);
/* Control messages that the owner keeps count too, when he says so (also in on_control); less than 0: he keeps them no longer. */
void par_channel_count_kept(par_channel *channel, int64_t bytes);
/* To be asked by everybody who takes in messages in a row, now and then: PAR_OK, PAR_E_TIMEOUT or PAR_E_INTERRUPTED. */
int par_channel_overdue(par_channel *channel, int64_t deadline_ns, par_error *err);
/* Puts a received data message back to the front of the inbox (for a receive that was refused after a look). */
int par_channel_unreceive(par_channel *channel, par_message *message, par_error *err);

/* Would receive return at once with data, a notice or an end, or has the room come that was wanted? Never waits.
 * `pending` looks at shared memory only, so that it costs no system call; it may not know of an end yet. */
bool par_channel_pending(par_channel *channel);
bool par_channel_ready(par_channel *channel);
bool par_channel_has_data(par_channel *channel); /* a data message is waiting (takes control messages in) */

/* A descriptor which is readable whenever par_channel_ready may be true (level-triggered; it may also wake for
 * nothing). Belongs to the channel. Made on first use. */
int par_channel_fd(par_channel *channel, int *fd, par_error *err);
/* The bare socket, for a life-line watcher: hangs up when the peer is gone. */
int par_channel_socket(const par_channel *channel);
/* The peer's process was reaped: whatever is in the ring is all there will ever be. */
void par_channel_peer_ended(par_channel *channel);
/* The same, for one that is about to be closed: control messages that are left go to on_control, the others are dropped. */
void par_channel_last_words(par_channel *channel);

/* Counters for tests, traces and benchmarks. */
typedef struct par_channel_stats {
    uint64_t sent_messages, sent_bytes, received_messages, received_bytes, bells_rung, waits_slept;
    uint64_t inbox_messages, inbox_bytes;
} par_channel_stats;
void par_channel_stats_get(const par_channel *channel, par_channel_stats *out);

/* --- many channels at once (selector.c) --- */
typedef struct par_selector par_selector;
int par_selector_open(par_selector **out, const par_channel_owner *owner, par_error *err);
void par_selector_close(par_selector *selector);
int par_selector_add(par_selector *selector, par_channel *channel, void *user, par_error *err);
void par_selector_remove(par_selector *selector, par_channel *channel); /* a channel that closes removes itself */
unsigned par_selector_count(const par_selector *selector);
/* Waits until a channel is ready and gives its `user`. Fair: channels take turns. PAR_E_CLOSED: there is none (any more). */
int par_selector_wait(par_selector *selector, void **user, int64_t deadline_ns, par_error *err);
/* Readable when wait would find something (level-triggered, may wake for nothing). */
int par_selector_fd(par_selector *selector, int *fd, par_error *err);
/* For a loop that sleeps only while the selector rests, that is while every channel will ring. It gets along without the system calls by
 * which the descriptor above is always right: this one is right while the selector rests. Only one of the two may be used. */
int par_selector_resting_fd(par_selector *selector, int *fd, par_error *err);
bool par_selector_rests(const par_selector *selector);
/* Gives the next ready channel's `user`. PAR_E_AGAIN: none is. readable: that descriptor has been. */
int par_selector_look(par_selector *selector, void **user, bool readable);

/* --- one message to many (broadcast.c) --- */
/* Sends the same message to each channel: encoded once, a large payload copied into one segment and lent to all. results[i]
 * is the outcome for channels[i]; returns PAR_OK or the first failure, after all have been tried. A slow peer does not
 * hold up the others. A channel that is named twice gets the message twice. */
int par_channel_broadcast(par_channel *const *channels, uint32_t n, uint32_t kind, const void *bytes, size_t len,
                          const par_payload *payloads, uint32_t n_payloads, int64_t deadline_ns, int *results, par_error *err);

#endif
