/* Elements that are numbers: written as runs. Included after a layout. */
#ifndef PAR_CODEC_DIRECT_RUNS_H
#define PAR_CODEC_DIRECT_RUNS_H

#include "codec/direct/scalars.h"
#include "codec/encode_table.h"

/* How many of the slots from `first` on, `max` at most, hold integers: they are in `values` then, and the bits that any needs besides its
 * sign. */
static inline unsigned gather_integers(raw_view v, size_t first, unsigned max, int64_t *values, uint64_t *bits)
{
    unsigned n = 0;
    for (*bits = 0; n < max; n++) {
        raw_slot slot = raw_slot_at(&v, first + n);
        int64_t value;
#if !PAR_LUA_INTEGERS
        if (!par_number_is_integral(raw_float_or_nan(&slot), &value))
#endif
        {
            if (raw_kind_of(&slot) != RAW_INTEGER) break;
            value = raw_integer(&slot);
        }
        *bits |= (uint64_t)(value ^ (value >> 63));
        values[n] = value;
    }
    return n;
}

static inline unsigned count_floats(raw_view v, size_t first, unsigned max)
{
    unsigned n = 0;
    for (; n < max; n++) {
        raw_slot slot = raw_slot_at(&v, first + n);
        if (raw_kind_of(&slot) != RAW_FLOAT) break;
#if !PAR_LUA_INTEGERS
        int64_t whole;
        if (par_number_is_integral(raw_float(&slot), &whole)) break;
#endif
    }
    return n;
}

static void put_floats(par_encoder *e, raw_view v, size_t first, unsigned n)
{
    par_put_run(e, PAR_TAG_RUN_F64, n);
    uint8_t *p = e->p;
    for (unsigned i = 0; i < n; i++) {
        raw_slot slot = raw_slot_at(&v, first + i);
        double value = raw_float(&slot);
        memcpy(p + i * sizeof value, &value, sizeof value);
    }
    e->p = p + n * sizeof(double);
}

/* Is there one among them that the receiver cannot hold? The elements before it are counted as written: for the path. */
static bool find_wide(walking *w, const int64_t *values, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (par_i64_fits_double(values[i])) continue;
        w->wide = values[i];
        w->open->i += i + 1;
        return true;
    }
    return false;
}

/* The number at element open->i + 1 and those of its kind behind it. */
static int put_numbers(walking *w, size_t first)
{
    par_encoder *e = w->e;
    size_t left = w->open->n - w->open->i;
    unsigned max = left < PAR_RUN_MAX ? (unsigned)left : PAR_RUN_MAX;
    int64_t values[PAR_RUN_MAX];
    uint64_t bits;
    unsigned n = gather_integers(w->view, first, max, values, &bits);
    bool floats = n == 0;
    if (floats) n = count_floats(w->view, first, max);
    if (!par_output_room(e, 11 + (size_t)PAR_NUMBER_MAX * n)) return par_output_full(e);
    if (!floats && e->doubles_only && find_wide(w, values, n)) return WIDE_INTEGER;
    w->open->i += n;
    if (n >= PAR_RUN_MIN && floats) put_floats(e, w->view, first, n);
    else if (n >= PAR_RUN_MIN) par_put_integers(e, values, n, bits);
    else
        for (unsigned i = 0; i < n; i++) {
            raw_slot slot = raw_slot_at(&w->view, first + i);
            put_scalar(w, &slot, raw_kind_of(&slot));
        }
    return WRITTEN;
}

#endif
