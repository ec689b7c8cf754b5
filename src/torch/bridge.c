#include "torch/bridge.h"

#include <dlfcn.h>
#include <lauxlib.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "tensor/shape.h"
#include "torch/th.h"

_Static_assert(sizeof(long) == sizeof(int64_t), "Torch's sizes are longs; the bridge is for systems where those have 64 bits");

/* --- Torch's functions, found where its own library is --- */
static th_functions functions[PAR_TYPE_COUNT]; /* the same for all threads; under the lock until a thread has seen it filled */
static pthread_mutex_t functions_lock = PTHREAD_MUTEX_INITIALIZER;

static void *symbol(void *library, par_type type, const char *suffix)
{
    char name[64];
    snprintf(name, sizeof name, "TH%s%s", par_type_name(type), suffix);
    return dlsym(library, name);
}

/* The library of a C function, kept loaded for ever: what is freed last may need it. */
static void *library_of(lua_CFunction function)
{
    Dl_info info;
    void *address;
    memcpy(&address, &function, sizeof address);
    if (!dladdr(address, &info) || !info.dli_fname) return NULL;
    void *library = dlopen(info.dli_fname, RTLD_NOLOAD | RTLD_NOW | RTLD_NODELETE);
    return library ? library : dlopen(NULL, RTLD_NOW); /* Torch may be part of the program itself */
}

static bool are_found(par_type type)
{
    pthread_mutex_lock(&functions_lock);
    bool found = functions[type].tensor_set != NULL;
    pthread_mutex_unlock(&functions_lock);
    return found;
}

static bool find_functions(lua_State *L, par_type type)
{
    if (are_found(type)) return true;
    lua_pushliteral(L, "torch.DoubleTensor");
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushliteral(L, "__factory");
    lua_rawget(L, -2);
    lua_CFunction factory = lua_tocfunction(L, -1);
    lua_pop(L, 2);
    void *library = factory ? library_of(factory) : NULL;
    if (!library) return false;
    void *found[] = {symbol(library, type, "Storage_newWithDataAndAllocator"), symbol(library, type, "Storage_free"),
                     symbol(library, type, "Tensor_new"), symbol(library, type, "Tensor_free"),
                     symbol(library, type, "Tensor_setStorageNd")};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        if (!found[i]) return false;
    pthread_mutex_lock(&functions_lock);
    memcpy(&functions[type], found, sizeof found); /* five function pointers, in this order */
    pthread_mutex_unlock(&functions_lock);
    return true;
}
_Static_assert(sizeof(th_functions) == 5 * sizeof(void *), "found[] fills th_functions");

bool par_torch_is_loaded(lua_State *L)
{
    luaL_checkstack(L, 3, "torch");
    lua_pushliteral(L, "torch.DoubleTensor");
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool loaded = lua_istable(L, -1);
    if (loaded) {
        lua_rawget(L, LUA_REGISTRYINDEX);
        loaded = lua_type(L, -1) == LUA_TSTRING;
    }
    lua_pop(L, 1);
    return loaded;
}

/* "torch.DoubleTensor" and so on: the type, and whether it is a tensor. */
static bool parse_name(const char *name, par_type *type, bool *is_tensor)
{
    if (!name || strncmp(name, "torch.", 6) != 0) return false;
    name += 6;
    for (int t = 0; t < PAR_TYPE_COUNT; t++) {
        size_t length = strlen(par_type_name((par_type)t));
        if (strncmp(name, par_type_name((par_type)t), length) != 0) continue;
        *type = (par_type)t;
        *is_tensor = strcmp(name + length, "Tensor") == 0;
        return *is_tensor || strcmp(name + length, "Storage") == 0;
    }
    return false;
}

static bool torch_kind(lua_State *L, int idx, par_type *type, bool *is_tensor)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || lua_rawlen(L, idx) < sizeof(void *) || !lua_checkstack(L, 6)) return false;
    if (!lua_getmetatable(L, idx)) return false;
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool good = lua_type(L, -1) == LUA_TSTRING && parse_name(lua_tostring(L, -1), type, is_tensor);
    lua_pop(L, 1);
    return good;
}

/* --- Torch's storages seen as ours ---
 * One par_storage for each th_storage as long as somebody holds it, so that tensors which share a storage share it in a
 * message too. */
typedef struct seen_storage {
    par_blob blob; /* first: what its free() is given */
    th_storage *of;
    par_storage *storage; /* not counted: it holds the blob */
    void (*release)(th_storage *storage);
    struct seen_storage *next;
} seen_storage;

#define BUCKETS 256
static _Thread_local seen_storage *seen[BUCKETS];

static seen_storage **bucket_of(const void *key) { return &seen[((uintptr_t)key >> 6) % BUCKETS]; }

static void forget_seen(par_blob *blob)
{
    seen_storage *gone = (seen_storage *)blob, **link = bucket_of(gone->of);
    while (*link && *link != gone) link = &(*link)->next;
    if (*link) *link = gone->next;
    if (gone->release) gone->release(gone->of);
    free(gone);
}

static par_storage *new_seen(th_storage *of, par_type type)
{
    seen_storage *entry = calloc(1, sizeof *entry);
    if (!entry) return NULL;
    size_t bytes = (size_t)of->size * par_type_bytes(type);
    entry->blob = (par_blob){.data = of->data, .bytes = bytes, .refs = 1, .kind = PAR_BLOB_FOREIGN, .again = true, .free = forget_seen};
    entry->of = of;
    entry->storage = par_storage_new_blob(type, &entry->blob, 0, of->size);
    if (!entry->storage) {
        free(entry);
        return NULL;
    }
    if (of->flag & TH_REFCOUNTED && functions[type].storage_free) {
        __atomic_add_fetch(&of->refcount, 1, __ATOMIC_SEQ_CST); /* as Torch counts: the address stays taken */
        entry->release = functions[type].storage_free;
    }
    entry->next = *bucket_of(of);
    *bucket_of(of) = entry;
    return entry->storage;
}

/* Torch may have resized it since: the view is of what is there now. */
static void renew(seen_storage *entry)
{
    const th_storage *of = entry->of;
    entry->blob.bytes = (size_t)of->size * par_type_bytes(entry->storage->type);
    entry->blob.data = entry->storage->data = of->data;
    entry->storage->size = of->size;
}

void par_torch_renew(par_storage *storage)
{
    if (storage->blob && storage->blob->free == forget_seen) renew((seen_storage *)storage->blob);
}

static par_storage *lent_as(const th_storage *of);

/* A reference for the caller, or NULL. */
static par_storage *see_storage(lua_State *L, th_storage *of, par_type type)
{
    par_storage *own = lent_as(of);
    if (own && own->type == type) return par_storage_retain(own);
    find_functions(L, type); /* without them the storage is not counted, and good only as long as its userdata */
    if (of->size == 0) return par_storage_new(type, 0);
    for (seen_storage *entry = *bucket_of(of); entry; entry = entry->next) {
        if (entry->of != of || entry->storage->type != type) continue;
        renew(entry);
        return par_storage_retain(entry->storage);
    }
    return new_seen(of, type);
}

static par_tensor *see_tensor(lua_State *L, const th_tensor *of, par_type type)
{
    par_error err;
    par_tensor *made = NULL;
    if (of->ndim < 0 || of->ndim > PAR_TENSOR_DIMS_MAX) return NULL;
    par_storage *storage = of->storage ? see_storage(L, of->storage, type) : NULL;
    if (of->storage && !storage) return NULL;
    int ndim = of->storage ? of->ndim : 0;
    par_tensor_new_view(type, storage, of->storage_offset, ndim, (const int64_t *)of->size, (const int64_t *)of->stride, &made, &err);
    par_storage_release(storage);
    return made;
}

bool par_torch_to_tensor(lua_State *L, int idx, const void **identity, par_tensor **tensor, par_storage **storage)
{
    par_type type;
    bool is_tensor;
    if (!torch_kind(L, idx, &type, &is_tensor)) return false;
    void *object = *(void **)lua_touserdata(L, idx);
    if (!object) return false;
    *identity = object;
    if (is_tensor) *tensor = see_tensor(L, object, type);
    else *storage = see_storage(L, object, type);
    return *tensor || *storage;
}

/* --- our storages seen as Torch's ---
 * The th_storage's allocator holds our storage. One th_storage for each of ours, as long as both live. */
typedef struct lent_storage {
    par_storage *storage; /* counted; NULL once Torch has moved the elements elsewhere */
    th_storage *as;
    struct lent_storage *next;
} lent_storage;
static _Thread_local lent_storage *lent[BUCKETS];

static lent_storage **lent_bucket(const void *key) { return &lent[((uintptr_t)key >> 6) % BUCKETS]; }

static void give_back(lent_storage *entry)
{
    if (!entry->storage) return;
    lent_storage **link = lent_bucket(entry->storage);
    while (*link && *link != entry) link = &(*link)->next;
    if (*link) *link = entry->next;
    par_storage_release(entry->storage);
    entry->storage = NULL;
}

static void *lent_malloc(void *context, ptrdiff_t bytes)
{
    (void)context;
    return malloc(bytes > 0 ? (size_t)bytes : 1);
}

static void *lent_realloc(void *context, void *data, ptrdiff_t bytes)
{
    lent_storage *entry = context;
    bool ours = entry->storage && entry->storage->data == data;
    void *moved = ours ? malloc(bytes > 0 ? (size_t)bytes : 1) : realloc(data, bytes > 0 ? (size_t)bytes : 1);
    if (!moved) { /* Torch does not look at the result */
        fputs("parallel: not enough memory to resize a torch storage\n", stderr);
        abort();
    }
    if (ours) {
        size_t old = (size_t)entry->storage->size * par_type_bytes(entry->storage->type), keep = bytes > 0 ? (size_t)bytes : 0;
        memcpy(moved, data, old < keep ? old : keep);
        give_back(entry);
    }
    return moved;
}

static void lent_free(void *context, void *data)
{
    lent_storage *entry = context;
    if (!entry->storage || entry->storage->data != data) free(data);
    give_back(entry);
    free(entry);
}

static th_allocator lent_allocator = {lent_malloc, lent_realloc, lent_free};

/* Ours, for which a storage of Torch stands as it is; or NULL. So what is shared stays shared when it is sent on. */
static par_storage *lent_as(const th_storage *of)
{
    const lent_storage *entry = of->allocator == &lent_allocator ? of->allocator_context : NULL;
    if (!entry || !entry->storage || entry->storage->data != of->data || entry->storage->size != of->size) return NULL;
    return entry->storage;
}

/* From now on `as` shows the elements of storage, which it takes over, and no longer its own. */
static bool show_ours(th_storage *as, par_storage *storage)
{
    lent_storage *entry = calloc(1, sizeof *entry);
    if (!entry) return false;
    *entry = (lent_storage){.storage = storage, .as = as, .next = *lent_bucket(storage)};
    *lent_bucket(storage) = entry;
    if (as->flag & TH_FREEMEM) as->allocator->free(as->allocator_context, as->data);
    as->data = storage->data;
    as->allocator = &lent_allocator;
    as->allocator_context = entry;
    as->flag |= TH_FREEMEM;
    return true;
}

static int share_copy(th_storage *of, par_type type, par_segment_maker *make, par_error *err)
{
    par_blob *blob;
    size_t bytes = (size_t)of->size * par_type_bytes(type);
    int rc = make(bytes, &blob, err);
    if (rc != PAR_OK) return rc;
    memcpy(blob->data, of->data, bytes);
    par_storage *storage = par_storage_new_blob(type, blob, 0, of->size);
    if (!storage) par_blob_release(blob);
    if (storage) storage->shared = true;
    if (storage && show_ours(of, storage)) return PAR_OK;
    par_storage_release(storage);
    return par_tensor_no_memory(type, of->size, err);
}

static int share_storage(th_storage *of, par_type type, par_segment_maker *make, par_error *err)
{
    par_storage *ours = lent_as(of);
    if (of->size == 0) return PAR_OK;
    if (of->flag & TH_VIEW) return par_error_set(err, PAR_E_INVALID, "cannot share this storage: it is a view of the memory of another");
    int rc = ours ? par_storage_share(ours, make, err) : share_copy(of, type, make, err);
    if (rc != PAR_OK) return rc;
    if (ours) of->data = ours->data;
    of->flag &= ~TH_RESIZABLE; /* others hold it */
    return PAR_OK;
}

/* Takes over our reference; the result has one of Torch's. NULL: no memory. */
static th_storage *lend(par_storage *storage)
{
    for (lent_storage *entry = *lent_bucket(storage); entry; entry = entry->next) {
        if (entry->storage != storage) continue;
        par_storage_release(storage);
        __atomic_add_fetch(&entry->as->refcount, 1, __ATOMIC_SEQ_CST);
        return entry->as;
    }
    lent_storage *entry = calloc(1, sizeof *entry);
    if (entry) entry->as = functions[storage->type].storage_new(storage->data, storage->size, &lent_allocator, entry);
    if (!entry || !entry->as) {
        free(entry);
        par_storage_release(storage);
        return NULL;
    }
    entry->storage = storage;
    if (storage->shared) entry->as->flag &= ~TH_RESIZABLE; /* others hold it */
    entry->next = *lent_bucket(storage);
    *lent_bucket(storage) = entry;
    return entry->as;
}

/* The storage of the object at idx, or NULL: it has none, or is no object of Torch's, which `found` tells. */
static th_storage *storage_at(lua_State *L, int idx, par_type *type, bool *found)
{
    bool is_tensor;
    *found = torch_kind(L, idx, type, &is_tensor);
    void *object = *found ? *(void **)lua_touserdata(L, idx) : NULL;
    return object && is_tensor ? ((th_tensor *)object)->storage : object;
}

bool par_torch_share(lua_State *L, int idx, par_segment_maker *make, int *rc, par_error *err)
{
    par_type type;
    bool found;
    th_storage *of = storage_at(L, idx, &type, &found);
    *rc = of ? share_storage(of, type, make, err) : PAR_OK;
    return found;
}

bool par_torch_is_shared(lua_State *L, int idx, bool *shared)
{
    par_type type;
    bool found;
    const th_storage *of = storage_at(L, idx, &type, &found);
    const par_storage *ours = of ? lent_as(of) : NULL;
    *shared = ours && ours->shared;
    return found;
}

bool par_torch_timer(lua_State *L, int idx, par_torch_times *now, const par_torch_times *set)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx)) return false;
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool is_timer = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "torch.Timer") == 0;
    lua_pop(L, 1);
    th_timer *timer = is_timer && lua_rawlen(L, idx) >= sizeof(void *) ? *(th_timer **)lua_touserdata(L, idx) : NULL;
    if (!timer) return false;
    if (set) timer->running = set->running;
    if (set) memcpy(timer->total, set->seconds, sizeof timer->total);
    now->running = timer->running;
    memcpy(now->seconds, timer->total, sizeof timer->total);
    return true;
}

void par_torch_add_methods(lua_State *L, const luaL_Reg *methods)
{
    static const char *const kinds[] = {"Tensor", "Storage"};
    char name[40];
    luaL_checkstack(L, 5, "torch");
    for (int type = 0; type < PAR_TYPE_COUNT; type++)
        for (int k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "torch.%s%s", par_type_name((par_type)type), kinds[k]);
            lua_pushstring(L, name);
            lua_rawget(L, LUA_REGISTRYINDEX);
            for (const luaL_Reg *m = methods; lua_istable(L, -1) && m->name; m++) {
                lua_pushstring(L, m->name);
                lua_pushcfunction(L, m->func);
                lua_rawset(L, -3);
            }
            lua_pop(L, 1);
        }
}

typedef struct push_job {
    const char *kind;
    par_type type;
    void *object;
} push_job;

static int push_object(lua_State *L)
{
    push_job *job = lua_touserdata(L, 1);
    char name[40];
    snprintf(name, sizeof name, "torch.%s%s", par_type_name(job->type), job->kind);
    void **box = lua_newuserdata(L, sizeof *box);
    *box = NULL;
    lua_pushstring(L, name);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_istable(L, -1)) return luaL_error(L, "torch has no %s", name);
    *box = job->object; /* from here on its metatable frees it */
    lua_setmetatable(L, -2);
    return 1;
}

static bool push_protected(lua_State *L, push_job job)
{
    lua_pushcfunction(L, push_object);
    lua_pushlightuserdata(L, &job);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return true;
    lua_pop(L, 1);
    return false;
}

bool par_torch_push_storage(lua_State *L, par_storage *storage)
{
    par_type type = storage->type;
    luaL_checkstack(L, 4, "torch");
    if (!find_functions(L, type)) {
        par_storage_release(storage);
        return false;
    }
    th_storage *made = lend(storage);
    if (made && push_protected(L, (push_job){"Storage", type, made})) return true;
    if (made) functions[type].storage_free(made);
    return false;
}

static th_tensor *make_tensor(const par_tensor *tensor)
{
    const th_functions *f = &functions[tensor->type];
    th_tensor *made = f->tensor_new();
    if (!made || tensor->ndim == 0) return made;
    th_storage *storage = lend(par_storage_retain(tensor->storage));
    if (!storage) {
        f->tensor_free(made);
        return NULL;
    }
    f->tensor_set(made, storage, tensor->offset, tensor->ndim, (long *)tensor->size, (long *)tensor->stride);
    f->storage_free(storage); /* the tensor has its own reference */
    return made;
}

bool par_torch_push_tensor(lua_State *L, par_tensor *tensor)
{
    par_type type = tensor->type;
    luaL_checkstack(L, 4, "torch");
    th_tensor *made = find_functions(L, type) ? make_tensor(tensor) : NULL;
    par_tensor_release(tensor);
    if (made && push_protected(L, (push_job){"Tensor", type, made})) return true;
    if (made) functions[type].tensor_free(made);
    return false;
}
