/* What Lua 5.1 to 5.4 have in common and 5.5 has not: an array part of values with their types, and strings whose bytes follow their
 * header. Included by puc.h. */
#ifndef PAR_CODEC_DIRECT_SLOTS_H
#define PAR_CODEC_DIRECT_SLOTS_H

typedef struct raw_view {
    const raw_slot *slots;
    const raw_node *nodes;
    size_t n_slots, n_nodes;
} raw_view;

static inline raw_view raw_view_of(const raw_table *t)
{
#if LUA_VERSION_NUM >= 504
    size_t n = raw_array_size(t);
#else
    size_t n = (size_t)t->array_size;
#endif
    return (raw_view){.slots = t->array, .nodes = t->nodes, .n_slots = n, .n_nodes = (size_t)1 << t->log2_nodes};
}

static inline raw_slot raw_slot_at(const raw_view *v, size_t position) { return v->slots[position]; }

static inline const void *raw_array_memory(const raw_view *v, size_t *bytes)
{
    *bytes = v->n_slots * sizeof *v->slots;
    return v->slots;
}

static inline void raw_set_float(const raw_view *v, size_t position, double number)
{
    raw_slot *slot = (raw_slot *)(uintptr_t)v->slots + position;
    slot->value.number = number;
    slot->type = RAW_TYPE_FLOAT;
}

static inline void raw_set_integer(const raw_view *v, size_t position, int64_t integer)
{
#if LUA_VERSION_NUM >= 503
    raw_slot *slot = (raw_slot *)(uintptr_t)v->slots + position;
    slot->value.integer = integer;
    slot->type = RAW_TYPE_INTEGER;
#else
    raw_set_float(v, position, (double)integer);
#endif
}

static inline const char *raw_text_bytes(const raw_text *text) { return (const char *)(text + 1); }

static inline bool raw_learn_text(const raw_slot *slot, const char *bytes, size_t len)
{
    (void)slot, (void)bytes, (void)len;
    return true;
}

#endif
