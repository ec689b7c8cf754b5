/* Values and nodes of Lua 5.4 and 5.5: a node has the type of its key beside that of its value. */
#ifndef PAR_CODEC_DIRECT_NODES54_H
#define PAR_CODEC_DIRECT_NODES54_H

#include <stdint.h>

typedef union raw_value {
    const void *object;
    double number;
    int64_t integer;
} raw_value;

typedef struct raw_slot {
    raw_value value;
    uint8_t type;
} raw_slot;

typedef struct raw_node {
    raw_value value;
    uint8_t type, key_type;
    int next; /* nodes from here */
    raw_value key;
} raw_node;

enum {
    RAW_TYPE_NIL = 0,
    RAW_TYPE_EMPTY = 0x10,
    RAW_TYPE_ABSENT = 0x20,
    RAW_TYPE_FALSE = 0x01,
    RAW_TYPE_TRUE = 0x11,
    RAW_TYPE_INTEGER = 0x03,
    RAW_TYPE_FLOAT = 0x13,
    RAW_TYPE_STRING = 0x44,
    RAW_TYPE_LONG_STRING = 0x54,
    RAW_TYPE_TABLE = 0x45
};

#endif
