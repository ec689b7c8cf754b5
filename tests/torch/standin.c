/* A stand-in for Torch7, for the tests of the bridge: the struct layouts, registry entries and exported functions of
 * its last revision, and just enough of a Lua face to make tensors and look at them. It shares no code with what is
 * tested. */
#include <lauxlib.h>
#include <lua.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct THAllocator {
    void *(*malloc)(void *, ptrdiff_t);
    void *(*realloc)(void *, void *, ptrdiff_t);
    void (*free)(void *, void *);
} THAllocator;

typedef struct THStorage {
    void *data;
    ptrdiff_t size;
    int refcount;
    char flag;
    THAllocator *allocator;
    void *allocatorContext;
    struct THStorage *view;
} THStorage;

typedef struct THTensor {
    long *size;
    long *stride;
    int nDimension;
    THStorage *storage;
    ptrdiff_t storageOffset;
    int refcount;
    char flag;
} THTensor;

static int live_storages, live_tensors;

/* What is freed is taken again at once, so that whoever remembers an address meets another object there. */
static THStorage *free_storage;
static THTensor *free_tensor;

static void *take_or_make(void *kept, size_t bytes) { return kept ? memset(kept, 0, bytes) : calloc(1, bytes); }

static void *plain_malloc(void *context, ptrdiff_t bytes)
{
    (void)context;
    return malloc((size_t)bytes);
}
static void *plain_realloc(void *context, void *data, ptrdiff_t bytes)
{
    (void)context;
    return realloc(data, (size_t)bytes);
}
static void plain_free(void *context, void *data)
{
    (void)context;
    free(data);
}
static THAllocator plain = {plain_malloc, plain_realloc, plain_free};

static THStorage *storage_new(void *data, ptrdiff_t size, THAllocator *allocator, void *context)
{
    THStorage *storage = take_or_make(free_storage, sizeof *storage);
    free_storage = NULL;
    *storage = (THStorage){data, size, 1, 1 | 2 | 4, allocator, context, NULL};
    live_storages++;
    return storage;
}

static void storage_free(THStorage *storage)
{
    if (!storage || !(storage->flag & 1) || --storage->refcount > 0) return;
    if (storage->flag & 8) storage_free(storage->view);
    if (storage->flag & 4) storage->allocator->free(storage->allocatorContext, storage->data);
    free(free_storage);
    free_storage = storage;
    live_storages--;
}

static THTensor *tensor_new(void)
{
    THTensor *tensor = take_or_make(free_tensor, sizeof *tensor);
    free_tensor = NULL;
    tensor->refcount = 1;
    tensor->flag = 1;
    live_tensors++;
    return tensor;
}

static void tensor_free(THTensor *tensor)
{
    if (!tensor || --tensor->refcount > 0) return;
    free(tensor->size);
    free(tensor->stride);
    storage_free(tensor->storage);
    free(free_tensor);
    free_tensor = tensor;
    live_tensors--;
}

static void tensor_set(THTensor *tensor, THStorage *storage, ptrdiff_t offset, int n, long *size, long *stride)
{
    if (storage) storage->refcount++;
    storage_free(tensor->storage);
    tensor->storage = storage;
    tensor->storageOffset = offset;
    tensor->nDimension = n;
    tensor->size = realloc(tensor->size, (size_t)(n + 1) * sizeof(long));
    tensor->stride = realloc(tensor->stride, (size_t)(n + 1) * sizeof(long));
    memcpy(tensor->size, size, (size_t)n * sizeof(long));
    memcpy(tensor->stride, stride, (size_t)n * sizeof(long));
}

#define FOR_TYPE(Real)                                                                                                 \
    EXPORT THStorage *TH##Real##Storage_newWithDataAndAllocator(void *, ptrdiff_t, THAllocator *, void *);             \
    EXPORT THStorage *TH##Real##Storage_newWithDataAndAllocator(void *data, ptrdiff_t size, THAllocator *a, void *c)   \
    {                                                                                                                  \
        return storage_new(data, size, a, c);                                                                          \
    }                                                                                                                  \
    EXPORT void TH##Real##Storage_free(THStorage *);                                                                   \
    EXPORT void TH##Real##Storage_free(THStorage *storage) { storage_free(storage); }                                  \
    EXPORT THTensor *TH##Real##Tensor_new(void);                                                                       \
    EXPORT THTensor *TH##Real##Tensor_new(void) { return tensor_new(); }                                               \
    EXPORT void TH##Real##Tensor_free(THTensor *);                                                                     \
    EXPORT void TH##Real##Tensor_free(THTensor *tensor) { tensor_free(tensor); }                                       \
    EXPORT void TH##Real##Tensor_setStorageNd(THTensor *, THStorage *, ptrdiff_t, int, long *, long *);                \
    EXPORT void TH##Real##Tensor_setStorageNd(THTensor *t, THStorage *s, ptrdiff_t o, int n, long *size, long *stride) \
    {                                                                                                                  \
        tensor_set(t, s, o, n, size, stride);                                                                          \
    }
FOR_TYPE(Byte)
FOR_TYPE(Char)
FOR_TYPE(Short)
FOR_TYPE(Int)
FOR_TYPE(Long)
FOR_TYPE(Float)
FOR_TYPE(Double)

/* --- the Lua face: functions that are given the element type as an upvalue --- */
static const char *const TYPES[] = {"Byte", "Char", "Short", "Int", "Long", "Float", "Double"};
static const size_t BYTES[] = {1, 1, 2, 4, 8, 4, 8};
enum { CUDA = 7 };

static int type_at(lua_State *L, int upvalue) { return (int)lua_tointeger(L, lua_upvalueindex(upvalue)); }

static void push_object(lua_State *L, int type, const char *kind, void *object)
{
    void **box = lua_newuserdata(L, sizeof *box);
    *box = object;
    lua_pushfstring(L, "torch.%s%s", type == CUDA ? "Cuda" : TYPES[type], kind);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_setmetatable(L, -2);
}

static void *object_at(lua_State *L, int idx) { return *(void **)lua_touserdata(L, idx); }

static double get(int type, const char *data, ptrdiff_t i)
{
    switch (type) {
    case 0: return ((const unsigned char *)data)[i];
    case 1: return ((const signed char *)data)[i];
    case 2: return ((const short *)data)[i];
    case 3: return ((const int *)data)[i];
    case 4: return (double)((const long *)data)[i];
    case 5: return ((const float *)data)[i];
    default: return ((const double *)data)[i];
    }
}

static void set(int type, char *data, ptrdiff_t i, double x)
{
    switch (type) {
    case 0: ((unsigned char *)data)[i] = (unsigned char)x; break;
    case 1: ((signed char *)data)[i] = (signed char)x; break;
    case 2: ((short *)data)[i] = (short)x; break;
    case 3: ((int *)data)[i] = (int)x; break;
    case 4: ((long *)data)[i] = (long)x; break;
    case 5: ((float *)data)[i] = (float)x; break;
    default: ((double *)data)[i] = x; break;
    }
}

/* torch.TypeStorage(n): n numbers 1, 2, 3, ... */
static int make_storage(lua_State *L)
{
    int type = type_at(L, 1);
    ptrdiff_t n = (ptrdiff_t)luaL_checknumber(L, 1);
    char *data = malloc((size_t)(n ? n : 1) * BYTES[type]);
    for (ptrdiff_t i = 0; i < n; i++) set(type, data, i, (double)(i + 1));
    push_object(L, type, "Storage", storage_new(data, n, &plain, NULL));
    return 1;
}

/* torch.TypeTensor([storage, offset, {sizes}, {strides}]) */
static int make_tensor(lua_State *L)
{
    int type = type_at(L, 1);
    THTensor *tensor = tensor_new();
    if (lua_gettop(L) == 4) {
        long size[8], stride[8];
        int n = 0;
        for (;; n++) {
            lua_rawgeti(L, 3, n + 1);
            lua_rawgeti(L, 4, n + 1);
            if (lua_isnil(L, -2)) break;
            size[n] = (long)lua_tonumber(L, -2);
            stride[n] = (long)lua_tonumber(L, -1);
        }
        tensor_set(tensor, object_at(L, 1), (ptrdiff_t)lua_tonumber(L, 2) - 1, n, size, stride);
    }
    push_object(L, type == CUDA ? CUDA : type, "Tensor", tensor);
    return 1;
}

/* t:describe() -> {offset, sizes..., strides...}, elements in order as one list, storage refcount */
static int tensor_numbers(lua_State *L)
{
    int type = type_at(L, 1), at = 0;
    THTensor *t = object_at(L, 1);
    long index[8] = {0};
    lua_newtable(L);
    for (int d = 0; t->nDimension > 0 && d >= 0;) {
        ptrdiff_t place = t->storageOffset;
        for (int k = 0; k < t->nDimension; k++) place += index[k] * t->stride[k];
        lua_pushnumber(L, get(type, t->storage->data, place));
        lua_rawseti(L, -2, ++at);
        for (d = t->nDimension - 1; d >= 0 && ++index[d] == t->size[d]; d--) index[d] = 0;
    }
    return 1;
}

static int tensor_shape(lua_State *L)
{
    THTensor *t = object_at(L, 1);
    lua_newtable(L);
    for (int d = 0; d < t->nDimension; d++) {
        lua_pushnumber(L, (lua_Number)t->size[d]);
        lua_rawseti(L, -2, d + 1);
    }
    return 1;
}

static int tensor_storage(lua_State *L)
{
    THTensor *t = object_at(L, 1);
    if (!t->storage) return 0;
    t->storage->refcount++;
    push_object(L, type_at(L, 1), "Storage", t->storage);
    return 1;
}

static int storage_size(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)((THStorage *)object_at(L, 1))->size);
    return 1;
}

static int storage_get(lua_State *L)
{
    lua_pushnumber(L, get(type_at(L, 1), ((THStorage *)object_at(L, 1))->data, (ptrdiff_t)lua_tonumber(L, 2) - 1));
    return 1;
}

static int storage_set(lua_State *L)
{
    set(type_at(L, 1), ((THStorage *)object_at(L, 1))->data, (ptrdiff_t)lua_tonumber(L, 2) - 1, lua_tonumber(L, 3));
    return 0;
}

/* As Torch's torch.TypeStorage(storage, offset, size): the elements of another. */
static int storage_view(lua_State *L)
{
    int type = type_at(L, 1);
    THStorage *of = object_at(L, 1);
    ptrdiff_t offset = (ptrdiff_t)lua_tonumber(L, 2) - 1, n = (ptrdiff_t)lua_tonumber(L, 3);
    THStorage *view = storage_new((char *)of->data + offset * (ptrdiff_t)BYTES[type], n, &plain, NULL);
    view->flag = 1 | 8;
    view->view = of;
    of->refcount++;
    push_object(L, type, "Storage", view);
    return 1;
}

/* As THStorage_resize does it. */
static int storage_resize(lua_State *L)
{
    THStorage *s = object_at(L, 1);
    ptrdiff_t n = (ptrdiff_t)lua_tonumber(L, 2);
    if (!(s->flag & 2)) return luaL_error(L, "Trying to resize storage that is not resizable");
    s->data = s->allocator->realloc(s->allocatorContext, s->data, n * (ptrdiff_t)BYTES[type_at(L, 1)]);
    s->size = n;
    return 0;
}

static int storage_refcount(lua_State *L)
{
    lua_pushnumber(L, ((THStorage *)object_at(L, 1))->refcount);
    return 1;
}

static int object_pointer(lua_State *L)
{
    lua_pushlightuserdata(L, object_at(L, 1));
    return 1;
}

/* Another userdata for the same tensor. */
static int tensor_again(lua_State *L)
{
    THTensor *t = object_at(L, 1);
    t->refcount++;
    push_object(L, type_at(L, 1), "Tensor", t);
    return 1;
}

/* t:set(other): the elements of another tensor from now on. */
static int tensor_assign(lua_State *L)
{
    THTensor *t = object_at(L, 1), *of = object_at(L, 2);
    tensor_set(t, of->storage, of->storageOffset, of->nDimension, of->size, of->stride);
    return 0;
}

static int collect_storage(lua_State *L)
{
    storage_free(object_at(L, 1));
    return 0;
}

static int collect_tensor(lua_State *L)
{
    tensor_free(object_at(L, 1));
    return 0;
}

static int factory(lua_State *L)
{
    (void)L;
    return 0;
}

/* Torch's own write and read in C want a torch.File. */
static int needs_file(lua_State *L) { return luaL_error(L, "torch.File expected"); }

/* --- classes made from Lua --- */

/* luaT's __index of objects, and of metatables whose parent this is: a field of the class or of an ancestor. */
static int class_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    while (lua_getmetatable(L, -1)) {
        lua_pushvalue(L, 2);
        lua_rawget(L, -2);
        if (!lua_isnil(L, -1)) return 1;
        lua_pop(L, 1);
        lua_remove(L, -2);
    }
    return 0;
}

/* newmetatable(name, parent or nil, factory): what luaT leaves in the registry and in the metatable. */
static int new_metatable(lua_State *L)
{
    lua_settop(L, 3);
    lua_newtable(L);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 4);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, 4);
    lua_pushvalue(L, 1);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushcfunction(L, class_index);
    lua_setfield(L, 4, "__index");
    lua_pushvalue(L, 1);
    lua_setfield(L, 4, "__typename");
    lua_pushinteger(L, 1);
    lua_setfield(L, 4, "__version");
    lua_pushvalue(L, 3);
    lua_setfield(L, 4, "__factory");
    if (!lua_isnil(L, 2)) {
        lua_pushvalue(L, 2);
        lua_rawget(L, LUA_REGISTRYINDEX);
        lua_setmetatable(L, 4);
    }
    return 1;
}

/* A userdata of the class torch.Counter that holds a number. */
static int new_counter(lua_State *L)
{
    double *value = lua_newuserdata(L, sizeof *value);
    *value = lua_tonumber(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "torch.Counter");
    lua_setmetatable(L, -2);
    return 1;
}

static int counter_value(lua_State *L)
{
    double *value = lua_touserdata(L, 1);
    if (lua_gettop(L) > 1) *value = lua_tonumber(L, 2);
    lua_pushnumber(L, *value);
    return 1;
}

/* --- torch.Timer --- */

typedef struct Timer {
    int isRunning;
    double totalrealtime, totalusertime, totalsystime;
    double startrealtime, startusertime, startsystime;
} Timer;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int new_timer(lua_State *L)
{
    void **box = lua_newuserdata(L, sizeof *box);
    *box = calloc(1, sizeof(Timer));
    *(Timer *)*box = (Timer){.isRunning = 1, .startrealtime = now()};
    lua_getfield(L, LUA_REGISTRYINDEX, "torch.Timer");
    lua_setmetatable(L, -2);
    return 1;
}

static int timer_stop(lua_State *L)
{
    Timer *timer = object_at(L, 1);
    if (timer->isRunning) timer->totalrealtime += now() - timer->startrealtime;
    timer->isRunning = 0;
    return 0;
}

static int timer_time(lua_State *L)
{
    Timer *timer = object_at(L, 1);
    lua_newtable(L);
    lua_pushnumber(L, timer->totalrealtime + (timer->isRunning ? now() - timer->startrealtime : 0));
    lua_setfield(L, -2, "real");
    lua_pushnumber(L, timer->totalusertime);
    lua_setfield(L, -2, "user");
    lua_pushnumber(L, timer->totalsystime);
    lua_setfield(L, -2, "sys");
    return 1;
}

static int collect_timer(lua_State *L)
{
    free(object_at(L, 1));
    return 0;
}

static void add_timer(lua_State *L)
{
    static const luaL_Reg methods[] = {{"time", timer_time}, {"stop", timer_stop}, {"__gc", collect_timer}, {NULL, NULL}};
    lua_newtable(L);
    for (const luaL_Reg *m = methods; m->name; m++) {
        lua_pushcfunction(L, m->func);
        lua_setfield(L, -2, m->name);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "torch.Timer");
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushliteral(L, "torch.Timer");
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushcfunction(L, new_timer);
    lua_setfield(L, -2, "Timer");
}

static int live(lua_State *L)
{
    lua_pushnumber(L, live_storages);
    lua_pushnumber(L, live_tensors);
    return 2;
}

static void add(lua_State *L, const char *name, lua_CFunction function, int type)
{
    lua_pushinteger(L, type);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

/* A metatable, known to the registry both ways, as luaT does it; left on the stack. */
static void new_class(lua_State *L, int type, const char *kind, lua_CFunction collect)
{
    lua_newtable(L);
    lua_pushfstring(L, "torch.%s%s", type == CUDA ? "Cuda" : TYPES[type], kind);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -1);
    lua_pushfstring(L, "torch.%s%s", type == CUDA ? "Cuda" : TYPES[type], kind);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, factory);
    lua_setfield(L, -2, "__factory");
    lua_pushcfunction(L, needs_file);
    lua_setfield(L, -2, "write");
    lua_pushcfunction(L, needs_file);
    lua_setfield(L, -2, "read");
}

EXPORT int luaopen_standin(lua_State *L);
int luaopen_standin(lua_State *L)
{
    lua_newtable(L);
    for (int type = 0; type <= CUDA; type++) {
        if (type < CUDA) {
            new_class(L, type, "Storage", collect_storage);
            add(L, "size", storage_size, type);
            add(L, "get", storage_get, type);
            add(L, "set", storage_set, type);
            add(L, "resize", storage_resize, type);
            add(L, "view", storage_view, type);
            add(L, "refcount", storage_refcount, type);
            add(L, "pointer", object_pointer, type);
            lua_pop(L, 1);
            lua_pushfstring(L, "%sStorage", TYPES[type]);
            lua_pushinteger(L, type);
            lua_pushcclosure(L, make_storage, 1);
            lua_settable(L, -3);
        }
        new_class(L, type, "Tensor", collect_tensor);
        add(L, "numbers", tensor_numbers, type);
        add(L, "shape", tensor_shape, type);
        add(L, "storage", tensor_storage, type);
        add(L, "pointer", object_pointer, type);
        add(L, "again", tensor_again, type);
        add(L, "set", tensor_assign, type);
        lua_pop(L, 1);
        lua_pushfstring(L, "%sTensor", type == CUDA ? "Cuda" : TYPES[type]);
        lua_pushinteger(L, type);
        lua_pushcclosure(L, make_tensor, 1);
        lua_settable(L, -3);
    }
    add_timer(L);
    lua_pushcfunction(L, live);
    lua_setfield(L, -2, "live");
    lua_pushcfunction(L, new_metatable);
    lua_setfield(L, -2, "newmetatable");
    lua_pushcfunction(L, new_counter);
    lua_setfield(L, -2, "newcounter");
    lua_pushcfunction(L, counter_value);
    lua_setfield(L, -2, "countervalue");
    return 1;
}
