#include "lua/blocks.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/compat.h"
#include "lua/parts.h"
#include "os/os.h"

#define IDLE_DEFAULT_BYTES ((uint64_t)512 << 20) /* or this part of the memory, if that is less, since many workers may have as much: */
#define IDLE_DEFAULT_PART 64

static const char blocks_key; /* registry: the userdata */

par_lua_blocks *par_lua_blocks_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &blocks_key);
    par_lua_blocks *blocks = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return blocks;
}

/* --- may it be? --- */

/* That of luaL_newstate, NULL: no memory. */
static lua_Alloc standard_allocator(void)
{
    static _Atomic(lua_Alloc) known; /* racing threads write the same */
    void *context;
    lua_Alloc allocate = atomic_load_explicit(&known, memory_order_relaxed);
    lua_State *L = allocate ? NULL : luaL_newstate();
    if (!L) return allocate;
    allocate = lua_getallocf(L, &context);
    lua_close(L);
    atomic_store_explicit(&known, allocate, memory_order_relaxed);
    return allocate;
}

/* What keeps us from it, or NULL. */
static const char *find_refusal(lua_State *L)
{
    void *context;
    if (sizeof(void *) < 8 || (PAR_LUAJIT && (uintptr_t)L <= UINT32_MAX)) return "addresses are few in this Lua";
    if (lua_getallocf(L, &context) != standard_allocator()) return "this program gives Lua an allocator of its own";
    return NULL;
}

/* --- how long it lives --- */

/* This library stays loaded: somebody may call it who cannot know whether it is. */
static void stay_loaded(void)
{
    Dl_info info;
    if (dladdr((void *)stay_loaded, &info) && info.dli_fname) dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

#if LUA_VERSION_NUM >= 505
/* A string that was made in a buffer remembers the allocator of its day, and gives its bytes back to it: the cache has to live as long as
 * the last string. Lua's main thread lies in the block that a state frees last of all. */
typedef struct lasting {
    par_blocks cache;
    const void *main_thread;
} lasting;

static void *until_closed(void *context, void *block, size_t old_bytes, size_t bytes)
{
    lasting *kept = context;
    bool last = block && bytes == 0 && (uintptr_t)kept->main_thread - (uintptr_t)block < old_bytes;
    void *got = kept->cache.inner(kept->cache.inner_context, block, old_bytes, bytes);
    if (last) free(kept);
    return got;
}

static par_blocks *new_cache(par_lua_blocks *blocks)
{
    par_blocks *cache = blocks->put_by;
    blocks->put_by = NULL;
    return cache ? cache : calloc(1, sizeof(lasting));
}

static void free_cache(par_lua_blocks *blocks, par_blocks *cache) { blocks->put_by = cache; }

static void free_with_state(lua_State *L, par_lua_blocks *blocks)
{
    lasting *kept = (lasting *)(void *)blocks->put_by;
    void *context;
    blocks->put_by = NULL;
    if (!kept || lua_getallocf(L, &context) != kept->cache.inner) return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    kept->main_thread = lua_topointer(L, -1);
    lua_pop(L, 1);
    stay_loaded();
    lua_setallocf(L, until_closed, kept);
}
#else
static par_blocks *new_cache(const par_lua_blocks *blocks)
{
    (void)blocks;
    return calloc(1, sizeof(par_blocks));
}

static void free_cache(const par_lua_blocks *blocks, par_blocks *cache)
{
    (void)blocks;
    free(cache);
}

static void free_with_state(lua_State *L, const par_lua_blocks *blocks) { (void)L, (void)blocks; }
#endif

/* --- putting it behind, taking it away --- */

#define COLLECT_MIN_BYTES ((int64_t)4 << 20)
#define COLLECT_HEAPS 8 /* no collection before so many times what it has to look at has come */

/* Past so much the collector is made to run. That of 5.1 and LuaJIT works so little at each allocation that a hundred large strings may be
 * dead before it is through: none of their blocks would come back in time, and memory would grow by gigabytes. Later ones are in time, unless
 * two blocks that die together are more than may be idle: then every other one would be fresh. */
static int64_t collect_after_bytes(const par_blocks *cache)
{
    int64_t half = (int64_t)(cache->idle_max_bytes / 2);
    return LUA_VERSION_NUM < 502 || half < COLLECT_MIN_BYTES ? COLLECT_MIN_BYTES : half;
}

static bool collector_runs(lua_State *L)
{
#ifdef LUA_GCISRUNNING
    return lua_gc(L, LUA_GCISRUNNING, 0) != 0;
#else
    return L != NULL;
#endif
}

static void set_collect_due(lua_State *L, par_lua_blocks *blocks)
{
    int64_t heap_bytes = lua_gc(L, LUA_GCCOUNT, 0) * INT64_C(1024) - blocks->cache->used_bytes, more = heap_bytes * COLLECT_HEAPS;
    int64_t least = collect_after_bytes(blocks->cache);
    blocks->collect_due = blocks->cache->given_bytes + (uint64_t)(more > least ? more : least);
}

static void put_behind(lua_State *L, par_lua_blocks *blocks)
{
    if (blocks->closing || blocks->idle_max_bytes == 0 || blocks->refusal) return;
    blocks->refusal = find_refusal(L);
    par_blocks *cache = blocks->refusal ? NULL : new_cache(blocks);
    if (!cache) return;
    cache->inner = lua_getallocf(L, &cache->inner_context);
    cache->idle_max_bytes = blocks->idle_max_bytes;
    blocks->cache = cache;
    set_collect_due(L, blocks);
    lua_setallocf(L, par_blocks_allocate, cache);
}

/* An allocator that was put on top of ours meanwhile keeps calling it: then it stays, without idle blocks. */
static void take_away(lua_State *L, par_lua_blocks *blocks)
{
    void *context;
    par_blocks *cache = blocks->cache;
    if (!cache) return;
    par_blocks_limit(cache, 0);
    if (lua_getallocf(L, &context) != par_blocks_allocate || context != cache) {
        stay_loaded();
        return;
    }
    lua_setallocf(L, cache->inner, cache->inner_context);
    blocks->cache = NULL;
    free_cache(blocks, cache);
}

static int blocks_gc(lua_State *L)
{
    par_lua_blocks *blocks = lua_touserdata(L, 1);
    blocks->closing = true;
    take_away(L, blocks);
    free_with_state(L, blocks);
    blocks->cache = NULL;
    return 0;
}

/* --- in use --- */

void par_lua_blocks_expect_large(lua_State *L, par_lua_blocks *blocks)
{
    if (!blocks->cache) put_behind(L, blocks);
    blocks->came = true;
}

void par_lua_blocks_collect_if_due(lua_State *L, par_lua_blocks *blocks)
{
    blocks->came = false;
    if (!blocks->cache || blocks->cache->given_bytes < blocks->collect_due) return;
    if (collector_runs(L)) lua_gc(L, LUA_GCCOLLECT, 0);
    if (blocks->cache) set_collect_due(L, blocks);
}

void par_lua_blocks_trim(lua_State *L)
{
    par_blocks *cache = par_lua_blocks_of(L)->cache;
    if (cache) par_blocks_trim(cache);
}

/* --- for Lua --- */

static void push_state(lua_State *L, par_lua_blocks *blocks)
{
    char text[120];
    const char *refusal = blocks->refusal;
    if (!blocks->cache && !refusal) refusal = find_refusal(L);
    if (blocks->idle_max_bytes == 0) refusal = "parallel.block_cache is 0";
    if (refusal) snprintf(text, sizeof text, "off: %s", refusal);
    else if (!blocks->cache) snprintf(text, sizeof text, "on: from the first large message on");
    else snprintf(text, sizeof text, "on: %zu bytes are idle", blocks->cache->idle_bytes);
    lua_pushstring(L, text);
}

/* core.block_cache([bytes]) -> the bound on idle bytes, in words whether there is a cache and why not. Sets the bound; 0: no cache. */
static int block_cache(lua_State *L)
{
    par_lua_blocks *blocks = par_lua_blocks_of(L);
    if (!lua_isnoneornil(L, 1)) {
        lua_Number bytes = luaL_checknumber(L, 1);
        luaL_argcheck(L, bytes >= 0 && bytes <= (lua_Number)((uint64_t)1 << 53), 1, "a number of bytes from 0 to 2^53 expected");
        blocks->idle_max_bytes = bytes < (lua_Number)SIZE_MAX ? (size_t)bytes : SIZE_MAX;
        blocks->refusal = NULL;
        if (blocks->idle_max_bytes == 0) take_away(L, blocks);
        else if (blocks->cache) par_blocks_limit(blocks->cache, blocks->idle_max_bytes);
    }
    lua_pushnumber(L, (lua_Number)blocks->idle_max_bytes);
    push_state(L, blocks);
    return 2;
}

void par_lua_open_blocks(lua_State *L)
{
    uint64_t part = par_os_memory_total_bytes() / IDLE_DEFAULT_PART;
    if (!par_lua_blocks_of(L)) { /* one of this state, however often the module is opened */
        par_lua_blocks *blocks = lua_newuserdata(L, sizeof *blocks);
        *blocks = (par_lua_blocks){.idle_max_bytes = (size_t)(part < IDLE_DEFAULT_BYTES ? part : IDLE_DEFAULT_BYTES)};
        lua_createtable(L, 0, 1);
        lua_pushcfunction(L, blocks_gc);
        lua_setfield(L, -2, "__gc");
        lua_setmetatable(L, -2);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &blocks_key);
    }
    lua_pushcfunction(L, block_cache);
    lua_setfield(L, -2, "block_cache");
}
