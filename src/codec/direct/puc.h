/* What the layouts of Lua 5.1 to 5.5 have in common. Included by each of them, behind its declarations. */
#ifndef PAR_CODEC_DIRECT_PUC_H
#define PAR_CODEC_DIRECT_PUC_H

#include <math.h>
#include <stdbool.h>

#include "codec/direct/raw.h"
#include "codec/compat.h"

#define RAW_FIRST_KEY 1

#if LUA_VERSION_NUM < 505
#include "codec/direct/slots.h"
#endif

static inline raw_kind raw_kind_of_type(int type)
{
    switch (type) {
    case RAW_TYPE_FLOAT: return RAW_FLOAT;
    case RAW_TYPE_STRING: return RAW_TEXT;
    case RAW_TYPE_TABLE: return RAW_TABLE;
    case RAW_TYPE_NIL: return RAW_NIL;
#if LUA_VERSION_NUM >= 502
    case RAW_TYPE_LONG_STRING: return RAW_TEXT;
#endif
#if LUA_VERSION_NUM >= 503
    case RAW_TYPE_INTEGER: return RAW_INTEGER;
#endif
#if LUA_VERSION_NUM >= 504
    case RAW_TYPE_EMPTY:
    case RAW_TYPE_ABSENT: return RAW_NIL;
    case RAW_TYPE_FALSE: return RAW_FALSE;
    case RAW_TYPE_TRUE: return RAW_TRUE;
#endif
    default: return RAW_OTHER;
    }
}

static inline raw_kind raw_kind_of(const raw_slot *slot)
{
#if LUA_VERSION_NUM < 504
    if (slot->type == RAW_TYPE_BOOLEAN) return slot->value.boolean ? RAW_TRUE : RAW_FALSE;
#endif
    return raw_kind_of_type(slot->type);
}

static inline bool raw_is_text(const raw_slot *slot)
{
#if LUA_VERSION_NUM >= 502
    if (slot->type == RAW_TYPE_LONG_STRING) return true;
#endif
    return slot->type == RAW_TYPE_STRING;
}

static inline bool raw_is_absent(const raw_slot *slot)
{
#if LUA_VERSION_NUM >= 504
    return (slot->type & 0xf) == RAW_TYPE_NIL;
#else
    return slot->type == RAW_TYPE_NIL;
#endif
}

static inline const void *raw_address_of(const raw_slot *slot) { return slot->value.object; }

static inline double raw_float(const raw_slot *slot) { return slot->value.number; }

/* For a Lua without integers. */
static inline double raw_float_or_nan(const raw_slot *slot) { return slot->type == RAW_TYPE_FLOAT ? slot->value.number : (double)NAN; }

static inline int64_t raw_integer(const raw_slot *slot)
{
#if LUA_VERSION_NUM >= 503
    return slot->value.integer;
#else
    return (int64_t)slot->value.number;
#endif
}

/* Of a table, or the bytes of a string. */
static inline const void *raw_object_of(const raw_slot *slot, raw_kind kind)
{
    return kind == RAW_TEXT ? raw_text_bytes(slot->value.object) : slot->value.object;
}

static inline const char *raw_string(const raw_slot *slot, size_t *len)
{
    const raw_text *text = slot->value.object;
    *len = raw_text_len(text);
    return raw_text_bytes(text);
}

static inline const raw_table *raw_metatable(const raw_table *t) { return t->metatable; }

#if LUA_VERSION_NUM >= 504
static inline raw_slot raw_key_of(const raw_node *node) { return (raw_slot){.value = node->key, .type = node->key_type}; }
static inline raw_slot raw_value_of(const raw_node *node) { return (raw_slot){.value = node->value, .type = node->type}; }
#else
static inline raw_slot raw_key_of(const raw_node *node) { return (raw_slot){.value = node->key.value, .type = node->key.type}; }
static inline raw_slot raw_value_of(const raw_node *node) { return node->value; }
#endif

static inline bool raw_is_nil(const raw_view *v, size_t key)
{
    raw_slot slot = raw_slot_at(v, key - 1);
    return raw_kind_of(&slot) == RAW_NIL;
}

/* A key that is there, or 0, and after it one that is not: between the two. */
static inline size_t raw_halve(const raw_view *v, size_t present, size_t absent)
{
    while (absent - present > 1) {
        size_t middle = (present + absent) / 2;
        if (raw_is_nil(v, middle)) absent = middle;
        else present = middle;
    }
    return present;
}

#if LUA_VERSION_NUM < 504
static inline size_t raw_array_border(const raw_view *v, const raw_table *t, bool *ask)
{
    (void)t;
    *ask = v->n_slots == 0 || !raw_is_nil(v, v->n_slots);
    return *ask ? v->n_slots : raw_halve(v, 0, v->n_slots);
}
#endif

#endif
