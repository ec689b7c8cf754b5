#include "lua/child/parts.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/message.h"
#include "lua/child/arguments.h"
#include "lua/child/decode.h"
#include "lua/child/ends.h"
#include "lua/child/fill.h"
#include "lua/error.h"
#include "lua/tensor/box.h"
#include "trace/trace.h"

static const char last_key; /* registry: what to call after the last message of a joined child */

/* --- one message --- */

/* A child that was joined before all its messages were received leaves with the last one. */
static void after_message(lua_State *L, par_lua_link *self, int child)
{
    if (!self->joined || !self->link || self->held.held || par_link_has_message(self->link)) return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &last_key);
    lua_pushvalue(L, child);
    lua_call(L, 1, 0);
}

static int throw_receive(lua_State *L, par_lua_link *self, const par_error *err)
{
    if (err->code == PAR_E_CLOSED && self->link->state == PAR_LINK_YIELDED) {
        char text[100];
        snprintf(text, sizeof text, "receive from child %u: it waits in parallel.yield(); join it first", (unsigned)self->id);
        return par_lua_throw(L, "yielded", self->id, text);
    }
    return par_lua_link_throw(L, self, err, "receive from");
}

typedef enum outcome {
    GOT,     /* its value is pushed */
    NOTHING, /* no message; err says why */
    REFUSED  /* one that is gone: it cannot be received; err says why */
} outcome;

/* The next message as one value. Raises when the child is closed meanwhile. */
static outcome receive_one(lua_State *L, par_lua_link *self, int64_t deadline_ns, par_error *err)
{
    static const par_lua_source source = {"message", 0};
    par_message message;
    par_lua_blocks_tidy(L, self->blocks);
    par_lua_use use = par_lua_enter(L, self);
    int n = 0, rc = par_link_receive(self->link, &message, deadline_ns, err);
    if (rc == PAR_OK) {
        int64_t began_ns = par_trace_begin(), bytes = (int64_t)message.len;
        n = par_lua_link_push_message(L, self, &source, &message, err);
        par_trace_end("receive", began_ns, self->id, bytes);
    }
    if (!par_lua_leave(self, use)) par_lua_throw_closed(L, self);
    if (rc != PAR_OK || n == PAR_E_LIMIT) return NOTHING;
    if (n < 0) return REFUSED;
    if (n != 1) {
        lua_settop(L, lua_gettop(L) - n);
        lua_pushnil(L);
    }
    return GOT;
}

/* The same; raises. The child is at stack index 1. */
static void receive_value(lua_State *L, par_lua_link *self, int64_t deadline_ns)
{
    par_error err;
    switch (receive_one(L, self, deadline_ns, &err)) {
    case GOT:
        if (self->joined) after_message(L, self, 1);
        return;
    case NOTHING: throw_receive(L, self, &err); return;
    case REFUSED: par_lua_throw_status(L, self->id, &err);
    }
}

/* Pushes a value and true, or nil and false. */
static int receive_noblock(lua_State *L, par_lua_link *self)
{
    par_error err;
    outcome got = receive_one(L, self, 0, &err);
    if (got == NOTHING && (err.code == PAR_E_TIMEOUT || err.code == PAR_E_CLOSED)) {
        lua_pushnil(L);
    } else if (got == NOTHING) {
        return throw_receive(L, self, &err);
    } else if (got == REFUSED) {
        return par_lua_throw_status(L, self->id, &err);
    } else if (self->joined) {
        after_message(L, self, 1);
    }
    lua_pushboolean(L, got == GOT);
    return 2;
}

static bool is_noblock(lua_State *L, int idx) { return lua_type(L, idx) == LUA_TSTRING && strcmp(lua_tostring(L, idx), "noblock") == 0; }

/* receive(target, 'noblock') or receive(target, options) */
static int receive_into(lua_State *L, par_lua_link *self, int target)
{
    bool noblock = is_noblock(L, target + 1);
    if (noblock) {
        int n = receive_noblock(L, self);
        if (!lua_toboolean(L, -1)) return n;
        lua_pop(L, 1);
    } else {
        par_lua_check_options(L, target + 1, "receive", par_lua_timeout_only);
        receive_value(L, self, par_lua_deadline(L, target + 1));
    }
    par_lua_take_over(L, target);
    if (!noblock) return 1;
    lua_pushboolean(L, 1);
    return 2;
}

static int refuse_target(lua_State *L, int idx)
{
    const char *limit = lua_type(L, idx) == LUA_TNUMBER ? ": a time limit is {timeout=seconds}" : "";
    return par_lua_misuse(L, "receive: a tensor or storage to fill, 'noblock' or an options table expected, got %s%s",
                          luaL_typename(L, idx), limit);
}

/* child:receive([target] [, {timeout=}]) -> value; child:receive('noblock') -> value, true | nil, false */
static int link_receive(lua_State *L)
{
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    if (lua_gettop(L) == 1) {
        receive_value(L, self, PAR_NEVER);
        return 1;
    }
    lua_settop(L, 3);
    if (lua_isnil(L, 2)) { /* no target, perhaps options */
        lua_remove(L, 2);
        lua_settop(L, 3);
    }
    if (is_noblock(L, 2)) return receive_noblock(L, self);
    if (lua_isuserdata(L, 2)) return receive_into(L, self, 2);
    if (!lua_isnil(L, 2) && !lua_istable(L, 2)) return refuse_target(L, 2);
    par_lua_check_options(L, 2, "receive", par_lua_timeout_only);
    receive_value(L, self, par_lua_deadline(L, 2));
    return 1;
}

/* --- receiving without errors --- */

typedef struct failed_receive {
    par_lua_link *self;
    par_error *err;
    bool refused;
} failed_receive;

/* What receive would raise, raised: for par_lua_catch. */
static int raise_receive(lua_State *L)
{
    failed_receive *failed = lua_touserdata(L, 1);
    if (failed->refused) return par_lua_throw_status(L, failed->self->id, failed->err);
    return throw_receive(L, failed->self, failed->err);
}

/* child:try_receive([timeout]) -> true, value | false, error object. Raises only what is not the other process' doing: Ctrl-C, hooks'
 * errors, want of memory. */
static int link_try_receive(lua_State *L)
{
    par_error err;
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    int64_t deadline_ns = lua_isnoneornil(L, 2) ? 0 : par_lua_deadline_of(L, 2, "timeout");
    lua_settop(L, 1);
    lua_pushboolean(L, 1);
    outcome got = receive_one(L, self, deadline_ns, &err);
    if (got == GOT) {
        if (self->joined) after_message(L, self, 1);
        return 2;
    }
    if (err.code == PAR_E_INTERRUPTED || err.code == PAR_E_RAISED) return lua_error(L); /* its error is at the top */
    failed_receive failed = {self, &err, got == REFUSED};
    lua_settop(L, 1);
    lua_pushcfunction(L, raise_receive);
    lua_pushlightuserdata(L, &failed);
    bool raised = par_lua_catch(L, 1, 0) != 0;
    if (!raised || !par_lua_is_error(L, -1)) return raised ? lua_error(L) : luaL_error(L, "parallel: %s", err.text);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* --- looking first --- */

/* core.child.hold(child): the message that is received next can be put back by core.child.settle(child, false); settle(child, true)
 * lets it go. One of the two has to follow. */
static int link_hold(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    if (self->held.held) return luaL_error(L, "parallel: receive: a message of child %d is being received", (int)self->id);
    self->holding = true;
    return 0;
}

static int link_settle(lua_State *L)
{
    par_error ignored;
    par_lua_link *self = par_lua_link_expect(L, 1);
    par_message message = self->held;
    self->holding = false;
    self->held = (par_message){0};
    if (!message.held || !self->link) return 0;
    if (lua_toboolean(L, 2)) {
        par_link_release(self->link, &message);
        if (self->joined) after_message(L, self, 1);
    } else if (par_link_unreceive(self->link, &message, &ignored) != PAR_OK) {
        par_link_release(self->link, &message); /* no memory: it is lost */
    }
    return 0;
}

/* core.child.has_message(child) -> is a message waiting? Takes in what has come. */
static int link_has_message(lua_State *L)
{
    lua_pushboolean(L, par_link_has_message(par_lua_link_check(L, 1)->link));
    return 1;
}

/* core.child.ready(child) -> is there a message, a notice or an end? */
static int link_ready(lua_State *L)
{
    lua_pushboolean(L, par_link_ready(par_lua_link_check(L, 1)->link));
    return 1;
}

/* core.child.on_last_message(function): called with a joined child whose last message was received. */
static int link_on_last_message(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &last_key);
    return 0;
}

void par_lua_open_receive(lua_State *L)
{
    static const luaL_Reg methods[] = {{"receive", link_receive}, {"try_receive", link_try_receive}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"hold", link_hold},
                                         {"settle", link_settle},
                                         {"has_message", link_has_message},
                                         {"ready", link_ready},
                                         {"on_last_message", link_on_last_message},
                                         {NULL, NULL}};
    par_lua_child_methods(L, methods);
    luaL_setfuncs(L, functions, 0);
}
