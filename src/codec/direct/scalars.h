/* Scalars that the walk writes, and what all of it shares. Included after a layout. */
#ifndef PAR_CODEC_DIRECT_SCALARS_H
#define PAR_CODEC_DIRECT_SCALARS_H

#include <string.h>

#include "codec/direct/direct.h"
#include "codec/encode_scalar.h"

enum outcome { /* or the code of an error */
               WRITTEN = 1,
               ENTERED,          /* a table in the table: a level more */
               THROUGH_API,      /* the value has to be written through the API */
               REST_THROUGH_API, /* this entry and those behind it */
               WIDE_INTEGER      /* one that the receiver cannot hold: refused */
};

typedef struct walking {
    par_encoder *e;
    par_open *open; /* the innermost level */
    size_t depth;   /* its number */
    raw_view view;  /* of its table */
    int64_t wide;
} walking;

static inline size_t elements_max(const raw_view *v) { return RAW_FIRST_KEY || !v->n_slots ? v->n_slots : v->n_slots - 1; }

/* The next slot of the array part that holds something, or n_slots. */
static inline size_t skip_absent(raw_view v, size_t position)
{
    for (; position < v.n_slots; position++) {
        raw_slot slot = raw_slot_at(&v, position);
        if (!raw_is_absent(&slot)) break;
    }
    return position;
}

static bool has_integer_key(const raw_view *v, size_t wanted)
{
    for (size_t i = 0; i < v->n_nodes; i++) {
        raw_slot key = raw_key_of(&v->nodes[i]), value = raw_value_of(&v->nodes[i]);
        raw_kind kind = raw_kind_of(&key);
        if (kind == RAW_INTEGER ? raw_integer(&key) != (int64_t)wanted : kind != RAW_FLOAT || raw_float(&key) != (double)wanted) continue;
        if (raw_kind_of(&value) != RAW_NIL) return true;
    }
    return false;
}

/* What the length operator says. False: it would have to look the answer up among the nodes. */
static bool border(const raw_view *v, const raw_table *t, size_t *n)
{
    bool ask;
    *n = raw_array_border(v, t, &ask);
    return !ask || !has_integer_key(v, *n + 1);
}

/* ---- scalars ---- */

static inline int put_integer(walking *w, int64_t value)
{
    if (w->e->doubles_only && !par_i64_fits_double(value)) {
        w->wide = value;
        return WIDE_INTEGER;
    }
    par_put_integer(w->e, value);
    return WRITTEN;
}

static inline int put_float(walking *w, double value)
{
#if !PAR_LUA_INTEGERS
    int64_t whole;
    if (par_number_is_integral(value, &whole)) return put_integer(w, whole);
#endif
    par_put_float(w->e, value);
    return WRITTEN;
}

static __attribute__((noinline)) int put_text(walking *w, const raw_slot *slot)
{
    size_t len;
    const char *s = raw_string(slot, &len);
    int rc = par_put_string(w->e, s, len);
    return rc == PAR_OK ? WRITTEN : rc;
}

#define TEXTS_AHEAD 8

/* The string there will be read soon. */
static inline void bring_near(const raw_view *v, size_t position)
{
    if (position >= v->n_slots) return;
    raw_slot slot = raw_slot_at(v, position);
    __builtin_prefetch(raw_address_of(&slot));
}

/* Strings from `first` on that put_text would write without a look whether they are known: how many of them there are. In variables of its
 * own, since the bytes that are written may be those of anything, as far as the compiler knows. */
static inline size_t put_unknown(par_encoder *e, raw_view v, size_t first, size_t max)
{
    size_t i = 0, n = par_words_without_a_look(e->words_missed), room = (size_t)(e->end - e->p) / (1 + PAR_SHORT_MAX);
    uint8_t *p = e->p;
    if (n > max) n = max;
    if (n > room) n = room;
    for (; i < n; i++) {
        raw_slot slot = raw_slot_at(&v, first + i);
        size_t len;
        bring_near(&v, first + i + TEXTS_AHEAD);
        if (!raw_is_text(&slot)) break;
        const char *s = raw_string(&slot, &len);
        if (len < PAR_WORTH_A_WORD || len > PAR_SHORT_MAX) break;
        *p = (uint8_t)(PAR_TAG_STRING + len);
        par_copy_short(p + 1, (const uint8_t *)s, len);
        p += 1 + len;
    }
    e->p = p;
    e->words_missed += (uint32_t)i;
    return i;
}

/* Anything but tables. */
static inline __attribute__((always_inline)) int put_scalar(walking *w, const raw_slot *slot, raw_kind kind)
{
    par_encoder *e = w->e;
    if (kind == RAW_TEXT) return put_text(w, slot);
    if (!par_output_room(e, PAR_NUMBER_MAX)) return par_output_full(e);
    switch (kind) {
    case RAW_FLOAT: return put_float(w, raw_float(slot));
    case RAW_INTEGER: return put_integer(w, raw_integer(slot));
    case RAW_NIL: par_put_u8(e, PAR_TAG_NIL); return WRITTEN;
    case RAW_FALSE: par_put_u8(e, PAR_TAG_FALSE); return WRITTEN;
    case RAW_TRUE: par_put_u8(e, PAR_TAG_TRUE); return WRITTEN;
    default: return THROUGH_API;
    }
}

#endif
