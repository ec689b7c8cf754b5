/* Events are gathered in a buffer and appended to the file in lots. The file ends with the bytes that make it valid JSON at
 * any moment, so it can be read whatever happens to the processes. */
#undef PAR_WITHOUT_TRACE
#include "lua/lua_trace.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/compat.h"
#include "lua/parts.h"

#define TRACE_VARIABLE "PARALLEL_TRACE"           /* what users set */
#define TRACE_JOIN_VARIABLE "PARALLEL_TRACE_JOIN" /* what children find: the file is there, append to it */

enum {
    TRACE_BUFFER_BYTES = 64 << 10,
    TRACE_EVENT_BYTES = 1 << 10, /* at most, for one event */
    TRACE_NAME_BYTES = 200
};
#define TRACE_FLUSH_NS INT64_C(100000000)

static const char ending[] = "\n]}\n";

bool par_trace_on;
static int trace_fd = -1;
static pid_t owner; /* the process whose events are in the buffer */
static char *buffer;
static size_t used;
static int64_t flushed_ns;
static int64_t task_began_ns;
static double task_number;

/* --- writing --- */

void par_trace_flush(void)
{
    if (!par_trace_on || used == 0) return;
    if (par_os_journal_append(trace_fd, buffer, used, ending, sizeof ending - 1) != PAR_OK) par_trace_on = false;
    used = 0;
    flushed_ns = par_os_now_ns();
}

/* One event: text of at most TRACE_EVENT_BYTES. Every event but the file's first follows a comma. */
static void put_event(const char *text, size_t len)
{
    memcpy(buffer + used, ",\n", 2);
    memcpy(buffer + used + 2, text, len);
    used += len + 2;
    if (used > TRACE_BUFFER_BYTES / 2 || par_os_now_ns() - flushed_ns > TRACE_FLUSH_NS) par_trace_flush();
}

static void put_formatted(const char *text, int len)
{
    if (len > 0 && len < TRACE_EVENT_BYTES) put_event(text, (size_t)len);
}

void par_trace_record(const char *name, int64_t began_ns, int64_t peer, int64_t bytes)
{
    char text[TRACE_EVENT_BYTES], args[80] = "";
    if (!par_trace_on) return;
    int64_t now_ns = par_os_now_ns();
    if (peer >= 0 && bytes >= 0)
        snprintf(args, sizeof args, ",\"args\":{\"peer\":%" PRId64 ",\"bytes\":%" PRId64 "}", peer, bytes);
    else if (peer >= 0)
        snprintf(args, sizeof args, ",\"args\":{\"peer\":%" PRId64 "}", peer);
    put_formatted(text, snprintf(text, sizeof text,
                                 "{\"name\":\"%s\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":%d,\"tid\":%d%s}", name,
                                 (double)began_ns / 1e3, (double)(now_ns - began_ns) / 1e3, (int)par_os_pid(),
                                 (int)par_os_pid(), args));
}

static void put_mark(const char *name, const char *phase)
{
    char text[TRACE_EVENT_BYTES];
    put_formatted(text, snprintf(text, sizeof text, "{\"name\":\"%s\",\"ph\":\"%s\",\"ts\":%.3f,\"pid\":%d,\"tid\":%d}", name,
                                 phase, (double)par_os_now_ns() / 1e3, (int)par_os_pid(), (int)par_os_pid()));
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
    if (!par_trace_on || owner != par_os_pid()) return;
    put_mark("run", "E");
    par_trace_flush();
}

static int begin(const char *path, bool create, par_error *err)
{
    static bool registered;
    if (!buffer) buffer = malloc(TRACE_BUFFER_BYTES);
    if (!buffer) return par_error_set(err, PAR_E_NOMEM, "no memory to trace");
    int rc = par_os_journal_open(path, create, &trace_fd, err);
    if (rc != PAR_OK) return rc;
    used = 0;
    if (create) { /* the head, and the first event, which follows no comma */
        used = (size_t)snprintf(buffer, TRACE_BUFFER_BYTES, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
        used += (size_t)name_event(buffer + used, TRACE_EVENT_BYTES, "parallel#000");
    }
    par_trace_on = true;
    owner = par_os_pid();
    if (create) par_trace_flush();
    if (!par_trace_on) return par_error_set(err, PAR_E_SYSTEM, "cannot write to %s", path);
    put_mark("run", "B");
    if (!registered) atexit(at_exit);
    registered = true;
    return PAR_OK;
}

static void stop(void)
{
    at_exit();
    par_trace_on = false;
    par_os_close(trace_fd);
    trace_fd = -1;
    unsetenv(TRACE_JOIN_VARIABLE);
}

/* core.trace(path): from now on this process and the children it starts are traced to a new file; nil: no longer. */
static int trace_start(lua_State *L)
{
    par_error err;
    const char *path = luaL_optstring(L, 1, NULL);
    if (par_trace_on) stop();
    if (!path) return 0;
    if (begin(path, true, &err) != PAR_OK) return luaL_error(L, "parallel.trace: %s", err.text);
    char *absolute = realpath(path, NULL);
    setenv(TRACE_JOIN_VARIABLE, absolute ? absolute : path, 1);
    free(absolute);
    return 0;
}

/* core.trace_on() */
static int trace_on(lua_State *L)
{
    lua_pushboolean(L, par_trace_on);
    return 1;
}

/* core.trace_name(name): what this process is called in the picture */
static int trace_name(lua_State *L)
{
    char text[TRACE_EVENT_BYTES];
    if (!par_trace_on) return 0;
    if (owner != par_os_pid()) { /* forked from a process that was traced: what it had in its buffer is not ours */
        owner = par_os_pid();
        used = 0;
        put_mark("run", "B");
    }
    put_formatted(text, name_event(text, sizeof text, luaL_checkstring(L, 1)));
    return 0;
}

/* core.trace_flush() */
static int trace_flush(lua_State *L)
{
    (void)L;
    par_trace_flush();
    return 0;
}

/* core.trace_task(number): a task begins */
static int trace_task(lua_State *L)
{
    task_number = luaL_checknumber(L, 1);
    task_began_ns = par_os_now_ns();
    return 0;
}

/* core.trace_task_end(failed): and ends */
static int trace_task_end(lua_State *L)
{
    char text[TRACE_EVENT_BYTES];
    if (!par_trace_on || !task_began_ns) return 0;
    int64_t took_ns = par_os_now_ns() - task_began_ns;
    put_formatted(text, snprintf(text, sizeof text,
                                 "{\"name\":\"%s\",\"cat\":\"task\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":%d,"
                                 "\"tid\":%d,\"args\":{\"task\":%.0f}}",
                                 lua_toboolean(L, 1) ? "failed task" : "task", (double)task_began_ns / 1e3,
                                 (double)took_ns / 1e3, (int)par_os_pid(), (int)par_os_pid(), task_number));
    task_began_ns = 0;
    return 0;
}

void par_lua_open_trace(lua_State *L)
{
    static const luaL_Reg functions[] = {{"trace", trace_start},         {"trace_on", trace_on},
                                         {"trace_name", trace_name},     {"trace_flush", trace_flush},
                                         {"trace_task", trace_task},     {"trace_task_end", trace_task_end},
                                         {NULL, NULL}};
    par_error err;
    luaL_setfuncs(L, functions, 0);
    if (par_trace_on) return;
    const char *join = getenv(TRACE_JOIN_VARIABLE), *path = getenv(TRACE_VARIABLE);
    if (join && *join) {
        begin(join, false, &err); /* a file that has gone is no reason to stop */
        return;
    }
    if (!path || !*path) return;
    lua_pushcfunction(L, trace_start);
    lua_pushstring(L, path);
    lua_call(L, 1, 0);
}
