/* One end of a connection by itself: what its mux writes comes out of `other_end`, and what is written there it reads. */
#ifndef PAR_TESTS_MUX_END_H
#define PAR_TESTS_MUX_END_H

#include "cluster/mux.h"
#include "peers.h"

typedef struct mux_end {
    par_mux *mux;
    par_selector *selector;
    uint64_t grown;
    int other_end;
} mux_end;

/* What a role does in a test that does not ask. */
static inline int ignore_frame(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *why)
{
    (void)context, (void)stream, (void)frame, (void)body, (void)why;
    return PAR_OK;
}
static inline void ignore_local(void *context, par_stream *stream, const par_queued *message)
{
    (void)context, (void)stream, (void)message;
}
static inline void ignore_channel_end(void *context, par_stream *stream, int code) { (void)context, (void)stream, (void)code; }
static inline void ignore_delivered(void *context, par_stream *stream) { (void)context, (void)stream; }
static inline void ignore_lost(void *context, par_mux *mux, const char *why) { (void)context, (void)mux, (void)why; }

static inline void mux_end_open(mux_end *end, const par_mux_role *role)
{
    int fds[2];
    par_error err;
    *end = (mux_end){0};
    CHECK_INT(par_os_socketpair(fds, &err), PAR_OK);
    end->other_end = fds[1];
    CHECK_INT(par_os_stream_prepare(fds[0], &err), PAR_OK);
    CHECK_INT(par_selector_open(&end->selector, NULL, &err), PAR_OK);
    CHECK_INT(par_mux_open(&end->mux, par_wire_open(fds[0], fds[0]), end->selector, role, NULL, &end->grown, &err), PAR_OK);
}

static inline void mux_end_close(mux_end *end)
{
    par_mux_close(end->mux);
    par_selector_close(end->selector);
    par_os_close(end->other_end);
}

#endif
