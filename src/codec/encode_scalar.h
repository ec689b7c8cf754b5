/* Numbers, strings, booleans and nil onto the wire: inline, because most of what is sent is made of them. */
#ifndef PAR_CODEC_ENCODE_SCALAR_H
#define PAR_CODEC_ENCODE_SCALAR_H

#include <math.h>

#include "base/checked.h"
#include "codec/encoder.h"

#if !PAR_LUA_INTEGERS
/* Lua without integers: a number that is one travels as one. -0.0 is none. */
static inline bool par_number_is_integral(double value, int64_t *out)
{
    if (!(value >= -9007199254740992.0 && value <= 9007199254740992.0)) return false;
    double back = (double)(*out = (int64_t)value);
    return memcmp(&back, &value, sizeof back) == 0;
}
#endif

static inline int par_refuse_integer(lua_State *L, par_encoder *e, int64_t value)
{
    return par_refuse(L, e, "the integer %lld does not fit the numbers of the receiver's Lua", (long long)value);
}

/* 1, or an error. */
static inline int par_encode_number(lua_State *L, par_encoder *e, int idx)
{
#if PAR_LUA_INTEGERS
    if (lua_isinteger(L, idx)) {
        int64_t value = lua_tointeger(L, idx);
        if (e->doubles_only && !par_i64_fits_double(value)) return par_refuse_integer(L, e, value);
        par_put_integer(e, value);
    } else {
        par_put_float(e, lua_tonumber(L, idx));
    }
#else
    double value = lua_tonumber(L, idx);
    int64_t whole;
    if (par_number_is_integral(value, &whole)) par_put_integer(e, whole);
    else par_put_float(e, value);
#endif
    return 1;
}

static inline bool par_is_short(int type) { return type == LUA_TNUMBER || type == LUA_TBOOLEAN || type == LUA_TNIL; }

/* One of these, for which there is room. 1, or an error. */
static inline int par_encode_short(lua_State *L, par_encoder *e, int type, int idx)
{
    if (type == LUA_TNUMBER) return par_encode_number(L, e, idx);
    if (type == LUA_TNIL) par_put_u8(e, PAR_TAG_NIL);
    else par_put_u8(e, lua_toboolean(L, idx) ? PAR_TAG_TRUE : PAR_TAG_FALSE);
    return 1;
}

/* 1: written. 0: not a scalar. Leaves the value where it is. */
static inline int par_encode_scalar(lua_State *L, par_encoder *e, int idx)
{
    int type = lua_type(L, idx);
    if (type == LUA_TSTRING) {
        size_t len;
        const char *s = lua_tolstring(L, idx, &len);
        int rc = par_put_string(e, s, len);
        return rc == PAR_OK ? 1 : rc;
    }
    if (!par_is_short(type)) return 0;
    return par_output_room(e, PAR_NUMBER_MAX) ? par_encode_short(L, e, type, idx) : par_output_full(e);
}

#endif
