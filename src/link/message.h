/* Sending and receiving on a link, and what that means while the other process lives, waits in a yield or is gone.
 *
 * Every call that waits may run what the host's `interrupted` runs: enter the link first (link.h). */
#ifndef PAR_LINK_MESSAGE_H
#define PAR_LINK_MESSAGE_H

#include "link/link.h"

/* --- sending --- */
/* One message, whole or not at all; takes in what comes meanwhile. PAR_E_CLOSED, PAR_E_TIMEOUT, PAR_E_FULL (as much as may be kept waits
 * to be received), PAR_E_INTERRUPTED, PAR_E_NOMEM, PAR_E_LIMIT, PAR_E_CORRUPT. A part that is out is finished before the next send; then
 * err says that the message counts as sent. */
int par_link_send(par_link *link, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads, uint32_t n_payloads,
                  int64_t deadline_ns, par_error *err);
/* Room for a short message where it will travel, 8-byte aligned; NULL when less than `want` bytes are free: use send. A claim that is
 * not committed costs nothing. */
uint8_t *par_link_claim(par_link *link, size_t want, size_t *room);
/* Publishes the first len bytes of the claim as one message without payloads. `quietly`: wakes nobody; par_link_ring does that later.
 * PAR_E_AGAIN: another message was sent since the claim, so this one has to be sent anew. PAR_E_CLOSED. */
int par_link_commit(par_link *link, uint32_t kind, size_t len, bool quietly, par_error *err);
void par_link_ring(par_link *link);
/* The next message goes to other processes as well, and has so many bytes with its payloads: those on one other machine may get it over
 * the network once. */
void par_link_announce_common(par_link *link, uint64_t bytes);
/* The same message to each of n links: results[i] is the outcome for links[i]. Returns PAR_OK or the first failure, after all have been
 * tried; a slow one holds up no other. */
int par_link_broadcast(par_link *const *links, uint32_t n, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads,
                       uint32_t n_payloads, int64_t deadline_ns, int *results, par_error *err);

/* --- receiving --- */
/* The next data message. PAR_E_TIMEOUT: none came in time. PAR_E_CLOSED: none can come any more, or (link->state is
 * PAR_LINK_YIELDED) none before its next join; with deadline 0 a child that has yielded gives PAR_E_TIMEOUT. PAR_E_LIMIT, PAR_E_NOMEM: it
 * cannot be had now, but once there is room. PAR_E_CORRUPT, PAR_E_INTERRUPTED. PAR_E_INVALID: somebody further out reads a
 * message of this link where it lies (par_link_read). The message is good until it is released. */
int par_link_receive(par_link *link, par_message *out, int64_t deadline_ns, par_error *err);
/* The same in a child that is told nothing of yields and ends: waits for data, however long. */
int par_link_receive_next(par_link *link, par_message *out, int64_t deadline_ns, par_error *err);
/* The next message that is there already, data or not at all: PAR_E_TIMEOUT (nothing) without a system call, PAR_E_CLOSED (and
 * nothing ever again), or as par_link_receive. */
int par_link_receive_now(par_link *link, par_message *out, par_error *err);
/* See par_channel_next_short. end_skips: n of them were skipped. */
const uint8_t *par_link_next_short(par_link *link, uint32_t kind, size_t max_bytes, size_t *len);
void par_link_skip_short(par_link *link, size_t len);
void par_link_end_skips(par_link *link, uint64_t n);
/* The message is read where it lies from now on: whatever runs meanwhile may send, but not receive from this link. Ends with
 * par_link_release, or when the call does that has entered the link. */
#define PAR_LINK_READ(link) ((void)((link)->reading = PAR_FRAME_HERE))
/* Gives a message back; nothing when that has happened already. */
void par_link_release(par_link *link, par_message *message);
/* Puts a message that was received back in front of the others. PAR_E_NOMEM, PAR_E_INVALID: it is not the last one received. */
int par_link_unreceive(par_link *link, par_message *message, par_error *err);
/* So many bytes of its messages may wait to be received while this process waits for something else. */
void par_link_limit_inbox(par_link *link, uint64_t bytes);
uint64_t par_link_inbox_default(void);

/* --- looking; none of these waits --- */
bool par_link_has_message(par_link *link); /* data; takes in what has come */
bool par_link_ready(par_link *link);       /* data, or a notice, or an end */
/* Is there something to tell a waiting user: a message, an end, or a yield that was not told before? Takes in what has come. */
bool par_link_is_news(par_link *link);
/* A descriptor that is readable when something can be received; it belongs to the link. PAR_E_CLOSED. */
int par_link_fd(par_link *link, int *fd, par_error *err);

#endif
