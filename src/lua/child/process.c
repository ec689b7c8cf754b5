/* The process of a child: signals, how it is or ended, what it wrote. */
#include <stdlib.h>
#include <string.h>

#include "codec/compat.h"
#include "link/link.h"
#include "lua/child/ends.h"
#include "lua/child/parts.h"
#include "lua/error.h"
#include "lua/signals.h"
#include "os/os.h"

/* --- state --- */

/* What has come is taken in: its state as it is now. */
static const char *state_now(lua_State *L, par_lua_link *self)
{
    par_error err;
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_link_wait(self->link, 0, &err);
    if (rc == PAR_E_TIMEOUT || rc == PAR_E_FULL || rc == PAR_E_LIMIT || rc == PAR_E_INVALID) rc = PAR_OK; /* it is as it was */
    par_lua_link_settle(L, self, par_lua_leave(self, use), rc, &err, "look at");
    return par_link_state_name(self->link->state);
}

/* core.child.state(child) -> "running", "yielded", "returned", "failed", "died" or "quit"; takes in what has come. */
static int process_state(lua_State *L)
{
    lua_pushstring(L, state_now(L, par_lua_link_check(L, 1)));
    return 1;
}

static par_lua_link *check_child(lua_State *L, const char *what)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    if (self->link->is_parent) par_lua_misuse(L, "%s: a child expected, got the parent", what);
    return self;
}

/* child:status() -> one of these states; then exit status or nil, signal or nil of a process that has ended */
static int process_status(lua_State *L)
{
    par_lua_link *self = check_child(L, "status");
    const char *state = state_now(L, self);
    par_os_exit end = *par_link_exit(self->link);
    lua_pushstring(L, state); /* may run a finalizer, which may close the child */
    if (end.ended && !end.signal && end.status >= 0) lua_pushinteger(L, end.status);
    else lua_pushnil(L);
    if (end.ended && end.signal) lua_pushinteger(L, end.signal);
    else lua_pushnil(L);
    return 3;
}

/* --- signals --- */

/* Sends a signal. It may wait for the child's first word before a SIGSTOP, and that is not to be interrupted. */
static bool send_signal(par_lua_link *self, int number)
{
    lua_State *waiting = self->waiting->L;
    self->waiting->L = NULL;
    bool there = par_link_signal(self->link, number);
    self->waiting->L = waiting;
    return there;
}

#define SIGNAL_MAX 64 /* no system has more */

static int signal_at(lua_State *L, int idx)
{
    int number = -1, type = lua_type(L, idx);
    lua_Number given = lua_tonumber(L, idx);
    if (lua_isnoneornil(L, idx)) return par_lua_signal_number("TERM");
    if (type != LUA_TNUMBER && type != LUA_TSTRING)
        return par_lua_misuse(L, "kill: the number or name of a signal expected, got %s", luaL_typename(L, idx));
    if (type == LUA_TSTRING) number = par_lua_signal_number(lua_tostring(L, idx));
    else if (given >= 0 && given <= SIGNAL_MAX && given == (int)given) number = (int)given;
    return number >= 0 ? number : par_lua_misuse(L, "kill: there is no signal '%s'", lua_tostring(L, idx));
}

/* child:kill([signal]): a number, or a name such as 'KILL' or 'SIGKILL'; TERM by default. -> was its process there? */
static int process_kill(lua_State *L)
{
    par_lua_link *self = check_child(L, "kill");
    int number = signal_at(L, 2);
    lua_pushboolean(L, send_signal(self, number));
    return 1;
}

/* --- output --- */

typedef struct written {
    char *bytes[2];
    size_t len[2];
    uint64_t dropped;
} written;

/* Copies what both streams have, before a string is made of it: that may run a finalizer, which may close the child. */
static int take_written(par_relay *relay, written *out)
{
    int rc = PAR_OK;
    *out = (written){0};
    for (int i = 0; i < 2 && rc == PAR_OK; i++) {
        uint64_t more;
        rc = par_relay_take(relay, i, &out->bytes[i], &out->len[i], &more);
        out->dropped += more;
    }
    return rc;
}

static int push_written(lua_State *L)
{
    const written *what = lua_touserdata(L, 1);
    for (int i = 0; i < 2; i++) lua_pushlstring(L, what->bytes[i], what->len[i]);
    return 2;
}

/* child:output() -> what it wrote to its standard output, what to its error, bytes of both that were too many to be kept; nothing
 * unless it was started with stdout='capture' */
static int process_output(lua_State *L)
{
    written what;
    lua_settop(L, 1);
    lua_pushcfunction(L, push_written);
    lua_pushlightuserdata(L, &what);
    par_lua_link *self = check_child(L, "output"); /* only now: making a function may run a finalizer too */
    if (!self->link->relay) return 0;
    int rc = take_written(self->link->relay, &what);
    if (rc == PAR_OK) rc = lua_pcall(L, 1, 2, 0);
    for (int i = 0; i < 2; i++) free(what.bytes[i]);
    if (rc != PAR_OK) return luaL_error(L, "not enough memory");
    lua_pushnumber(L, (lua_Number)what.dropped);
    return 3;
}

void par_lua_open_process(lua_State *L)
{
    static const luaL_Reg functions[] = {{"state", process_state}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"status", process_status}, {"kill", process_kill}, {"output", process_output}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    par_lua_child_methods(L, methods);
}
