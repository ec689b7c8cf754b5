#include "torch/lend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torch/find.h"

typedef struct lent_storage {
    par_storage *storage; /* counted; NULL once Torch has moved the elements elsewhere */
    th_storage *as;
    struct lent_storage *next;
} lent_storage;
#define BUCKETS 256
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

par_storage *par_torch_lent_as(const th_storage *of)
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

int par_torch_share_storage(th_storage *of, par_type type, par_segment_maker *make, par_error *err)
{
    par_storage *ours = par_torch_lent_as(of);
    if (of->size == 0) return PAR_OK;
    if (of->flag & TH_VIEW) return par_error_set(err, PAR_E_INVALID, "cannot share this storage: it is a view of the memory of another");
    int rc = ours ? par_storage_share(ours, make, err) : share_copy(of, type, make, err);
    if (rc != PAR_OK) return rc;
    if (ours) of->data = ours->data;
    of->flag &= ~TH_RESIZABLE; /* others hold it */
    return PAR_OK;
}

th_storage *par_torch_lend(par_storage *storage)
{
    for (lent_storage *entry = *lent_bucket(storage); entry; entry = entry->next) {
        if (entry->storage != storage) continue;
        par_storage_release(storage);
        __atomic_add_fetch(&entry->as->refcount, 1, __ATOMIC_SEQ_CST);
        return entry->as;
    }
    lent_storage *entry = calloc(1, sizeof *entry);
    if (entry) entry->as = par_torch_functions(storage->type)->storage_new(storage->data, storage->size, &lent_allocator, entry);
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
