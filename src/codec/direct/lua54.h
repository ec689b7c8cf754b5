/* Lua 5.4: how tables and strings lie in memory. The size of the array part may be hidden: the field then is a hint for the
 * length operator, and the size is the next power of two. RAW_OLD: 5.4.0. */
#ifndef PAR_CODEC_DIRECT_LUA54_H
#define PAR_CODEC_DIRECT_LUA54_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/direct/nodes54.h"

typedef struct raw_table {
    const void *next_object;
    uint8_t kind, marked, flags, log2_nodes;
    unsigned limit; /* of the array part, or the hint */
    const raw_slot *array;
    const raw_node *nodes;
    const raw_node *last_free;
    const struct raw_table *metatable;
    const void *gray;
} raw_table;

typedef struct raw_text { /* the bytes follow */
    const void *next_object;
    uint8_t kind, marked, extra, short_len;
    unsigned hash;
    union {
        size_t long_len;
        const void *next_in_hash; /* of a short string */
    } u;
} raw_text;

#define RAW_LIMIT_IS_HINT 0x80 /* among a table's flags, or the collector's marks */

static inline size_t raw_text_len(const raw_text *text)
{
    return text->kind == (RAW_TYPE_LONG_STRING & 0x3f) ? text->u.long_len : text->short_len;
}

static inline bool raw_limit_is_size(const raw_table *t)
{
#if RAW_OLD
    uint8_t bits = t->marked;
#else
    uint8_t bits = t->flags;
#endif
    return !(bits & RAW_LIMIT_IS_HINT) || (t->limit & (t->limit - 1)) == 0;
}

static inline size_t raw_array_size(const raw_table *t)
{
    return raw_limit_is_size(t) ? t->limit : (size_t)1 << (32 - __builtin_clz(t->limit));
}

#include "codec/direct/puc.h"

static inline size_t raw_array_border(const raw_view *v, const raw_table *t, bool *ask)
{
    size_t limit = t->limit;
    *ask = false;
    if (limit > 0 && raw_is_nil(v, limit)) {
        if (limit >= 2 && !raw_is_nil(v, limit - 1)) return limit - 1;
        return raw_halve(v, 0, limit);
    }
    if (!raw_limit_is_size(t)) {
        if (raw_is_nil(v, limit + 1)) return limit;
        if (raw_is_nil(v, v->n_slots)) return raw_halve(v, limit, v->n_slots);
    }
    *ask = true;
    return v->n_slots;
}

#endif
