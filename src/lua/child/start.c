/* Starting a child. */
#include "link/start.h"

#include <stdio.h>

#include "codec/compat.h"
#include "link/apart.h"
#include "lua/child/arguments.h"
#include "lua/child/ends.h"
#include "lua/child/forkserver.h"
#include "lua/child/parts.h"
#include "lua/child/send.h"
#include "lua/child/strings.h"
#include "lua/cluster.h"
#include "lua/error.h"
#include "trace/trace.h"

/* Program, arguments and environment of a child on this machine; they stay on the stack. */
static void read_local_options(lua_State *L, par_start_options *options)
{
    lua_getfield(L, 1, "program");
    options->spawn.program = luaL_checkstring(L, -1);
    lua_getfield(L, 1, "cwd");
    options->spawn.cwd = luaL_optstring(L, -1, NULL);
    lua_getfield(L, 1, "args");
    options->spawn.argv = par_lua_push_vector(L, lua_gettop(L), options->spawn.program);
    lua_getfield(L, 1, "env");
    if (!lua_isnil(L, -1)) {
        luaL_checktype(L, -1, LUA_TTABLE);
        options->spawn.environment = par_lua_push_environment(L, lua_gettop(L));
    }
    lua_getfield(L, 1, "server");
    options->server = par_lua_forkserver_to(L, -1);
    lua_getfield(L, 1, "answer_seconds");
    if (options->server) options->server->answer_ns = (int64_t)(luaL_checknumber(L, -1) * 1e9);
}

/* What all children have; then where this one goes. */
static void read_options(lua_State *L, par_start_options *options, par_lua_placing *placing)
{
    lua_getfield(L, 1, "id");
    options->id = (uint32_t)luaL_checkinteger(L, -1);
    lua_getfield(L, 1, "ring_bytes");
    options->ring_bytes = (size_t)luaL_checknumber(L, -1);
    lua_getfield(L, 1, "output");
    options->output = luaL_optstring(L, -1, NULL);
    lua_getfield(L, 1, "prefix");
    options->prefix = luaL_optstring(L, -1, "");
    lua_getfield(L, 1, "bridge");
    if (!par_lua_bridge_to(L, -1)) {
        read_local_options(L, options);
        return;
    }
    par_lua_placing_init(L, placing, 1, options);
    options->place = par_lua_place;
    options->place_context = placing;
}

#define APART_START_NS INT64_C(30000000000) /* for the agent's answer; the bridge gives up a host that is silent for longer */

/* Waits until the agent has made the child, and learns its number there. */
static void await_start_apart(lua_State *L, par_lua_link *self)
{
    par_error err;
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_apart_await_start(self->link, par_os_now_ns() + APART_START_NS, &err);
    if (rc != PAR_OK) {
        self->link->asked = true;
        par_lua_link_close(self); /* when it is left */
    }
    bool open = par_lua_leave(self, use);
    if (rc == PAR_OK) par_lua_link_settle(L, self, open, rc, &err, "start of");
    if (rc == PAR_OK) return;
    err.code = rc == PAR_E_INTERRUPTED ? rc : PAR_E_SYSTEM;
    par_lua_throw_status(L, self->id, &err);
}

/* Starts it, and takes it over. */
static void start(lua_State *L, par_lua_link *self, const par_start_options *options)
{
    par_error err;
    par_link *link;
    fflush(stdout); /* what was printed before comes before what the child prints */
    int64_t began_ns = par_trace_begin();
    lua_State *outer = self->waiting->L;
    self->waiting->L = L;
    int rc = par_link_start(&link, options, &err);
    self->waiting->L = outer;
    if (rc != PAR_OK) par_lua_throw_status(L, options->id, &err);
    par_trace_end("start", began_ns, options->id, -1);
    par_lua_link_bind(self, link);
    if (link->apart) await_start_apart(L, self);
}

/* core.child.spawn{program=, args={...}, id=, ring_bytes=, env=, cwd=, output=, prefix=, server=, answer_seconds=, functions=}
 * -> child, its fields. answer_seconds: how long the server may take; functions=false: it may send no code. raw=true: a program that
 * exchanges bytes.
 * core.child.spawn{bridge=, host=, program= (nil: the host's own Lua), id=, ring_bytes=, env=, cwd=, output=, prefix=, functions=}
 * -> child, its fields: on another machine */
static int start_spawn(lua_State *L)
{
    par_start_options options = {0};
    par_lua_placing placing;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    read_options(L, &options, &placing);
    par_lua_link *self = par_lua_link_new(L, options.id);
    lua_getfield(L, 1, "raw");
    self->raw = lua_toboolean(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, 1, "functions");
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) self->decode_flags = 0;
    lua_pop(L, 1);
    start(L, self, &options);
    if (self->raw) self->link->hello = true; /* it says none */
    lua_pushinteger(L, (lua_Integer)options.id);
    lua_setfield(L, -2, "id");
    lua_pushinteger(L, (lua_Integer)self->link->pid);
    lua_setfield(L, -2, "unixid");
    return 2;
}

/* core.child.start(child, settings, code, args...): two messages. The child has to find modules as its parent does before it can
 * make what names them, or tensors: settings come first. */
static int start_send(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_link_send_values(L, self, PAR_KIND_START, 2, 1, "settings");
    par_lua_link_send_common(L, self, PAR_KIND_START, 3, lua_gettop(L) - 2, "arguments");
    return 0;
}

/* core.child.await_hello(child, timeout): waits until the child's Lua runs, and learns whether it is of our kind. Raises when it
 * ended instead. */
static int start_await_hello(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_link_wait_hello(self->link, deadline_ns, &err);
    par_lua_link_settle(L, self, par_lua_leave(self, use), rc, &err, "start of");
    if (!self->link->hello) {
        par_lua_link_push_end(L, self);
        return par_lua_raise(L);
    }
    self->encode_flags |= par_codec_flags_for(L, self->link->fingerprint);
    lua_pushboolean(L, self->encode_flags == 0);
    return 1;
}

/* core.child.set_fingerprint(child, fingerprint): its Lua is known before its hello */
static int start_set_fingerprint(lua_State *L)
{
    par_lua_link_check(L, 1)->encode_flags |= par_codec_flags_for(L, luaL_checkstring(L, 2));
    return 0;
}

void par_lua_open_start(lua_State *L)
{
    static const luaL_Reg functions[] = {{"spawn", start_spawn},
                                         {"start", start_send},
                                         {"await_hello", start_await_hello},
                                         {"set_fingerprint", start_set_fingerprint},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
