/* Records: tables whose keys an earlier one of the message had. Included after a layout. */
#ifndef PAR_CODEC_DIRECT_RECORDS_H
#define PAR_CODEC_DIRECT_RECORDS_H

#include "codec/direct/scalars.h"
#include "codec/encode_shape.h"

/* The keys of a table. False: it is no record. */
static bool gather_keys(const raw_view *v, par_keys *keys)
{
    keys->n = 0;
    keys->hash = 0;
    if (skip_absent(*v, 0) < v->n_slots) return false;
    for (size_t i = 0; i < v->n_nodes; i++) {
        raw_slot value = raw_value_of(&v->nodes[i]), key = raw_key_of(&v->nodes[i]);
        if (raw_kind_of(&value) == RAW_NIL) continue;
        if (raw_kind_of(&key) != RAW_TEXT || !par_keys_add(keys, raw_object_of(&key, RAW_TEXT))) return false;
    }
    return true;
}

static int begin_new_record(par_encoder *e, const raw_view *v, const par_keys *keys)
{
    size_t len[PAR_SHAPE_KEYS_MAX];
    unsigned n = 0;
    for (size_t i = 0; i < v->n_nodes; i++) {
        raw_slot value = raw_value_of(&v->nodes[i]), key = raw_key_of(&v->nodes[i]);
        if (raw_kind_of(&value) != RAW_NIL) raw_string(&key, &len[n++]);
    }
    return par_record_begin_new(e, keys, len);
}

/* Has the table the keys of the last record? `leaf`: it holds scalars only. */
static bool is_like_last(const par_encoder *e, const raw_view *v, unsigned *n, bool *leaf)
{
    const char *const *keys = v->n_slots == 0 ? par_shape_last(e, n) : NULL;
    unsigned found = 0;
    *leaf = true;
    if (!keys) return false;
    for (size_t i = 0; i < v->n_nodes; i++) {
        raw_slot value = raw_value_of(&v->nodes[i]), key = raw_key_of(&v->nodes[i]);
        raw_kind kind = raw_kind_of(&value);
        if (kind == RAW_NIL) continue;
        if (found == *n || raw_kind_of(&key) != RAW_TEXT || raw_object_of(&key, RAW_TEXT) != keys[found++]) return false;
        if (kind >= RAW_TABLE) *leaf = false;
    }
    return found == *n;
}

/* A record of the last shape that holds scalars only needs no level. */
static int put_leaf(walking *w, const raw_view *v)
{
    par_encoder *e = w->e;
    if (!par_output_room(e, 2)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_HASH);
    par_put_u8(e, PAR_SHAPE_FIRST + e->shapes.last);
    for (size_t i = 0; i < v->n_nodes; i++) {
        raw_slot value = raw_value_of(&v->nodes[i]);
        raw_kind kind = raw_kind_of(&value);
        if (kind == RAW_NIL) continue;
        int rc = kind == RAW_TEXT ? put_text(w, &value) : put_scalar(w, &value, kind);
        if (rc != WRITTEN) return rc;
    }
    return WRITTEN;
}

#endif
