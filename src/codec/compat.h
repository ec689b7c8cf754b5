/* One dialect of the Lua C API for 5.1, LuaJIT, 5.2, 5.3, 5.4 and later: the newest names, given to the older ones. */
#ifndef PAR_CODEC_COMPAT_H
#define PAR_CODEC_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#ifdef LUA_JITLIBNAME /* only LuaJIT's lualib.h has it */
#define PAR_LUAJIT 1
#define PAR_LUA_TCDATA 10 /* what lua_type says of a cdata; no header names it */
#else
#define PAR_LUAJIT 0
#endif

/* "5.4": what _VERSION ends with */
#if LUA_VERSION_NUM == 501
#define PAR_LUA_VERSION "5.1"
#elif LUA_VERSION_NUM == 502
#define PAR_LUA_VERSION "5.2"
#elif LUA_VERSION_NUM == 503
#define PAR_LUA_VERSION "5.3"
#elif LUA_VERSION_NUM == 504
#define PAR_LUA_VERSION "5.4"
#elif LUA_VERSION_NUM == 505
#define PAR_LUA_VERSION "5.5"
#else
#error "parallel: this Lua is newer than the library (5.1 to 5.5 and LuaJIT)"
#endif

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define LUA_OK 0
static inline int par_lua_absindex(lua_State *L, int idx) { return idx > 0 || idx <= LUA_REGISTRYINDEX ? idx : lua_gettop(L) + idx + 1; }
#define lua_absindex par_lua_absindex
static inline void lua_rawgetp(lua_State *L, int idx, const void *key)
{
    idx = lua_absindex(L, idx);
    lua_pushlightuserdata(L, (void *)key);
    lua_rawget(L, idx);
}
static inline void lua_rawsetp(lua_State *L, int idx, const void *key)
{
    idx = lua_absindex(L, idx);
    lua_pushlightuserdata(L, (void *)key);
    lua_insert(L, -2);
    lua_rawset(L, idx);
}
static inline void par_lua_setfuncs(lua_State *L, const luaL_Reg *list, int upvalues)
{
    for (; list->name; list++) {
        for (int i = 0; i < upvalues; i++) lua_pushvalue(L, -upvalues);
        lua_pushcclosure(L, list->func, upvalues);
        lua_setfield(L, -(upvalues + 2), list->name);
    }
    lua_pop(L, upvalues);
}
#define luaL_setfuncs par_lua_setfuncs
#undef luaL_newlib
#define luaL_newlib(L, list) (lua_newtable(L), luaL_setfuncs(L, list, 0))
#endif

/* Pushes the table of globals. */
static inline void par_lua_push_globals(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
#else
    lua_pushvalue(L, LUA_GLOBALSINDEX);
#endif
}

/* Pushes a global that may not be there, or nil: programs exist in which reading such a one is an error. */
static inline void par_lua_push_global(lua_State *L, const char *name)
{
    par_lua_push_globals(L);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
}

/* lua_rawgeti, which gives the type: since 5.3 without a second call. */
#if LUA_VERSION_NUM >= 503
#define par_lua_rawgeti_type lua_rawgeti
#else
static inline int par_lua_rawgeti_type(lua_State *L, int idx, lua_Integer n)
{
    lua_rawgeti(L, idx, (int)n);
    return lua_type(L, -1);
}
#endif

_Static_assert(sizeof(lua_Number) == 8, "Lua's numbers have to be doubles");
#if LUA_VERSION_NUM >= 503
#define PAR_LUA_INTEGERS 1 /* integers are a subtype of their own */
_Static_assert(sizeof(lua_Integer) == 8, "a Lua that was built with LUA_32BITS cannot hold what others send");
#else
#define PAR_LUA_INTEGERS 0
#define lua_isinteger(L, idx) ((void)(L), (void)(idx), 0)
#endif

#if LUA_VERSION_NUM >= 504
#undef lua_newuserdata
#define lua_newuserdata(L, bytes) lua_newuserdatauv(L, bytes, 1)
#endif

#endif
