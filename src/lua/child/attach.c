/* Being a child. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/message.h"
#include "link/start.h"
#include "lua/child/decode.h"
#include "lua/child/parts.h"
#include "lua/error.h"

/* The first word to the parent. One who does not wait for it is not woken: it takes the word in with whatever comes next. */
static int say_hello(par_link *parent, const char *fingerprint, bool awaited, par_error *err)
{
    size_t len = strlen(fingerprint), room;
    uint8_t *span = awaited ? NULL : par_link_claim(parent, len, &room);
    if (!span) return par_link_send(parent, PAR_KIND_HELLO, fingerprint, len, NULL, 0, PAR_NEVER, err);
    memcpy(span, fingerprint, len);
    return par_link_commit(parent, PAR_KIND_HELLO, len, true, err);
}

/* Why this child cannot begin. When its parent is gone there is nobody to be told. */
static int throw_attach(lua_State *L, const par_error *err)
{
    if (err->code == PAR_E_CLOSED) exit(1);
    return luaL_error(L, "parallel: %s", err->text);
}

/* Pushes the values of the next message of the start and returns their number; negative: nothing is pushed, and err has a text that the
 * parent should be told. */
static int receive_start(lua_State *L, par_lua_link *self, par_error *err)
{
    static const par_lua_source source = {"arguments", 0};
    par_message message;
    par_lua_use use = par_lua_enter(L, self);
    int n = 0, rc = par_link_receive_next(self->link, &message, PAR_NEVER, err);
    bool starts = rc == PAR_OK && message.kind == PAR_KIND_START;
    if (starts) n = par_lua_link_push_message(L, self, &source, &message, err);
    par_lua_leave(self, use);
    if (rc != PAR_OK) return throw_attach(L, err);
    if (!starts) return luaL_error(L, "parallel: a message of the start was expected");
    if (n != PAR_E_RAISED) return n;
    const char *why = lua_tostring(L, -1);
    par_error_set(err, n, "%.400s", why ? why : "a hook raised an error that is no text");
    lua_pop(L, 1);
    return n;
}

/* core.child.attach(fd, parent_fingerprint, hello_awaited) -> parent, its fields, settings | parent, its fields, nil, why not */
static int child_attach(lua_State *L)
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
    par_lua_link_bind(self, link);
    self->encode_flags |= par_codec_flags_for(L, theirs);
    if (say_hello(link, own, hello_awaited, &err) != PAR_OK) return throw_attach(L, &err);
    if (receive_start(L, self, &err) < 0) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
    }
    return lua_gettop(L) - 2;
}

/* core.child.attach_raw(fd) -> parent, its fields: bytes are exchanged with it; nil, why not */
static int child_attach_raw(lua_State *L)
{
    par_error err;
    par_link *link;
    int fd = (int)luaL_checkinteger(L, 1);
    par_lua_link *self = par_lua_link_new(L, 0);
    if (par_link_attach(&link, fd, &err) != PAR_OK) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    par_lua_link_bind(self, link);
    self->raw = true;
    return 2;
}

/* core.child.await_start(parent) -> true, code, arguments... | false, why they cannot be made here */
static int child_await_start(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_settop(L, 1);
    lua_pushboolean(L, true);
    if (receive_start(L, self, &err) >= 0) return lua_gettop(L) - 1;
    lua_pushboolean(L, false);
    lua_pushstring(L, err.text);
    return 2;
}

/* core.child.interruptible(f, arguments...) -> what f returned, or false and its error: calls f with Ctrl-C let in. A child holds it
 * back outside of this, so that it never breaks into our own code. */
static int child_interruptible(lua_State *L)
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

void par_lua_open_attach(lua_State *L)
{
    static const luaL_Reg functions[] = {{"attach", child_attach},
                                         {"attach_raw", child_attach_raw},
                                         {"await_start", child_await_start},
                                         {"interruptible", child_interruptible},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
