/* What a process tells whoever looks at it: how many messages it sent, which task it runs, for whom it waits; and the stack of its Lua, when
 * that was asked for. All of it lies in shared memory that the process has open: the first part of the channel to its parent, or memory of
 * its own in a process that has none. It is written by plain stores whether somebody looks or not, so looking costs the process nothing,
 * and one that hangs can be looked at as well.
 *
 * Who looks believes nothing of it: the writer may be any process. */
#ifndef PAR_VIEW_VIEW_H
#define PAR_VIEW_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

#define PAR_VIEW_AT 2048           /* where it lies in its memory, in bytes */
#define PAR_VIEW_MAGIC 0x77656976u /* "view" */
#define PAR_VIEW_VERSION 1u
#define PAR_VIEW_NAME_BYTES 96
#define PAR_VIEW_TEXT_BYTES 5888 /* of a stack; what is longer is cut */

enum { PAR_VIEW_PARENT = 1, PAR_VIEW_CHILD, PAR_VIEW_SIBLING, PAR_VIEW_ANY }; /* who is waited for */

/* Words that one thread writes, relaxed: each is true by itself, and no other memory is read because of it. */
typedef struct par_view {
    _Atomic uint32_t magic; /* the last one written */
    uint32_t version;
    uint32_t pid; /* as the process knows itself */
    uint32_t unused;
    _Atomic uint64_t sent, received; /* messages */
    _Atomic uint64_t tasks, failed;  /* of pools, ended: all, and those that raised an error */
    _Atomic uint64_t task;           /* the number of the one that runs; 0: none does */
    _Atomic uint64_t task_ns;        /* when it began, by the monotonic clock */
    _Atomic uint64_t waits;          /* PAR_VIEW_PARENT ... << 32 | id; 0: it does not wait */
    _Atomic uint64_t waits_ns;       /* since when */
    char name[PAR_VIEW_NAME_BYTES];  /* "001.002 loader": its path and its name */
    _Atomic uint32_t turn; /* answers begun and ended: odd while one is written. Stored after the text with release, so who reads it
                                      * before and after (acquire) has a whole one */
    _Atomic uint32_t text_bytes;
    char text[PAR_VIEW_TEXT_BYTES]; /* the answer */
} par_view;
_Static_assert(PAR_VIEW_AT + sizeof(par_view) <= 8192, "two of the smallest pages");

/* --- the process itself --- */
/* Where it writes; never NULL, and never unmapped: threads may be at it. */
extern _Atomic(par_view *) par_view_mine;
static inline par_view *par_view_now(void) { return atomic_load_explicit(&par_view_mine, memory_order_relaxed); }
/* Takes over a descriptor of memory that has a view at PAR_VIEW_AT. Without memory for it nothing is shown. */
void par_view_show(int memory_fd);
/* In a process that shows nothing yet: memory of its own. */
void par_view_show_own(void);
bool par_view_is_shown(void);
void par_view_set_name(const char *name);
/* It waits from now on, until par_view_goes_on. */
void par_view_wait(uint32_t who, uint32_t id);
/* Writes an answer. */
void par_view_answer(const char *text, size_t len);

static inline void par_view_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}
static inline void par_view_set(_Atomic uint64_t *word, uint64_t value) { atomic_store_explicit(word, value, memory_order_relaxed); }
static inline void par_view_goes_on(void) { par_view_set(&par_view_now()->waits, 0); }

/* --- who looks (look.c) --- */
typedef struct par_view_seen {
    uint64_t sent, received, tasks, failed, task, task_ns, waits, waits_ns;
    uint32_t turn, text_bytes;
    char name[PAR_VIEW_NAME_BYTES];
    char text[PAR_VIEW_TEXT_BYTES + 1]; /* whole if turn is even */
} par_view_seen;
/* What another process of this machine shows. false: nothing that we can see. */
bool par_view_look(pid_t pid, par_view_seen *out);
/* Asks for its stack and waits for the answer. PAR_E_TIMEOUT: none came; PAR_E_CLOSED: there is no such process; PAR_E_UNSUPPORTED: it
 * shows nothing. */
int par_view_ask(pid_t pid, int64_t deadline_ns, par_view_seen *out, par_error *err);

#endif
