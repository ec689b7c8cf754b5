/* What the messages between a parent and its child are. Kinds below PAR_KIND_CONTROL are what users receive. */
#ifndef PAR_LINK_PROTOCOL_H
#define PAR_LINK_PROTOCOL_H

#include "channel/channel.h"

enum {
    PAR_KIND_DATA = 0,                      /* both ways: a user's message */
    PAR_KIND_START = 1,                     /* parent to child, twice and first: settings, then code and arguments */
    PAR_KIND_BYTES = PAR_KIND_CONTROL - 1,  /* both ways: a user's message that is no Lua value but bytes, to and from C programs */
    PAR_KIND_HELLO = PAR_KIND_CONTROL,      /* child to parent, first: the fingerprint of its Lua, as text */
    PAR_KIND_RESULT = PAR_KIND_CONTROL + 1, /* child to parent, last: the values that its code returned */
    PAR_KIND_FAILED = PAR_KIND_CONTROL + 2, /* child to parent, last: an uncaught error (par_failure) */
    PAR_KIND_YIELD = PAR_KIND_CONTROL + 3,  /* child to parent: it waits in parallel.yield() */
    PAR_KIND_JOIN = PAR_KIND_CONTROL + 4,   /* parent to child: ends the yield; a value travels along */
    PAR_KIND_EXEC = PAR_KIND_CONTROL + 5,   /* parent to child: code and arguments for a child that waits for them */
    PAR_KIND_GROUP = PAR_KIND_CONTROL + 6,  /* parent to child: it is a member of a group; descriptors come along */
    PAR_KIND_MODULE = PAR_KIND_CONTROL + 7, /* bridge to a child on another machine: a module that it needs (cluster/seek.h) */
    PAR_KIND_MEMORY = PAR_KIND_CONTROL + 8  /* child to another child of our parent: memory that both are to see (peer.h) */
};

/* Of a child on another machine: between the owner of its link and the bridge that stands for it, and never to a child. */
enum {
    PAR_KIND_APART = PAR_KIND_CONTROL + 64,
    PAR_KIND_SIGNAL = PAR_KIND_APART,         /* to the bridge: par_told_signal, to be sent to the child */
    PAR_KIND_RETRACT = PAR_KIND_APART + 1,    /* to the bridge: par_told_retract */
    PAR_KIND_SLOT = PAR_KIND_APART + 2,       /* to the bridge: par_told_slot, the word of one slot; from it: as they stand there */
    PAR_KIND_NEED = PAR_KIND_APART + 3,       /* from such a child to its agent: the name of a module, as text without a terminator */
    PAR_KIND_COMMON = PAR_KIND_APART + 4,     /* to the bridge: par_told_common: others get the next message as well */
    PAR_KIND_STARTED = PAR_KIND_APART + 8,    /* from the bridge: par_told_started */
    PAR_KIND_SIGNALLED = PAR_KIND_APART + 9,  /* from the bridge: par_told_signal; number is 1 when its process was there */
    PAR_KIND_RETRACTED = PAR_KIND_APART + 10, /* from the bridge: par_told_retracted */
    PAR_KIND_ENDED = PAR_KIND_APART + 12,     /* from the bridge, last: par_told_ended */
    PAR_KIND_LOST = PAR_KIND_APART + 13       /* from the bridge, last: text why nobody knows how it ended */
};

typedef struct par_told_signal {
    int32_t number;
} par_told_signal;

typedef struct par_told_retract {
    uint32_t slot, keep;
} par_told_retract;

typedef struct par_told_retracted {
    uint32_t slot, claimed, limit;
    uint64_t age_ns; /* since the last claim */
} par_told_retracted;

typedef struct par_told_slot {
    uint32_t slot;
    uint64_t words[2];
    uint64_t age_ns;
    uint32_t given[2]; /* of which chunk each word is */
} par_told_slot;

typedef struct par_told_common {
    uint64_t number; /* of the broadcast; 0: it is none, and may come again later */
} par_told_common;

typedef struct par_told_started {
    uint32_t pid;
} par_told_started;

typedef struct par_told_ended {
    int32_t status, signal;
} par_told_ended;

/* The descriptor at which a child finds its end of the socket. */
#define PAR_CHILD_SOCKET_FD 3

/* Body of PAR_KIND_FAILED: lengths in the sender's byte order (one machine), then the texts, then the error value
 * encoded by the codec, which only its receiver can judge. */
typedef struct par_failure_header {
    uint32_t message_bytes;
    uint32_t traceback_bytes;
} par_failure_header;

typedef struct par_failure {
    const char *message;
    size_t message_len;
    const char *traceback;
    size_t traceback_len;
    const uint8_t *value; /* NULL when the value is the message itself */
    size_t value_len;
} par_failure;

/* Splits a received body. False when its lengths do not fit. The texts are not terminated. */
bool par_failure_parse(const uint8_t *bytes, size_t len, par_failure *out);

#endif
