/* The fork server for Lua: one in each state that wants it. */
#include "lua/child/forkserver.h"

#include "codec/compat.h"
#include "lua/child/parts.h"
#include "lua/child/strings.h"
#include "lua/error.h"
#include "lua/waiting.h"

typedef struct par_lua_forkserver {
    par_forkserver server;
    par_lua_waiting *waiting;
} par_lua_forkserver;

static const char metatable_key;

static int server_gc(lua_State *L)
{
    par_lua_forkserver *self = lua_touserdata(L, 1);
    par_forkserver_close(&self->server);
    return 0;
}

static bool server_interrupted(void *host) { return par_lua_interrupted(((par_lua_forkserver *)host)->waiting); }

par_forkserver *par_lua_forkserver_to(lua_State *L, int idx)
{
    par_lua_forkserver *self = lua_touserdata(L, idx);
    if (!self || !lua_getmetatable(L, idx)) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!same) return NULL;
    return &self->server;
}

/* core.child.forkserver(program, args) -> server */
static int server_open(lua_State *L)
{
    par_error err;
    par_os_spawn_options spawn = {.program = luaL_checkstring(L, 1)};
    par_lua_forkserver *self = lua_newuserdata(L, sizeof *self);
    *self = (par_lua_forkserver){.server = {.socket = -1}, .waiting = par_lua_waiting_of(L)};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    spawn.argv = par_lua_push_vector(L, 2, spawn.program);
    if (par_forkserver_open(&self->server, &spawn, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    self->server.interrupted = server_interrupted;
    self->server.host = self;
    lua_pop(L, 1);
    return 1;
}

/* core.child.forkserver_close(server) */
static int server_close(lua_State *L)
{
    par_forkserver *server = par_lua_forkserver_to(L, 1);
    if (!server) return luaL_argerror(L, 1, "fork server expected");
    par_forkserver_close(server);
    return 0;
}

/* core.child.forkserver_serve(): in the server; returns in each child that it makes. */
static int server_serve(lua_State *L)
{
    par_error err;
    if (par_forkserver_serve(&err) != PAR_OK) return luaL_error(L, "parallel: %s", err.text);
    return 0;
}

void par_lua_open_forkserver(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"forkserver", server_open}, {"forkserver_close", server_close}, {"forkserver_serve", server_serve}, {NULL, NULL}};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, server_gc);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
    luaL_setfuncs(L, functions, 0);
    lua_pushboolean(L, par_os_fork_sibling_usable());
    lua_setfield(L, -2, "forkserver_usable");
}
