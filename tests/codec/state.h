/* A Lua state for tests of the codec: its allocator counts, can be told to fail, and tensors are plain userdata. */
#ifndef PAR_TESTS_CODEC_STATE_H
#define PAR_TESTS_CODEC_STATE_H

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/compat.h"

#ifndef METER_REALLOC /* another way to the allocator, where realloc itself is made to fail */
#define METER_REALLOC realloc
#endif

typedef struct alloc_meter {
    size_t used, peak; /* bytes of Lua */
    long blocks;
    long until_failure; /* allocations that still succeed, then none does; negative: all do */
    bool failed;
    bool collects, tried; /* each allocation fails once: Lua collects all garbage and tries again (not 5.1 and LuaJIT) */
    long collections;
} alloc_meter;

/* From the chosen one on all fail: Lua tries a failed one again after a garbage collection. */
static inline bool meter_fails(alloc_meter *meter)
{
    if (meter->until_failure < 0) return false;
    if (meter->until_failure > 0) meter->until_failure--;
    else meter->failed = true;
    return meter->failed;
}

static void *meter_alloc(void *context, void *block, size_t old_size, size_t new_size)
{
    alloc_meter *meter = context;
    if (!block) old_size = 0; /* 5.2 and later pass a kind here */
    if (new_size == 0) {
        free(block);
        meter->used -= old_size;
        meter->blocks -= block != NULL;
        return NULL;
    }
    if (new_size > old_size && meter_fails(meter)) return NULL;
    if (new_size > old_size && meter->collects && (meter->tried = !meter->tried)) {
        meter->collections++;
        return NULL;
    }
    void *moved = METER_REALLOC(block, new_size);
    if (!moved) return NULL;
    meter->used += new_size - old_size;
    meter->blocks += block == NULL;
    if (meter->used > meter->peak) meter->peak = meter->used;
    return moved;
}

static bool state_to_tensor(lua_State *L, int idx, par_tensor **tensor, par_storage **storage)
{
    if (!lua_getmetatable(L, idx)) return false;
    lua_rawgeti(L, -1, 1);
    int kind = (int)lua_tointeger(L, -1);
    lua_pop(L, 2);
    void **box = lua_touserdata(L, idx);
    if (kind == 1) *tensor = *box;
    if (kind == 2) *storage = *box;
    return kind == 1 || kind == 2;
}

static bool state_to_object(lua_State *L, int idx, par_codec_object *out)
{
    if (!state_to_tensor(L, idx, &out->tensor, &out->storage)) return false;
    out->identity = out->tensor ? (const void *)out->tensor : out->storage;
    if (out->tensor) par_tensor_retain(out->tensor);
    else par_storage_retain(out->storage);
    return true;
}

static int state_gc(lua_State *L)
{
    par_tensor *tensor = NULL;
    par_storage *storage = NULL;
    state_to_tensor(L, 1, &tensor, &storage);
    if (tensor) par_tensor_release(tensor);
    if (storage) par_storage_release(storage);
    return 0;
}

typedef struct tensor_boxing {
    void *object;
    int kind;
} tensor_boxing;

static int state_box(lua_State *L)
{
    tensor_boxing *boxing = lua_touserdata(L, 1);
    void **box = lua_newuserdata(L, sizeof *box);
    lua_createtable(L, 1, 1);
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushinteger(L, boxing->kind);
    lua_rawseti(L, -2, 1);
    *box = boxing->object;
    boxing->object = NULL;
    lua_setmetatable(L, -2);
    return 1;
}

static const char state_box_key; /* the function lies in the registry: pushing a new one may raise */

static void state_push_tensor(lua_State *L, par_tensor *tensor)
{
    tensor_boxing boxing = {tensor, 1};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &state_box_key);
    lua_pushlightuserdata(L, &boxing);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;
    if (boxing.object) par_tensor_release(tensor);
    lua_error(L);
}

static void state_push_storage(lua_State *L, par_storage *storage)
{
    tensor_boxing boxing = {storage, 2};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &state_box_key);
    lua_pushlightuserdata(L, &boxing);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;
    if (boxing.object) par_storage_release(storage);
    lua_error(L);
}

/* tensor(n [, first [, count]]): a Double tensor of elements first..first+count-1 of a storage of n; storage_of(t). */
static int state_tensor(lua_State *L)
{
    int64_t n = (int64_t)luaL_checknumber(L, 1), first = (int64_t)luaL_optnumber(L, 2, 0);
    int64_t count = (int64_t)luaL_optnumber(L, 3, (lua_Number)(n - first)), one = 1;
    par_storage *storage = par_storage_new(PAR_DOUBLE, n);
    if (!storage) return luaL_error(L, "no memory");
    for (int64_t i = 0; i < n; i++) ((double *)storage->data)[i] = (double)i;
    par_tensor *tensor;
    par_error err;
    int rc = par_tensor_new_view(PAR_DOUBLE, storage, first, 1, &count, &one, &tensor, &err);
    par_storage_release(storage);
    if (rc != PAR_OK) return luaL_error(L, "%s", err.text);
    state_push_tensor(L, tensor);
    return 1;
}

static int state_storage_of(lua_State *L)
{
    par_tensor *tensor = NULL;
    par_storage *storage = NULL;
    state_to_tensor(L, 1, &tensor, &storage);
    state_push_storage(L, par_storage_retain(tensor->storage));
    return 1;
}

/* sum(t): of its elements; size(storage). */
static int state_sum(lua_State *L)
{
    par_tensor *tensor = NULL;
    par_storage *storage = NULL;
    state_to_tensor(L, 1, &tensor, &storage);
    double sum = 0;
    for (int64_t i = 0; i < tensor->size[0]; i++) sum += ((double *)tensor->storage->data)[tensor->offset + i * tensor->stride[0]];
    lua_pushnumber(L, sum);
    lua_pushnumber(L, (lua_Number)tensor->storage->size);
    return 2;
}

static int state_prepare(lua_State *L)
{
    luaL_openlibs(L);
    lua_pushcfunction(L, state_box);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &state_box_key);
    lua_register(L, "tensor", state_tensor);
    lua_register(L, "storage_of", state_storage_of);
    lua_register(L, "sum", state_sum);
    par_codec_hooks hooks = {.to_tensor = state_to_object, .push_tensor = state_push_tensor, .push_storage = state_push_storage};
    par_codec_set_hooks(par_codec_of(L), &hooks);
    return 0;
}

#if LUA_VERSION_NUM >= 505
#define state_new(alloc, context) lua_newstate(alloc, context, 1) /* with a seed */
#else
#define state_new(alloc, context) lua_newstate(alloc, context)
#endif

static inline lua_State *state_open(alloc_meter *meter)
{
    *meter = (alloc_meter){.until_failure = -1};
    lua_State *L = state_new(meter_alloc, meter);
    if (!L) abort();
    lua_pushcfunction(L, state_prepare);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) abort();
    return L;
}

#endif
