/* For the self-test: what is read directly beside what the API says. Included after a layout. */
#ifndef PAR_CODEC_DIRECT_COMPARE_H
#define PAR_CODEC_DIRECT_COMPARE_H

#include "codec/direct/scalars.h"
#include "os/os.h"

static bool readable(const raw_table *t)
{
    if (!par_os_readable(t, sizeof *t)) return false;
    raw_view v = raw_view_of(t);
    if (v.n_slots >= 1024 || v.n_nodes > 1024) return false;
    size_t bytes;
    const void *array = raw_array_memory(&v, &bytes);
    return (!v.n_slots || par_os_readable(array, bytes)) && par_os_readable(v.nodes, v.n_nodes * sizeof *v.nodes);
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
        *value = in_array ? raw_slot_at(v, *position) : raw_value_of(&v->nodes[*position - v->n_slots]);
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
        if (position < v.n_slots ? lua_tonumber(L, -2) != (double)(position + RAW_FIRST_KEY) : !is_same(L, -2, &key)) return "keys differ";
        if (!is_same(L, -1, &value)) return "values differ";
    }
    return next_entry(&v, &position, &key, &value) ? "there are too many entries" : NULL;
}

#endif
