#include "lua/child/arguments.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "codec/codec.h"
#include "base/limits.h"
#include "codec/compat.h"
#include "lua/error.h"
#include "os/os.h"

const char *const par_lua_timeout_only[] = {"timeout", NULL};

/* The name at the top is none of these. How that is said, with what may have been meant, is written in Lua. */
static int refuse_option(lua_State *L, const char *what, const char *const *names)
{
    int name = lua_gettop(L);
    par_lua_where(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "parallel.options");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "unknown");
    lua_pushstring(L, what);
    lua_pushvalue(L, name);
    lua_newtable(L);
    for (int i = 0; names[i]; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_call(L, 3, 1);
    lua_remove(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

void par_lua_check_options(lua_State *L, int idx, const char *what, const char *const *names)
{
    if (lua_isnoneornil(L, idx)) return;
    if (!lua_istable(L, idx)) par_lua_misuse(L, "%s: options in a table expected, got %s", what, luaL_typename(L, idx));
    luaL_checkstack(L, 10, NULL);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        bool known = false;
        lua_pop(L, 1);
        for (int i = 0; names[i] && !known; i++) known = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), names[i]) == 0;
        if (!known) refuse_option(L, what, names);
    }
}

int64_t par_lua_deadline_of(lua_State *L, int idx, const char *what)
{
    if (lua_isnoneornil(L, idx)) return PAR_NEVER;
    double seconds = lua_tonumber(L, idx);
    if (lua_type(L, idx) != LUA_TNUMBER || !(seconds >= 0))
        par_lua_misuse(L, "bad %s: seconds (a number from 0 on) expected, got %s", what,
                       lua_type(L, idx) == LUA_TNUMBER ? seconds < 0 ? "a negative number" : "nan" : luaL_typename(L, idx));
    if (seconds > 1e9) return PAR_NEVER;
    return seconds == 0 ? 0 : par_os_now_ns() + (int64_t)(seconds * 1e9);
}

int64_t par_lua_deadline(lua_State *L, int idx)
{
    if (lua_isnoneornil(L, idx)) return PAR_NEVER;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_getfield(L, idx, "timeout");
    int64_t deadline_ns = par_lua_deadline_of(L, -1, "option 'timeout'");
    lua_pop(L, 1);
    return deadline_ns;
}

unsigned par_lua_send_flags(lua_State *L, int idx)
{
    if (lua_isnoneornil(L, idx)) return 0;
    lua_getfield(L, idx, "lossy");
    unsigned flags = lua_toboolean(L, -1) ? PAR_ENCODE_LOSSY : 0;
    lua_pop(L, 1);
    return flags;
}
