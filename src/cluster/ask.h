/* What the user's process and its bridge say to each other beside the channels of children: over one socket, on one machine, by the same
 * release. Requests may carry descriptors. */
#ifndef PAR_CLUSTER_ASK_H
#define PAR_CLUSTER_ASK_H

#include "base/buffer.h"
#include "os/os.h"

enum {
    PAR_ASK_LAUNCH = 1, /* par_launch: start the agent of a host */
    PAR_ASK_START,      /* id: the child's; body of a frame START; its socket and, unless it has none, its output and error */
    PAR_ASK_DROP,       /* end the agent of a host, and all its children */
    PAR_ASK_PATHS,      /* two texts, package.path and package.cpath: modules that lie there may be sent to this host */
    PAR_ASK_GROUP,      /* id: its key; par_ask_group: members on several hosts; the board for those here, if not all are on one host */
    PAR_ASK_GROUP_BELL, /* u32 seat: its member is on this host; the other end of its bell */
    PAR_ASK_GROUP_PEER, /* host; u64 seat here, u64 seat on that host, u64 ring: an end of the channel between the two */
    PAR_ASK_GROUP_DONE, /* all has been said of it: the answer is PAR_ANSWER_GROUP */
    PAR_ANSWER_UP = 64, /* body of a frame HELLO: the host's agent is there */
    PAR_ANSWER_DOWN,    /* text: why it is not, or no longer */
    PAR_ANSWER_GROUP    /* u32 its key; text: why it is not made; none: it is */
};

/* Behind it for each member u32 host (0: this one), u32 id of the child. */
typedef struct par_ask_group {
    uint32_t seats, channels;
    uint64_t ring_bytes;
} par_ask_group;

#define PAR_ASK_MAX_BYTES ((size_t)1 << 20)
#define PAR_ASK_FDS_MAX 3

typedef struct par_ask {
    uint32_t magic, type, host, id, n_fds, len;
} par_ask;

/* One whole message as it stands in `in`; PAR_E_AGAIN: not all there; PAR_E_CORRUPT. *body: in the buffer. */
int par_ask_next(const par_buffer *in, size_t at, par_ask *out, const uint8_t **body);
/* Appends header and body. PAR_OK, PAR_E_NOMEM, PAR_E_LIMIT. */
int par_ask_put(par_buffer *out, uint32_t type, uint32_t host, uint32_t id, uint32_t n_fds, const void *body, size_t len);

#endif
