/* What the messages between a parent and its child are. Kinds below PAR_KIND_CONTROL are what users receive. */
#ifndef PAR_LINK_PROTOCOL_H
#define PAR_LINK_PROTOCOL_H

#include "channel/channel.h"

enum {
    PAR_KIND_DATA = 0,                      /* both ways: a user's message */
    PAR_KIND_START = 1,                     /* parent to child, twice and first: settings, then code and arguments */
    PAR_KIND_HELLO = PAR_KIND_CONTROL,      /* child to parent, first: the fingerprint of its Lua, as text */
    PAR_KIND_RESULT = PAR_KIND_CONTROL + 1, /* child to parent, last: the values that its code returned */
    PAR_KIND_FAILED = PAR_KIND_CONTROL + 2, /* child to parent, last: an uncaught error (par_failure) */
    PAR_KIND_YIELD = PAR_KIND_CONTROL + 3,  /* child to parent: it waits in parallel.yield() */
    PAR_KIND_JOIN = PAR_KIND_CONTROL + 4,   /* parent to child: ends the yield; a value travels along */
    PAR_KIND_EXEC = PAR_KIND_CONTROL + 5    /* parent to child: code and arguments for a child that waits for them */
};

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
