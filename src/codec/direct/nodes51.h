/* Values and nodes of Lua 5.1 to 5.3: the key of a node is a slot with a link behind it. */
#ifndef PAR_CODEC_DIRECT_NODES51_H
#define PAR_CODEC_DIRECT_NODES51_H

#include <stdint.h>

#include "codec/compat.h"

typedef union raw_value {
    const void *object;
    double number;
#if LUA_VERSION_NUM >= 503
    int64_t integer;
#endif
    int boolean;
} raw_value;

typedef struct raw_slot {
    raw_value value;
    int type;
} raw_slot;

typedef struct raw_node {
    raw_slot value;
    struct {
        raw_value value;
        int type;
#if LUA_VERSION_NUM >= 503
        int next; /* nodes from here */
#else
        const struct raw_node *next;
#endif
    } key;
} raw_node;

#endif
