/* parallel.encode and parallel.decode: any value as a string, and back. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "codec/codec.h"
#include "codec/compat.h"
#include "codec/types.h"
#include "lua/blocks.h"
#include "lua/child/arguments.h"
#include "lua/error.h"
#include "lua/parts.h"

static unsigned option(lua_State *L, int idx, const char *name, unsigned flag)
{
    lua_getfield(L, idx, name);
    bool set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set ? flag : 0;
}

/* encode(value [, {functions = false, foreign = true, lossy = true}]) -> string. For tests: doubles = true is
 * PAR_ENCODE_FLOATS, api = true PAR_ENCODE_API. */
static int codec_encode(lua_State *L)
{
    unsigned flags = PAR_ENCODE_INLINE;
    if (lua_isnone(L, 1)) return par_lua_misuse(L, "encode: a value expected, got none");
    if (!lua_isnoneornil(L, 2)) {
        static const char *const names[] = {"functions", "foreign", "lossy", "doubles", "api", NULL};
        par_lua_check_options(L, 2, "encode", names);
        lua_getfield(L, 2, "functions");
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) flags |= PAR_ENCODE_NO_FUNCTIONS;
        lua_pop(L, 1);
        flags |= option(L, 2, "foreign", PAR_ENCODE_FOREIGN) | option(L, 2, "lossy", PAR_ENCODE_LOSSY) |
                 option(L, 2, "doubles", PAR_ENCODE_FLOATS) | option(L, 2, "api", PAR_ENCODE_API);
    }
    uint8_t span[512];
    par_encoded encoded;
    par_error err;
    par_codec *codec = lua_touserdata(L, lua_upvalueindex(1));
    int rc = par_codec_encode(L, codec, 1, 1, "value", flags, span, sizeof span, &encoded, &err);
    if (rc != PAR_OK) return rc == PAR_E_RAISED ? lua_error(L) : luaL_error(L, "%s", err.text);
    lua_pushlstring(L, (const char *)encoded.bytes, encoded.len);
    par_codec_sent(L, &encoded);
    return 1;
}

/* A string is about to become values; what earlier ones have left is collected first, when it is much. */
static void expect(lua_State *L, size_t len)
{
    if (len < PAR_BLOCK_MIN_BYTES) return;
    par_lua_blocks *blocks = par_lua_blocks_of(L);
    par_lua_blocks_expect(L, blocks, len);
    par_lua_blocks_tidy(L, blocks);
}

/* decode(string [, {functions = true, lossy = true}]) -> value */
static int codec_decode(lua_State *L)
{
    size_t len;
    if (lua_type(L, 1) != LUA_TSTRING)
        return par_lua_misuse(L, "decode: a string of parallel.encode expected, got %s", luaL_typename(L, 1));
    const char *bytes = lua_tolstring(L, 1, &len);
    unsigned flags = 0;
    if (!lua_isnoneornil(L, 2)) {
        static const char *const names[] = {"functions", "lossy", NULL};
        par_lua_check_options(L, 2, "decode", names);
        flags = option(L, 2, "functions", PAR_DECODE_FUNCTIONS) | option(L, 2, "lossy", PAR_DECODE_LOSSY);
    }
    expect(L, len);
    par_error err;
    par_codec *codec = lua_touserdata(L, lua_upvalueindex(1));
    int n = par_codec_decode(L, codec, (const uint8_t *)bytes, len, NULL, 0, flags, &err);
    if (n < 0) return n == PAR_E_RAISED ? lua_error(L) : luaL_error(L, "decode: %s", err.text);
    return n;
}

/* register(typename, {encode=, decode=, metatable=}) teaches this process a type; the receiver has to know it too. */
static int codec_register(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TSTRING) return par_lua_misuse(L, "register: the name of a type expected, got %s", luaL_typename(L, 1));
    static const char *const names[] = {"encode", "decode", "metatable", NULL};
    if (!lua_istable(L, 2))
        return par_lua_misuse(L, "register: encode and decode, or a metatable, in a table expected, got %s", luaL_typename(L, 2));
    lua_settop(L, 2);
    par_lua_check_options(L, 2, "register", names);
    par_codec_register(L, lua_touserdata(L, lua_upvalueindex(1)), 1, 2);
    return 0;
}

/* registered(typename) -> has it been taught? */
static int codec_registered(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    lua_pushboolean(L, par_types_named(L, lua_touserdata(L, lua_upvalueindex(1))));
    return 1;
}

/* digest(bytes) -> their SHA-256 in hexadecimal digits */
static int codec_digest(lua_State *L)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    uint8_t sum[PAR_SHA256_BYTES];
    char text[2 * PAR_SHA256_BYTES + 1];
    par_sha256 hash;
    par_sha256_begin(&hash);
    par_sha256_add(&hash, bytes, len);
    par_sha256_end(&hash, sum);
    for (size_t i = 0; i < PAR_SHA256_BYTES; i++) snprintf(text + 2 * i, 3, "%02x", sum[i]);
    lua_pushstring(L, text);
    return 1;
}

/* core.fingerprint() -> text: what kind of Lua this is, as far as messages care */
static int codec_fingerprint(lua_State *L)
{
    char own[128];
    par_codec_fingerprint(L, own, sizeof own);
    lua_pushstring(L, own);
    return 1;
}

/* How tables are read, in words. */
static int codec_direct_state(lua_State *L)
{
    lua_pushstring(L, par_codec_direct_state());
    return 1;
}

int par_lua_class_file(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "parallel.torch.class_file");
    lua_call(L, 1, 1);
    return 1;
}

void par_lua_open_codec(lua_State *L)
{
    static const struct {
        const char *name;
        lua_CFunction function;
    } functions[] = {{"encode", codec_encode},         {"decode", codec_decode},           {"register", codec_register},
                     {"registered", codec_registered}, {"fingerprint", codec_fingerprint}, {"direct_state", codec_direct_state},
                     {"digest", codec_digest}};
    par_codec_of(L);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushlightuserdata(L, par_codec_of(L));
        lua_pushcclosure(L, functions[i].function, 1);
        lua_setfield(L, -2, functions[i].name);
    }
}
