#include "lua/waiting.h"

#include <lauxlib.h>

#include "codec/compat.h"

/* Their addresses are keys of the registry: */
static const char waiting_key; /* a userdata */
static const char nothing_key; /* an empty Lua function, for pending hooks */

par_lua_waiting *par_lua_waiting_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting_key);
    par_lua_waiting *waiting = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return waiting;
}

bool par_lua_interrupted(par_lua_waiting *waiting)
{
    lua_State *L = waiting->L;
    if (!L || !lua_gethookmask(L) || !lua_checkstack(L, 4)) return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &nothing_key);
    bool raised = lua_pcall(L, 0, 0, 0) != 0;
    waiting->L = L; /* what ran may have made calls of its own, and left them by an error */
    return raised;
}

void par_lua_open_waiting(lua_State *L)
{
    par_lua_waiting *waiting = lua_newuserdata(L, sizeof *waiting);
    waiting->L = NULL;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &waiting_key);
    if (luaL_loadstring(L, "return") != 0) lua_error(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &nothing_key);
}
