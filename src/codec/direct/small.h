/* A small table of plain entries as a message of its own: it is the only table of its message and holds no other, so nothing that is
 * kept of tables for the rest of a message is needed. Included after a layout. */
#ifndef PAR_CODEC_DIRECT_SMALL_H
#define PAR_CODEC_DIRECT_SMALL_H

#include "codec/direct/entries.h"
#include "codec/encode_table.h"

static inline bool is_short_text(const raw_slot *slot)
{
    size_t len;
    if (!raw_is_text(slot)) return false;
    raw_string(slot, &len);
    return len <= PAR_SHORT_MAX;
}

/* The nodes that hold entries. False: not all of them are plain. */
static bool find_plain_entries(const raw_view *v, const raw_node **found, unsigned *n)
{
    *n = 0;
    for (const raw_node *node = v->nodes; node < v->nodes + v->n_nodes; node++) {
        raw_slot key = raw_key_of(node), value = raw_value_of(node);
        raw_kind kind = raw_kind_of(&value);
        if (kind == RAW_NIL) continue;
        if (kind > RAW_TEXT || !is_short_text(&key) || (kind == RAW_TEXT && !is_short_text(&value))) return false;
        found[(*n)++] = node;
    }
    return true;
}

static bool put_small(par_encoder *e, const void *table)
{
    const raw_node *found[ENTRIES_BATCH];
    unsigned n;
    raw_view v = raw_view_of(table);
    if (raw_metatable(table) || v.n_nodes > ENTRIES_BATCH || skip_absent(v, 0) < v.n_slots || !find_plain_entries(&v, found, &n))
        return false;
    par_open open = {.step = PAR_STEP_HASH, .at = par_output_at(e), .entries = n};
    par_table_begin(e, 0);
    return put_plain_entries(e, found, n) == n && par_table_end(e, &open) == PAR_OK;
}

#endif
