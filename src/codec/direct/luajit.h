/* LuaJIT 2.1: how tables and strings lie in memory. RAW_GC64 chooses between the two sizes of a reference. A value is one word
 * of 64 bits: a float, or a type in the upper bits. Where LuaJIT keeps whole numbers as integers (DUALNUM), they have a type of
 * their own; elsewhere it does not occur. The array part begins with the key 0. */
#ifndef PAR_CODEC_DIRECT_LUAJIT_H
#define PAR_CODEC_DIRECT_LUAJIT_H

#include <stdbool.h>
#include <string.h>

#include "codec/direct/raw.h"

#define RAW_FIRST_KEY 0

#if RAW_GC64
typedef uint64_t raw_ref;
#else
typedef uint32_t raw_ref;
#endif

typedef struct raw_slot {
    uint64_t word;
} raw_slot;

typedef struct raw_node {
    raw_slot value, key;
    raw_ref next;
#if !RAW_GC64
    raw_ref free_top;
#endif
} raw_node;

typedef struct raw_table {
    raw_ref next_object;
    uint8_t marked, kind, no_metamethods;
    int8_t colocated;
    raw_ref array, gray, metatable, nodes;
    uint32_t array_size, node_mask;
} raw_table;

typedef struct raw_view {
    const raw_slot *slots;
    const raw_node *nodes;
    size_t n_slots, n_nodes;
} raw_view;

enum { /* in the upper bits, complemented */
       RAW_TYPE_NIL = 0,
       RAW_TYPE_FALSE = 1,
       RAW_TYPE_TRUE = 2,
       RAW_TYPE_STRING = 4,
       RAW_TYPE_TABLE = 11,
#if RAW_GC64 || UINTPTR_MAX == UINT32_MAX
       RAW_TYPE_INTEGER = 13 /* what is above is a float */
#else
       RAW_TYPE_INTEGER = 0x10000 /* below are light userdata */
#endif
};

/* Where the bytes of a string begin, and its length (a u32) before them: found out by the self-test. */
static struct {
    unsigned bytes, len_before;
} raw_text;

#if RAW_GC64
static inline uint32_t raw_type(const raw_slot *slot) { return ~(uint32_t)((int64_t)slot->word >> 47); }
static inline const char *raw_address(const raw_slot *slot) { return (const char *)(uintptr_t)(slot->word & ((UINT64_C(1) << 47) - 1)); }
#else
static inline uint32_t raw_type(const raw_slot *slot) { return ~(uint32_t)(slot->word >> 32); }
static inline const char *raw_address(const raw_slot *slot) { return (const char *)(uintptr_t)(uint32_t)slot->word; }
#endif

/* A string as the self-test met it. False: nothing fits. */
static inline bool raw_learn_text(const raw_slot *slot, const char *bytes, size_t len)
{
    if (raw_text.bytes) return true;
    if (bytes < raw_address(slot) + 16 || bytes > raw_address(slot) + 32) return false;
    for (unsigned before = 4; before <= 8; before += 4) {
        uint32_t n;
        memcpy(&n, bytes - before, sizeof n);
        if (n != len) continue;
        raw_text.bytes = (unsigned)(bytes - raw_address(slot));
        raw_text.len_before = before;
        return true;
    }
    return false;
}

static inline raw_kind raw_kind_of(const raw_slot *slot)
{
    uint32_t type = raw_type(slot);
    if (type > RAW_TYPE_INTEGER) return RAW_FLOAT; /* -inf and the NaN that is made, too */
    switch (type) {
    case RAW_TYPE_STRING: return RAW_TEXT;
    case RAW_TYPE_TABLE: return RAW_TABLE;
    case RAW_TYPE_INTEGER: return RAW_INTEGER;
    case RAW_TYPE_NIL: return RAW_NIL;
    case RAW_TYPE_FALSE: return RAW_FALSE;
    case RAW_TYPE_TRUE: return RAW_TRUE;
    default: return RAW_OTHER;
    }
}

static inline bool raw_is_text(const raw_slot *slot) { return raw_type(slot) == RAW_TYPE_STRING; }

static inline bool raw_is_absent(const raw_slot *slot) { return raw_type(slot) == RAW_TYPE_NIL; }
static inline const void *raw_address_of(const raw_slot *slot) { return raw_address(slot); }

static inline double raw_float(const raw_slot *slot)
{
    double number;
    memcpy(&number, &slot->word, sizeof number);
    return number;
}

/* What is no float has the bits of a NaN. */
static inline double raw_float_or_nan(const raw_slot *slot) { return raw_float(slot); }

static inline raw_slot raw_slot_at(const raw_view *v, size_t position) { return v->slots[position]; }

/* Other bits of a NaN could be taken for a reference. */
static inline void raw_set_float(const raw_view *v, size_t position, double number)
{
    raw_slot *slot = (raw_slot *)(uintptr_t)v->slots + position;
    memcpy(&slot->word, &number, sizeof number);
    if (number != number) slot->word = UINT64_C(0xfff8) << 48;
}

static inline void raw_set_integer(const raw_view *v, size_t position, int64_t integer) { raw_set_float(v, position, (double)integer); }

static inline int64_t raw_integer(const raw_slot *slot) { return (int32_t)(uint32_t)slot->word; }

static inline const void *raw_object_of(const raw_slot *slot, raw_kind kind)
{
    return raw_address(slot) + (kind == RAW_TEXT ? raw_text.bytes : 0);
}

static inline const char *raw_string(const raw_slot *slot, size_t *len)
{
    const char *bytes = raw_address(slot) + raw_text.bytes;
    uint32_t n;
    memcpy(&n, bytes - raw_text.len_before, sizeof n);
    *len = n;
    return bytes;
}

static inline const raw_table *raw_metatable(const raw_table *t) { return (const raw_table *)(uintptr_t)t->metatable; }

static inline raw_view raw_view_of(const raw_table *t)
{
    return (raw_view){.slots = (const raw_slot *)(uintptr_t)t->array,
                      .nodes = (const raw_node *)(uintptr_t)t->nodes,
                      .n_slots = t->array_size,
                      .n_nodes = (size_t)t->node_mask + 1};
}

static inline const void *raw_array_memory(const raw_view *v, size_t *bytes)
{
    *bytes = v->n_slots * sizeof *v->slots;
    return v->slots;
}

static inline raw_slot raw_key_of(const raw_node *node) { return node->key; }
static inline raw_slot raw_value_of(const raw_node *node) { return node->value; }

static inline size_t raw_array_border(const raw_view *v, const raw_table *t, bool *ask)
{
    size_t present = 0, absent = v->n_slots ? v->n_slots - 1 : 0;
    (void)t;
    *ask = absent == 0 || raw_kind_of(&v->slots[absent]) != RAW_NIL;
    if (*ask) return absent;
    while (absent - present > 1) {
        size_t middle = (present + absent) / 2;
        if (raw_kind_of(&v->slots[middle]) == RAW_NIL) absent = middle;
        else present = middle;
    }
    return present;
}

#endif
