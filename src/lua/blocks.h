/* Behind the allocator of a Lua state, from its first large message on: a cache of large blocks (base/blocks.h). Only where that allocator is
 * the one of luaL_newstate, to which a block may go back whoever asked for it. */
#ifndef PAR_LUA_BLOCKS_H
#define PAR_LUA_BLOCKS_H

#include <lua.h>
#include <stdbool.h>

#include "base/blocks.h"

typedef struct par_lua_blocks {
    par_blocks *cache;  /* NULL: the allocator is as it was */
    par_blocks *put_by; /* NULL, or one that was taken away while strings may remember it */
    size_t idle_max_bytes;
    const char *refusal;  /* why there is none, or NULL */
    uint64_t collect_due; /* what cache->given_bytes has to reach */
    bool came;            /* a large message, since it was looked whether a collection is due */
    bool closing;         /* the state is: nothing begins any more */
} par_lua_blocks;

/* The one of this state; lives as long as the state. */
par_lua_blocks *par_lua_blocks_of(lua_State *L);

void par_lua_blocks_expect_large(lua_State *L, par_lua_blocks *blocks);
void par_lua_blocks_collect_if_due(lua_State *L, par_lua_blocks *blocks);

/* A message of so many bytes is about to become values. */
static inline void par_lua_blocks_expect(lua_State *L, par_lua_blocks *blocks, size_t bytes)
{
    if (bytes >= PAR_BLOCK_MIN_BYTES) par_lua_blocks_expect_large(L, blocks);
}

/* Before a message is waited for: what large ones left behind is collected, when it is enough. Finalizers run, and may raise. */
static inline void par_lua_blocks_tidy(lua_State *L, par_lua_blocks *blocks)
{
    if (blocks->came) par_lua_blocks_collect_if_due(L, blocks);
}

/* What is idle goes back to the allocator. */
void par_lua_blocks_trim(lua_State *L);

#endif
