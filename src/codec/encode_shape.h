/* Records: tables without elements whose keys, in the order of lua_next, are the strings that another table of the message had.
 * From the second one on the keys are written once, as a shape, and each table as the number of its shape and its values. */
#ifndef PAR_CODEC_ENCODE_SHAPE_H
#define PAR_CODEC_ENCODE_SHAPE_H

#include "codec/encoder.h"

typedef struct par_keys { /* of one table */
    unsigned n;
    uint64_t hash;
    const char *key[PAR_SHAPE_KEYS_MAX]; /* addresses of Lua strings */
} par_keys;

/* Is a table looked at that has no elements? The first one of a message is not. */
static inline bool par_shape_wanted(par_encoder *e) { return e->shapes.tables++ != 0; }

/* False: there are too many for a record. */
static inline bool par_keys_add(par_keys *keys, const char *key)
{
    if (keys->n == PAR_SHAPE_KEYS_MAX) return false;
    keys->hash = (keys->hash ^ (uintptr_t)key) * UINT64_C(0x9e3779b97f4a7c15);
    keys->hash ^= keys->hash >> 32;
    keys->key[keys->n++] = key;
    return true;
}

typedef enum par_record {
    PAR_RECORD_NOT,   /* no other table with these keys was seen, or there are too many shapes */
    PAR_RECORD_KNOWN, /* the level is told what it is */
    PAR_RECORD_NEW    /* also; the keys have to be written */
} par_record;
/* What the keys of a table are. */
par_record par_shape_find(par_encoder *e, par_open *open, const par_keys *keys);
/* The keys of the shape that the last record had, to be looked at before any other, and their number; NULL when there is none. */
static inline const char *const *par_shape_last(const par_encoder *e, unsigned *n)
{
    const par_shapes *shapes = &e->shapes;
    if (shapes->last >= shapes->n || shapes->known[shapes->last].epoch != shapes->epoch) return NULL;
    *n = shapes->known[shapes->last].n;
    return shapes->keys + shapes->known[shapes->last].first;
}
static inline void par_shape_set(par_encoder *e, par_open *open, uint32_t shape, unsigned n)
{
    open->step = PAR_STEP_RECORD;
    open->shape = (uint8_t)shape;
    open->n = open->entries = n;
    e->shapes.last = shape;
}
/* Write what comes before the values. PAR_OK, or an error. */
int par_record_begin(par_encoder *e, const par_open *open);
int par_record_begin_new(par_encoder *e, const par_keys *keys, const size_t *len);
/* Is this still the key of value number i, counted from 0? */
bool par_shape_has(const par_encoder *e, const par_open *open, size_t i, const char *key, size_t len);

#endif
