/* What a transport promises to a link: the way of messages between two processes. Types that both sides of this boundary use,
 * and the contract of each operation. src/channel is the one transport there is (shared memory); a child on another machine
 * has a channel too, whose other end is a process that carries its messages on (src/cluster).
 *
 * All operations belong to the one thread that opened the transport. "Blocks" means until the deadline (PAR_NEVER: for ever;
 * 0: not at all), an interrupt of the owner or the peer's end. None may longjmp, none calls into Lua but through the owner.
 *
 * | operation            | may block on                | promises                                                                 |
 * | open, attach         | attach: the peer's greeting | both ends alike; nothing in the file system                              |
 * | send                 | room                        | in order, whole or not at all; takes in what comes meanwhile, so two     |
 * |                      |                             | ends may both send first; a part that is out is finished later           |
 * | claim, commit        | never                       | a short message written where it travels; a claim not committed is free  |
 * | receive              | a message                   | the next data message, valid until it is released; control messages are  |
 * |                      |                             | handed to the owner at once, even past data that waits                   |
 * | absorb               | a message                   | keeps what comes for a later receive, up to a limit (PAR_E_FULL)         |
 * | release, unreceive   | never                       | gives a message back, or puts it in front again                          |
 * | broadcast            | room, of all                | one message to many, none held up by another                             |
 * | pending, ready       | never                       | would receive return at once? pending: without a system call             |
 * | descriptor, selector | (wait) any of many          | readable when receive has something                                      |
 * | words                | never                       | a few words in shared memory that both ends may change                   |
 * | close, peer_ended    | never                       | the peer sees the end; what it had published is still received           |
 *
 * Payloads travel beside a message: by value (the receiver owns its copy), or by reference (`shared`), which only a transport
 * between processes of one machine can do. Nothing that a peer wrote is believed: what cannot be true is PAR_E_CORRUPT. */
#ifndef PAR_TRANSPORT_TRANSPORT_H
#define PAR_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/status.h"

#define PAR_KIND_CONTROL 128u /* kinds below are data */
#define PAR_KIND_MAX 255u

typedef struct par_message {
    uint32_t kind;
    const uint8_t *bytes; /* shared memory or private: read every field once; 8-byte aligned */
    size_t len;
    par_blob **payloads; /* owned by the message; take one by retaining it */
    uint32_t n_payloads;
    void *held;    /* the transport's own: what release has to give back */
    uint64_t turn; /* the link's own: which of its messages this is */
} par_message;

/* What the owner of a transport tells it; copied. Every member may be NULL. */
typedef struct par_transport_owner {
    void *context;
    /* A control message came. Valid during the call only. Must not use the transport. */
    void (*on_control)(void *context, const par_message *message);
    /* Asked before each sleep, at least ten times a second in the first one of a wait, and when a signal came: true =
     * leave the wait with PAR_E_INTERRUPTED. A signal that came while nobody slept interrupts no system call, so what it
     * left has to be looked for. Must not longjmp. May run anything, but for closing this transport; what it sends goes behind
     * the message whose send asks. */
    bool (*interrupted)(void *context);
    /* Asked now and then during long waits: is the peer's process known to be gone? (A leaked copy of the socket can
     * hide the end of file.) */
    bool (*peer_gone)(void *context);
    /* Asked once, in a wait that has become long: a descriptor, the transport's from now on, that becomes readable when
     * peer_gone would say so; or -1. */
    int (*peer_process)(void *context);
    /* This process ends soon after its peer does, whoever waits: so a wait may be slow to see that end. */
    bool dies_with_peer;
} par_transport_owner;

#endif
