/* Random seeds for tasks: Philox4x32-10, a counter-based generator (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3"). The counter is the task's number and the key the user's seed, so the seed of a task depends on nothing else. */
#include <lauxlib.h>
#include <stdint.h>

#include "codec/compat.h"
#include "lua/pool/parts.h"

static void philox_round(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1, (uint32_t)a};
    for (int i = 0; i < 4; i++) c[i] = next[i];
}

static void philox(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    for (int i = 0; i < 10; i++) {
        philox_round(c, k0, k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* A Lua number as 64 bits that are the same for 3 and 3.0, on every Lua. */
static uint64_t bits_of(lua_State *L, int idx)
{
    lua_Number x = luaL_checknumber(L, idx);
    if (x >= -9007199254740992.0 && x <= 9007199254740992.0 && x == (lua_Number)(int64_t)x) return (uint64_t)(int64_t)x;
    union {
        double number;
        uint64_t bits;
    } as = {.number = (double)x};
    return as.bits;
}

/* core.philox(seed, counter [, counter_high]) -> four numbers from 0 to 2^32 - 1 */
static int seed_philox(lua_State *L)
{
    uint64_t key = bits_of(L, 1), low = bits_of(L, 2), high = lua_isnoneornil(L, 3) ? 0 : bits_of(L, 3);
    uint32_t c[4] = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)};
    philox(c, (uint32_t)key, (uint32_t)(key >> 32));
    for (int i = 0; i < 4; i++) {
#if PAR_LUA_INTEGERS
        lua_pushinteger(L, (lua_Integer)c[i]);
#else
        lua_pushnumber(L, (lua_Number)c[i]);
#endif
    }
    return 4;
}

void par_lua_open_philox(lua_State *L)
{
    static const luaL_Reg functions[] = {{"philox", seed_philox}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
