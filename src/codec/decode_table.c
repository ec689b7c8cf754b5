/* Tables off the wire: their elements, their other entries, their metatables. */
#include <stdlib.h>

#include "codec/decode_scalar.h"
#include "codec/direct/direct.h"
#include "codec/types.h"

/* Honest messages have a byte for every element and two for every entry; presizing more is refused. */
static bool spend(par_decoder *d, size_t entries)
{
    if (entries > d->budget || entries > INT32_MAX) return false;
    d->budget -= entries;
    return true;
}

/* Reads the names of a new shape. */
static int define_shape(lua_State *L, par_decoder *d)
{
    uint8_t n;
    const uint8_t *name;
    size_t len;
    if (!par_get_u8(d, &n)) return par_corrupt(d, "it ends inside a shape");
    if (!d->keys_index || n == 0 || n > PAR_SHAPE_KEYS_MAX) return par_corrupt(d, "a shape that cannot be");
    if (d->n_shapes == PAR_SHAPES_MAX) return par_corrupt(d, "more shapes than there can be");
    d->shapes[d->n_shapes].first = (uint16_t)d->n_keys;
    d->shapes[d->n_shapes++].n = n;
    for (unsigned i = 0; i < n; i++) {
        if (!par_get_block(d, &name, &len)) return par_corrupt(d, "it ends inside a shape");
        lua_pushlstring(L, (const char *)name, len);
        par_decode_set_key(L, d, d->n_keys++);
    }
    return PAR_OK;
}

/* A table of a shape that is known, or comes here first. */
static int open_record(lua_State *L, par_decoder *d, unsigned shape, unsigned tag, size_t at, bool metatable)
{
    if (shape == PAR_SHAPE_NEW) {
        shape = PAR_SHAPE_FIRST + d->n_shapes;
        int rc = define_shape(L, d);
        if (rc != PAR_OK) return rc;
    }
    shape -= PAR_SHAPE_FIRST;
    if (shape >= d->n_shapes) return par_corrupt(d, "a shape that does not exist");
    size_t n = d->shapes[shape].n, first = d->shapes[shape].first;
    if (n > par_input_left(d) || !spend(d, n)) return par_corrupt(d, "a table larger than the message");
    lua_createtable(L, 0, (int)n);
    int rc = tag & PAR_TABLE_LATER ? par_decode_remember(L, d, at) : PAR_OK;
    if (rc != PAR_OK) return rc;
    par_filling *filling;
    rc = par_decode_enter(L, d, PAR_TAKE_FIELD, &filling);
    if (rc != PAR_OK) return rc;
    filling->n = n;
    filling->fixed = first;
    filling->metatable = metatable;
    return 0;
}

int par_decode_open_table(lua_State *L, par_decoder *d, unsigned tag, size_t at, bool metatable)
{
    uint8_t log2 = 0;
    uint64_t n = 0;
    unsigned kind = tag & ~(unsigned)PAR_TABLE_LATER;
    bool hash = kind == PAR_TAG_HASH || kind == PAR_TAG_MIXED;
    if (kind != PAR_TAG_EMPTY && !par_get_u8(d, &log2)) return par_corrupt(d, "it ends inside a table");
    if (kind == PAR_TAG_HASH && log2 >= PAR_SHAPE_FIRST) return open_record(L, d, log2, tag, at, metatable);
    if (kind == PAR_TAG_ARRAY || kind == PAR_TAG_MIXED)
        if (!par_get_varint(d, &n)) return par_corrupt(d, "it ends inside a table");
    size_t entries = hash && log2 < 31 ? (size_t)1 << log2 : 0;
    if (log2 >= 31 || n > par_input_left(d) || !spend(d, (size_t)n) || !spend(d, entries))
        return par_corrupt(d, "a table larger than the message");
    lua_createtable(L, (int)n, (int)entries);
    if (tag & PAR_TABLE_LATER) {
        int rc = par_decode_remember(L, d, at);
        if (rc != PAR_OK) return rc;
    }
    if (n == 0 && !hash && !metatable) return 1;
    par_filling *filling;
    int rc = par_decode_enter(L, d, PAR_TAKE_ELEMENT, &filling);
    if (rc != PAR_OK) return rc;
    filling->n = (size_t)n;
    filling->hash = hash;
    filling->metatable = metatable;
    return 0;
}

/* ---- filling ---- */

/* Each fill_ function goes on reading until a level is entered (0), the container is complete (1), or something is met that is no table
 * (PAR_DECODE_OTHER); the stack is then container, key or filler, new level; container alone; or container, key or filler. */

static int begin_value(lua_State *L, par_decoder *d, unsigned tag)
{
    if (tag < PAR_TAG_EMPTY) return par_push_scalar(L, d, tag);
    if (tag < PAR_TAG_END) return par_decode_open_table(L, d, tag, (size_t)(d->p - d->start) - 1, false);
    d->tag = (uint8_t)tag;
    return PAR_DECODE_OTHER;
}

static int check_key(lua_State *L, par_decoder *d)
{
    if (lua_isnil(L, -1)) return par_corrupt(d, "nil as a key");
    if (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) != lua_tonumber(L, -1)) return par_corrupt(d, "NaN as a key");
    return 1;
}

static int fill_metatable(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling);

static int fill_hash(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling, bool have_key)
{
    uint8_t tag;
    int rc;
    for (;; have_key = false) {
        if (!have_key) {
            filling->take = PAR_TAKE_KEY;
            PAR_NEXT_TAG(d, tag);
            if (tag < PAR_TAG_EMPTY) {
                rc = par_push_scalar(L, d, tag);
                if (rc < 0) return rc;
                if (tag >= PAR_TAG_NIL && (rc = check_key(L, d)) < 0) return rc;
            } else if (tag == PAR_TAG_END) {
                return filling->metatable ? fill_metatable(L, codec, d, filling) : 1;
            } else {
                lua_pushnil(L);
                rc = begin_value(L, d, tag);
                if (rc != 1) return rc;
                lua_remove(L, -2);
                rc = check_key(L, d);
                if (rc < 0) return rc;
            }
        }
        filling->take = PAR_TAKE_VALUE;
        PAR_NEXT_TAG(d, tag);
        if (tag < PAR_TAG_EMPTY) {
            rc = par_push_scalar(L, d, tag);
            if (rc < 0) return rc;
        } else {
            rc = begin_value(L, d, tag);
            if (rc != 1) return rc;
        }
        lua_rawset(L, -3);
    }
}

#define WORTH_A_TEST 20000 /* numbers */
#define FILLED_MIN 8       /* fewer are pushed as fast */

/* Fills the n numbers of a run into the table at the top past the API. */
static bool fill_run(lua_State *L, par_decoder *d, size_t first, size_t n, unsigned tag)
{
    if (!d->direct) {
        d->through_api += n;
        if (d->through_api < WORTH_A_TEST) return false;
        d->direct = par_direct_get();
        if (!d->direct) return false;
    }
    return !par_direct_only_reads() && d->direct->fill(lua_topointer(L, -1), first, n, tag, d->p);
}

static int fill_record(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    while (filling->i < filling->n) {
        uint8_t tag;
        PAR_NEXT_TAG(d, tag);
        par_decode_push_key(L, d, (uint32_t)(filling->fixed + filling->i++));
        int rc = begin_value(L, d, tag);
        if (rc != 1) return rc;
        lua_rawset(L, -3);
    }
    return filling->metatable ? fill_metatable(L, codec, d, filling) : 1;
}

/* A run of numbers becomes the next elements of the table at the top. */
static int push_run(lua_State *L, par_decoder *d, par_filling *filling, unsigned tag)
{
    static const uint8_t shift_of[] = {0, 1, 2, 3, 3};
    unsigned shift = shift_of[tag - PAR_TAG_RUN_I8];
    uint64_t n;
    if (!par_get_varint(d, &n) || n == 0 || n > filling->n - filling->i || n > par_input_left(d) >> shift)
        return par_corrupt(d, "a run of numbers longer than its table");
    int i = (int)filling->i, end = i + (int)n;
    const uint8_t *p = d->p;
    filling->i += (size_t)n;
    if (n >= FILLED_MIN && fill_run(L, d, (size_t)i + 1, (size_t)n, tag)) {
        d->p += (size_t)n << shift;
        return 1;
    }
    d->p += (size_t)n << shift;
#define PUSH_RUN(type, push)               \
    for (; i < end; p += sizeof(type)) {   \
        type value_;                       \
        memcpy(&value_, p, sizeof value_); \
        push;                              \
        lua_rawseti(L, -2, ++i);           \
    }
    switch (tag) {
    case PAR_TAG_RUN_I8: PUSH_RUN(int8_t, par_push_small(L, value_)) break;
    case PAR_TAG_RUN_I16: PUSH_RUN(int16_t, par_push_small(L, value_)) break;
    case PAR_TAG_RUN_I32: PUSH_RUN(int32_t, par_push_small(L, value_)) break;
    case PAR_TAG_RUN_I64: PUSH_RUN(int64_t, int rc_ = par_push_i64(L, d, value_); if (rc_ < 0) return rc_) break;
    default: PUSH_RUN(double, lua_pushnumber(L, value_)) break;
    }
    return 1;
}

static int fill_elements(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    while (filling->i < filling->n) {
        uint8_t tag;
        int rc;
        PAR_NEXT_TAG(d, tag);
        if (tag >= PAR_TAG_RUN_I8 && tag <= PAR_TAG_RUN_F64) {
            rc = push_run(L, d, filling, tag);
            if (rc < 0) return rc;
            continue;
        }
        filling->i++;
        if (tag < PAR_TAG_EMPTY) {
            rc = par_push_scalar(L, d, tag);
            if (rc < 0) return rc;
            lua_rawseti(L, -2, (int)filling->i);
            continue;
        }
        lua_pushnil(L);
        rc = begin_value(L, d, tag);
        if (rc != 1) return rc;
        lua_rawseti(L, -3, (int)filling->i);
        lua_pop(L, 1);
    }
    if (filling->hash) return fill_hash(L, codec, d, filling, false);
    return filling->metatable ? fill_metatable(L, codec, d, filling) : 1;
}

/* A name that both sides know, or a table: becomes the metatable of the table two slots below. */
static int set_metatable(lua_State *L, par_codec *codec, par_decoder *d)
{
    if (lua_type(L, -1) == LUA_TSTRING) {
        const char *name = lua_tostring(L, -1);
        if (!par_types_metatable(L, codec, d->flags & PAR_DECODE_FUNCTIONS))
            return par_error_set(d->err, PAR_E_UNSUPPORTED,
                                 "the metatable '%.100s' is not known here: parallel.register('%.100s', {metatable=}) "
                                 "makes it so",
                                 name, name);
    }
    if (!lua_istable(L, -1)) return par_corrupt(d, "a metatable that is not a table");
    lua_setmetatable(L, -3);
    lua_pop(L, 1);
    return 1;
}

static int fill_metatable(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    uint8_t tag;
    PAR_NEXT_TAG(d, tag);
    filling->take = PAR_TAKE_METATABLE;
    lua_pushnil(L);
    int rc = begin_value(L, d, tag);
    return rc != 1 ? rc : set_metatable(L, codec, d);
}

int par_decode_fill_table(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    return filling->take == PAR_TAKE_FIELD ? fill_record(L, codec, d, filling) : fill_elements(L, codec, d, filling);
}

int par_decode_put_in_table(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    int rc;
    switch (filling->take) {
    case PAR_TAKE_ELEMENT:
        lua_rawseti(L, -3, (int)filling->i);
        lua_pop(L, 1);
        return fill_elements(L, codec, d, filling);
    case PAR_TAKE_KEY:
        lua_remove(L, -2);
        rc = check_key(L, d);
        return rc < 0 ? rc : fill_hash(L, codec, d, filling, true);
    case PAR_TAKE_VALUE: lua_rawset(L, -3); return fill_hash(L, codec, d, filling, false);
    case PAR_TAKE_FIELD: lua_rawset(L, -3); return fill_record(L, codec, d, filling);
    default: return set_metatable(L, codec, d);
    }
}
