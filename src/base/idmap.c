#include "base/idmap.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/status.h"

static size_t home(const par_idmap *map, uint64_t id) { return (size_t)((id * 0x9e3779b97f4a7c15u) >> 32) & (map->room - 1); }

void par_idmap_fini(par_idmap *map)
{
    free(map->entries);
    *map = (par_idmap){0};
}

static par_idmap_entry *slot(const par_idmap *map, uint64_t id)
{
    size_t i = home(map, id);
    while (map->entries[i].id && map->entries[i].id != id) i = (i + 1) & (map->room - 1);
    return &map->entries[i];
}

void *par_idmap_get(const par_idmap *map, uint64_t id) { return map->n ? slot(map, id)->value : NULL; }

static int grow(par_idmap *map)
{
    par_idmap bigger = {.room = map->room ? map->room * 2 : 16};
    bigger.entries = calloc(bigger.room, sizeof *bigger.entries);
    if (!bigger.entries) return PAR_E_NOMEM;
    for (size_t i = 0; i < map->room; i++)
        if (map->entries[i].id) *slot(&bigger, map->entries[i].id) = map->entries[i];
    bigger.n = map->n;
    free(map->entries);
    *map = bigger;
    return PAR_OK;
}

int par_idmap_put(par_idmap *map, uint64_t id, void *value)
{
    PAR_ASSERT(id && value && !par_idmap_get(map, id));
    if (map->n * 4 >= map->room * 3 && grow(map) != PAR_OK) return PAR_E_NOMEM;
    *slot(map, id) = (par_idmap_entry){.id = id, .value = value};
    map->n++;
    return PAR_OK;
}

/* Closes the gap at i: later entries of the same run move up. */
static void close_gap(par_idmap *map, size_t i)
{
    size_t mask = map->room - 1;
    for (size_t next = (i + 1) & mask; map->entries[next].id; next = (next + 1) & mask) {
        size_t wanted = home(map, map->entries[next].id);
        if (((next - wanted) & mask) < ((next - i) & mask)) continue; /* its home is behind the gap */
        map->entries[i] = map->entries[next];
        i = next;
    }
    map->entries[i] = (par_idmap_entry){0};
}

void *par_idmap_remove(par_idmap *map, uint64_t id)
{
    par_idmap_entry *entry = map->n ? slot(map, id) : NULL;
    if (!entry || !entry->id) return NULL;
    void *value = entry->value;
    close_gap(map, (size_t)(entry - map->entries));
    map->n--;
    return value;
}

void *par_idmap_pop(par_idmap *map)
{
    for (size_t i = 0; map->n && i < map->room; i++)
        if (map->entries[i].id) return par_idmap_remove(map, map->entries[i].id);
    return NULL;
}
