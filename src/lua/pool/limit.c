/* A time limit for Lua code that runs in this process: a pool without workers has no other way to end a task.
 *
 * A hook is called after every so many instructions and raises an error once the time is up; from then on at each
 * instruction, in case the code catches it. Coroutines inherit the hook. What it cannot interrupt is a C function, or code that
 * LuaJIT has compiled (lua/parallel/pool/inline.lua turns its compiler off meanwhile). */
#include <lauxlib.h>

#include "codec/compat.h"
#include "lua/child/arguments.h"
#include "lua/pool/parts.h"
#include "os/os.h"

#define HOOK_INSTRUCTIONS 1000

static const char limit_key; /* registry: a userdata, when the time is up; 0: no limit. Limits may be nested: it is the nearest. */

static int64_t *limit_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &limit_key);
    int64_t *limit_ns = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return limit_ns;
}

static void on_count(lua_State *L, lua_Debug *where)
{
    (void)where;
    int64_t limit_ns = *limit_of(L);
    if (limit_ns == 0 || par_os_now_ns() < limit_ns) return;
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1); /* a loop around a pcall is left only between two of its calls */
    luaL_error(L, "the time limit of this task has passed");
}

/* core.limited(seconds, f, message_handler) -> true, results | false, what the handler made of the error */
static int limited(lua_State *L)
{
    int64_t *limit_ns = limit_of(L), before_ns = *limit_ns;
    int64_t deadline_ns = par_lua_deadline_of(L, 1, "time limit");
    lua_Hook hook = lua_gethook(L);
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    lua_settop(L, 3);
    lua_replace(L, 1); /* message handler, f */
    if (deadline_ns == 0) deadline_ns = par_os_now_ns();
    if (before_ns == 0 || deadline_ns < before_ns) *limit_ns = deadline_ns;
    lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    int rc = lua_pcall(L, 0, LUA_MULTRET, 1);
    /* Another hook by now is one that was set meanwhile, as by Ctrl-C: it stays. */
    if (lua_gethook(L) == on_count) lua_sethook(L, hook, mask, count);
    *limit_ns = before_ns;
    lua_pushboolean(L, rc == 0);
    lua_replace(L, 1);
    return lua_gettop(L);
}

void par_lua_open_limit(lua_State *L)
{
    static const luaL_Reg functions[] = {{"limited", limited}, {NULL, NULL}};
    int64_t *limit_ns = lua_newuserdata(L, sizeof *limit_ns);
    *limit_ns = 0;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &limit_key);
    luaL_setfuncs(L, functions, 0);
}
