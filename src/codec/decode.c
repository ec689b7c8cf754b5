/* Bytes back to values: no recursion, no trust. A value that is complete is at the top of the Lua stack; an open
 * container is a level (levels.h) whose par_filling says what it waits for. */
#include <stdlib.h>

#include "base/checked.h"
#include "codec/classes.h"
#include "codec/decode_scalar.h"
#include "codec/direct/direct.h"
#include "codec/types.h"

/* ---- containers ---- */

static int decode_hooked(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);
static int decode_classed(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);

static int decode_container(lua_State *L, par_codec *codec, par_decoder *d, unsigned tag)
{
    size_t at = (size_t)(d->p - d->start) - 1;
    uint8_t next;
    if (tag < PAR_TAG_END) return par_decode_open_table(L, d, tag, at, false);
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
        PAR_NEXT_TAG(d, next);
        if (next == PAR_TAG_HOOKED || next == PAR_TAG_HOOKED_LATER)
            return decode_classed(L, codec, d, at + 1, next == PAR_TAG_HOOKED_LATER);
        if (next < PAR_TAG_EMPTY || next >= PAR_TAG_END) return par_corrupt(d, "a metatable without a table");
        return par_decode_open_table(L, d, next, at + 1, true);
    case PAR_TAG_NAMED: return par_decode_named(L, d);
    case PAR_TAG_BESIDE: return par_push_beside(L, d);
    case PAR_TAG_HOOKED:
    case PAR_TAG_HOOKED_LATER: return decode_hooked(L, codec, d, at, tag == PAR_TAG_HOOKED_LATER);
    case PAR_TAG_GLOBALS:
        if (!(d->flags & PAR_DECODE_FUNCTIONS)) return par_decode_refuse_code(d, "the globals");
        par_lua_push_globals(L);
        return 1;
    default: return par_corrupt(d, "an unknown tag");
    }
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
        PAR_NEXT_TAG(d, tag);
        filling->i++;
        if (tag == PAR_TAG_JOIN) {
            rc = par_decode_join(L, d, (int)filling->i);
            if (rc < 0) return rc;
            continue;
        }
        lua_pushnil(L);
        rc = tag < PAR_TAG_EMPTY ? par_push_scalar(L, d, tag) : decode_container(L, codec, d, tag);
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
        PAR_NEXT_TAG(d, tag);
        filling->i++;
        lua_pushnil(L);
        int rc = tag < PAR_TAG_EMPTY ? par_push_scalar(L, d, tag) : decode_container(L, codec, d, tag);
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
    PAR_NEXT_TAG(d, *n);
    PAR_NEXT_TAG(d, tag);
    if (tag >= PAR_TAG_EMPTY) return par_corrupt(d, "a type without a name");
    int rc = par_push_scalar(L, d, tag);
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
    if (filling->take <= PAR_TAKE_METATABLE) return par_decode_fill_table(L, codec, d, filling);
    if (filling->take >= PAR_TAKE_HOOKED) return fill_hooked(L, codec, d, filling);
    return fill_upvalues(L, codec, d, filling);
}

/* A complete container is at the top, above its parent's two slots: puts it in and goes on with the parent. */
static int deliver(lua_State *L, par_codec *codec, par_decoder *d)
{
    par_filling *filling = &d->open[d->levels.depth - 1];
    int rc;
    if (filling->take <= PAR_TAKE_METATABLE) return par_decode_put_in_table(L, codec, d, filling);
    switch (filling->take) {
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
    PAR_NEXT_TAG(d, tag);
    int rc = tag < PAR_TAG_EMPTY ? par_push_scalar(L, d, tag) : decode_container(L, codec, d, tag);
    if (rc != 0) return rc;
    do {
        rc = fill(L, codec, d);
        while (rc > 0) {
            if (rc == PAR_DECODE_OTHER) {
                rc = decode_container(L, codec, d, d->tag);
                if (rc <= 0) break;
            } else {
                par_levels_leave(L, &d->levels, 1);
                if (d->levels.depth == 0) return 1;
            }
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

/* Stack slots below the values: table of references, keys of shapes, table of more keys, dictionary entries, table of more entries. */
static int reserve_slots(lua_State *L, par_decoder *d, uint64_t count)
{
    int words = d->words_limit < PAR_WORDS_ON_STACK ? (int)d->words_limit : (int)PAR_WORDS_ON_STACK;
    bool shapes = d->header_flags & PAR_FORMAT_SHAPES;
    int keys = shapes ? PAR_KEYS_ON_STACK : 0;
    if (count > 1000000 || !lua_checkstack(L, (int)count + words + keys + 3 + 2 * (int)(PAR_LEVELS_EASY + 1) + PAR_LEVELS_SPARE))
        return par_error_set(d->err, PAR_E_NOMEM, "no room on the Lua stack for %llu values", (unsigned long long)count);
    d->refs_index = 0;
    if (d->header_flags & PAR_FORMAT_REFS) {
        lua_newtable(L);
        d->refs_index = lua_gettop(L);
    }
    d->keys_index = shapes ? lua_gettop(L) + 1 : 0;
    if (shapes) lua_settop(L, lua_gettop(L) + keys + 1);
    d->words_index = lua_gettop(L) + 1;
    if (words) lua_settop(L, lua_gettop(L) + words);
    if (d->words_limit > PAR_WORDS_ON_STACK) lua_newtable(L);
    return PAR_OK;
}

static void begin(par_decoder *d, const uint8_t *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads, unsigned flags,
                  const par_codec_origin *origin, par_error *err)
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
    d->n_shapes = d->n_keys = 0;
    d->direct = par_direct_tested();
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

int par_codec_decode(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads,
                     unsigned flags, par_error *err)
{
    return par_codec_decode_from(L, codec, bytes, len, payloads, n_payloads, flags, NULL, err);
}

int par_codec_decode_from(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads,
                          unsigned flags, const par_codec_origin *origin, par_error *err)
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
