/* Nesting without recursion, and without a deep Lua stack (5.1 and LuaJIT allow a C function only 8000 slots).
 *
 * Each open container is a level of two Lua stack slots: the container, and its current key (or nil). The innermost
 * levels are on the Lua stack; the outer ones are moved to a Lua table, half a window at a time. */
#ifndef PAR_CODEC_LEVELS_H
#define PAR_CODEC_LEVELS_H

#include <stddef.h>

#include "base/limits.h"
#include "codec/compat.h"

#define PAR_LEVELS_EASY 8u                    /* levels that need no more stack than was asked for at the start */
#define PAR_LEVELS_WINDOW PAR_SMALL(128u, 4u) /* levels on the Lua stack at most */
#define PAR_LEVELS_MOVED PAR_SMALL(64u, 2u)   /* moved at once */
#define PAR_LEVELS_SPARE 24                   /* slots free above the levels, for work on the innermost value */

typedef struct par_levels {
    int base;        /* the slots of the first level on the stack begin above this index */
    size_t depth;    /* open levels */
    size_t spilled;  /* of these, in the table */
    const void *key; /* of the table, in the registry */
} par_levels;

/* A level begins: its container is at the top of the stack, two slots above the one before. May raise for memory.
 * False: the Lua stack has no room. */
static inline int par_levels_enter(lua_State *L, par_levels *levels);
/* A level ended: nothing of it is on the stack but `left` values (0 or 1). May raise for memory. */
static inline void par_levels_leave(lua_State *L, par_levels *levels, int left);

/* Pushes slot 0 (container) or 1 (key) of a level counted from the outermost. */
void par_levels_push(lua_State *L, const par_levels *levels, size_t level, int slot);
/* Forgets what was spilled. */
void par_levels_reset(lua_State *L, par_levels *levels);

int par_levels_widen(lua_State *L, par_levels *levels);
void par_levels_reload(lua_State *L, par_levels *levels, int left);

static inline int par_levels_enter(lua_State *L, par_levels *levels)
{
    size_t held = levels->depth++ - levels->spilled;
    if (held != PAR_LEVELS_EASY && held != PAR_LEVELS_WINDOW) return 1;
    return par_levels_widen(L, levels);
}

static inline void par_levels_leave(lua_State *L, par_levels *levels, int left)
{
    if (--levels->depth == levels->spilled && levels->depth > 0) par_levels_reload(L, levels, left);
}

#endif
