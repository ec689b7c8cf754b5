#include "lua/child/arguments.h"

#include <lauxlib.h>

#include "codec/codec.h"
#include "base/limits.h"
#include "codec/compat.h"
#include "os/os.h"

int64_t par_lua_deadline_of(lua_State *L, int idx, const char *what)
{
    if (lua_isnoneornil(L, idx)) return PAR_NEVER;
    double seconds = lua_tonumber(L, idx);
    if (lua_type(L, idx) != LUA_TNUMBER || !(seconds >= 0))
        luaL_error(L, "bad %s: seconds (a number from 0 on) expected, got %s", what,
                   lua_type(L, idx) == LUA_TNUMBER ? "a negative number" : luaL_typename(L, idx));
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
