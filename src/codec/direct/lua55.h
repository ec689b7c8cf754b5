/* Lua 5.5: how tables and strings lie in memory. The array part has its values before the address that the table holds, the first one
 * last, and behind it a hint for the length operator and the types. The bytes of a long string may lie anywhere. */
#ifndef PAR_CODEC_DIRECT_LUA55_H
#define PAR_CODEC_DIRECT_LUA55_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/direct/nodes54.h"
#include "os/os.h"

typedef struct raw_table {
    const void *next_object;
    uint8_t kind, marked, flags, log2_nodes;
    unsigned array_size;
    const raw_value *array; /* its end */
    const raw_node *nodes;
    const struct raw_table *metatable;
    const void *gray;
} raw_table;

typedef struct raw_text {
    const void *next_object;
    uint8_t kind, marked, extra;
    int8_t short_len; /* negative for a long string */
    unsigned hash;
    union {
        size_t long_len;
        const void *next_in_hash; /* of a short string */
    } u;
    const char *long_bytes; /* or the first bytes of a short string */
    const void *free;       /* or the first bytes of a long string that Lua has copied */
} raw_text;

typedef struct raw_view {
    const raw_value *array;
    const raw_node *nodes;
    size_t n_slots, n_nodes;
} raw_view;

static inline raw_view raw_view_of(const raw_table *t)
{
    return (raw_view){.array = t->array, .nodes = t->nodes, .n_slots = t->array_size, .n_nodes = (size_t)1 << t->log2_nodes};
}

static inline const raw_value *raw_value_at(const raw_view *v, size_t position) { return v->array - 1 - position; }
static inline const uint8_t *raw_type_at(const raw_view *v, size_t position)
{
    return (const uint8_t *)v->array + sizeof(unsigned) + position;
}

static inline raw_slot raw_slot_at(const raw_view *v, size_t position)
{
    return (raw_slot){.value = *raw_value_at(v, position), .type = *raw_type_at(v, position)};
}

static inline const void *raw_array_memory(const raw_view *v, size_t *bytes)
{
    *bytes = v->n_slots * (sizeof *v->array + 1) + sizeof(unsigned);
    return v->array - v->n_slots;
}

static inline void raw_set_float(const raw_view *v, size_t position, double number)
{
    ((raw_value *)(uintptr_t)raw_value_at(v, position))->number = number;
    *(uint8_t *)(uintptr_t)raw_type_at(v, position) = RAW_TYPE_FLOAT;
}

static inline void raw_set_integer(const raw_view *v, size_t position, int64_t integer)
{
    ((raw_value *)(uintptr_t)raw_value_at(v, position))->integer = integer;
    *(uint8_t *)(uintptr_t)raw_type_at(v, position) = RAW_TYPE_INTEGER;
}

static inline size_t raw_text_len(const raw_text *text) { return text->short_len >= 0 ? (size_t)text->short_len : text->u.long_len; }

static inline const char *raw_text_bytes(const raw_text *text)
{
    return text->short_len >= 0 ? (const char *)&text->long_bytes : text->long_bytes;
}

/* May the header be read? Where it does not lie just before the bytes that is asked of the system. */
static inline bool raw_learn_text(const raw_slot *slot, const char *bytes, size_t len)
{
    const char *text = slot->value.object;
    (void)len;
    if (text == bytes - offsetof(raw_text, long_bytes) || text == bytes - offsetof(raw_text, free)) return true;
    return par_os_readable(text, sizeof(raw_text));
}

#include "codec/direct/puc.h"

/* The length operator looks at so many elements beside its hint before it halves. */
#define RAW_NEAR 4

static inline size_t raw_array_border(const raw_view *v, const raw_table *t, bool *ask)
{
    size_t n = t->array_size, limit = n ? *(const unsigned *)(const void *)v->array : 0;
    *ask = false;
    if (n && limit == 0) limit = 1;
    if (n && raw_is_nil(v, limit)) {
        for (unsigned i = 0; i < RAW_NEAR && limit > 1; i++)
            if (!raw_is_nil(v, --limit)) return limit;
        return raw_halve(v, 0, limit);
    }
    for (unsigned i = 0; i < RAW_NEAR && limit < n; i++)
        if (raw_is_nil(v, ++limit)) return limit - 1;
    if (n && raw_is_nil(v, n)) return raw_halve(v, limit, n);
    *ask = true;
    return n;
}

#endif
