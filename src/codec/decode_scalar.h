/* Numbers, strings, booleans and nil off the wire: inline, because most of what comes is made of them. */
#ifndef PAR_CODEC_DECODE_SCALAR_H
#define PAR_CODEC_DECODE_SCALAR_H

#include "base/checked.h"
#include "codec/decoder.h"

#define PAR_NEXT_TAG(d, tag)                                                        \
    do {                                                                            \
        if (!par_get_u8((d), &(tag))) return par_corrupt((d), "it ends too early"); \
    } while (0)

/* Each pushes one value: 1, or an error. */
int par_push_wide(lua_State *L, par_decoder *d, unsigned tag); /* i8 to f64, strings with a length, words beyond 64 */
int par_push_beside(lua_State *L, par_decoder *d);             /* a string that came beside the message */
/* The string at the top enters the dictionary. 1, or an error. */
int par_define_word(lua_State *L, par_decoder *d);

static inline int par_push_i64(lua_State *L, par_decoder *d, int64_t value)
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

static inline void par_push_small(lua_State *L, int32_t value)
{
#if PAR_LUA_INTEGERS
    lua_pushinteger(L, value);
#else
    lua_pushnumber(L, value);
#endif
}

static inline int par_push_word(lua_State *L, par_decoder *d, uint32_t word)
{
    if (word >= d->words_defined) return par_corrupt(d, "a dictionary entry that does not exist");
    if (word < PAR_WORDS_ON_STACK) lua_pushvalue(L, d->words_index + (int)word);
    else lua_rawgeti(L, d->words_index + (int)PAR_WORDS_ON_STACK, (int)(word - PAR_WORDS_ON_STACK) + 1);
    return 1;
}

static inline int par_push_string(lua_State *L, par_decoder *d, uint64_t len, bool define)
{
    if (len > par_input_left(d)) return par_corrupt(d, "a string longer than the message");
    lua_pushlstring(L, (const char *)d->p, (size_t)len);
    d->p += len;
    return define ? par_define_word(L, d) : 1;
}

/* Tags below e0. 1, or an error. */
static inline int par_push_scalar(lua_State *L, par_decoder *d, unsigned tag)
{
    if (tag < PAR_TAG_WORD) {
        par_push_small(L, (int32_t)tag);
        return 1;
    }
    if (tag < PAR_TAG_STRING) return par_push_word(L, d, tag - PAR_TAG_WORD);
    if (tag < PAR_TAG_NEGATIVE) return par_push_string(L, d, tag & 31u, tag >= PAR_TAG_STRING_DEF);
    if (tag < PAR_TAG_NIL) {
        par_push_small(L, (int32_t)tag - (PAR_TAG_NEGATIVE + 16));
        return 1;
    }
    if (tag >= PAR_TAG_I8) return par_push_wide(L, d, tag);
    if (tag == PAR_TAG_NIL) lua_pushnil(L);
    else lua_pushboolean(L, tag == PAR_TAG_TRUE);
    return 1;
}

#endif
