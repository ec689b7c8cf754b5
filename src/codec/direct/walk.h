/* The walk over plain tables where they lie, for one layout, which is included before. A file for each layout includes this.
 *
 * Levels that were entered here stand in the encoder's array of levels, but not on the Lua stack. Only when something is met
 * that needs Lua's API (a function, a userdata, a table with a metatable...) they are put there, from the outermost on, as the
 * walk through the API would have left them, so that it can go on from there. */
#include "codec/direct/compare.h"
#include "codec/direct/entries.h"
#include "codec/direct/fill.h"
#include "codec/direct/levels.h"
#include "codec/direct/records.h"
#include "codec/direct/runs.h"
#include "codec/direct/small.h"
#include "codec/encode_table.h"

/* ---- tables ---- */

/* The elements are written. */
static void begin_entries(par_open *open, const raw_view *v)
{
    open->step = PAR_STEP_HASH;
    open->nodes = v->nodes;
    open->n_slots = v->n_slots;
    open->n_nodes = v->n_nodes;
    open->position = RAW_FIRST_KEY ? open->n : 0;
}

static void prepare(par_open *open, const raw_table *t, const raw_view *v)
{
    bool record = open->step == PAR_STEP_RECORD;
    open->direct = true;
    open->table = t;
    open->step = PAR_STEP_FILL;
    open->rest = PAR_REST_ALL;
    if (open->n == 0 || record) begin_entries(open, v);
    if (!record) return;
    open->step = PAR_STEP_RECORD;
    open->position = v->n_slots;
}

static bool suits(par_open *open, const void *table)
{
    raw_view v = raw_view_of(table);
    if (open->step != PAR_STEP_RECORD && open->n > elements_max(&v)) return false;
    prepare(open, table, &v);
    return true;
}

/* ---- a table in a table ---- */

/* A table that stands in the innermost one, and was not met before. */
static int enter_new(walking *w, const raw_table *t, size_t at)
{
    par_encoder *e = w->e;
    raw_view v = raw_view_of(t);
    size_t n = 0, depth = w->depth + 1;
    unsigned n_last;
    bool leaf, like_last = is_like_last(e, &v, &n_last, &leaf);
    if (like_last && leaf && !e->doubles_only) return put_leaf(w, &v);
    par_keys keys;
    bool all_strings = v.n_slots == 0 && gather_keys(&v, &keys); /* then it has no elements */
    if (!all_strings && !border(&v, t, &n)) return THROUGH_API;
    if (!par_output_room(e, PAR_TABLE_BEGIN_BYTES)) return par_output_full(e);
    if (depth == e->open_capacity) {
        int rc = par_encode_grow_levels(e, depth);
        if (rc != PAR_OK) return rc;
    }
    par_open *open = &e->open[depth];
    *open = (par_open){.at = at, .n = n};
    par_record record = PAR_RECORD_NOT;
    if (n == 0 && par_shape_wanted(e) && (all_strings || (v.n_slots && gather_keys(&v, &keys)))) record = par_shape_find(e, open, &keys);
    int rc = PAR_OK;
    if (record == PAR_RECORD_NOT) par_table_begin(e, n);
    else rc = record == PAR_RECORD_NEW ? begin_new_record(e, &v, &keys) : par_record_begin(e, open);
    if (rc != PAR_OK) return rc;
    prepare(open, t, &v);
    w->depth = depth;
    return ENTERED;
}

static int enter(walking *w, const raw_table *t)
{
    par_encoder *e = w->e;
    bool added;
    if (raw_metatable(t)) return THROUGH_API;
    par_seen *seen = par_pointers_add(&e->seen, t, &added);
    if (!seen) return par_output_full(e);
    if (!added) return e->hooked_open ? THROUGH_API : par_encode_reference(NULL, e, seen->at);
    seen->at = par_output_at(e);
    int rc = enter_new(w, t, seen->at);
    if (rc == THROUGH_API) par_pointers_take_back(&e->seen, seen);
    return rc;
}

static inline int put_value(walking *w, const raw_slot *slot, raw_kind kind)
{
    if (kind == RAW_TABLE) return enter(w, raw_object_of(slot, RAW_TABLE));
    return put_scalar(w, slot, kind);
}

/* ---- one table: each returns WRITTEN when it came to its end ---- */

/* Strings, from element open->i + 1 on. */
static int put_strings(walking *w, size_t first)
{
    par_open *open = w->open;
    size_t i = 0, max = open->n - open->i;
    int rc = WRITTEN;
    while (rc == WRITTEN && i < max) {
        raw_slot slot = raw_slot_at(&w->view, first + i);
        if (!raw_is_text(&slot)) break;
        size_t n = put_unknown(w->e, w->view, first + i, max - i);
        if (n == 0) rc = put_text(w, &slot);
        i += n ? n : 1;
    }
    open->i += i;
    return rc;
}

static int put_elements(walking *w)
{
    par_open *open = w->open;
    while (open->i < open->n) {
        size_t position = open->i + 1 - RAW_FIRST_KEY;
        raw_slot slot = raw_slot_at(&w->view, position);
        raw_kind kind = raw_kind_of(&slot);
        int rc;
        if (kind == RAW_FLOAT || kind == RAW_INTEGER) {
            rc = put_numbers(w, position);
        } else if (kind == RAW_TEXT) {
            rc = put_strings(w, position);
        } else {
            open->i++;
            rc = put_value(w, &slot, kind);
        }
        if (rc != WRITTEN) return rc;
    }
    begin_entries(open, &w->view);
    return WRITTEN;
}

/* The next slot that holds something and is no element, or n_slots. */
static inline size_t next_slot(const par_open *open, raw_view v)
{
    size_t position = open->position;
    if (RAW_FIRST_KEY == 0 && open->n && position <= 1) {
        raw_slot zero = raw_slot_at(&v, 0);
        if (position == 0 && !raw_is_absent(&zero)) return 0;
        position = 1 + open->n;
    }
    return skip_absent(v, position);
}

/* What the array part holds besides the elements. */
static int put_slots(walking *w)
{
    par_open *open = w->open;
    while ((open->position = next_slot(open, w->view)) < w->view.n_slots) {
        raw_slot slot = raw_slot_at(&w->view, open->position);
        int64_t key = (int64_t)open->position++ + RAW_FIRST_KEY;
        open->entries++;
        if (!par_output_room(w->e, PAR_NUMBER_MAX)) return par_output_full(w->e);
        par_put_integer(w->e, key);
        int rc = put_value(w, &slot, raw_kind_of(&slot));
        if (rc != WRITTEN) return rc;
    }
    return WRITTEN;
}

/* One entry, and what stands behind it in the table. */
static int put_entry(walking *w, const raw_node *node, size_t behind)
{
    par_open *open = w->open;
    raw_slot value = raw_value_of(node), key = raw_key_of(node);
    raw_kind kind = raw_kind_of(&value), key_kind = raw_kind_of(&key);
    open->position = behind; /* before there is a level more, which may move this one */
    open->entries++;
    int rc = key_kind == RAW_TEXT ? put_text(w, &key) : put_scalar(w, &key, key_kind);
    if (rc == THROUGH_API) {
        open->position--; /* it is the key */
        open->entries--;
        return REST_THROUGH_API;
    }
    return rc == WRITTEN ? put_value(w, &value, kind) : rc;
}

static int put_nodes(walking *w)
{
    par_open *open = w->open;
    size_t end = w->view.n_slots + w->view.n_nodes;
    size_t batch = open->position == w->view.n_slots && !w->e->doubles_only ? ENTRIES_BATCH : 1; /* 1: there are tables among them */
    while (open->position < end) {
        const raw_node *nodes = &w->view.nodes[open->position - w->view.n_slots];
        size_t first = open->position, n = end - first < batch ? end - first : batch;
        const raw_node *found[ENTRIES_BATCH];
        unsigned n_found = find_entries(nodes, n, found);
        for (unsigned i = 0; i < n_found; i++) {
            unsigned plain = batch > 1 ? put_plain_entries(w->e, found + i, n_found - i) : 0;
            open->entries += plain;
            i += plain;
            if (i == n_found) break;
            int rc = put_entry(w, found[i], first + (size_t)(found[i] - nodes) + 1);
            if (rc != WRITTEN) return rc;
        }
        open->position = first + n;
    }
    return WRITTEN;
}

/* Nothing has been called since its keys were found to be those of its shape. */
static int put_record(walking *w)
{
    par_open *open = w->open;
    while (open->i < open->n) {
        raw_slot value = raw_value_of(&w->view.nodes[open->position++ - w->view.n_slots]);
        raw_kind kind = raw_kind_of(&value);
        if (kind == RAW_NIL) continue;
        open->i++;
        int rc = put_value(w, &value, kind);
        if (rc != WRITTEN) return rc;
    }
    return WRITTEN;
}

static int put_table(walking *w)
{
    if (w->open->step == PAR_STEP_RECORD) return put_record(w);
    int rc = w->open->step == PAR_STEP_FILL ? put_elements(w) : WRITTEN;
    if (rc == WRITTEN) rc = put_slots(w);
    return rc == WRITTEN ? put_nodes(w) : rc;
}

/* ---- the whole ---- */

static int walk(lua_State *L, par_encoder *e)
{
    walking w = {.e = e, .depth = e->levels.depth - 1};
    size_t base = w.depth;
    if (!is_unchanged(&e->open[base], &w.view)) {
        e->open[base].direct = false;
        return PAR_DIRECT_NOT;
    }
    for (;;) {
        w.open = &e->open[w.depth];
        w.view = raw_view_of(w.open->table);
        int rc = put_table(&w);
        if (rc == ENTERED) continue;
        if (rc < 0) return rc;
        if (rc != WRITTEN) return leave(L, &w, rc);
        if (w.depth == base) return PAR_DIRECT_ENDED;
        rc = par_table_end(e, w.open);
        if (rc != PAR_OK) return rc;
        w.depth--;
    }
}
