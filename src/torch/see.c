/* Torch's storages and tensors seen as ours. One par_storage for each th_storage as long as somebody holds it, so that tensors which share a
 * storage share it in a message too. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "tensor/shape.h"
#include "torch/bridge.h"
#include "torch/find.h"
#include "torch/lend.h"

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
    if (of->flag & TH_REFCOUNTED && par_torch_functions(type)->storage_free) {
        __atomic_add_fetch(&of->refcount, 1, __ATOMIC_SEQ_CST); /* as Torch counts: the address stays taken */
        entry->release = par_torch_functions(type)->storage_free;
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

/* A reference for the caller, or NULL. */
static par_storage *see_storage(lua_State *L, th_storage *of, par_type type)
{
    par_storage *own = par_torch_lent_as(of);
    if (own && own->type == type) return par_storage_retain(own);
    par_torch_find(L, type); /* without them the storage is not counted, and good only as long as its userdata */
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
    if (!par_torch_kind(L, idx, &type, &is_tensor)) return false;
    void *object = *(void **)lua_touserdata(L, idx);
    if (!object) return false;
    *identity = object;
    if (is_tensor) *tensor = see_tensor(L, object, type);
    else *storage = see_storage(L, object, type);
    return *tensor || *storage;
}
