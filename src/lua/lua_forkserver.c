/* The fork server for Lua: one in each state that wants it. */
#include <lauxlib.h>
#include <string.h>

#include "codec/compat.h"
#include "lua/lua_error.h"
#include "lua/lua_forkserver.h"
#include "lua/parts.h"

typedef struct par_lua_forkserver {
    par_forkserver server;
    lua_State *L; /* the coroutine that starts a child right now */
} par_lua_forkserver;

static const char metatable_key;

static int server_gc(lua_State *L)
{
    par_lua_forkserver *self = lua_touserdata(L, 1);
    par_forkserver_close(&self->server);
    return 0;
}

static bool server_interrupted(void *host)
{
    par_lua_forkserver *self = host;
    return par_lua_interrupted(self->L);
}

par_forkserver *par_lua_forkserver_to(lua_State *L, int idx)
{
    par_lua_forkserver *self = lua_touserdata(L, idx);
    if (!self || !lua_getmetatable(L, idx)) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!same) return NULL;
    self->L = L;
    return &self->server;
}

/* core.forkserver(program, args) -> server */
static int server_open(lua_State *L)
{
    par_error err;
    par_os_spawn_options spawn = {.program = luaL_checkstring(L, 1)};
    par_lua_forkserver *self = lua_newuserdata(L, sizeof *self);
    *self = (par_lua_forkserver){.server = {.socket = -1}};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    spawn.argv = par_lua_push_vector(L, 2, spawn.program);
    if (par_forkserver_open(&self->server, &spawn, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    self->server.interrupted = server_interrupted;
    self->server.host = self;
    lua_pop(L, 1);
    return 1;
}

/* core.forkserver_close(server) */
static int server_close(lua_State *L)
{
    par_forkserver *server = par_lua_forkserver_to(L, 1);
    if (!server) return luaL_argerror(L, 1, "fork server expected");
    par_forkserver_close(server);
    return 0;
}

/* core.forkserver_serve(): in the server; returns in each child that it makes. */
static int server_serve(lua_State *L)
{
    par_error err;
    if (par_forkserver_serve(&err) != PAR_OK) return luaL_error(L, "parallel: %s", err.text);
    return 0;
}

/* core.set_variable(name, value or false), core.set_directory(path): of this process */
static int set_variable(lua_State *L)
{
    par_error err;
    const char *value = lua_isboolean(L, 2) ? NULL : luaL_checkstring(L, 2);
    if (par_os_set_variable(luaL_checkstring(L, 1), value, &err) != PAR_OK) return luaL_error(L, "parallel: %s", err.text);
    return 0;
}

static int set_directory(lua_State *L)
{
    par_error err;
    if (par_os_set_directory(luaL_checkstring(L, 1), &err) != PAR_OK) return luaL_error(L, "parallel: %s", err.text);
    return 0;
}

void par_lua_open_forkserver(lua_State *L)
{
    static const luaL_Reg functions[] = {{"forkserver", server_open},       {"forkserver_close", server_close},
                                         {"forkserver_serve", server_serve}, {"set_variable", set_variable},
                                         {"set_directory", set_directory},   {NULL, NULL}};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, server_gc);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
    luaL_setfuncs(L, functions, 0);
    lua_pushboolean(L, par_os_fork_sibling_usable());
    lua_setfield(L, -2, "forkserver_usable");
}
