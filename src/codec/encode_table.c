/* Tables: elements in order, then the other entries, then the metatable. What is next stands in par_open. */
#include <math.h>
#include <string.h>

#include "codec/classes.h"
#include "codec/direct/direct.h"
#include "codec/encode_scalar.h"
#include "codec/encode_table.h"
#include "codec/types.h"

static int write_tag(par_encoder *e, unsigned tag)
{
    if (!par_output_room(e, 1)) return par_output_full(e);
    par_put_u8(e, tag);
    return 1;
}

#define COUNTED_MIN 16 /* elements */

/* Is the table at the top one of n entries in all, the first a number? Then its elements may be read by index, which is
 * faster: if 1..n are all there, nothing else is. */
static bool is_counted(lua_State *L, size_t n)
{
    if (n < COUNTED_MIN) return false;
    lua_rawgeti(L, -1, 1);
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    lua_pop(L, 1);
    if (!number) return false;
    size_t found = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        if (++found <= n) continue;
        lua_pop(L, 1);
        return false;
    }
    return found == n;
}

#define WORTH_A_TEST 20000 /* entries */

/* The self-test of the direct walk takes as long as some ten thousand entries: a process that sends little never pays for it. */
static void count_entries(par_encoder *e, size_t n)
{
    if (e->direct || !par_encode_may_go_direct(e)) return;
    e->through_api += n;
    if (e->through_api >= WORTH_A_TEST) e->direct = par_direct_get();
}

/* How the elements of the table at the top, which was just entered, are gone through. */
static void choose_walk(lua_State *L, par_encoder *e, par_open *open)
{
    bool record = open->step == PAR_STEP_RECORD;
    count_entries(e, open->n + 1);
    if (e->direct && e->direct->suits(open, lua_topointer(L, -1))) return;
    if (record) return;
    if (open->n) open->step = PAR_STEP_SEQUENCE;
    if (!is_counted(L, open->n)) return;
    open->step = PAR_STEP_FILL;
    open->rest = PAR_REST_NONE;
}

/* The keys of the table at the top, and their lengths. False: it is no record. */
static bool gather_keys(lua_State *L, par_keys *keys, size_t *len)
{
    keys->n = 0;
    keys->hash = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        size_t bytes;
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &bytes) : NULL;
        lua_pop(L, 1);
        if (key && par_keys_add(keys, key)) {
            len[keys->n - 1] = bytes;
            continue;
        }
        lua_pop(L, 1);
        return false;
    }
    return true;
}

/* The table at the top, whose level was just entered. */
static int begin_table(lua_State *L, par_encoder *e, par_open *open)
{
    par_keys keys;
    size_t len[PAR_SHAPE_KEYS_MAX];
    par_record record = PAR_RECORD_NOT;
    if (open->n == 0 && par_shape_wanted(e) && gather_keys(L, &keys, len)) record = par_shape_find(e, open, &keys);
    if (record == PAR_RECORD_NEW) return par_record_begin_new(e, &keys, len);
    if (record == PAR_RECORD_KNOWN) return par_record_begin(e, open);
    par_table_begin(e, open->n);
    return PAR_OK;
}

static int open_table(lua_State *L, par_encoder *e, bool metatable)
{
    int rc = par_encode_seen(L, e, lua_topointer(L, -1), metatable);
    if (rc != 0) return rc;
    if (!par_output_room(e, 1 + PAR_TABLE_BEGIN_BYTES)) return par_output_full(e);
    if (metatable) par_put_u8(e, PAR_TAG_META);
    size_t n = lua_rawlen(L, -1);
    par_open *open;
    rc = par_encode_enter(L, e, PAR_STEP_HASH, par_output_at(e), &open);
    if (rc != PAR_OK) return rc;
    open->n = n;
    open->has_metatable = metatable;
    open->named_checked = e->check_names || metatable;
    rc = begin_table(L, e, open);
    if (rc != PAR_OK) return rc;
    choose_walk(L, e, open);
    lua_pushnil(L);
    return 0;
}

/* Is the metatable at the top that of a group, as the parent of its members has it? */
static bool is_of_group(lua_State *L)
{
    lua_pushliteral(L, "__name");
    lua_rawget(L, -2);
    bool is = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), PAR_TYPE_GROUP) == 0;
    lua_pop(L, 1);
    return is;
}

/* 1: the name of the class that writes the object at the top itself was pushed; 0: there is none; or a code. */
static int push_class(lua_State *L, par_codec *codec, par_encoder *e)
{
    if (!lua_getmetatable(L, -1)) return 0;
    const void *metatable = lua_topointer(L, -1);
    bool seen = metatable == e->plain_metatable;
    if (!seen && is_of_group(L)) {
        lua_pop(L, 1);
        return par_refuse_handle(L, e, PAR_TYPE_GROUP);
    }
    bool class = !seen && par_class_of(L, codec);
    if (!class) e->plain_metatable = metatable;
    lua_remove(L, class ? -2 : -1);
    if (!class) return 0;
    lua_pushvalue(L, -2);
    bool object = !par_class_is(L);
    lua_pop(L, object ? 1 : 2);
    return object;
}

int par_encode_table(lua_State *L, par_codec *codec, par_encoder *e)
{
    int parent = e->levels.depth ? e->open[e->levels.depth - 1].step : PAR_STEP_HASH;
    bool metatable = lua_getmetatable(L, -1);
    if (metatable) {
        if (par_types_hooked(L, codec)) {
            lua_remove(L, -2);
            return par_encode_hooked(L, codec, e);
        }
        lua_pop(L, 1);
    }
    if (metatable || e->check_names || parent == PAR_STEP_UPVALUES || parent == PAR_STEP_METATABLE) {
        if (par_encode_is_globals(L, e, lua_topointer(L, -1))) return write_tag(e, PAR_TAG_GLOBALS);
        int rc = par_encode_named(L, codec, e, false);
        if (rc != 0) return rc;
    }
    int class = metatable ? push_class(L, codec, e) : 0;
    if (class < 0) return class;
    return class ? par_encode_classed(L, codec, e) : open_table(L, e, metatable);
}

/* By name when both sides have it, else like any other table. */
static int write_metatable(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    if (!lua_getmetatable(L, -1)) return par_refuse(L, e, "its metatable was taken away meanwhile");
    if (par_types_name(L, codec)) {
        int rc = par_encode_string(L, e);
        lua_pop(L, 2);
        return rc == PAR_OK ? 1 : rc;
    }
    lua_pushnil(L);
    lua_insert(L, -2);
    open->step = PAR_STEP_METATABLE;
    return 0;
}

/* The table on the level is complete; it is alone on its level. */
static int close_table(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    int rc = par_table_end(e, open);
    if (rc != PAR_OK) return rc;
    count_entries(e, open->entries);
    return open->has_metatable ? write_metatable(L, codec, e, open) : 1;
}

/* Is the key at idx one of the elements 1..n, which are written already? */
static inline bool is_element(lua_State *L, int idx, size_t n)
{
    if (lua_type(L, idx) != LUA_TNUMBER) return false;
    double key = lua_tonumber(L, idx);
    return key >= 1 && key <= (double)n && key == floor(key);
}

/* The rest of the entries; level: table, last key. 0: a value to be written is at the top. 1: the table is complete and
 * alone on its level. */
static int step_hash(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    while (lua_next(L, -2)) {
        if (open->n && is_element(L, -2, open->n)) {
            lua_pop(L, 1);
            continue;
        }
        open->entries++;
        int rc = par_encode_scalar(L, e, -2);
        if (rc < 0) return rc;
        if (rc == 0) {
            lua_pop(L, 1);
            lua_pushvalue(L, -1);
            open->step = PAR_STEP_KEY;
            return 0;
        }
        rc = par_encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    return close_table(L, codec, e, open);
}

static int changed(lua_State *L, par_encoder *e) { return par_refuse(L, e, "it was changed while it was being sent"); }

/* The values of a record: its keys have to be what they were. */
static int step_record(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    while (open->i < open->n) {
        size_t len;
        if (!lua_next(L, -2)) {
            lua_pushnil(L);
            return changed(L, e);
        }
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &len) : NULL;
        if (!key || !par_shape_has(e, open, open->i, key, len)) return changed(L, e);
        open->i++;
        int rc = par_encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return close_table(L, codec, e, open);
}

/* A container that is a key has been written; now its value. */
static int step_key(lua_State *L, par_open *open)
{
    open->step = PAR_STEP_HASH;
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    return 0;
}

/* After the elements: the other entries, if there are any; level: table, key. */
static int fill_rest(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    if (open->rest == PAR_REST_NONE) {
        lua_pop(L, 1);
        return close_table(L, codec, e, open);
    }
    open->step = PAR_STEP_HASH;
    if (open->rest == PAR_REST_ALL || is_element(L, -1, open->n)) return step_hash(L, codec, e, open);
    open->entries++;
    int rc = par_encode_scalar(L, e, -1);
    if (rc < 0) return rc;
    if (rc > 0) return step_key(L, open);
    lua_pushvalue(L, -1);
    open->step = PAR_STEP_KEY;
    return 0;
}

static int step_metatable(lua_State *L)
{
    lua_pop(L, 1); /* the filler in the place of the key */
    return 1;
}

/* The elements, then what comes after them. */
static int step_elements(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    int rc = par_encode_elements(L, e, open);
    if (rc <= 0) return rc;
    if (open->step == PAR_STEP_FILL) return fill_rest(L, codec, e, open);
    open->step = PAR_STEP_HASH;
    return step_hash(L, codec, e, open);
}

int par_encode_step_table(lua_State *L, par_codec *codec, par_encoder *e)
{
    par_open *open = &e->open[e->levels.depth - 1];
    if (open->direct) {
        int rc = e->direct->walk(L, e);
        if (rc <= 0) return rc;
        open = &e->open[e->levels.depth - 1]; /* others, perhaps, and in another place */
        if (rc == PAR_DIRECT_ENDED) {
            open->direct = false;
            lua_pop(L, 1);
            return close_table(L, codec, e, open);
        }
    }
    switch (open->step) {
    case PAR_STEP_SEQUENCE:
    case PAR_STEP_FILL: return step_elements(L, codec, e, open);
    case PAR_STEP_RECORD: return step_record(L, codec, e, open);
    case PAR_STEP_HASH: return step_hash(L, codec, e, open);
    case PAR_STEP_KEY: return step_key(L, open);
    default: return step_metatable(L);
    }
}
