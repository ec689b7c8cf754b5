/* What this message has met already: address -> where it stands in the message. Forgets everything in no time, by
 * counting an epoch up. Addresses stay valid since the values that are sent hold the objects. */
#ifndef PAR_CODEC_POINTERS_H
#define PAR_CODEC_POINTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct par_seen {
    const void *key;
    size_t at;      /* offset of the first tag */
    uint32_t epoch; /* another epoch: the slot is free */
    uint32_t aux;   /* number of the upvalue or of the storage */
} par_seen;

typedef struct par_pointers {
    par_seen *slots;
    size_t capacity; /* power of two, or 0 */
    size_t used;
    unsigned shift; /* 64 - log2(capacity) */
    uint32_t epoch;
} par_pointers;

void par_pointers_fini(par_pointers *pointers);
void par_pointers_reset(par_pointers *pointers);
bool par_pointers_grow(par_pointers *pointers);

static inline size_t par_pointers_slot(const par_pointers *pointers, const void *key)
{
    return (size_t)((((uintptr_t)key >> 3) * UINT64_C(0x9e3779b97f4a7c15)) >> pointers->shift);
}

/* The entry of key: *added says that it is new (at and aux are to be filled). NULL: no memory. */
static inline par_seen *par_pointers_add(par_pointers *pointers, const void *key, bool *added)
{
    if (pointers->used * 2 >= pointers->capacity && !par_pointers_grow(pointers)) return NULL;
    size_t mask = pointers->capacity - 1, i = par_pointers_slot(pointers, key);
    for (;; i = (i + 1) & mask) {
        par_seen *seen = &pointers->slots[i];
        if (seen->epoch != pointers->epoch) {
            seen->key = key;
            seen->epoch = pointers->epoch;
            pointers->used++;
            *added = true;
            return seen;
        }
        if (seen->key == key) {
            *added = false;
            return seen;
        }
    }
}

/* The entry that was added last is forgotten. */
static inline void par_pointers_take_back(par_pointers *pointers, par_seen *seen)
{
    seen->epoch = pointers->epoch - 1;
    pointers->used--;
}

#endif
