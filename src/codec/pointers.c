#include "codec/pointers.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64u
#define KEEP_CAPACITY 65536u /* a table that grew beyond is given back after the message */

void par_pointers_fini(par_pointers *pointers)
{
    free(pointers->slots);
    *pointers = (par_pointers){0};
}

void par_pointers_reset(par_pointers *pointers)
{
    if (pointers->capacity > KEEP_CAPACITY) par_pointers_fini(pointers);
    pointers->used = 0;
    if (++pointers->epoch != 0) return;
    pointers->epoch = 1; /* wrapped: old entries could look current */
    if (pointers->slots) memset(pointers->slots, 0, pointers->capacity * sizeof *pointers->slots);
}

static void move_entries(par_pointers *to, const par_pointers *from)
{
    size_t mask = to->capacity - 1;
    for (size_t i = 0; i < from->capacity; i++) {
        if (from->slots[i].epoch != from->epoch) continue;
        size_t slot = par_pointers_slot(to, from->slots[i].key);
        while (to->slots[slot].epoch == to->epoch) slot = (slot + 1) & mask;
        to->slots[slot] = from->slots[i];
    }
}

bool par_pointers_grow(par_pointers *pointers)
{
    par_pointers grown = *pointers;
    grown.capacity = pointers->capacity ? pointers->capacity * 2 : FIRST_CAPACITY;
    if (grown.capacity > SIZE_MAX / sizeof *grown.slots) return false;
    grown.shift = 64 - (unsigned)__builtin_ctzll(grown.capacity);
    if (grown.epoch == 0) grown.epoch = 1;
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (!grown.slots) return false;
    move_entries(&grown, pointers);
    free(pointers->slots);
    *pointers = grown;
    return true;
}
