/* What goes out over a connection: gathered frames, and bytes that lie elsewhere; and the connection's failure. */
#include <stdarg.h>
#include <stdio.h>

#include "cluster/mux.h"
#include "os/os.h"

#define OUT_BYTES ((size_t)256 << 10) /* gathered before it is written */

void par_mux_fail(par_mux *mux, const char *format, ...)
{
    if (mux->lost) return;
    va_list args;
    va_start(args, format);
    vsnprintf(mux->why, sizeof mux->why, format, args);
    va_end(args);
    mux->lost = true;
    mux->role->on_lost(mux->role->context, mux, mux->why);
}

static size_t first_left(const par_mux *mux) { return mux->first.len - mux->first_at; }
bool par_mux_is_full(const par_mux *mux) { return mux->big_len > 0 || first_left(mux) + mux->out.len >= OUT_BYTES; }
bool par_mux_wants_to_write(const par_mux *mux) { return !mux->lost && (mux->big_len || mux->out.len || first_left(mux)); }

/* What was gathered is to be written before anything else. */
static int promote(par_mux *mux)
{
    if (first_left(mux) == 0) {
        par_buffer empty = mux->first;
        mux->first = mux->out;
        mux->out = empty;
        mux->out.len = mux->first_at = 0;
        return PAR_OK;
    }
    int rc = par_buffer_append(&mux->first, mux->out.data, mux->out.len);
    if (rc == PAR_OK) mux->out.len = 0;
    return rc;
}

int par_mux_put_big(par_mux *mux, par_stream *stream, const par_frame *header, const uint8_t *bytes, void (*done)(par_stream *stream))
{
    uint8_t head[PAR_FRAME_HEADER_BYTES];
    par_frame_put(head, header);
    if (par_buffer_append(&mux->out, head, sizeof head) != PAR_OK || promote(mux) != PAR_OK) return PAR_E_NOMEM;
    mux->big = bytes;
    mux->big_len = header->len;
    mux->big_stream = stream;
    mux->big_done = done;
    return PAR_OK;
}

/* So many bytes were taken by the wire. */
static void written(par_mux *mux, size_t n)
{
    size_t first = n < first_left(mux) ? n : first_left(mux);
    mux->first_at += first;
    mux->big_len -= n - first;
    if (mux->big_len) mux->big += n - first;
    if (mux->big_len || !mux->big_stream || first_left(mux)) return;
    par_stream *stream = mux->big_stream;
    mux->big_stream = NULL;
    mux->big_done(stream);
}

void par_mux_write(par_mux *mux)
{
    while (par_mux_wants_to_write(mux)) {
        if (!mux->big_len && !first_left(mux)) promote(mux);
        par_os_part parts[2] = {{mux->first.data + mux->first_at, first_left(mux)}, {(void *)(uintptr_t)mux->big, mux->big_len}};
        int skip = parts[0].len ? 0 : 1;
        int64_t n = par_wire_write(mux->wire, parts + skip, (mux->big_len ? 2 : 1) - skip);
        if (n == PAR_E_AGAIN) return;
        if (n == PAR_E_CLOSED) par_mux_fail(mux, "end of stream");
        else if (n < 0) par_mux_fail(mux, "cannot write to the connection");
        else {
            mux->sent_ns = par_os_now_coarse_ns();
            written(mux, (size_t)n);
        }
    }
}
