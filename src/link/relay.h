/* What a child writes to its standard output and error, taken in by a thread of this process: passed on in whole lines with
 * a prefix, or kept. The thread knows nothing of Lua. */
#ifndef PAR_LINK_RELAY_H
#define PAR_LINK_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum par_relay_mode {
    PAR_RELAY_PREFIX, /* to our own output and error, each line in one write with the prefix before it */
    PAR_RELAY_CAPTURE /* kept until asked for, at most PAR_RELAY_KEEP_BYTES of each stream */
} par_relay_mode;

#define PAR_RELAY_KEEP_BYTES ((size_t)64 << 20)
#define PAR_RELAY_LINE_BYTES ((size_t)1 << 20) /* a line that is longer is passed on in parts */

typedef struct par_relay par_relay;

/* child_fds[0] and [1] are for the child's output and error: the caller closes them after the spawn. */
int par_relay_open(par_relay **out, par_relay_mode mode, const char *prefix, int child_fds[2], par_error *err);
/* Waits until everything was taken in: the ends of both streams, or the deadline (a grandchild may hold them open). */
void par_relay_finish(par_relay *relay, int64_t deadline_ns);
/* After par_relay_finish: is something left that may have been written before it was called? */
bool par_relay_has_rest(par_relay *relay);
/* Copies what was kept of stream 0 or 1 and could be kept: *dropped counts the bytes beyond the limit. The caller frees. */
int par_relay_take(par_relay *relay, int stream, char **bytes, size_t *len, uint64_t *dropped);
/* Gives the handle up; the thread goes on as long as somebody writes. NULL is allowed. */
void par_relay_close(par_relay *relay);

#endif
