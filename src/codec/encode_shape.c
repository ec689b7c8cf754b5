/* Records onto the wire: which shape the keys of a table are, and what is written of it. */
#include "codec/encode_shape.h"

#define SEEN_ONCE UINT32_MAX

/* Where this hash was seen, or a place that may be taken for it. */
static par_sighting *find(par_shapes *shapes, uint64_t hash)
{
    par_sighting *first = &shapes->sightings[hash % PAR_SHAPE_SIGHTINGS], *second = &shapes->sightings[(hash % PAR_SHAPE_SIGHTINGS) ^ 1];
    if (first->epoch == shapes->epoch && first->hash == hash) return first;
    if (second->epoch == shapes->epoch && second->hash == hash) return second;
    return first->epoch != shapes->epoch || first->shape == SEEN_ONCE ? first : second;
}

static inline bool is_same(const char *const *a, const char *const *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (a[i] != b[i]) return false;
    return true;
}

static bool is_known(const par_shapes *shapes, uint32_t shape, const par_keys *keys)
{
    const par_shape *known = &shapes->known[shape];
    return known->epoch == shapes->epoch && known->n == keys->n && is_same(shapes->keys + known->first, keys->key, keys->n);
}

static bool grow(par_shapes *shapes, unsigned n)
{
    par_shape *known = par_codec_grow(shapes->known, &shapes->known_capacity, shapes->n + 1, sizeof *known);
    if (known) shapes->known = known;
    const char **keys = par_codec_grow(shapes->keys, &shapes->keys_capacity, shapes->n_keys + n, sizeof *keys);
    if (keys) shapes->keys = keys;
    return known && keys;
}

par_record par_shape_find(par_encoder *e, par_open *open, const par_keys *keys)
{
    par_shapes *shapes = &e->shapes;
    if (keys->n == 0) return PAR_RECORD_NOT;
    if (shapes->last < shapes->n && is_known(shapes, shapes->last, keys)) {
        par_shape_set(e, open, shapes->last, keys->n);
        return PAR_RECORD_KNOWN;
    }
    par_sighting *sighting = find(shapes, keys->hash);
    if (sighting->epoch != shapes->epoch || sighting->hash != keys->hash) {
        *sighting = (par_sighting){.hash = keys->hash, .epoch = shapes->epoch, .shape = SEEN_ONCE};
        return PAR_RECORD_NOT;
    }
    bool once = sighting->shape == SEEN_ONCE;
    if (once ? shapes->n == PAR_SHAPES_MAX : !is_known(shapes, sighting->shape, keys)) return PAR_RECORD_NOT;
    if (once) sighting->shape = shapes->n;
    par_shape_set(e, open, sighting->shape, keys->n);
    return once ? PAR_RECORD_NEW : PAR_RECORD_KNOWN;
}

int par_record_begin(par_encoder *e, const par_open *open)
{
    if (!par_output_room(e, 2)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_HASH);
    par_put_u8(e, PAR_SHAPE_FIRST + open->shape);
    return PAR_OK;
}

int par_record_begin_new(par_encoder *e, const par_keys *keys, const size_t *len)
{
    par_shapes *shapes = &e->shapes;
    if (!grow(shapes, keys->n) || !par_output_room(e, 3)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_HASH);
    par_put_u8(e, PAR_SHAPE_NEW);
    par_put_u8(e, keys->n);
    shapes->known[shapes->n++] = (par_shape){.epoch = shapes->epoch, .n = keys->n, .first = shapes->n_keys, .names_at = par_output_at(e)};
    e->header_flags |= PAR_FORMAT_SHAPES;
    int rc = PAR_OK;
    for (unsigned i = 0; rc == PAR_OK && i < keys->n; i++) {
        shapes->keys[shapes->n_keys++] = keys->key[i];
        rc = par_put_block(e, keys->key[i], len[i]);
    }
    return rc;
}

bool par_shape_has(const par_encoder *e, const par_open *open, size_t i, const char *key, size_t len)
{
    const uint8_t *name = e->start + e->shapes.known[open->shape].names_at;
    for (;; i--) { /* the names are before us, as they were written */
        size_t n = 0;
        for (unsigned shift = 0;; shift += 7) {
            n |= (size_t)(*name & 0x7f) << shift;
            if (*name++ < 0x80) break;
        }
        if (i == 0) return n == len && memcmp(name, key, len) == 0;
        name += n;
    }
}
