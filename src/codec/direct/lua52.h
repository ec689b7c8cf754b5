/* Lua 5.2: how tables and strings lie in memory. As in 5.1, but a collectable value has a bit more in its type, and there
 * are two kinds of strings. RAW_OLD: before 5.2.4. (Where numbers and types share one word, on 32-bit processors, the
 * self-test fails.) */
#ifndef PAR_CODEC_DIRECT_LUA52_H
#define PAR_CODEC_DIRECT_LUA52_H

#include <stddef.h>
#include <stdint.h>

#include "codec/direct/nodes51.h"

typedef struct raw_table {
    const void *next_object;
    uint8_t kind, marked, flags, log2_nodes;
#if RAW_OLD
    const struct raw_table *metatable;
    const raw_slot *array;
    const raw_node *nodes;
    const raw_node *last_free;
    const void *gray;
    int array_size;
#else
    int array_size;
    const raw_slot *array;
    const raw_node *nodes;
    const raw_node *last_free;
    const struct raw_table *metatable;
    const void *gray;
#endif
} raw_table;

typedef struct raw_text { /* the bytes follow */
    const void *next_object;
    uint8_t kind, marked, extra;
    unsigned hash;
    size_t len;
} raw_text;

enum {
    RAW_TYPE_NIL = 0,
    RAW_TYPE_BOOLEAN = 1,
    RAW_TYPE_FLOAT = 3,
    RAW_TYPE_STRING = 0x44,
    RAW_TYPE_LONG_STRING = 0x54,
    RAW_TYPE_TABLE = 0x45
};

static inline size_t raw_text_len(const raw_text *text) { return text->len; }

#include "codec/direct/puc.h"

#endif
