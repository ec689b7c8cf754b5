/* Lua 5.3: how tables and strings lie in memory. RAW_OLD: 5.3.0. */
#ifndef PAR_CODEC_DIRECT_LUA53_H
#define PAR_CODEC_DIRECT_LUA53_H

#include <stddef.h>
#include <stdint.h>

#include "codec/direct/nodes51.h"

typedef struct raw_table {
    const void *next_object;
    uint8_t kind, marked, flags, log2_nodes;
    unsigned array_size;
    const raw_slot *array;
    const raw_node *nodes;
    const raw_node *last_free;
    const struct raw_table *metatable;
    const void *gray;
} raw_table;

typedef struct raw_text { /* the bytes follow */
    const void *next_object;
#if RAW_OLD
    uint8_t kind, marked, extra;
    unsigned hash;
    size_t len;
    const void *next_in_hash;
#else
    uint8_t kind, marked, extra, short_len;
    unsigned hash;
    union {
        size_t long_len;
        const void *next_in_hash; /* of a short string */
    } u;
#endif
} raw_text;

enum {
    RAW_TYPE_NIL = 0,
    RAW_TYPE_BOOLEAN = 1,
    RAW_TYPE_FLOAT = 3,
    RAW_TYPE_INTEGER = 0x13,
    RAW_TYPE_STRING = 0x44,
    RAW_TYPE_LONG_STRING = 0x54,
    RAW_TYPE_TABLE = 0x45
};

static inline size_t raw_text_len(const raw_text *text)
{
#if RAW_OLD
    return text->len;
#else
    return text->kind == (RAW_TYPE_LONG_STRING & 0x3f) ? text->u.long_len : text->short_len;
#endif
}

#include "codec/direct/puc.h"

#endif
