#include "codec/levels.h"

#include "base/assert.h"

static void push_spill_table(lua_State *L, const par_levels *levels)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, levels->key);
    if (lua_istable(L, -1)) return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, levels->key);
}

static void spill(lua_State *L, par_levels *levels)
{
    int moved = 2 * (int)PAR_LEVELS_MOVED, first = levels->base + 1, last = lua_gettop(L);
    push_spill_table(L, levels);
    for (int i = 0; i < moved; i++) {
        lua_pushvalue(L, first + i);
        lua_rawseti(L, -2, (int)(2 * levels->spilled) + i + 1);
    }
    lua_pop(L, 1);
    for (int i = first; i + moved <= last; i++) {
        lua_pushvalue(L, i + moved);
        lua_replace(L, i);
    }
    lua_settop(L, last - moved);
    levels->spilled += PAR_LEVELS_MOVED;
}

int par_levels_widen(lua_State *L, par_levels *levels)
{
    PAR_ASSERT(levels->depth > levels->spilled && levels->depth - 1 - levels->spilled <= PAR_LEVELS_WINDOW);
    if (levels->depth - 1 - levels->spilled == PAR_LEVELS_WINDOW) spill(L, levels);
    return lua_checkstack(L, 2 * (int)(PAR_LEVELS_WINDOW + 1) + PAR_LEVELS_SPARE);
}

void par_levels_reload(lua_State *L, par_levels *levels, int left)
{
    int moved = 2 * (int)PAR_LEVELS_MOVED, first = levels->base + 1;
    PAR_ASSERT(levels->spilled >= PAR_LEVELS_MOVED);
    levels->spilled -= PAR_LEVELS_MOVED;
    push_spill_table(L, levels);
    lua_insert(L, first);
    for (int i = 0; i < moved; i++) {
        lua_rawgeti(L, first, (int)(2 * levels->spilled) + i + 1);
        lua_pushnil(L);
        lua_rawseti(L, first, (int)(2 * levels->spilled) + i + 1);
    }
    for (; left > 0; left--) { /* what lay there before the levels comes to the top */
        lua_pushvalue(L, first + 1);
        lua_remove(L, first + 1);
    }
    lua_remove(L, first);
}

void par_levels_push(lua_State *L, const par_levels *levels, size_t level, int slot)
{
    if (level >= levels->spilled) {
        lua_pushvalue(L, levels->base + 1 + 2 * (int)(level - levels->spilled) + slot);
        return;
    }
    push_spill_table(L, levels);
    lua_rawgeti(L, -1, (int)(2 * level) + slot + 1);
    lua_remove(L, -2);
}

void par_levels_reset(lua_State *L, par_levels *levels)
{
    if (levels->spilled == 0) return;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, levels->key);
}
