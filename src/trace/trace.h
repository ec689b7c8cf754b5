/* One timeline of a whole tree of processes, as a file in the Chrome trace format. Off, it costs one test of a variable. */
#ifndef PAR_TRACE_TRACE_H
#define PAR_TRACE_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/os.h"

#ifdef PAR_WITHOUT_TRACE /* to measure what that test costs: docs/figures.md */
static inline bool par_trace_is_on(void) { return false; }
#else
extern _Atomic bool par_trace_on; /* stored under the lock of trace.c, where whoever records looks again */
static inline bool par_trace_is_on(void) { return atomic_load_explicit(&par_trace_on, memory_order_relaxed); }
#endif

/* The moment at which a span begins; 0 when nothing is traced. */
static inline int64_t par_trace_begin(void) { return par_trace_is_on() ? par_os_now_ns() : 0; }
/* Records what has happened since then. peer: id of the other process, or -1; bytes: or -1. */
void par_trace_record(const char *name, int64_t began_ns, int64_t peer, int64_t bytes);
static inline void par_trace_end(const char *name, int64_t began_ns, int64_t peer, int64_t bytes)
{
    if (began_ns) par_trace_record(name, began_ns, peer, bytes);
}
/* A task of a pool, whichever thread ran it. */
void par_trace_record_task(double number, int64_t began_ns, bool failed);
/* This process may be killed while it waits: writes out what was recorded. */
void par_trace_flush(void);

/* Begins a file (NULL: none) in place of the one that is written, which ends. Children that are started from now on append to it. */
int par_trace_to_file(const char *path, par_error *err);
/* As the environment says (PARALLEL_TRACE, or the file of the process that started this one). Once is enough. */
int par_trace_open(par_error *err);
/* Children that are started from now on record into memory of this process, whoever is traced himself. Once is enough. PAR_E_UNSUPPORTED. */
int par_trace_collect_open(par_error *err);
/* Appends the events that they have recorded since, each with PAR_TRACE_BETWEEN in front. PAR_OK, PAR_E_NOMEM, PAR_E_SYSTEM. */
int par_trace_collect(par_buffer *out);
#define PAR_TRACE_BETWEEN ",\n"
#define PAR_TRACE_EVENT_MAX 1000 /* bytes of one event */
/* Records an event of another process as it is. */
void par_trace_put_event(const char *text, size_t len);
/* What this process is called in the picture. */
void par_trace_name(const char *name);

#endif
