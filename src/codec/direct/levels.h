/* Where the walk leaves tables to the API: levels, keys and values onto the Lua stack, and what may have become of a table meanwhile.
 * Included after a layout. */
#ifndef PAR_CODEC_DIRECT_LEVELS_H
#define PAR_CODEC_DIRECT_LEVELS_H

#include "codec/direct/scalars.h"

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
        raw_slot value = position < v.n_slots ? raw_slot_at(&v, position) : raw_value_of(&v.nodes[position - v.n_slots]);
        if (raw_kind_of(&value) != RAW_NIL) return push_key(L, e, &v, position);
    }
    lua_pushnil(L);
    return PAR_OK;
}

/* Puts the levels that are not on the Lua stack there. Only elements go on directly afterwards: among entries where one needs the
 * API others will, and their order may be another when it has been called. */
static int show_levels(lua_State *L, walking *w)
{
    par_encoder *e = w->e;
    while (e->levels.depth <= w->depth) {
        size_t level = e->levels.depth;
        if (e->open[level - 1].step != PAR_STEP_FILL) e->open[level - 1].direct = false;
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
    if (w->open->step != PAR_STEP_FILL) w->open->direct = false;
    if (outcome == THROUGH_API) return push_current(L, w->e, w->open);
    rc = push_last_key(L, w->e, w->open);
    return rc == PAR_OK ? PAR_DIRECT_NOT : rc;
}

#endif
