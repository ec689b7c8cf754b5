/* Tensors and storages as userdata: boxes, metatables, the module table. The functions themselves are in the files
 * lua_tensor_*.c and lua_storage.c, and those that read better in Lua in lua/parallel/tensor*.lua. */
#include "lua/lua_tensor.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "os/os.h"
#include "tensor/print.h"
#include "torch/bridge.h"

/* The address tells a box from any other userdata without a look at its metatable. */
typedef struct box {
    void *object; /* NULL after collection */
    const char *magic;
} box;
static const char tensor_magic, storage_magic;

/* Registry keys; those of metatables are the entries' addresses. */
static const char module_key, default_type_key, metatable_keys[2][PAR_TYPE_COUNT];

static inline void *unbox(lua_State *L, int idx, const char *magic)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || lua_rawlen(L, idx) < sizeof(box)) return NULL;
    const box *b = lua_touserdata(L, idx);
    return b->magic == magic ? b->object : NULL;
}

par_tensor *par_lua_to_tensor(lua_State *L, int idx) { return unbox(L, idx, &tensor_magic); }
par_storage *par_lua_to_storage(lua_State *L, int idx) { return unbox(L, idx, &storage_magic); }

static int collect(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TUSERDATA || lua_rawlen(L, 1) < sizeof(box)) return 0;
    box *b = lua_touserdata(L, 1);
    void *object = b->object;
    b->object = NULL;
    if (b->magic == &tensor_magic) par_tensor_release(object);
    if (b->magic == &storage_magic) par_storage_release(object);
    return 0;
}

void par_lua_push_metatable(lua_State *L, par_type type, bool storage)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_keys[storage][type]);
    if (lua_istable(L, -1)) return;
    lua_pop(L, 1);
    par_lua_open_tensor(L);
    lua_pop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_keys[storage][type]);
}

/* Lua's collector does not see the elements. When storages have doubled since the last look, it runs; dead tensors go.
 * Segments are worth it much sooner: as long as a dead tensor keeps one, the peer that lent it has to copy into fresh
 * pages, or at least into ones that no cache holds. A large heap takes long to collect, so it has to
 * pay more: a collection should take no more than about a quarter of the time that so many bytes take to be copied. */
#define RELIEF_BYTES ((int64_t)256 << 20)
#define SEGMENT_RELIEF_MIN_BYTES ((int64_t)4 << 20)
#define SEGMENT_RELIEF_MAX_BYTES ((int64_t)256 << 20)
#define SEGMENT_RELIEF_HEAPS 16
static _Atomic int64_t relief_at = RELIEF_BYTES, segment_relief_at = SEGMENT_RELIEF_MIN_BYTES;

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t segment_relief_bytes(lua_State *L)
{
    int64_t heaps_bytes = lua_gc(L, LUA_GCCOUNT, 0) * INT64_C(1024) * SEGMENT_RELIEF_HEAPS;
    return heaps_bytes > SEGMENT_RELIEF_MAX_BYTES ? SEGMENT_RELIEF_MAX_BYTES : larger(heaps_bytes, SEGMENT_RELIEF_MIN_BYTES);
}

static void relieve(lua_State *L)
{
    if (par_storage_held_bytes() < atomic_load_explicit(&relief_at, memory_order_relaxed) &&
        par_storage_segment_bytes() < atomic_load_explicit(&segment_relief_at, memory_order_relaxed))
        return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    int64_t more = segment_relief_bytes(L);
    int64_t left = par_storage_held_bytes(), lent = par_storage_segment_bytes();
    atomic_store_explicit(&relief_at, left + larger(left, RELIEF_BYTES), memory_order_relaxed);
    atomic_store_explicit(&segment_relief_at, lent + more, memory_order_relaxed);
}

static box *push_box(lua_State *L, par_type type, bool storage)
{
    luaL_checkstack(L, 4, "tensors");
    relieve(L);
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

void par_lua_push_tensor(lua_State *L, par_tensor *tensor)
{
    push_object(L, (push_job){.object = tensor, .type = tensor->type});
}

void par_lua_push_storage(lua_State *L, par_storage *storage)
{
    push_object(L, (push_job){.object = storage, .type = storage->type, .storage = true});
}

static bool hook_to_tensor(lua_State *L, int idx, par_tensor **tensor, par_storage **storage)
{
    *tensor = par_lua_to_tensor(L, idx);
    *storage = NULL;
    if (*tensor && !par_tensor_is_sound(*tensor)) return false; /* its storage was made smaller: nothing to be sent */
    if (!*tensor) *storage = par_lua_to_storage(L, idx);
    return *tensor || *storage || par_torch_to_tensor(L, idx, tensor, storage);
}

/* Where a real Torch is loaded, what arrives becomes its own; else it is ours. */
static void hook_push_tensor(lua_State *L, par_tensor *tensor)
{
    relieve(L);
    if (!par_torch_is_loaded(L)) par_lua_push_tensor(L, tensor);
    else if (!par_torch_push_tensor(L, tensor))
        luaL_error(L, "cannot make a torch tensor: out of memory, or a Torch without its C functions");
}

static void hook_push_storage(lua_State *L, par_storage *storage)
{
    relieve(L);
    if (!par_torch_is_loaded(L)) par_lua_push_storage(L, storage);
    else if (!par_torch_push_storage(L, storage))
        luaL_error(L, "cannot make a torch storage: out of memory, or a Torch without its C functions");
}

const par_codec_hooks par_lua_tensor_hooks = {hook_to_tensor, hook_push_tensor, hook_push_storage, par_lua_class_file};

void par_lua_check_status(lua_State *L, int status, const par_error *err)
{
    if (status != PAR_OK) luaL_error(L, "%s", err->text);
}

void par_lua_check_sound(lua_State *L, const par_tensor *tensor)
{
    if (par_tensor_is_sound(tensor)) return;
    luaL_error(
        L, "this tensor's storage has become too small for it (%d elements): it was resized after the view was made",
        (int)(tensor->storage ? tensor->storage->size : 0));
}

static int type_error(lua_State *L, int idx, const char *wanted)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    par_storage *storage = par_lua_to_storage(L, idx);
    const char *found = tensor    ? lua_pushfstring(L, "torch.%sTensor", par_type_name(tensor->type))
                        : storage ? lua_pushfstring(L, "torch.%sStorage", par_type_name(storage->type))
                                  : luaL_typename(L, idx);
    return par_lua_argument_error(L, idx, lua_pushfstring(L, "%s expected, got %s", wanted, found));
}

par_tensor *par_lua_check_tensor(lua_State *L, int idx)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    if (!tensor) type_error(L, idx, "tensor");
    par_lua_check_sound(L, tensor);
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

/* --- tostring --- */

static int push_text(lua_State *L)
{
    const par_buffer *buffer = lua_touserdata(L, 1);
    lua_pushlstring(L, (const char *)buffer->data, buffer->len);
    return 1;
}

static int object_tostring(lua_State *L)
{
    par_buffer buffer = {0};
    par_tensor *tensor = par_lua_to_tensor(L, 1);
    par_storage *storage = tensor ? NULL : par_lua_check_storage(L, 1);
    if (tensor) par_lua_check_sound(L, tensor);
    lua_pushcfunction(L, push_text); /* protected, so that the buffer is freed when Lua has no memory for the string */
    lua_pushlightuserdata(L, &buffer);
    int status = tensor ? par_print_tensor(&buffer, tensor) : par_print_storage(&buffer, storage);
    int outcome = status == PAR_OK ? lua_pcall(L, 1, 1, 0) : PAR_OK;
    par_buffer_fini(&buffer);
    if (status != PAR_OK) return luaL_error(L, "not enough memory for the text of a tensor");
    return outcome == LUA_OK ? 1 : lua_error(L);
}

static int object_equal(lua_State *L)
{
    par_tensor *a = par_lua_to_tensor(L, 1), *b = par_lua_to_tensor(L, 2);
    par_storage *c = par_lua_to_storage(L, 1), *d = par_lua_to_storage(L, 2);
    lua_pushboolean(L, a ? a == b : c && c == d);
    return 1;
}

/* --- constructors --- */
static int construct(lua_State *L)
{
    par_type type = (par_type)lua_tointeger(L, lua_upvalueindex(1));
    return lua_toboolean(L, lua_upvalueindex(2)) ? par_lua_storage_construct(L, type)
                                                 : par_lua_tensor_construct(L, type);
}

/* The same as __call of a constructor table: the table itself comes first. */
static int construct_call(lua_State *L)
{
    lua_remove(L, 1);
    return construct(L);
}

static void push_constructor(lua_State *L, lua_CFunction function, par_type type, bool storage)
{
    lua_pushinteger(L, type);
    lua_pushboolean(L, storage);
    lua_pushcclosure(L, function, 2);
}

/* torch.DoubleTensor: a table that is called to construct, and through which methods are read and added. */
static void push_class(lua_State *L, par_type type, bool storage)
{
    lua_newtable(L);
    lua_newtable(L);
    par_lua_push_metatable(L, type, storage);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__newindex");
    lua_setfield(L, -2, "__metatable");
    push_constructor(L, construct_call, type, storage);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
}

static void make_metatable(lua_State *L, par_type type, bool storage)
{
    char name[40];
    snprintf(name, sizeof name, "torch.%s%s", par_type_name(type), storage ? "Storage" : "Tensor");
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_keys[storage][type]);
    lua_pushstring(L, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__typename");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, object_tostring);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__tostring__");
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, object_equal);
    lua_setfield(L, -2, "__eq");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, storage ? par_lua_storage_index : par_lua_tensor_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, storage ? par_lua_storage_newindex : par_lua_tensor_newindex);
    lua_setfield(L, -2, "__newindex");
    push_constructor(L, construct, type, storage);
    lua_setfield(L, -2, "new");
    if (storage) luaL_setfuncs(L, par_lua_storage_methods, 0);
    lua_pop(L, 1);
}

/* --- the default type --- */
par_type par_lua_default_type(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &default_type_key);
    int type = lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : PAR_DOUBLE;
    lua_pop(L, 1);
    return (par_type)type;
}

/* torch.Tensor and torch.Storage are the default type's constructors. The module is at idx. */
static void set_default(lua_State *L, int idx, par_type type)
{
    char name[32];
    idx = lua_absindex(L, idx);
    lua_pushinteger(L, type);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &default_type_key);
    snprintf(name, sizeof name, "%sTensor", par_type_name(type));
    lua_getfield(L, idx, name);
    lua_setfield(L, idx, "Tensor");
    snprintf(name, sizeof name, "%sStorage", par_type_name(type));
    lua_getfield(L, idx, name);
    lua_setfield(L, idx, "Storage");
}

static int setdefaulttensortype(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        char known[32];
        snprintf(known, sizeof known, "torch.%sTensor", par_type_name((par_type)type));
        if (strcmp(known, name) != 0) continue;
        par_lua_open_tensor(L);
        set_default(L, -1, (par_type)type);
        return 0;
    }
    return luaL_error(L, "<%s> is not a string describing a torch object", name);
}

static int getdefaulttensortype(lua_State *L)
{
    lua_pushfstring(L, "torch.%sTensor", par_type_name(par_lua_default_type(L)));
    return 1;
}

static int is_tensor(lua_State *L)
{
    lua_pushboolean(L, par_lua_to_tensor(L, 1) != NULL);
    return 1;
}

static int is_storage(lua_State *L)
{
    lua_pushboolean(L, par_lua_to_storage(L, 1) != NULL);
    return 1;
}

/* torch.pointer: a number that is the object's identity. */
static int pointer(lua_State *L)
{
    const void *p = par_lua_to_tensor(L, 1);
    if (!p) p = par_lua_to_storage(L, 1);
    if (!p) p = lua_topointer(L, 1);
    if (!p) return par_lua_argument_error(L, 1, "torch object, table, thread, cdata or function expected");
    lua_pushnumber(L, (lua_Number)(uintptr_t)p);
    return 1;
}

/* Seconds: real, user, system. */
static int clock_seconds(lua_State *L)
{
    int64_t user_ns, system_ns;
    par_os_cpu_ns(&user_ns, &system_ns);
    lua_pushnumber(L, (lua_Number)par_os_now_ns() * 1e-9);
    lua_pushnumber(L, (lua_Number)user_ns * 1e-9);
    lua_pushnumber(L, (lua_Number)system_ns * 1e-9);
    return 3;
}

/* Makes a class known to the encoder: its metatable stands in the registry under its name, and its name under it. */
static int register_class(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_isnil(L, -1)) return 0; /* somebody else's, such as a real Torch's */
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_insert(L, 1);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return 0;
}

static const luaL_Reg FUNCTIONS[] = {{"setdefaulttensortype", setdefaulttensortype},
                                     {"getdefaulttensortype", getdefaulttensortype},
                                     {"isTensor", is_tensor},
                                     {"isStorage", is_storage},
                                     {"pointer", pointer},
                                     {"_clock", clock_seconds},
                                     {"_register", register_class},
                                     {NULL, NULL}};

/* Also gives the Lua side the metatables, as module._metatables[name]. */
static void add_classes(lua_State *L)
{
    char name[40];
    lua_newtable(L);
    lua_setfield(L, -2, "_metatables");
    for (int kind = 0; kind < 2; kind++) {
        for (int type = 0; type < PAR_TYPE_COUNT; type++) {
            make_metatable(L, (par_type)type, kind == 1);
            push_class(L, (par_type)type, kind == 1);
            snprintf(name, sizeof name, "%s%s", par_type_name((par_type)type), kind == 1 ? "Storage" : "Tensor");
            lua_setfield(L, -2, name);
            lua_getfield(L, -1, "_metatables");
            lua_pushfstring(L, "torch.%s", name);
            par_lua_push_metatable(L, (par_type)type, kind == 1);
            lua_rawset(L, -3);
            lua_pop(L, 1);
        }
    }
}

int par_lua_open_tensor(lua_State *L)
{
    luaL_checkstack(L, 12, "tensors");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
    if (lua_istable(L, -1)) return 1;
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_setfuncs(L, FUNCTIONS, 0);
    add_classes(L);
    par_lua_tensor_add_shape(L);
    par_lua_tensor_add_pointwise(L);
    par_lua_tensor_add_reduce(L);
    par_lua_tensor_add_matrix(L);
    par_lua_tensor_add_select(L);
    par_lua_tensor_add_random(L);
    set_default(L, -1, PAR_DOUBLE);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "parallel.tensor_more");
    lua_call(L, 1, 1);
    lua_pushvalue(L, -2);
    lua_call(L, 1, 0);
    return 1;
}
