/* The C API: the links of this library under public names. What the Lua layer uses is the same. */
#include "parallel/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "link/message.h"
#include "link/share.h"
#include "link/start.h"

#define SOCKET_VARIABLE "PARALLEL_SOCKET"

struct parallel_process {
    par_link *link;
    par_message message; /* the one that was received last; held.held is NULL when it was released */
    bool has_message;
};

#define SAME(name) _Static_assert((int)PARALLEL_E_##name == (int)PAR_E_##name, "public codes are the library's own")
SAME(TIMEOUT);
SAME(CLOSED);
SAME(NOMEM);
SAME(CORRUPT);
SAME(SYSTEM);
SAME(LIMIT);
SAME(UNSUPPORTED);
SAME(INVALID);
SAME(FULL);
_Static_assert(sizeof((parallel_error *)0)->text == sizeof((par_error *)0)->text, "texts fit");

/* Hands what went wrong on to the caller. */
static int tell(parallel_error *to, int code, const par_error *from)
{
    to->code = code;
    if (code == PARALLEL_OK) to->text[0] = 0;
    else memcpy(to->text, from->text, sizeof to->text);
    return code;
}

static int complain(parallel_error *error, int code, const char *text)
{
    error->code = code;
    snprintf(error->text, sizeof error->text, "%s", text);
    return code;
}

static int64_t deadline(int64_t timeout_ns)
{
    if (timeout_ns < 0) return PAR_NEVER;
    if (timeout_ns == 0) return 0;
    int64_t now_ns = par_os_now_ns();
    return timeout_ns > PAR_NEVER - now_ns ? PAR_NEVER : now_ns + timeout_ns;
}

/* --- starting --- */

/* The environment with the variable that says where the socket is. The caller frees the vector. */
static char **add_variable(const char *const *environment, char *variable)
{
    const char *const *from = environment ? environment : (const char *const *)par_os_environment();
    size_t n = 0, at = 0, len = strlen(SOCKET_VARIABLE);
    while (from[n]) n++;
    char **out = malloc((n + 2) * sizeof *out);
    if (!out) return NULL;
    for (size_t i = 0; i < n; i++)
        if (strncmp(from[i], SOCKET_VARIABLE, len) != 0 || from[i][len] != '=') out[at++] = (char *)(uintptr_t)from[i];
    out[at++] = variable;
    out[at] = NULL;
    return out;
}

/* The program and its arguments. The caller frees the vector. */
static char **command_of(const parallel_start_options *options)
{
    size_t n = 0;
    while (options->arguments && options->arguments[n]) n++;
    char **out = malloc((n + 2) * sizeof *out);
    if (!out) return NULL;
    out[0] = (char *)(uintptr_t)options->program;
    for (size_t i = 0; i < n; i++) out[i + 1] = (char *)(uintptr_t)options->arguments[i];
    out[n + 1] = NULL;
    return out;
}

static int start_link(parallel_process *child, const parallel_start_options *options, char **argv, uint32_t id, par_error *err)
{
    char variable[64];
    snprintf(variable, sizeof variable, SOCKET_VARIABLE "=%d %u", PAR_CHILD_SOCKET_FD, (unsigned)id);
    char **environment = add_variable(options->environment, variable);
    if (!environment) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    par_start_options start = {.id = id, .ring_bytes = options->ring_bytes ? options->ring_bytes : PAR_RING_DEFAULT_BYTES};
    start.spawn.program = options->program;
    start.spawn.argv = argv;
    start.spawn.environment = environment;
    start.spawn.cwd = options->directory;
    int rc = par_link_start(&child->link, &start, err);
    free(environment);
    return rc;
}

int parallel_start(parallel_process **child, const parallel_start_options *options, parallel_error *error)
{
    static _Thread_local uint32_t last_id;
    par_error err;
    if (!options || !options->program || !*options->program)
        return complain(error, PARALLEL_E_INVALID, "parallel_start: a program is needed");
    par_os_hold_standard();
    parallel_process *made = calloc(1, sizeof *made);
    char **argv = made ? command_of(options) : NULL;
    int rc = argv ? start_link(made, options, argv, ++last_id, &err) : par_error_set(&err, PAR_E_NOMEM, "out of memory");
    free(argv);
    if (rc == PAR_OK) *child = made;
    else free(made);
    return tell(error, rc, &err);
}

static parallel_process *the_parent; /* of the thread that attached to it; never freed, as its socket is our life line */

int parallel_attach(parallel_process **parent, parallel_error *error)
{
    par_error err;
    int fd;
    if (the_parent) {
        *parent = the_parent;
        return tell(error, PAR_OK, NULL);
    }
    const char *where = getenv(SOCKET_VARIABLE);
    if (!where || sscanf(where, "%d", &fd) != 1)
        return complain(error, PARALLEL_E_INVALID, "parallel_attach: no other process has started this one as its child");
    par_os_hold_standard();
    parallel_process *made = calloc(1, sizeof *made);
    int rc = made ? par_link_attach(&made->link, fd, &err) : par_error_set(&err, PAR_E_NOMEM, "out of memory");
    if (rc == PAR_OK) {
        *parent = the_parent = made;
        unsetenv(SOCKET_VARIABLE); /* what this process starts is no child of that parent */
    } else {
        free(made);
    }
    return tell(error, rc, &err);
}

/* --- the end of a child --- */

int parallel_wait(parallel_process *child, parallel_end_status *end, int64_t timeout_ns, parallel_error *error)
{
    par_error err;
    int64_t until = deadline(timeout_ns);
    par_link *link = child->link;
    if (link->is_parent) return complain(error, PARALLEL_E_INVALID, "parallel_wait: the parent is no child");
    par_link_use use = par_link_enter(link);
    int rc = par_link_wait(link, until, &err);
    if (rc == PAR_OK) rc = par_link_reap(link, until, &err);
    if (rc == PAR_OK) *end = (parallel_end_status){.status = link->exit.status, .signal = link->exit.signal};
    par_link_leave(use);
    return tell(error, rc, &err);
}

bool parallel_signal(parallel_process *child, int signal_number)
{
    return !child->link->is_parent && par_link_signal(child->link, signal_number);
}

int64_t parallel_pid(const parallel_process *process) { return process->link->pid; }

void parallel_end(parallel_process *child)
{
    if (!child || child->link->is_parent) return;
    parallel_release(child);
    par_link_close(child->link);
    free(child);
}

/* --- messages --- */

int parallel_send(parallel_process *process, const void *bytes, size_t length, parallel_buffer *buffer, int64_t timeout_ns,
                  parallel_error *error)
{
    par_error err;
    par_blob *blob = (par_blob *)buffer;
    par_payload payload = {.blob = blob, .shared = true};
    if (blob) payload.data = blob->data, payload.bytes = blob->bytes;
    par_link_use use = par_link_enter(process->link);
    int rc = par_link_is_there(process->link)
                 ? par_link_send(process->link, PAR_KIND_BYTES, bytes, length, &payload, blob != NULL, deadline(timeout_ns), &err)
                 : par_error_set(&err, PAR_E_CLOSED, "it has ended");
    par_link_leave(use);
    return tell(error, rc, &err);
}

static int take(parallel_process *process, parallel_message *message, par_error *err)
{
    par_message *got = &process->message;
    process->has_message = true;
    if (got->kind != PAR_KIND_BYTES || got->n_payloads > 1) {
        parallel_release(process);
        return par_error_set(err, PAR_E_UNSUPPORTED, "the message is of Lua values, which this program cannot take");
    }
    *message = (parallel_message){.bytes = got->bytes, .length = got->len};
    if (got->n_payloads) message->buffer = (parallel_buffer *)got->payloads[0];
    return PAR_OK;
}

int parallel_receive(parallel_process *process, parallel_message *message, int64_t timeout_ns, parallel_error *error)
{
    par_error err;
    parallel_release(process);
    *message = (parallel_message){0};
    par_link_use use = par_link_enter(process->link);
    int rc = par_link_receive(process->link, &process->message, deadline(timeout_ns), &err);
    if (rc == PAR_OK) rc = take(process, message, &err);
    par_link_leave(use);
    return tell(error, rc, &err);
}

void parallel_release(parallel_process *process)
{
    if (process->has_message) par_link_release(process->link, &process->message);
    process->has_message = false;
}

int parallel_descriptor(parallel_process *process, int *fd, parallel_error *error)
{
    par_error err;
    return tell(error, par_link_fd(process->link, fd, &err), &err);
}

/* --- shared buffers --- */

parallel_buffer *parallel_buffer_new(size_t bytes, parallel_error *error)
{
    par_error err;
    par_blob *blob = NULL;
    int rc = par_share_blob_new(bytes, &blob, &err);
    tell(error, rc, &err);
    return rc == PAR_OK ? (parallel_buffer *)blob : NULL;
}

void *parallel_buffer_data(parallel_buffer *buffer) { return ((par_blob *)buffer)->data; }

size_t parallel_buffer_bytes(const parallel_buffer *buffer) { return ((const par_blob *)buffer)->bytes; }

parallel_buffer *parallel_buffer_keep(parallel_buffer *buffer) { return (parallel_buffer *)par_blob_retain((par_blob *)buffer); }

void parallel_buffer_drop(parallel_buffer *buffer) { par_blob_release((par_blob *)buffer); }
