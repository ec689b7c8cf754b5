/* The walk over plain tables where they lie, for one layout, which is included before. A file for each layout includes this.
 *
 * Levels that were entered here stand in the encoder's array of levels, but not on the Lua stack. Only when something is met
 * that needs Lua's API (a function, a userdata, a table with a metatable...) they are put there, from the outermost on, as the
 * walk through the API would have left them, so that it can go on from there. */
#include <string.h>

#include "codec/direct/direct.h"
#include "codec/encode_scalar.h"
#include "codec/encode_table.h"
#include "os/os.h"

enum outcome { /* or the code of an error */
    WRITTEN = 1,
    ENTERED,          /* a table in the table: a level more */
    THROUGH_API,      /* the value has to be written through the API */
    REST_THROUGH_API, /* this entry and those behind it */
    WIDE_INTEGER      /* one that the receiver cannot hold: refused */
};

typedef struct walking {
    par_encoder *e;
    par_open *open; /* the innermost level */
    size_t depth;   /* its number */
    raw_view view;  /* of its table */
    int64_t wide;
} walking;

/* ---- tables ---- */

static inline size_t elements_max(const raw_view *v) { return RAW_FIRST_KEY || !v->n_slots ? v->n_slots : v->n_slots - 1; }

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
    open->direct = true;
    open->table = t;
    open->step = PAR_STEP_FILL;
    open->rest = PAR_REST_ALL;
    if (open->n == 0) begin_entries(open, v);
}

static bool suits(par_open *open, const void *table)
{
    raw_view v = raw_view_of(table);
    if (open->n > elements_max(&v)) return false;
    prepare(open, table, &v);
    return true;
}

static bool has_integer_key(const raw_view *v, size_t wanted)
{
    for (size_t i = 0; i < v->n_nodes; i++) {
        raw_slot key = raw_key_of(&v->nodes[i]), value = raw_value_of(&v->nodes[i]);
        raw_kind kind = raw_kind_of(&key);
        if (kind == RAW_INTEGER ? raw_integer(&key) != (int64_t)wanted : kind != RAW_FLOAT || raw_float(&key) != (double)wanted)
            continue;
        if (raw_kind_of(&value) != RAW_NIL) return true;
    }
    return false;
}

/* What the length operator says. False: it would have to look the answer up among the nodes. */
static bool border(const raw_view *v, const raw_table *t, size_t *n)
{
    bool ask;
    *n = raw_array_border(v, t, &ask);
    return !ask || !has_integer_key(v, *n + 1);
}

/* A table that stands in the innermost one. */
static int enter(walking *w, const raw_table *t)
{
    par_encoder *e = w->e;
    bool added;
    size_t n, at = par_output_at(e), depth = w->depth + 1;
    if (raw_metatable(t)) return THROUGH_API;
    par_seen *seen = par_pointers_add(&e->seen, t, &added);
    if (!seen) return par_output_full(e);
    if (!added) return e->hooked_open ? THROUGH_API : par_encode_reference(NULL, e, seen->at);
    raw_view v = raw_view_of(t);
    if (!border(&v, t, &n)) {
        par_pointers_take_back(&e->seen, seen);
        return THROUGH_API;
    }
    seen->at = at;
    if (!par_output_room(e, PAR_TABLE_BEGIN_BYTES)) return par_output_full(e);
    if (depth == e->open_capacity) {
        int rc = par_encode_grow_levels(e, depth);
        if (rc != PAR_OK) return rc;
    }
    w->depth = depth;
    w->open = &e->open[depth];
    *w->open = (par_open){.at = at, .n = n};
    prepare(w->open, t, &v);
    par_table_begin(e, n);
    return ENTERED;
}

/* ---- scalars ---- */

static inline int put_integer(walking *w, int64_t value)
{
    if (w->e->doubles_only && !par_i64_fits_double(value)) {
        w->wide = value;
        return WIDE_INTEGER;
    }
    par_put_integer(w->e, value);
    return WRITTEN;
}

static inline int put_float(walking *w, double value)
{
#if !PAR_LUA_INTEGERS
    int64_t whole;
    if (par_number_is_integral(value, &whole)) return put_integer(w, whole);
#endif
    par_put_float(w->e, value);
    return WRITTEN;
}

/* Anything but tables. */
static inline int put_scalar(walking *w, const raw_slot *slot, raw_kind kind)
{
    par_encoder *e = w->e;
    if (kind == RAW_TEXT) {
        size_t len;
        const char *s = raw_string(slot, &len);
        int rc = par_put_string(e, s, len);
        return rc == PAR_OK ? WRITTEN : rc;
    }
    if (!par_output_room(e, PAR_NUMBER_MAX)) return par_output_full(e);
    switch (kind) {
    case RAW_FLOAT: return put_float(w, raw_float(slot));
    case RAW_INTEGER: return put_integer(w, raw_integer(slot));
    case RAW_NIL: par_put_u8(e, PAR_TAG_NIL); return WRITTEN;
    case RAW_FALSE: par_put_u8(e, PAR_TAG_FALSE); return WRITTEN;
    case RAW_TRUE: par_put_u8(e, PAR_TAG_TRUE); return WRITTEN;
    default: return THROUGH_API;
    }
}

static inline int put_value(walking *w, const raw_slot *slot, raw_kind kind)
{
    if (kind == RAW_TABLE) return enter(w, raw_object_of(slot, RAW_TABLE));
    return put_scalar(w, slot, kind);
}

/* ---- runs of numbers ---- */

/* How many of the slots, `max` at most, hold integers, and the bits that any of them needs besides its sign. */
static inline unsigned count_integers(const raw_slot *slots, unsigned max, uint64_t *bits)
{
    unsigned n = 0;
    for (*bits = 0; n < max; n++) {
        raw_kind kind = raw_kind_of(&slots[n]);
        int64_t value;
#if !PAR_LUA_INTEGERS
        if (kind == RAW_FLOAT ? !par_number_is_integral(raw_float(&slots[n]), &value) : kind != RAW_INTEGER) break;
        if (kind == RAW_INTEGER)
#else
        if (kind != RAW_INTEGER) break;
#endif
        value = raw_integer(&slots[n]);
        *bits |= (uint64_t)(value ^ (value >> 63));
    }
    return n;
}

static inline unsigned count_floats(const raw_slot *slots, unsigned max)
{
    unsigned n = 0;
    for (; n < max && raw_kind_of(&slots[n]) == RAW_FLOAT; n++) {
#if !PAR_LUA_INTEGERS
        int64_t whole;
        if (par_number_is_integral(raw_float(&slots[n]), &whole)) break;
#endif
    }
    return n;
}

static inline int64_t integer_of(const raw_slot *slot)
{
#if PAR_LUA_INTEGERS
    return raw_integer(slot);
#else
    return raw_kind_of(slot) == RAW_FLOAT ? (int64_t)raw_float(slot) : raw_integer(slot);
#endif
}

#define PUT_INTEGERS(e, type, slots, n)                \
    for (unsigned i_ = 0; i_ < (n); i_++) {            \
        type narrow_ = (type)integer_of(&(slots)[i_]); \
        memcpy((e)->p, &narrow_, sizeof narrow_);      \
        (e)->p += sizeof narrow_;                      \
    }

static void put_integers(par_encoder *e, const raw_slot *slots, unsigned n, uint64_t bits)
{
    switch (par_put_run(e, par_run_of_integers(bits), n)) {
    case PAR_TAG_RUN_I8: PUT_INTEGERS(e, int8_t, slots, n) break;
    case PAR_TAG_RUN_I16: PUT_INTEGERS(e, int16_t, slots, n) break;
    case PAR_TAG_RUN_I32: PUT_INTEGERS(e, int32_t, slots, n) break;
    default: PUT_INTEGERS(e, int64_t, slots, n)
    }
}

static void put_floats(par_encoder *e, const raw_slot *slots, unsigned n)
{
    par_put_run(e, PAR_TAG_RUN_F64, n);
    for (unsigned i = 0; i < n; i++) {
        double value = raw_float(&slots[i]);
        memcpy(e->p + i * sizeof value, &value, sizeof value);
    }
    e->p += n * sizeof(double);
}

/* Is there one among them that the receiver cannot hold? The elements before it are counted as written: for the path. */
static bool find_wide(walking *w, const raw_slot *slots, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (par_i64_fits_double(w->wide = integer_of(&slots[i]))) continue;
        w->open->i += i + 1;
        return true;
    }
    return false;
}

/* The number at element open->i + 1 and those of its kind behind it. */
static int put_numbers(walking *w, const raw_slot *slots)
{
    par_encoder *e = w->e;
    size_t left = w->open->n - w->open->i;
    unsigned max = left < PAR_RUN_MAX ? (unsigned)left : PAR_RUN_MAX;
    uint64_t bits;
    unsigned n = count_integers(slots, max, &bits);
    bool floats = n == 0;
    if (floats) n = count_floats(slots, max);
    if (!par_output_room(e, 11 + (size_t)PAR_NUMBER_MAX * n)) return par_output_full(e);
    if (!floats && e->doubles_only && find_wide(w, slots, n)) return WIDE_INTEGER;
    w->open->i += n;
    if (n >= PAR_RUN_MIN && floats)
        put_floats(e, slots, n);
    else if (n >= PAR_RUN_MIN)
        put_integers(e, slots, n, bits);
    else
        for (unsigned i = 0; i < n; i++) put_scalar(w, &slots[i], raw_kind_of(&slots[i]));
    return WRITTEN;
}

/* ---- one table: each returns WRITTEN when it came to its end ---- */

static int put_elements(walking *w)
{
    par_open *open = w->open;
    const raw_slot *first = w->view.slots + (1 - RAW_FIRST_KEY);
    while (open->i < open->n) {
        const raw_slot *slot = &first[open->i];
        raw_kind kind = raw_kind_of(slot);
        int rc;
        if (kind == RAW_FLOAT || kind == RAW_INTEGER) {
            rc = put_numbers(w, slot);
        } else {
            open->i++;
            rc = put_value(w, slot, kind);
        }
        if (rc != WRITTEN) return rc;
    }
    begin_entries(open, &w->view);
    return WRITTEN;
}

/* What the array part holds besides the elements. */
static int put_slots(walking *w)
{
    par_open *open = w->open;
    while (open->position < w->view.n_slots) {
        if (RAW_FIRST_KEY == 0 && open->position == 1 && open->n) {
            open->position += open->n;
            continue;
        }
        const raw_slot *slot = &w->view.slots[open->position];
        int64_t key = (int64_t)open->position++ + RAW_FIRST_KEY;
        raw_kind kind = raw_kind_of(slot);
        if (kind == RAW_NIL) continue;
        open->entries++;
        if (!par_output_room(w->e, PAR_NUMBER_MAX)) return par_output_full(w->e);
        par_put_integer(w->e, key);
        int rc = put_value(w, slot, kind);
        if (rc != WRITTEN) return rc;
    }
    return WRITTEN;
}

static int put_nodes(walking *w)
{
    par_open *open = w->open;
    size_t end = w->view.n_slots + w->view.n_nodes;
    while (open->position < end) {
        const raw_node *node = &w->view.nodes[open->position++ - w->view.n_slots];
        raw_slot value = raw_value_of(node), key = raw_key_of(node);
        raw_kind kind = raw_kind_of(&value);
        if (kind == RAW_NIL) continue;
        open->entries++;
        int rc = put_scalar(w, &key, raw_kind_of(&key));
        if (rc == THROUGH_API) {
            open->position--;
            open->entries--;
            return REST_THROUGH_API;
        }
        if (rc == WRITTEN) rc = put_value(w, &value, kind);
        if (rc != WRITTEN) return rc;
    }
    return WRITTEN;
}

/* ---- what needs the API ---- */

static int changed(par_encoder *e)
{
    return par_error_set(e->err, PAR_E_UNSUPPORTED, "%s: a table was changed while it was being sent", e->name);
}

/* Is the table as it was when its level was last in use? */
static bool is_unchanged(const par_open *open, raw_view *v)
{
    *v = raw_view_of(open->table);
    if (open->step == PAR_STEP_FILL) return open->n <= elements_max(v);
    return v->nodes == open->nodes && v->n_slots == open->n_slots && v->n_nodes == open->n_nodes;
}

/* A copy: making a string may run code, which may let go of what is being read. */
static int push_copy(lua_State *L, par_encoder *e, const raw_slot *slot)
{
    char copy[256];
    size_t len;
    const char *s = raw_string(slot, &len);
    if (len <= sizeof copy) {
        memcpy(copy, s, len);
        lua_pushlstring(L, copy, len);
        return PAR_OK;
    }
    par_buffer_fini(&e->own_text);
    if (par_buffer_append(&e->own_text, s, len) != PAR_OK) return par_output_full(e);
    lua_pushlstring(L, (const char *)e->own_text.data, len);
    par_buffer_fini(&e->own_text);
    return PAR_OK;
}

static int push_scalar(lua_State *L, par_encoder *e, const raw_slot *slot)
{
    raw_kind kind = raw_kind_of(slot);
    switch (kind) {
    case RAW_TEXT: return push_copy(L, e, slot);
    case RAW_FLOAT: lua_pushnumber(L, raw_float(slot)); break;
    case RAW_INTEGER: lua_pushinteger(L, (lua_Integer)raw_integer(slot)); break;
    default: lua_pushboolean(L, kind == RAW_TRUE);
    }
    return PAR_OK;
}

/* The key at a position. */
static int push_key(lua_State *L, par_encoder *e, const raw_view *v, size_t position)
{
    if (position < v->n_slots) {
        lua_pushinteger(L, (lua_Integer)(position + RAW_FIRST_KEY));
        return PAR_OK;
    }
    raw_slot key = raw_key_of(&v->nodes[position - v->n_slots]);
    return push_scalar(L, e, &key);
}

/* The value that is being written, on top of its key; level: table, a former key. */
static int push_current(lua_State *L, par_encoder *e, const par_open *open)
{
    raw_view v;
    if (!is_unchanged(open, &v)) return changed(e);
    lua_pop(L, 1);
    if (open->step == PAR_STEP_FILL) {
        lua_pushnil(L);
        lua_rawgeti(L, -2, (lua_Integer)open->i);
        return PAR_OK;
    }
    int rc = push_key(L, e, &v, open->position - 1);
    if (rc != PAR_OK) return rc;
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    return PAR_OK;
}

/* In the place of a former key: that of the last entry that was written, or nil. */
static int push_last_key(lua_State *L, par_encoder *e, const par_open *open)
{
    raw_view v;
    if (!is_unchanged(open, &v)) return changed(e);
    lua_pop(L, 1);
    for (size_t position = open->position; position-- > (RAW_FIRST_KEY ? open->n : 0);) {
        raw_slot value = position < v.n_slots ? v.slots[position] : raw_value_of(&v.nodes[position - v.n_slots]);
        if (raw_kind_of(&value) != RAW_NIL) return push_key(L, e, &v, position);
    }
    lua_pushnil(L);
    return PAR_OK;
}

/* Puts the levels that are not on the Lua stack there. */
static int show_levels(lua_State *L, walking *w)
{
    par_encoder *e = w->e;
    while (e->levels.depth <= w->depth) {
        size_t level = e->levels.depth;
        int rc = push_current(L, e, &e->open[level - 1]);
        if (rc != PAR_OK) return rc;
        if (lua_topointer(L, -1) != e->open[level].table) return changed(e);
        if (!par_levels_enter(L, &e->levels)) return par_output_full(e);
        lua_pushnil(L);
    }
    w->open = &e->open[w->depth];
    return PAR_OK;
}

static int leave(lua_State *L, walking *w, int outcome)
{
    int rc = show_levels(L, w);
    if (rc != PAR_OK) return rc;
    if (outcome == WIDE_INTEGER) {
        rc = push_current(L, w->e, w->open);
        return rc == PAR_OK ? par_refuse_integer(L, w->e, w->wide) : rc;
    }
    if (w->open->step != PAR_STEP_FILL) w->open->direct = false; /* where one entry needs the API, others will */
    if (outcome == THROUGH_API) return push_current(L, w->e, w->open);
    rc = push_last_key(L, w->e, w->open);
    return rc == PAR_OK ? PAR_DIRECT_NOT : rc;
}

static int walk(lua_State *L, par_encoder *e)
{
    walking w = {.e = e, .depth = e->levels.depth - 1};
    size_t base = w.depth;
    for (;;) {
        w.open = &e->open[w.depth];
        if (!is_unchanged(w.open, &w.view)) {
            w.open->direct = false;
            return PAR_DIRECT_NOT; /* the innermost on the Lua stack: since then nothing can have changed */
        }
        int rc = w.open->step == PAR_STEP_FILL ? put_elements(&w) : WRITTEN;
        if (rc == WRITTEN) rc = put_slots(&w);
        if (rc == WRITTEN) rc = put_nodes(&w);
        if (rc == ENTERED) continue;
        if (rc < 0) return rc;
        if (rc != WRITTEN) return leave(L, &w, rc);
        if (w.depth == base) return PAR_DIRECT_ENDED;
        rc = par_table_end(e, w.open);
        if (rc != PAR_OK) return rc;
        w.depth--;
    }
}

/* ---- the self-test ---- */

static bool readable(const raw_table *t)
{
    if (!par_os_readable(t, sizeof *t)) return false;
    raw_view v = raw_view_of(t);
    return v.n_slots < 1024 && v.n_nodes <= 1024 && (!v.n_slots || par_os_readable(v.slots, v.n_slots * sizeof *v.slots)) &&
           par_os_readable(v.nodes, v.n_nodes * sizeof *v.nodes);
}

/* Is the slot what the API says of the value at idx? */
static bool is_same(lua_State *L, int idx, const raw_slot *slot)
{
    size_t len, api_len;
    double number, api_number;
    const char *s;
    raw_kind kind = raw_kind_of(slot);
    switch (lua_type(L, idx)) {
    case LUA_TNIL: return kind == RAW_NIL;
    case LUA_TBOOLEAN: return kind == (lua_toboolean(L, idx) ? RAW_TRUE : RAW_FALSE);
    case LUA_TTABLE: return kind == RAW_TABLE && raw_object_of(slot, kind) == lua_topointer(L, idx);
    case LUA_TNUMBER:
        if (kind == RAW_INTEGER) return (!PAR_LUA_INTEGERS || lua_isinteger(L, idx)) && raw_integer(slot) == lua_tointeger(L, idx);
        number = raw_float(slot);
        api_number = lua_tonumber(L, idx);
        return kind == RAW_FLOAT && !lua_isinteger(L, idx) && memcmp(&number, &api_number, sizeof number) == 0;
    case LUA_TSTRING:
        s = lua_tolstring(L, idx, &api_len);
        if (kind != RAW_TEXT || !raw_learn_text(slot, s, api_len) || raw_object_of(slot, kind) != s) return false;
        raw_string(slot, &len);
        return len == api_len;
    default: return kind == RAW_OTHER;
    }
}

/* The next entry in the order of lua_next, from *position on. */
static bool next_entry(const raw_view *v, size_t *position, raw_slot *key, raw_slot *value)
{
    for (; *position < v->n_slots + v->n_nodes; ++*position) {
        bool in_array = *position < v->n_slots;
        *value = in_array ? v->slots[*position] : raw_value_of(&v->nodes[*position - v->n_slots]);
        if (raw_kind_of(value) == RAW_NIL) continue;
        if (!in_array) *key = raw_key_of(&v->nodes[*position - v->n_slots]);
        return true;
    }
    return false;
}

static const char *compare(lua_State *L, bool careful)
{
    const raw_table *t = lua_topointer(L, -1);
    raw_slot key, value;
    size_t n, position = 0;
    if (careful && !readable(t)) return "a table lies elsewhere";
    raw_view v = raw_view_of(t);
    if (border(&v, t, &n) && n != lua_rawlen(L, -1)) return "lengths of tables differ";
    bool metatable = lua_getmetatable(L, -1);
    if (raw_metatable(t) != (metatable ? lua_topointer(L, -1) : NULL)) return "metatables lie elsewhere";
    if (metatable) lua_pop(L, 1);
    lua_pushnil(L);
    for (; lua_next(L, -2); position++, lua_pop(L, 1)) {
        if (!next_entry(&v, &position, &key, &value)) return "entries are missing";
        if (position < v.n_slots ? lua_tonumber(L, -2) != (double)(position + RAW_FIRST_KEY) : !is_same(L, -2, &key))
            return "keys differ";
        if (!is_same(L, -1, &value)) return "values differ";
    }
    return next_entry(&v, &position, &key, &value) ? "there are too many entries" : NULL;
}
