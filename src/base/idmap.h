/* A table from 64-bit ids (not 0) to pointers (not NULL). */
#ifndef PAR_BASE_IDMAP_H
#define PAR_BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct par_idmap_entry {
    uint64_t id; /* 0: empty */
    void *value;
} par_idmap_entry;

typedef struct par_idmap {
    par_idmap_entry *entries;
    size_t n, room; /* room: 0 or a power of two */
} par_idmap;

void par_idmap_fini(par_idmap *map);
void *par_idmap_get(const par_idmap *map, uint64_t id);
/* The id must not be in there. 0 or PAR_E_NOMEM. */
int par_idmap_put(par_idmap *map, uint64_t id, void *value);
/* Returns what was there, or NULL. */
void *par_idmap_remove(par_idmap *map, uint64_t id);
/* Takes any one entry out; NULL when there is none. */
void *par_idmap_pop(par_idmap *map);

#endif
