/* Bytes back to values: no recursion, no trust. A value that is complete is at the top of the Lua stack; an open
 * container is a level (levels.h) whose par_filling says what it waits for. */
#include <stdlib.h>

#include "base/checked.h"
#include "codec/classes.h"
#include "codec/decoder.h"
#include "codec/types.h"

/* ---- scalars ---- */

static int push_i64(lua_State *L, par_decoder *d, int64_t value)
{
#if PAR_LUA_INTEGERS
    (void)d;
    lua_pushinteger(L, value);
#else
    if (!par_i64_fits_double(value) && !((d->flags & PAR_DECODE_LOSSY) || (d->header_flags & PAR_FORMAT_LOSSY)))
        return par_error_set(d->err, PAR_E_UNSUPPORTED, "the integer %lld does not fit this Lua's numbers", (long long)value);
    lua_pushnumber(L, (double)value);
#endif
    return 1;
}

static inline void push_small(lua_State *L, int32_t value)
{
#if PAR_LUA_INTEGERS
    lua_pushinteger(L, value);
#else
    lua_pushnumber(L, value);
#endif
}

/* The string at the top enters the dictionary. */
static int define_word(lua_State *L, par_decoder *d)
{
    uint32_t word = d->words_defined;
    if (word >= d->words_limit) return par_corrupt(d, "more dictionary entries than announced");
    d->words_defined++;
    lua_pushvalue(L, -1);
    if (word < PAR_WORDS_ON_STACK)
        lua_replace(L, d->words_index + (int)word);
    else
        lua_rawseti(L, d->words_index + (int)PAR_WORDS_ON_STACK, (int)(word - PAR_WORDS_ON_STACK) + 1);
    return 1;
}

static int push_word(lua_State *L, par_decoder *d, uint32_t word)
{
    if (word >= d->words_defined) return par_corrupt(d, "a dictionary entry that does not exist");
    if (word < PAR_WORDS_ON_STACK)
        lua_pushvalue(L, d->words_index + (int)word);
    else
        lua_rawgeti(L, d->words_index + (int)PAR_WORDS_ON_STACK, (int)(word - PAR_WORDS_ON_STACK) + 1);
    return 1;
}

static int push_string(lua_State *L, par_decoder *d, uint64_t len, bool define)
{
    if (len > par_input_left(d)) return par_corrupt(d, "a string longer than the message");
    lua_pushlstring(L, (const char *)d->p, (size_t)len);
    d->p += len;
    return define ? define_word(L, d) : 1;
}

/* A string that came beside the message. */
static int push_beside(lua_State *L, par_decoder *d)
{
    uint8_t define;
    uint64_t len;
    if (!par_get_u8(d, &define) || define > 1 || !par_get_varint(d, &len)) return par_corrupt(d, "it ends inside a string");
    if (d->n_strings >= d->n_payloads) return par_corrupt(d, "a payload that did not come");
    const par_blob *blob = d->payloads[d->n_strings++];
    if (!blob || blob->bytes < len) return par_corrupt(d, "a payload shorter than its string");
    lua_pushlstring(L, blob->data, (size_t)len);
    return define ? define_word(L, d) : 1;
}

static bool get_wide(par_decoder *d, unsigned bytes, uint64_t *out)
{
    uint8_t raw[8];
    uint64_t value = 0;
    if (!par_get_bytes(d, raw, bytes)) return false;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)raw[i] << (8 * i);
    *out = value;
    return true;
}

static int push_wide(lua_State *L, par_decoder *d, unsigned tag)
{
    static const uint8_t bytes_of[] = {1, 2, 4, 8, 8, 1, 4, 8, 1, 4, 8, 1, 4};
    uint64_t raw;
    double number;
    if (!get_wide(d, bytes_of[tag - PAR_TAG_I8], &raw)) return par_corrupt(d, "it ends inside a value");
    switch (tag) {
    case PAR_TAG_I8: push_small(L, (int8_t)raw); return 1;
    case PAR_TAG_I16: push_small(L, (int16_t)raw); return 1;
    case PAR_TAG_I32: push_small(L, (int32_t)raw); return 1;
    case PAR_TAG_I64: return push_i64(L, d, (int64_t)raw);
    case PAR_TAG_F64:
        memcpy(&number, &raw, sizeof number);
        lua_pushnumber(L, number);
        return 1;
    case PAR_TAG_WORD8: return push_word(L, d, (uint32_t)raw + 64);
    case PAR_TAG_WORD32: return push_word(L, d, (uint32_t)raw);
    default: return push_string(L, d, raw, tag >= PAR_TAG_STR8_DEF);
    }
}

/* Tags below e0. 1, or an error. */
static inline int push_scalar(lua_State *L, par_decoder *d, unsigned tag)
{
    if (tag < PAR_TAG_WORD) {
        push_small(L, (int32_t)tag);
        return 1;
    }
    if (tag < PAR_TAG_STRING) return push_word(L, d, tag - PAR_TAG_WORD);
    if (tag < PAR_TAG_NEGATIVE) return push_string(L, d, tag & 31u, tag >= PAR_TAG_STRING_DEF);
    if (tag < PAR_TAG_NIL) {
        push_small(L, (int32_t)tag - (PAR_TAG_NEGATIVE + 16));
        return 1;
    }
    if (tag >= PAR_TAG_I8) return push_wide(L, d, tag);
    if (tag == PAR_TAG_NIL)
        lua_pushnil(L);
    else
        lua_pushboolean(L, tag == PAR_TAG_TRUE);
    return 1;
}

/* ---- tables ---- */

/* Honest messages have a byte for every element and two for every entry; presizing more is refused. */
static bool spend(par_decoder *d, size_t entries)
{
    if (entries > d->budget || entries > INT32_MAX) return false;
    d->budget -= entries;
    return true;
}

static int open_table(lua_State *L, par_decoder *d, unsigned tag, size_t at, bool metatable)
{
    uint8_t log2 = 0;
    uint64_t n = 0;
    unsigned kind = tag & ~(unsigned)PAR_TABLE_LATER;
    bool hash = kind == PAR_TAG_HASH || kind == PAR_TAG_MIXED;
    if (kind != PAR_TAG_EMPTY && !par_get_u8(d, &log2)) return par_corrupt(d, "it ends inside a table");
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

/* ---- containers ---- */

#define NEXT_TAG(d, tag)                                                            \
    do {                                                                            \
        if (!par_get_u8((d), &(tag))) return par_corrupt((d), "it ends too early"); \
    } while (0)

static int decode_hooked(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);
static int decode_classed(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);

static int decode_container(lua_State *L, par_codec *codec, par_decoder *d, unsigned tag)
{
    size_t at = (size_t)(d->p - d->start) - 1;
    uint8_t next;
    if (tag < PAR_TAG_END) return open_table(L, d, tag, at, false);
    switch (tag) {
    case PAR_TAG_REF: return par_decode_ref(L, d);
    case PAR_TAG_FUNCTION:
    case PAR_TAG_FUNCTION_LATER: return par_decode_bytecode(L, codec, d, at, tag == PAR_TAG_FUNCTION_LATER);
    case PAR_TAG_SOURCE:
    case PAR_TAG_SOURCE_LATER: return par_decode_source(L, d, at, tag == PAR_TAG_SOURCE_LATER);
    case PAR_TAG_CDATA:
    case PAR_TAG_CDATA_LATER: return par_decode_cdata(L, codec, d, at, tag == PAR_TAG_CDATA_LATER);
    case PAR_TAG_TENSOR:
    case PAR_TAG_TENSOR_LATER: return par_decode_tensor(L, codec, d, at, tag == PAR_TAG_TENSOR_LATER);
    case PAR_TAG_STORAGE:
    case PAR_TAG_STORAGE_LATER: return par_decode_storage(L, codec, d, at, tag == PAR_TAG_STORAGE_LATER);
    case PAR_TAG_META:
        NEXT_TAG(d, next);
        if (next == PAR_TAG_HOOKED || next == PAR_TAG_HOOKED_LATER)
            return decode_classed(L, codec, d, at + 1, next == PAR_TAG_HOOKED_LATER);
        if (next < PAR_TAG_EMPTY || next >= PAR_TAG_END) return par_corrupt(d, "a metatable without a table");
        return open_table(L, d, next, at + 1, true);
    case PAR_TAG_NAMED: return par_decode_named(L, d);
    case PAR_TAG_BESIDE: return push_beside(L, d);
    case PAR_TAG_HOOKED:
    case PAR_TAG_HOOKED_LATER: return decode_hooked(L, codec, d, at, tag == PAR_TAG_HOOKED_LATER);
    case PAR_TAG_GLOBALS:
        if (!(d->flags & PAR_DECODE_FUNCTIONS)) return par_decode_refuse_code(d, "the globals");
        par_codec_push_globals(L);
        return 1;
    default: return par_corrupt(d, "an unknown tag");
    }
}

/* Each fill_ function goes on reading until a level is entered (0) or the container is complete (1); the stack is then
 * container, key or filler, new level; or container alone. */

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
            NEXT_TAG(d, tag);
            if (tag < PAR_TAG_EMPTY) {
                rc = push_scalar(L, d, tag);
                if (rc < 0) return rc;
                if (tag >= PAR_TAG_NIL && (rc = check_key(L, d)) < 0) return rc;
            } else if (tag == PAR_TAG_END) {
                return filling->metatable ? fill_metatable(L, codec, d, filling) : 1;
            } else {
                lua_pushnil(L);
                rc = decode_container(L, codec, d, tag);
                if (rc <= 0) return rc;
                lua_remove(L, -2);
                rc = check_key(L, d);
                if (rc < 0) return rc;
            }
        }
        filling->take = PAR_TAKE_VALUE;
        NEXT_TAG(d, tag);
        if (tag < PAR_TAG_EMPTY) {
            rc = push_scalar(L, d, tag);
            if (rc < 0) return rc;
        } else {
            rc = decode_container(L, codec, d, tag);
            if (rc <= 0) return rc;
        }
        lua_rawset(L, -3);
    }
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
    d->p += (size_t)n << shift;
#define PUSH_RUN(type, push)                                  \
    for (; i < end; p += sizeof(type)) {                      \
        type value_;                                          \
        memcpy(&value_, p, sizeof value_);                    \
        push;                                                 \
        lua_rawseti(L, -2, ++i);                              \
    }
    switch (tag) {
    case PAR_TAG_RUN_I8: PUSH_RUN(int8_t, push_small(L, value_)) break;
    case PAR_TAG_RUN_I16: PUSH_RUN(int16_t, push_small(L, value_)) break;
    case PAR_TAG_RUN_I32: PUSH_RUN(int32_t, push_small(L, value_)) break;
    case PAR_TAG_RUN_I64: PUSH_RUN(int64_t, int rc_ = push_i64(L, d, value_); if (rc_ < 0) return rc_) break;
    default: PUSH_RUN(double, lua_pushnumber(L, value_)) break;
    }
    return 1;
}

static int fill_elements(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    while (filling->i < filling->n) {
        uint8_t tag;
        int rc;
        NEXT_TAG(d, tag);
        if (tag >= PAR_TAG_RUN_I8 && tag <= PAR_TAG_RUN_F64) {
            rc = push_run(L, d, filling, tag);
            if (rc < 0) return rc;
            continue;
        }
        filling->i++;
        if (tag < PAR_TAG_EMPTY) {
            rc = push_scalar(L, d, tag);
            if (rc < 0) return rc;
            lua_rawseti(L, -2, (int)filling->i);
            continue;
        }
        lua_pushnil(L);
        rc = decode_container(L, codec, d, tag);
        if (rc <= 0) return rc;
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
    NEXT_TAG(d, tag);
    filling->take = PAR_TAKE_METATABLE;
    lua_pushnil(L);
    int rc = tag < PAR_TAG_EMPTY ? push_scalar(L, d, tag) : decode_container(L, codec, d, tag);
    return rc <= 0 ? rc : set_metatable(L, codec, d);
}

/* The value at the top becomes the upvalue, or the environment, that the function waits for; level: function, filler. */
static int set_upvalue(lua_State *L, par_decoder *d, const par_filling *filling, int function)
{
    if (filling->i <= filling->fixed) {
        if (!lua_setupvalue(L, function, (int)filling->i)) return par_corrupt(d, "an upvalue that does not exist");
        return 1;
    }
#if LUA_VERSION_NUM < 502
    if (!lua_istable(L, -1)) return par_corrupt(d, "an environment that is not a table");
    lua_setfenv(L, function);
    return 1;
#else
    return par_corrupt(d, "an environment for a Lua that has none");
#endif
}

static int fill_upvalues(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    while (filling->i < filling->n) {
        uint8_t tag;
        int rc;
        NEXT_TAG(d, tag);
        filling->i++;
        if (tag == PAR_TAG_JOIN) {
            rc = par_decode_join(L, d, (int)filling->i);
            if (rc < 0) return rc;
            continue;
        }
        lua_pushnil(L);
        rc = tag < PAR_TAG_EMPTY ? push_scalar(L, d, tag) : decode_container(L, codec, d, tag);
        if (rc <= 0) return rc;
        rc = set_upvalue(L, d, filling, lua_gettop(L) - 2);
        if (rc < 0) return rc;
        lua_pop(L, 1);
    }
    return 1;
}

/* Values for a decode hook, or for the read of a class; level: table of them, filler. */
static int fill_hooked(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling)
{
    while (filling->i < filling->n) {
        uint8_t tag;
        NEXT_TAG(d, tag);
        filling->i++;
        lua_pushnil(L);
        int rc = tag < PAR_TAG_EMPTY ? push_scalar(L, d, tag) : decode_container(L, codec, d, tag);
        if (rc <= 0) return rc;
        lua_rawseti(L, -3, (int)filling->i);
        lua_pop(L, 1);
    }
    if (filling->take == PAR_TAKE_CLASS) return par_decode_read_object(L, codec, d);
    return par_decode_call_hook(L, d, filling->n, filling->fixed);
}

/* The number of values, and the name of the type, which is pushed. */
static int push_type(lua_State *L, par_decoder *d, uint8_t *n)
{
    uint8_t tag;
    NEXT_TAG(d, *n);
    NEXT_TAG(d, tag);
    if (tag >= PAR_TAG_EMPTY) return par_corrupt(d, "a type without a name");
    int rc = push_scalar(L, d, tag);
    if (rc < 0) return rc;
    return lua_type(L, -1) == LUA_TSTRING ? PAR_OK : par_corrupt(d, "a type without a name");
}

/* The object is there before its contents, which may refer to it. */
static int decode_classed(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later)
{
    uint8_t n;
    int rc = push_type(L, d, &n);
    if (rc < 0) return rc;
    if (n != PAR_CLASS_CONTENTS) return par_corrupt(d, "an object of a class without its contents");
    rc = par_decode_make_object(L, codec, d);
    if (rc < 0) return rc;
    if (later && (rc = par_decode_remember(L, d, at)) < 0) return rc;
    lua_pop(L, 1);
    par_filling *filling;
    rc = par_decode_enter(L, d, PAR_TAKE_CLASS, &filling);
    if (rc < 0) return rc;
    filling->n = n;
    return 0;
}

static int decode_hooked(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later)
{
    uint8_t n;
    int rc = push_type(L, d, &n);
    if (rc < 0) return rc;
    rc = par_decode_find_hook(L, codec, d);
    if (rc < 0) return rc;
    size_t reference = 0;
    if (later) {
        lua_pushnil(L);
        rc = par_decode_remember(L, d, at);
        if (rc < 0) return rc;
        lua_pop(L, 1);
        reference = d->n_refs;
    }
    par_filling *filling;
    rc = par_decode_enter(L, d, PAR_TAKE_HOOKED, &filling);
    if (rc < 0) return rc;
    filling->n = n;
    filling->fixed = reference;
    return 0;
}

/* ---- the walk ---- */

static int fill(lua_State *L, par_codec *codec, par_decoder *d)
{
    par_filling *filling = &d->open[d->levels.depth - 1];
    if (filling->take == PAR_TAKE_ELEMENT) return fill_elements(L, codec, d, filling);
    if (filling->take >= PAR_TAKE_HOOKED) return fill_hooked(L, codec, d, filling);
    return fill_upvalues(L, codec, d, filling);
}

/* A complete container is at the top, above its parent's two slots: puts it in and goes on with the parent. */
static int deliver(lua_State *L, par_codec *codec, par_decoder *d)
{
    par_filling *filling = &d->open[d->levels.depth - 1];
    int rc;
    switch (filling->take) {
    case PAR_TAKE_ELEMENT:
        lua_rawseti(L, -3, (int)filling->i);
        lua_pop(L, 1);
        return fill_elements(L, codec, d, filling);
    case PAR_TAKE_KEY: lua_remove(L, -2); return fill_hash(L, codec, d, filling, true); /* a new container: not nil */
    case PAR_TAKE_VALUE: lua_rawset(L, -3); return fill_hash(L, codec, d, filling, false);
    case PAR_TAKE_METATABLE: return set_metatable(L, codec, d);
    case PAR_TAKE_HOOKED:
    case PAR_TAKE_CLASS:
        lua_rawseti(L, -3, (int)filling->i);
        lua_pop(L, 1);
        return fill_hooked(L, codec, d, filling);
    default:
        rc = set_upvalue(L, d, filling, lua_gettop(L) - 2);
        if (rc < 0) return rc;
        lua_pop(L, 1);
        return fill_upvalues(L, codec, d, filling);
    }
}

/* Pushes one value. */
static int decode_value(lua_State *L, par_codec *codec, par_decoder *d)
{
    uint8_t tag;
    NEXT_TAG(d, tag);
    int rc = tag < PAR_TAG_EMPTY ? push_scalar(L, d, tag) : decode_container(L, codec, d, tag);
    if (rc != 0) return rc;
    do {
        rc = fill(L, codec, d);
        while (rc == 1) {
            par_levels_leave(L, &d->levels, 1);
            if (d->levels.depth == 0) return 1;
            rc = deliver(L, codec, d);
        }
    } while (rc == 0);
    return rc;
}

/* ---- one message ---- */

static int read_header(par_decoder *d, uint64_t *count)
{
    uint8_t header[PAR_FORMAT_HEADER];
    if (!par_get_bytes(d, header, sizeof header)) return par_corrupt(d, "it is too short");
    if (header[0] != PAR_FORMAT_VERSION) return par_corrupt(d, "it is not a message of this version");
    d->header_flags = header[1];
    d->words_limit = header[2] < PAR_FORMAT_MANY ? header[2] : UINT32_MAX;
    *count = header[3];
    if (*count == PAR_FORMAT_MANY && !par_get_varint(d, count)) return par_corrupt(d, "it is too short");
    if (d->header_flags & PAR_FORMAT_STORAGES) {
        int rc = par_decode_storages(d);
        if (rc != PAR_OK) return rc;
    }
    if (*count > par_input_left(d)) return par_corrupt(d, "more values than bytes");
    return PAR_OK;
}

/* Stack slots below the values: table of references, dictionary entries, table of more entries. */
static int reserve_slots(lua_State *L, par_decoder *d, uint64_t count)
{
    int words = d->words_limit < PAR_WORDS_ON_STACK ? (int)d->words_limit : (int)PAR_WORDS_ON_STACK;
    if (count > 1000000 ||
        !lua_checkstack(L, (int)count + words + 2 + 2 * (int)(PAR_LEVELS_EASY + 1) + PAR_LEVELS_SPARE))
        return par_error_set(d->err, PAR_E_NOMEM, "no room on the Lua stack for %llu values", (unsigned long long)count);
    d->refs_index = 0;
    if (d->header_flags & PAR_FORMAT_REFS) {
        lua_newtable(L);
        d->refs_index = lua_gettop(L);
    }
    d->words_index = lua_gettop(L) + 1;
    if (words) lua_settop(L, lua_gettop(L) + words);
    if (d->words_limit > PAR_WORDS_ON_STACK) lua_newtable(L);
    return PAR_OK;
}

static void begin(par_decoder *d, const uint8_t *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads,
                  unsigned flags, const par_codec_origin *origin, par_error *err)
{
    d->start = d->p = bytes;
    d->end = bytes + len;
    d->owned = false;
    d->budget = len;
    d->payloads = payloads;
    d->n_payloads = n_payloads;
    d->n_strings = 0;
    d->flags = flags;
    d->origin = origin;
    d->refused[0] = '\0';
    d->err = err;
    d->words_defined = 0;
    d->n_refs = 0;
    d->levels.depth = d->levels.spilled = 0;
}

static int read_message(lua_State *L, par_codec *codec, par_decoder *d)
{
    uint64_t count;
    int base = lua_gettop(L), rc = read_header(d, &count);
    if (rc == PAR_OK) rc = reserve_slots(L, d, count);
    if (rc != PAR_OK) return rc;
    int first = lua_gettop(L);
    d->count = (int)count;
    for (uint64_t i = 0; i < count; i++) {
        d->levels.base = lua_gettop(L);
        d->current = (int)i + 1;
        rc = decode_value(L, codec, d);
        if (rc == PAR_E_UNSUPPORTED) par_decode_name_place(L, d);
        if (rc < 0) return rc;
    }
    if (d->p != d->end) return par_corrupt(d, "bytes after the last value");
    if (first == base) return (int)count;
    for (int i = 1; i <= (int)count; i++) {
        lua_pushvalue(L, first + i);
        lua_replace(L, base + i);
    }
    lua_settop(L, base + (int)count);
    return (int)count;
}

int par_codec_decode(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads,
                     uint32_t n_payloads, unsigned flags, par_error *err)
{
    return par_codec_decode_from(L, codec, bytes, len, payloads, n_payloads, flags, NULL, err);
}

int par_codec_decode_from(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads,
                          uint32_t n_payloads, unsigned flags, const par_codec_origin *origin, par_error *err)
{
    codec = par_codec_idle(L, codec, PAR_FRAME_HERE);
    par_decoder *d = &codec->decoder;
    int top = lua_gettop(L);
    begin(d, bytes, len, payloads, n_payloads, flags, origin, err);
    codec->frame = PAR_FRAME_HERE;
    int rc = read_message(L, codec, d);
    codec->frame = NULL;
    if (rc == PAR_E_RAISED) rc = par_codec_raised(L, top, err);
    else if (rc < 0) lua_settop(L, top);
    if (d->n_storages) par_decode_release_storages(d);
    if (d->n_own_payloads) par_input_let_go(d);
    if (d->owned) par_buffer_trim(&d->own, PAR_CODEC_KEEP_BYTES);
    par_levels_reset(L, &d->levels);
    return rc;
}
