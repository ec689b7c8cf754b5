/* Events are gathered in a buffer and appended to the file in lots. The file ends with the bytes that make it valid JSON at
 * any moment, so it can be read whatever happens to the processes.
 *
 * A process has one timeline, whatever Lua states it runs in whatever threads: the buffer and all that goes with it have a lock. */
#undef PAR_WITHOUT_TRACE
#include "trace/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

#define TRACE_VARIABLE "PARALLEL_TRACE"           /* what users set */
#define TRACE_JOIN_VARIABLE "PARALLEL_TRACE_JOIN" /* what children find: the file is there, append to it */

enum {
    TRACE_BUFFER_BYTES = 64 << 10,
    TRACE_EVENT_BYTES = 1 << 10, /* at most, for one event */
    TRACE_NAME_BYTES = 200
};
#define TRACE_FLUSH_NS INT64_C(100000000)

static const char ending[] = "\n]}\n";

_Atomic bool par_trace_on;

static int collected = -1; /* the file of par_trace_collect; set once, before there are threads */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct { /* under the lock */
    int fd;
    pid_t owner;       /* the process whose events are in the buffer */
    int64_t thread_id; /* in which its run began */
    char *buffer;
    size_t used;
    int64_t flushed_ns;
    bool made; /* the file, by this process, which tells when it cannot go on; children have nobody to tell */
    bool exit_registered;
} trace = {.fd = -1};

/* --- writing --- */

static void set_on(bool on) { atomic_store_explicit(&par_trace_on, on, memory_order_relaxed); }

static void flush_locked(void)
{
    if (!par_trace_is_on() || trace.used == 0) return;
    if (par_os_journal_append(trace.fd, trace.buffer, trace.used, ending, sizeof ending - 1) != PAR_OK) {
        if (trace.made) fprintf(stderr, "parallel: the timeline ends here, it cannot be written any more: %s\n", strerror(errno));
        set_on(false);
    }
    trace.used = 0;
    trace.flushed_ns = par_os_now_ns();
}

void par_trace_flush(void)
{
    if (!par_trace_is_on()) return;
    pthread_mutex_lock(&lock);
    flush_locked();
    pthread_mutex_unlock(&lock);
}

/* One event: text of at most TRACE_EVENT_BYTES. Every event but the file's first follows a comma. */
static void put_locked(const char *text, int len)
{
    if (!par_trace_is_on() || len <= 0 || len >= TRACE_EVENT_BYTES) return;
    memcpy(trace.buffer + trace.used, ",\n", 2);
    memcpy(trace.buffer + trace.used + 2, text, (size_t)len);
    trace.used += (size_t)len + 2;
    if (trace.used > TRACE_BUFFER_BYTES / 2 || par_os_now_ns() - trace.flushed_ns > TRACE_FLUSH_NS) flush_locked();
}

static void put(const char *text, int len)
{
    pthread_mutex_lock(&lock);
    put_locked(text, len);
    pthread_mutex_unlock(&lock);
}

void par_trace_record(const char *name, int64_t began_ns, int64_t peer, int64_t bytes)
{
    char text[TRACE_EVENT_BYTES], args[80] = "";
    if (!par_trace_is_on()) return;
    int64_t now_ns = par_os_now_ns();
    if (peer >= 0 && bytes >= 0) snprintf(args, sizeof args, ",\"args\":{\"peer\":%" PRId64 ",\"bytes\":%" PRId64 "}", peer, bytes);
    else if (peer >= 0) snprintf(args, sizeof args, ",\"args\":{\"peer\":%" PRId64 "}", peer);
    put(text,
        par_decimal_print(text, sizeof text, "{\"name\":\"%s\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":%d,\"tid\":%" PRId64 "%s}",
                          name, (double)began_ns / 1e3, (double)(now_ns - began_ns) / 1e3, (int)par_os_pid(), par_os_thread_id(), args));
}

/* Where the run of this process begins and where it ends. */
static void mark_run_locked(const char *phase)
{
    char text[TRACE_EVENT_BYTES];
    put_locked(text, par_decimal_print(text, sizeof text, "{\"name\":\"run\",\"ph\":\"%s\",\"ts\":%.3f,\"pid\":%d,\"tid\":%" PRId64 "}",
                                       phase, (double)par_os_now_ns() / 1e3, (int)par_os_pid(), trace.thread_id));
}

static void begin_run_locked(void)
{
    trace.owner = par_os_pid();
    trace.thread_id = par_os_thread_id();
    mark_run_locked("B");
}

static void end_run_locked(void)
{
    if (!par_trace_is_on() || trace.owner != par_os_pid()) return;
    mark_run_locked("E");
    flush_locked();
}

/* Text as the inside of a JSON string; what does not fit is left out. */
static void escape(char *out, size_t room, const char *text)
{
    size_t at = 0;
    for (; *text && at + 8 < room; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            out[at++] = '\\';
            out[at++] = (char)c;
        } else if (c < 0x20 || c >= 0x7f) {
            at += (size_t)snprintf(out + at, room - at, "\\u%04x", c);
        } else {
            out[at++] = (char)c;
        }
    }
    out[at] = 0;
}

/* The metadata event which names this process. */
static int name_event(char *out, size_t room, const char *name)
{
    char safe[TRACE_NAME_BYTES];
    escape(safe, sizeof safe, name);
    return snprintf(out, room, "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"args\":{\"name\":\"%s\"}}",
                    (int)par_os_pid(), (int)par_os_pid(), safe);
}

/* --- starting and ending --- */

static void at_exit(void)
{
    pthread_mutex_lock(&lock);
    end_run_locked();
    pthread_mutex_unlock(&lock);
}

static int begin_locked(const char *path, bool create, par_error *err)
{
    if (!trace.buffer) trace.buffer = malloc(TRACE_BUFFER_BYTES);
    if (!trace.buffer) return par_error_set(err, PAR_E_NOMEM, "no memory to trace");
    int rc = par_os_journal_open(path, create, &trace.fd, err);
    if (rc != PAR_OK) return rc;
    trace.used = 0;
    trace.made = false;
    if (create) { /* the head, and the first event, which follows no comma */
        trace.used = (size_t)snprintf(trace.buffer, TRACE_BUFFER_BYTES, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
        trace.used += (size_t)name_event(trace.buffer + trace.used, TRACE_EVENT_BYTES, "parallel#000");
    }
    set_on(true);
    if (create) flush_locked();
    if (!par_trace_is_on()) return par_error_set(err, PAR_E_SYSTEM, "cannot write to %s", path);
    trace.made = create;
    begin_run_locked();
    if (!trace.exit_registered) atexit(at_exit);
    trace.exit_registered = true;
    return PAR_OK;
}

static void stop_locked(void)
{
    if (!par_trace_is_on()) return;
    end_run_locked();
    set_on(false);
    par_os_close(trace.fd);
    trace.fd = -1;
    par_os_set_variable(TRACE_JOIN_VARIABLE, NULL, &(par_error){0});
}

/* Children that are started from now on append to the file. */
static void tell_children(const char *path)
{
    par_error ignored;
    char *absolute = par_os_real_path(path);
    par_os_set_variable(TRACE_JOIN_VARIABLE, absolute ? absolute : path, &ignored);
    free(absolute);
}

int par_trace_to_file(const char *path, par_error *err)
{
    pthread_mutex_lock(&lock);
    stop_locked();
    int rc = path ? begin_locked(path, true, err) : PAR_OK;
    if (path && rc == PAR_OK) tell_children(path);
    pthread_mutex_unlock(&lock);
    return rc;
}

/* Goes on with the file that another process of the tree began, if one did. One that has gone is no reason to stop. */
static bool join_file(void)
{
    par_error ignored;
    pthread_mutex_lock(&lock);
    const char *path = getenv(TRACE_JOIN_VARIABLE);
    bool told = path && *path;
    if (told && !par_trace_is_on()) begin_locked(path, false, &ignored);
    pthread_mutex_unlock(&lock);
    return told;
}

int par_trace_open(par_error *err)
{
    if (par_trace_is_on() || join_file()) return PAR_OK;
    const char *path = getenv(TRACE_VARIABLE);
    return path && *path ? par_trace_to_file(path, err) : PAR_OK;
}

void par_trace_name(const char *name)
{
    char text[TRACE_EVENT_BYTES];
    if (!par_trace_is_on()) return;
    pthread_mutex_lock(&lock);
    if (trace.owner != par_os_pid()) { /* forked from a process that was traced: what it had in its buffer is not ours */
        trace.used = 0;
        begin_run_locked();
    }
    put_locked(text, name_event(text, sizeof text, name));
    pthread_mutex_unlock(&lock);
}

void par_trace_put_event(const char *text, size_t len)
{
    if (par_trace_is_on() && len <= PAR_TRACE_EVENT_MAX) put(text, (int)len);
}

int par_trace_collect_open(par_error *err)
{
    char path[64];
    if (collected >= 0) return PAR_OK;
    int rc = par_os_journal_unnamed(&collected, path, sizeof path, err);
    if (rc == PAR_OK) setenv(TRACE_JOIN_VARIABLE, path, 1);
    return rc;
}

int par_trace_collect(par_buffer *out) { return collected >= 0 ? par_os_journal_take(collected, out, ending, sizeof ending - 1) : PAR_OK; }

void par_trace_record_task(double number, int64_t began_ns, bool failed)
{
    char text[TRACE_EVENT_BYTES];
    int64_t took_ns = par_os_now_ns() - began_ns;
    put(text, par_decimal_print(text, sizeof text,
                                "{\"name\":\"%s\",\"cat\":\"task\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":%d,\"tid\":%" PRId64
                                ",\"args\":{\"task\":%.0f}}",
                                failed ? "failed task" : "task", (double)began_ns / 1e3, (double)took_ns / 1e3, (int)par_os_pid(),
                                par_os_thread_id(), number));
}
