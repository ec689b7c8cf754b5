/* core.view: what processes show of themselves (view/view.h), and the stack of this one for whoever asks. */
#include "view/view.h"

#include <lauxlib.h>
#include <pthread.h>
#include <string.h>

#include "codec/compat.h"
#include "lua/child/arguments.h"
#include "lua/parts.h"
#include "lua/waiting.h"
#include "os/os.h"

/* --- answering --- */

/* Registry keys: debug.traceback as it was when the library was loaded, and a userdata that lives as long as the state. */
static const char traceback_key, answering_key;

/* The one state of this process that answers; its thread writes it, and the handler runs in that thread. */
static struct {
    atomic_flag taken;
    _Atomic(lua_State *) L;
    pthread_t thread;
    const par_lua_waiting *waiting;
} answering;

/* A hook that the program or the interpreter had set before ours took its place. */
typedef struct hook {
    lua_Hook run;
    int mask, count;
} hook;
static hook before, before_waiting;

static void on_answer(lua_State *L, lua_Debug *where);

static void take_place(lua_State *L, hook *old)
{
    if (lua_gethook(L) == on_answer) return;
    *old = (hook){lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L)};
    lua_sethook(L, on_answer, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

static void give_back_place(lua_State *L, const hook *old)
{
    if (L && lua_gethook(L) == on_answer) lua_sethook(L, old->run, old->mask, old->count);
}

static void write_answer(lua_State *L)
{
    size_t len = 0;
    const char *text = "";
    if (!lua_checkstack(L, 4)) return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &traceback_key);
    lua_pushliteral(L, "");
    lua_pushinteger(L, 1); /* without traceback itself */
    if (lua_pcall(L, 2, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING) text = lua_tolstring(L, -1, &len);
    par_view_answer(text, len);
    lua_pop(L, 1);
}

/* Runs before the next instruction of what is busy, or within a wait of ours (lua/waiting.h). */
static void on_answer(lua_State *L, lua_Debug *where)
{
    (void)where;
    lua_State *waiting = answering.waiting->L;
    give_back_place(atomic_load_explicit(&answering.L, memory_order_relaxed), &before);
    give_back_place(waiting, &before_waiting);
    give_back_place(L, &before_waiting); /* a coroutine that has gone on meanwhile */
    write_answer(L);
}

/* May only do what a signal handler may: lua_sethook is allowed there, as the interpreters do it for Ctrl-C. */
static void on_ask(int signal_number)
{
    lua_State *L = atomic_load_explicit(&answering.L, memory_order_relaxed);
    if (!L) return;
    if (!pthread_equal(pthread_self(), answering.thread)) {
        par_os_signal_thread(answering.thread, signal_number);
        return;
    }
    lua_State *waiting = answering.waiting->L;
    take_place(L, &before);
    if (waiting && waiting != L && lua_gethook(waiting) != on_answer) take_place(waiting, &before_waiting);
}

static int stop_answering(lua_State *L)
{
    (void)L;
    atomic_store_explicit(&answering.L, NULL, memory_order_relaxed);
    atomic_flag_clear(&answering.taken);
    return 0;
}

/* core.view.answer(): from now on this state tells its stack to whoever asks. Of several states in one process the first one does. */
static int view_answer(lua_State *L)
{
    if (atomic_load_explicit(&answering.L, memory_order_relaxed)) return 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &traceback_key);
    if (!lua_isfunction(L, -1)) return 0;
    lua_newuserdata(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, stop_answering);
    lua_setfield(L, -2, "__gc");
    if (atomic_flag_test_and_set(&answering.taken)) return 0; /* what may raise for memory is done */
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &answering_key);
    answering.thread = pthread_self();
    answering.waiting = par_lua_waiting_of(L);
#if LUA_VERSION_NUM >= 502
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    L = lua_tothread(L, -1);
#endif
    atomic_store_explicit(&answering.L, L, memory_order_relaxed);
    par_os_on_ask(on_ask);
    return 0;
}

/* --- showing --- */

/* core.view.name(text): what this process is called */
static int view_name(lua_State *L)
{
    par_view_set_name(luaL_checkstring(L, 1));
    return 0;
}

/* --- looking --- */

static void set_number(lua_State *L, const char *name, uint64_t value)
{
#if PAR_LUA_INTEGERS
    lua_pushinteger(L, (lua_Integer)value);
#else
    lua_pushnumber(L, (lua_Number)value);
#endif
    lua_setfield(L, -2, name);
}

static double seconds_since(uint64_t ns) { return (double)(par_os_now_ns() - (int64_t)ns) * 1e-9; }

static void push_waits(lua_State *L, const par_view_seen *seen)
{
    static const char *const who[] = {NULL, "parent", "child", "sibling", "any"};
    uint64_t kind = seen->waits >> 32;
    if (kind < PAR_VIEW_PARENT || kind > PAR_VIEW_ANY) return;
    lua_pushstring(L, who[kind]);
    lua_setfield(L, -2, "waits_for");
    set_number(L, "waits_id", seen->waits & UINT32_MAX);
    lua_pushnumber(L, seconds_since(seen->waits_ns));
    lua_setfield(L, -2, "waits_seconds");
}

/* core.view.look(pid) -> {name=, sent=, received=, tasks=, failed= [, task=, task_seconds=] [, waits_for=, waits_id=, waits_seconds=]},
 * or nil: it shows nothing, or is not ours to see */
static int view_look(lua_State *L)
{
    par_view_seen seen;
    if (!par_view_look((pid_t)luaL_checkinteger(L, 1), &seen)) return 0;
    lua_createtable(L, 0, 10);
    lua_pushstring(L, seen.name);
    lua_setfield(L, -2, "name");
    set_number(L, "sent", seen.sent);
    set_number(L, "received", seen.received);
    set_number(L, "tasks", seen.tasks);
    set_number(L, "failed", seen.failed);
    if (seen.task) {
        set_number(L, "task", seen.task);
        lua_pushnumber(L, seconds_since(seen.task_ns));
        lua_setfield(L, -2, "task_seconds");
    }
    push_waits(L, &seen);
    return 1;
}

/* core.view.ask(pid, seconds) -> the stack of its Lua as text | nil, 'timeout' | 'closed' | 'unsupported', text */
static int view_ask(lua_State *L)
{
    par_view_seen seen;
    par_error err;
    pid_t pid = (pid_t)luaL_checkinteger(L, 1);
    int rc = par_view_ask(pid, par_lua_deadline_of(L, 2, "timeout"), &seen, &err);
    if (rc == PAR_OK) {
        lua_pushlstring(L, seen.text, seen.text_bytes);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, rc == PAR_E_TIMEOUT ? "timeout" : rc == PAR_E_CLOSED ? "closed" : "unsupported");
    lua_pushstring(L, err.text);
    return 3;
}

#define MORE_PROCESSES 64 /* that may start between two looks */

/* Gathered before a table is made of it, since making one may raise an error. */
typedef struct listing {
    par_os_process_info *list; /* NULL: they are only counted */
    size_t n, room;
} listing;

static void count_process(void *context, const par_os_process_info *info)
{
    listing *all = context;
    if (all->list && all->n < all->room) all->list[all->n] = *info;
    if (!all->list || all->n < all->room) all->n++;
}

static void push_process(lua_State *L, const par_os_process_info *info)
{
    lua_createtable(L, 0, 6);
    set_number(L, "pid", (uint64_t)info->pid);
    set_number(L, "parent", (uint64_t)info->parent);
    set_number(L, "memory_bytes", info->memory_bytes);
    lua_pushlstring(L, &info->state, 1);
    lua_setfield(L, -2, "state");
    lua_pushstring(L, info->command);
    lua_setfield(L, -2, "command");
    lua_pushnumber(L, (lua_Number)info->cpu_ns * 1e-9);
    lua_setfield(L, -2, "cpu_seconds");
}

/* core.view.processes() -> list of {pid=, parent=, state=, command=, cpu_seconds=, memory_bytes=} of this machine */
static int view_processes(lua_State *L)
{
    par_error err;
    listing all = {0};
    int rc = par_os_each_process(count_process, &all, &err);
    if (rc != PAR_OK) return luaL_error(L, "parallel: %s", err.text);
    all.room = all.n + MORE_PROCESSES;
    all.list = lua_newuserdata(L, all.room * sizeof *all.list);
    all.n = 0;
    par_os_each_process(count_process, &all, &err);
    lua_createtable(L, (int)all.n, 0);
    for (size_t i = 0; i < all.n; i++) {
        push_process(L, &all.list[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

void par_lua_open_view(lua_State *L)
{
    static const luaL_Reg functions[] = {{"answer", view_answer}, {"name", view_name},           {"look", view_look},
                                         {"ask", view_ask},       {"processes", view_processes}, {NULL, NULL}};
    lua_getglobal(L, "debug");
    if (lua_istable(L, -1)) lua_getfield(L, -1, "traceback");
    else lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &traceback_key);
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "view");
}
