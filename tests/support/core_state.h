/* A Lua state of its own with parallel.core inside, without a module to be found: this program is linked with it. */
#ifndef TEST_CORE_STATE_H
#define TEST_CORE_STATE_H

#include <lauxlib.h>
#include <lualib.h>

int luaopen_parallel_core(lua_State *L);

static lua_State *state_with_core(void)
{
    lua_State *L = luaL_newstate();
    CHECK(L != NULL);
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_pushliteral(L, LUA_FILES "/?.lua;" LUA_FILES "/?/init.lua");
    lua_setfield(L, -2, "path");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_parallel_core);
    lua_setfield(L, -2, "parallel.core");
    lua_settop(L, 0);
    return L;
}

#endif
