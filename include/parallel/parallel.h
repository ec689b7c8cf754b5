/* parallel for C programs: processes that exchange messages of bytes through shared memory.
 *
 * A program starts children (parallel_start), and each child finds its parent (parallel_attach). Children are C programs that link this
 * library, Lua scripts that require 'parallel', or a Lua program's own: parallel.run{program = './worker'} starts a C program.
 * What Lua sends to a C program and receives from it are strings.
 *
 * Calls return PARALLEL_OK or a negative code, and fill *error, which is never NULL. Time limits are nanoseconds from now; negative:
 * without end. All calls on a process are made in the thread that started it or attached to it. A child whose parent is gone ends
 * within a second, and when a program ends, so do its children. */
#ifndef PARALLEL_PARALLEL_H
#define PARALLEL_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PARALLEL_API __attribute__((visibility("default")))
#define PARALLEL_FOREVER ((int64_t)-1)

enum {
    PARALLEL_OK = 0,
    PARALLEL_E_TIMEOUT = -1,     /* the time limit passed */
    PARALLEL_E_CLOSED = -2,      /* the other process is gone, and nothing that it sent is left */
    PARALLEL_E_NOMEM = -4,       /* memory is exhausted */
    PARALLEL_E_CORRUPT = -5,     /* the other process wrote what cannot be a message; a child is killed for that */
    PARALLEL_E_SYSTEM = -6,      /* a system call failed; the text says which, and why */
    PARALLEL_E_LIMIT = -7,       /* a limit of the library or of this process was reached */
    PARALLEL_E_UNSUPPORTED = -9, /* a message of Lua values, not of bytes; a parent of another release */
    PARALLEL_E_INVALID = -10,    /* an argument is wrong, or this process is no child */
    PARALLEL_E_FULL = -11        /* as much as may be kept waits to be received: receive first */
};

typedef struct parallel_error {
    int code;
    char text[500]; /* for people: what happened and what to do */
} parallel_error;

/* The other process: a child, or the parent. */
typedef struct parallel_process parallel_process;

/* Memory that several processes see. Counted: whoever makes or keeps one drops it. */
typedef struct parallel_buffer parallel_buffer;

typedef struct parallel_start_options {
    const char *program;            /* looked for on PATH when it has no slash */
    const char *const *arguments;   /* behind the program's name, up to a NULL; NULL: none */
    const char *const *environment; /* "NAME=value", up to a NULL; NULL: this process' own */
    const char *directory;          /* NULL: this process' own */
    size_t ring_bytes;              /* of the shared buffer for each direction; 0: the usual */
} parallel_start_options;

typedef struct parallel_message {
    const void *bytes; /* 8-byte aligned, good until the release or the next receive on this process */
    size_t length;
    parallel_buffer *buffer; /* that came with it, or NULL; the message's own: keep it to have it longer */
} parallel_message;

typedef struct parallel_end_status {
    int status; /* exit status of a child that ended by itself; -1: not known (this program ignores SIGCHLD) */
    int signal; /* that ended it, else 0 */
} parallel_end_status;

/* --- processes --- */
/* Starts a child. It finds its parent by descriptor 3 and the variable PARALLEL_SOCKET. What `options` points to may go after the call.
 * PARALLEL_E_SYSTEM (no such program or directory), PARALLEL_E_INVALID (no program is named), PARALLEL_E_LIMIT, PARALLEL_E_NOMEM. On success
 * *child is the caller's, until parallel_end. */
PARALLEL_API int parallel_start(parallel_process **child, const parallel_start_options *options, parallel_error *error);
/* In a child: finds the parent, the same each time. *parent stays until the process ends. PARALLEL_E_INVALID: nobody started this process as a
 * child. PARALLEL_E_CLOSED: the parent is gone. PARALLEL_E_UNSUPPORTED: it runs another release. PARALLEL_E_TIMEOUT,
 * PARALLEL_E_CORRUPT: what stands at the descriptor is no parent. PARALLEL_E_NOMEM, PARALLEL_E_LIMIT, PARALLEL_E_SYSTEM. */
PARALLEL_API int parallel_attach(parallel_process **parent, parallel_error *error);
/* Waits until a child's process has ended; what it sends is taken in meanwhile and can be received after. PARALLEL_E_TIMEOUT,
 * PARALLEL_E_FULL, PARALLEL_E_NOMEM, PARALLEL_E_LIMIT; PARALLEL_E_INVALID for the parent. A child that wrote what cannot be a
 * message is killed, and that is its end. */
PARALLEL_API int parallel_wait(parallel_process *child, parallel_end_status *end, int64_t timeout_ns, parallel_error *error);
/* Sends a signal to a child. false: it has ended. */
PARALLEL_API bool parallel_signal(parallel_process *child, int signal_number);
/* Its process id; never fails. */
PARALLEL_API int64_t parallel_pid(const parallel_process *process);
/* Ends a child, by SIGKILL if it runs, and frees it; does nothing to the parent. NULL is allowed. */
PARALLEL_API void parallel_end(parallel_process *child);

/* --- messages --- */
/* Sends one message, whole or not at all, in order. Waits while the other's buffer is full, and takes in what comes from it meanwhile, so
 * that two who send at the same time do not stop each other. `buffer` travels along by reference, or is NULL; it stays the caller's, and
 * both sides see each other's writes. PARALLEL_E_TIMEOUT: nothing of it was sent; when the limit passes in mid-message, it counts as sent
 * and the rest follows by itself. PARALLEL_E_FULL, PARALLEL_E_NOMEM, PARALLEL_E_LIMIT: the same, and in mid-message the text says so.
 * PARALLEL_E_CLOSED, PARALLEL_E_CORRUPT. */
PARALLEL_API int parallel_send(parallel_process *process, const void *bytes, size_t length, parallel_buffer *buffer, int64_t timeout_ns,
                               parallel_error *error);
/* The next message. Messages that were sent before an end are received first; then PARALLEL_E_CLOSED. With timeout 0 it only looks:
 * PARALLEL_E_TIMEOUT, when there is none. PARALLEL_E_UNSUPPORTED: the message was of Lua values, and is gone. PARALLEL_E_NOMEM,
 * PARALLEL_E_LIMIT: it cannot be had now, but once there is room. PARALLEL_E_CORRUPT. After any error *message is empty. */
PARALLEL_API int parallel_receive(parallel_process *process, parallel_message *message, int64_t timeout_ns, parallel_error *error);
/* Gives the bytes and the buffer of the message back that was received last. */
PARALLEL_API void parallel_release(parallel_process *process);
/* A descriptor for poll and its kind: readable when something may be received (then receive with timeout 0 until PARALLEL_E_TIMEOUT). It
 * belongs to the process. PARALLEL_E_CLOSED, PARALLEL_E_LIMIT, PARALLEL_E_NOMEM, PARALLEL_E_SYSTEM. */
PARALLEL_API int parallel_descriptor(parallel_process *process, int *fd, parallel_error *error);

/* --- shared buffers --- */
/* Memory of so many bytes, whose content is not defined; the reference is the caller's. NULL: there is none, and *error says why:
 * PARALLEL_E_NOMEM, PARALLEL_E_LIMIT, PARALLEL_E_SYSTEM. */
PARALLEL_API parallel_buffer *parallel_buffer_new(size_t bytes, parallel_error *error);
/* The memory, which stays where it is as long as somebody holds a reference, and its size; neither fails. */
PARALLEL_API void *parallel_buffer_data(parallel_buffer *buffer);
PARALLEL_API size_t parallel_buffer_bytes(const parallel_buffer *buffer);
/* One reference more, which is the caller's, or less: the last one frees the memory in this process. NULL may be dropped. */
PARALLEL_API parallel_buffer *parallel_buffer_keep(parallel_buffer *buffer);
PARALLEL_API void parallel_buffer_drop(parallel_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
