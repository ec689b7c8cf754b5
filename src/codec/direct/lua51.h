/* Lua 5.1: how tables and strings lie in memory. A table's array part holds the keys 1..sizearray; its nodes, 2^lsizenode
 * of them, the others. */
#ifndef PAR_CODEC_DIRECT_LUA51_H
#define PAR_CODEC_DIRECT_LUA51_H

#include <stddef.h>
#include <stdint.h>

#include "codec/direct/nodes51.h"

typedef struct raw_table {
    const void *next_object;
    uint8_t kind, marked, flags, log2_nodes;
    const struct raw_table *metatable;
    const raw_slot *array;
    const raw_node *nodes;
    const raw_node *last_free;
    const void *gray;
    int array_size;
} raw_table;

typedef struct raw_text { /* the bytes follow */
    const void *next_object;
    uint8_t kind, marked, reserved;
    unsigned hash;
    size_t len;
} raw_text;

enum { RAW_TYPE_NIL = 0, RAW_TYPE_BOOLEAN = 1, RAW_TYPE_FLOAT = 3, RAW_TYPE_STRING = 4, RAW_TYPE_TABLE = 5 };

static inline size_t raw_text_len(const raw_text *text) { return text->len; }

#include "codec/direct/puc.h"

#endif
