/* Starting a child, and being one. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/apart.h"
#include "lua/cluster.h"
#include "lua/lua_error.h"
#include "lua/lua_forkserver.h"
#include "lua/lua_link.h"
#include "lua/lua_trace.h"
#include "lua/parts.h"

extern char **environ;

/* --- core.spawn --- */

/* The strings of the table at idx as a NULL-terminated vector inside a userdata that is pushed. The strings stay
 * anchored in the table. */
char **par_lua_push_vector(lua_State *L, int idx, const char *first)
{
    luaL_checktype(L, idx, LUA_TTABLE);
    size_t n = lua_rawlen(L, idx), at = 0;
    char **vector = lua_newuserdata(L, (n + 2) * sizeof *vector);
    if (first) vector[at++] = (char *)first;
    for (size_t i = 1; i <= n; i++) {
        lua_rawgeti(L, idx, (int)i);
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "parallel: argument %d of the program is no string", (int)i);
        vector[at++] = (char *)lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    vector[at] = NULL;
    return vector;
}

/* Does the environment entry "NAME=value" set the variable `name`? */
static bool entry_is(const char *entry, const char *name)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* This process' environment with the changes of the table at idx ({NAME='value', OTHER=false}), as a vector in a userdata.
 * The new entries are anchored in a table; both stay on the stack. */
static char **push_environment(lua_State *L, int idx)
{
    size_t n = 0, at = 0, changes = 0;
    while (environ[n]) n++;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) changes++;
    char **vector = lua_newuserdata(L, (n + changes + 1) * sizeof *vector);
    lua_newtable(L); /* anchor */
    for (size_t i = 0; i < n; i++) {
        bool replaced = false;
        for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
            if (lua_type(L, -2) == LUA_TSTRING && entry_is(environ[i], lua_tostring(L, -2))) replaced = true;
        if (!replaced) vector[at++] = environ[i];
    }
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        bool unset = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        if (lua_type(L, -2) != LUA_TSTRING || strchr(lua_tostring(L, -2), '=') || (!unset && !lua_isstring(L, -1)))
            luaL_error(L, "parallel: option 'env' takes names with strings as values, or false to remove a name");
        if (unset) continue;
        lua_pushvalue(L, -1); /* a number must not be converted in the table itself */
        lua_pushfstring(L, "%s=%s", lua_tostring(L, -3), lua_tostring(L, -1));
        vector[at] = (char *)lua_tostring(L, -1);
        lua_rawseti(L, -5, (int)++at);
        lua_pop(L, 1);
    }
    vector[at] = NULL;
    return vector;
}

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
        options->spawn.environment = push_environment(L, lua_gettop(L));
    }
    lua_getfield(L, 1, "server");
    options->server = par_lua_forkserver_to(L, -1);
    lua_getfield(L, 1, "answer_seconds");
    if (options->server) options->server->answer_ns = (int64_t)(luaL_checknumber(L, -1) * 1e9);
}

#define APART_START_NS INT64_C(30000000000) /* for the agent's answer; the bridge gives up a host that is silent for longer */

/* Waits until the agent has made the child, and learns its number there. */
static void await_start_apart(lua_State *L, par_lua_link *self)
{
    par_error err;
    self->L = L;
    if (par_apart_await_start(self->link, par_os_now_ns() + APART_START_NS, &err) == PAR_OK) return;
    par_link *link = self->link;
    self->link = NULL;
    link->asked = true;
    par_link_free(link);
    err.code = err.code == PAR_E_INTERRUPTED ? err.code : PAR_E_SYSTEM;
    par_lua_throw_status(L, self->id, &err);
}

/* core.spawn{bridge=, host=, program= (nil: the host's own Lua), id=, ring_bytes=, env=, cwd=, output=, prefix=, functions=} -> child, its fields: on another machine.
 * core.spawn{program=, args={...}, id=, ring_bytes=, env=, cwd=, output=, prefix=, server=, answer_seconds=, functions=}
 * -> child, its fields. answer_seconds: how long the server may take; functions=false: it may send no code. */
static int start_spawn(lua_State *L)
{
    par_start_options options = {0};
    par_lua_placing placing;
    par_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, 1, "id");
    options.id = (uint32_t)luaL_checkinteger(L, -1);
    lua_getfield(L, 1, "ring_bytes");
    options.ring_bytes = (size_t)luaL_checknumber(L, -1);
    lua_getfield(L, 1, "output");
    options.output = luaL_optstring(L, -1, NULL);
    lua_getfield(L, 1, "prefix");
    options.prefix = luaL_optstring(L, -1, "");
    lua_getfield(L, 1, "bridge");
    if (par_lua_bridge_to(L, -1)) {
        par_lua_placing_init(L, &placing, 1, &options);
        options.place = par_lua_place;
        options.place_context = &placing;
    } else {
        read_local_options(L, &options);
    }

    par_lua_link *self = par_lua_link_new(L, options.id);
    lua_getfield(L, 1, "functions");
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) self->decode_flags = 0;
    lua_pop(L, 1);
    par_link *link;
    fflush(stdout); /* what was printed before comes before what the child prints */
    int64_t began_ns = par_trace_begin();
    if (par_link_start(&link, &options, &err) != PAR_OK) return par_lua_throw_status(L, options.id, &err);
    par_trace_end("start", began_ns, options.id, -1);
    par_lua_link_bind(L, self, link);
    if (link->apart) await_start_apart(L, self);
    lua_pushinteger(L, (lua_Integer)options.id);
    lua_setfield(L, -2, "id");
    lua_pushinteger(L, (lua_Integer)link->pid);
    lua_setfield(L, -2, "unixid");
    return 2;
}

/* links.start(child, settings, code, args...): two messages. The child has to find modules as its parent does before it can
 * make what names them, or tensors: settings come first. */
static int start_send(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_link_send(L, self, PAR_KIND_START, 2, 1, "settings", PAR_NEVER);
    par_lua_link_send(L, self, PAR_KIND_START, 3, lua_gettop(L) - 2, "arguments", PAR_NEVER);
    return 0;
}

/* links.await_hello(child, timeout): waits until the child's Lua runs, and learns whether it is of our kind. Raises when it
 * ended instead. */
static int start_await_hello(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    self->L = L;
    int rc = par_link_wait_hello(self->link, par_lua_deadline_of(L, 2, "timeout"), &err);
    if (rc != PAR_OK) return par_lua_link_throw(L, self, &err, "start of");
    if (!self->link->hello) {
        par_lua_link_push_end(L, self);
        return par_lua_raise(L);
    }
    self->encode_flags |= par_codec_flags_for(L, self->link->fingerprint);
    lua_pushboolean(L, self->encode_flags == 0);
    return 1;
}

/* links.set_fingerprint(child, fingerprint): its Lua is known before its hello */
static int start_set_fingerprint(lua_State *L)
{
    par_lua_link_check(L, 1)->encode_flags |= par_codec_flags_for(L, luaL_checkstring(L, 2));
    return 0;
}

/* --- core.attach: the child's side --- */

/* The first word to the parent. One who does not wait for it is not woken: it takes the word in with whatever comes next. */
static int say_hello(par_channel *channel, const char *fingerprint, bool awaited, par_error *err)
{
    size_t len = strlen(fingerprint), room;
    uint8_t *span = awaited ? NULL : par_channel_claim(channel, len, &room);
    if (!span) return par_channel_send(channel, PAR_KIND_HELLO, fingerprint, len, NULL, 0, PAR_NEVER, err);
    memcpy(span, fingerprint, len);
    return par_channel_commit_quietly(channel, PAR_KIND_HELLO, len, err);
}

/* Why this child cannot begin. When its parent is gone there is nobody to be told. */
static int throw_attach(lua_State *L, const par_error *err)
{
    if (err->code == PAR_E_CLOSED) exit(1);
    return luaL_error(L, "parallel: %s", err->text);
}

/* Pushes the values of the next message of the start and returns their number, or an error that the parent should be told. */
static int receive_start(lua_State *L, par_lua_link *self, par_error *err)
{
    par_message message;
    int rc;
    do rc = par_channel_receive(self->link->channel, &message, PAR_NEVER, err);
    while (rc == PAR_NOTICE);
    err->code = rc;
    if (rc != PAR_OK) return throw_attach(L, err);
    if (message.kind != PAR_KIND_START) return luaL_error(L, "parallel: a message of the start was expected");
    int n = par_codec_decode(L, self->codec, message.bytes, message.len, message.payloads, message.n_payloads,
                             PAR_DECODE_FUNCTIONS, err);
    par_channel_release(self->link->channel, &message);
    return n;
}

/* core.attach(fd, parent_fingerprint, hello_awaited) -> parent, its fields, settings | parent, its fields, nil, why not */
static int start_attach(lua_State *L)
{
    par_error err;
    par_link *link;
    char own[sizeof link->fingerprint];
    int fd = (int)luaL_checkinteger(L, 1);
    const char *theirs = luaL_checkstring(L, 2);
    bool hello_awaited = lua_toboolean(L, 3);
    lua_settop(L, 2);
    par_codec_fingerprint(L, own, sizeof own);
    par_lua_link *self = par_lua_link_new(L, 0);
    if (par_link_attach(&link, fd, &err) != PAR_OK) return throw_attach(L, &err);
    par_lua_link_bind(L, self, link);
    self->encode_flags |= par_codec_flags_for(L, theirs);
    self->L = L;
    if (say_hello(link->channel, own, hello_awaited, &err) != PAR_OK) return throw_attach(L, &err);

    if (receive_start(L, self, &err) < 0) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
    }
    return lua_gettop(L) - 2;
}

/* links.await_start(parent) -> true, code, arguments... | false, why they cannot be made here */
static int start_await(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_settop(L, 1);
    lua_pushboolean(L, true);
    self->L = L;
    if (receive_start(L, self, &err) >= 0) return lua_gettop(L) - 1;
    lua_pushboolean(L, false);
    lua_pushstring(L, err.text);
    return 2;
}

/* core.interruptible(f, arguments...) -> what f returned, or false and its error: calls f with Ctrl-C let in. A child holds it
 * back outside of this, so that it never breaks into our own code. */
static int start_interruptible(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_Hook hook = lua_gethook(L);
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    bool let = par_os_let_interrupt(true);
    int rc = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    par_os_let_interrupt(let);
    if (lua_gethook(L) != hook) lua_sethook(L, hook, mask, count); /* the interpreter's, for a Ctrl-C that came too late */
    if (rc == LUA_OK) return lua_gettop(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* links.output(child) -> what it wrote to its standard output, what to its error, bytes of both that were too many to be kept */
static int start_output(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    uint64_t dropped = 0;
    if (!self->link->relay) return 0;
    for (int i = 0; i < 2; i++) {
        char *bytes;
        size_t len;
        uint64_t more;
        if (par_relay_take(self->link->relay, i, &bytes, &len, &more) != PAR_OK) return luaL_error(L, "not enough memory");
        lua_pushlstring(L, bytes, len);
        free(bytes);
        dropped += more;
    }
    lua_pushnumber(L, (lua_Number)dropped);
    return 3;
}

/* core.fingerprint() -> text */
static int start_fingerprint(lua_State *L)
{
    char own[sizeof ((par_link *)0)->fingerprint];
    par_codec_fingerprint(L, own, sizeof own);
    lua_pushstring(L, own);
    return 1;
}

void par_lua_open_start(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"spawn", start_spawn}, {"attach", start_attach}, {"fingerprint", start_fingerprint},
        {"interruptible", start_interruptible}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"start", start_send}, {"await_start", start_await}, {"await_hello", start_await_hello},
                                       {"output", start_output}, {"set_fingerprint", start_set_fingerprint}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_getfield(L, -1, "links");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}
