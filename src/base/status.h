/* Result codes and the error record that every layer shares.
 *
 * Core functions return 0 or a negative code; a function that can fail in more than one way takes a
 * `par_error *` (never NULL) and fills it where the failure happens, once. Callers pass it on untouched. */
#ifndef PAR_BASE_STATUS_H
#define PAR_BASE_STATUS_H

#include <stdarg.h>

enum {
    PAR_OK = 0,
    PAR_NOTICE = 1,         /* not a failure: a control message was taken in, look at your own state */
    PAR_E_TIMEOUT = -1,     /* the deadline passed */
    PAR_E_CLOSED = -2,      /* the peer is gone and nothing it sent is left */
    PAR_E_AGAIN = -3,       /* a try_ call would have to wait */
    PAR_E_NOMEM = -4,       /* memory is exhausted */
    PAR_E_CORRUPT = -5,     /* a peer wrote something that cannot be true */
    PAR_E_SYSTEM = -6,      /* a system call failed: par_error.sys holds errno */
    PAR_E_LIMIT = -7,       /* a limit was reached: a named one of limits.h, or the system's of this process */
    PAR_E_INTERRUPTED = -8, /* the host asked to leave a wait (its interrupt hook returned true) */
    PAR_E_UNSUPPORTED = -9, /* a value or an operation that cannot be served */
    PAR_E_INVALID = -10,    /* the caller's argument is wrong */
    PAR_E_FULL = -11,       /* as much as may be kept waits to be received: nothing is lost, but it has to be received first */
    PAR_E_RAISED = -12      /* a function of the user raised an error, whose value is where the called one says */
};

typedef struct par_error {
    int code;       /* one of the codes above */
    int sys;        /* errno of the failed call, or 0 */
    char text[500]; /* for people: what happened, where, what to do; always terminated */
} par_error;

/* Fills *err and returns code, so that `return par_error_set(...)` reads well. */
int par_error_set(par_error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int par_error_vset(par_error *err, int code, const char *format, va_list args);
/* PAR_E_SYSTEM from the current errno: "<what>: <strerror>". ENOMEM becomes PAR_E_NOMEM, EMFILE and ENFILE PAR_E_LIMIT. */
int par_error_system(par_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
