#include "lua/tensor/box.h"

#include <stdatomic.h>
#include <string.h>

/* The address tells a box from any other userdata without a look at its metatable. */
typedef struct box {
    void *object; /* NULL after collection */
    const char *magic;
} box;
static const char tensor_magic, storage_magic;

/* Registry keys; those of metatables are the entries' addresses. */
static const char default_type_key, metatable_keys[2][PAR_TYPE_COUNT];

static inline void *unbox(lua_State *L, int idx, const char *magic)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || lua_rawlen(L, idx) < sizeof(box)) return NULL;
    const box *b = lua_touserdata(L, idx);
    return b->magic == magic ? b->object : NULL;
}

par_tensor *par_lua_to_tensor(lua_State *L, int idx) { return unbox(L, idx, &tensor_magic); }
par_storage *par_lua_to_storage(lua_State *L, int idx) { return unbox(L, idx, &storage_magic); }

int par_lua_collect(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TUSERDATA || lua_rawlen(L, 1) < sizeof(box)) return 0;
    box *b = lua_touserdata(L, 1);
    void *object = b->object;
    b->object = NULL;
    if (b->magic == &tensor_magic) par_tensor_release(object);
    if (b->magic == &storage_magic) par_storage_release(object);
    return 0;
}

void par_lua_set_metatable(lua_State *L, par_type type, bool storage) { lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_keys[storage][type]); }

void par_lua_push_metatable(lua_State *L, par_type type, bool storage)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_keys[storage][type]);
}

void par_lua_add_functions(lua_State *L, const luaL_Reg *list)
{
    for (; list->name; list++) {
        lua_pushstring(L, list->name);
        lua_pushcclosure(L, list->func, 1);
        lua_setfield(L, -2, list->name);
    }
}

void par_lua_add_methods(lua_State *L, const luaL_Reg *list)
{
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        par_lua_push_metatable(L, (par_type)type, false);
        par_lua_add_functions(L, list);
        lua_pop(L, 1);
    }
}

/* Lua's collector does not see the elements. When so many bytes have come since it last ran that it takes no more than about a quarter
 * of the time in which they are copied, it runs: dead tensors go, and the next ones get their memory, whose pages are not fresh and may
 * be in the cache. But it runs whenever storages have doubled. */
#define RELIEF_MIN_BYTES ((int64_t)4 << 20)
#define RELIEF_MAX_BYTES ((int64_t)256 << 20) /* or what there is, if that is more */
#define RELIEF_HEAPS 16
static _Atomic int64_t relief_at = RELIEF_MIN_BYTES;

static int64_t relief_bytes(lua_State *L)
{
    int64_t heaps_bytes = lua_gc(L, LUA_GCCOUNT, 0) * INT64_C(1024) * RELIEF_HEAPS, held = par_storage_held_bytes();
    int64_t most = held > RELIEF_MAX_BYTES ? held : RELIEF_MAX_BYTES;
    if (heaps_bytes < RELIEF_MIN_BYTES) return RELIEF_MIN_BYTES;
    return heaps_bytes > most ? most : heaps_bytes;
}

static void collect_dead(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT, 0);
    atomic_store_explicit(&relief_at, par_storage_held_bytes() + relief_bytes(L), memory_order_relaxed);
}

void par_lua_relieve(lua_State *L)
{
    if (par_storage_held_bytes() >= atomic_load_explicit(&relief_at, memory_order_relaxed)) collect_dead(L);
}

/* Segments count from when they arrived: as long as a dead tensor keeps one, the peer that lent it has to take another. */
static _Atomic int64_t looked_at; /* what had arrived when the collector last ran for it */

void par_lua_give_back(lua_State *L)
{
    int64_t arrived = par_storage_arrived_bytes(), since = arrived - atomic_load_explicit(&looked_at, memory_order_relaxed);
    if (since < RELIEF_MIN_BYTES || par_storage_segment_bytes() < RELIEF_MIN_BYTES) return;
    if (since < relief_bytes(L)) return;
    collect_dead(L);
    atomic_store_explicit(&looked_at, arrived, memory_order_relaxed);
}

static box *push_box(lua_State *L, par_type type, bool storage)
{
    luaL_checkstack(L, 4, "tensors");
    par_lua_relieve(L);
    box *b = lua_newuserdata(L, sizeof *b);
    *b = (box){.magic = storage ? &storage_magic : &tensor_magic};
    par_lua_push_metatable(L, type, storage);
    lua_setmetatable(L, -2);
    return b;
}

par_tensor *par_lua_new_tensor(lua_State *L, par_type type)
{
    box *b = push_box(L, type, false);
    b->object = par_tensor_new_empty(type);
    if (!b->object) luaL_error(L, "not enough memory for a tensor");
    return b->object;
}

par_tensor *par_lua_new_view(lua_State *L, const par_tensor *of)
{
    par_error err;
    box *b = push_box(L, of->type, false);
    par_tensor *view = NULL;
    par_lua_check_status(L, par_view_new(of, &view, &err), &err);
    b->object = view;
    return view;
}

par_storage *par_lua_new_storage(lua_State *L, par_type type, int64_t size)
{
    par_error err;
    box *b = push_box(L, type, true);
    b->object = par_storage_new(type, size);
    if (!b->object) par_lua_check_status(L, par_tensor_no_memory(type, size, &err), &err);
    return b->object;
}

/* A push that gives its reference back when Lua runs out of memory in the middle of it. */
typedef struct push_job {
    void *object;
    par_type type;
    bool storage;
} push_job;

static int push_protected(lua_State *L)
{
    push_job *job = lua_touserdata(L, 1);
    push_box(L, job->type, job->storage)->object = job->object;
    return 1;
}

static void push_object(lua_State *L, push_job job)
{
    lua_pushcfunction(L, push_protected);
    lua_pushlightuserdata(L, &job);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;
    if (job.storage) par_storage_release(job.object);
    else par_tensor_release(job.object);
    lua_error(L);
}

void par_lua_push_tensor(lua_State *L, par_tensor *tensor) { push_object(L, (push_job){.object = tensor, .type = tensor->type}); }

void par_lua_push_storage(lua_State *L, par_storage *storage)
{
    push_object(L, (push_job){.object = storage, .type = storage->type, .storage = true});
}

void par_lua_check_sound(lua_State *L, const par_tensor *tensor)
{
    if (par_tensor_is_sound(tensor)) return;
    par_lua_error(L, "this tensor's storage has become too small for it (%d elements): it was resized after the view was made",
                  (int)(tensor->storage ? tensor->storage->size : 0));
}

const char *par_lua_push_kind(lua_State *L, int idx)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    par_storage *storage = par_lua_to_storage(L, idx);
    if (tensor) return lua_pushfstring(L, "torch.%sTensor", par_type_name(tensor->type));
    if (storage) return lua_pushfstring(L, "torch.%sStorage", par_type_name(storage->type));
    return lua_pushfstring(L, "%s", luaL_typename(L, idx));
}

const char *par_lua_push_kinds(lua_State *L, int top)
{
    luaL_checkstack(L, 6, "arguments");
    lua_pushliteral(L, "");
    for (int i = 1; i <= top; i++) {
        const char *kind = par_lua_push_kind(L, i);
        lua_pushfstring(L, "%s ", strncmp(kind, "torch.", 6) == 0 ? kind + 6 : kind);
        lua_remove(L, -2);
        lua_concat(L, 2);
    }
    return lua_tostring(L, -1);
}

static int type_error(lua_State *L, int idx, const char *wanted)
{
    return par_lua_arg_error(L, idx, "%s expected, got %s", wanted, par_lua_push_kind(L, idx));
}

par_tensor *par_lua_check_tensor(lua_State *L, int idx)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    if (!tensor) type_error(L, idx, "tensor");
    par_lua_check_sound(L, tensor);
    return tensor;
}

par_tensor *par_lua_check_any_tensor(lua_State *L, int idx)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    if (!tensor) type_error(L, idx, "tensor");
    return tensor;
}

par_tensor *par_lua_check_tensor_type(lua_State *L, int idx, par_type type)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    if (!tensor || tensor->type != type) type_error(L, idx, lua_pushfstring(L, "torch.%sTensor", par_type_name(type)));
    par_lua_check_sound(L, tensor);
    return tensor;
}

par_storage *par_lua_check_storage(lua_State *L, int idx)
{
    par_storage *storage = par_lua_to_storage(L, idx);
    if (!storage) type_error(L, idx, "storage");
    return storage;
}

void par_lua_set_default_type(lua_State *L, par_type type)
{
    lua_pushinteger(L, type);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &default_type_key);
}

par_type par_lua_default_type(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &default_type_key);
    int type = lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : PAR_DOUBLE;
    lua_pop(L, 1);
    return (par_type)type;
}
