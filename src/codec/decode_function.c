/* Lua functions from the wire: only from peers of our own process tree, since bytecode cannot be checked. */
#include <stdio.h>

#include "codec/decoder.h"

int par_decode_refuse_code(par_decoder *d, const char *what)
{
    snprintf(d->refused, sizeof d->refused, "%s", what);
    return par_error_set(d->err, PAR_E_UNSUPPORTED,
                         "the message contains a function, which is refused here: decode(s, {functions = true}) accepts "
                         "code from a source that you trust");
}

static int load_bytecode(lua_State *L, par_codec *codec, par_decoder *d)
{
    uint32_t fingerprint, len;
    if (!par_get_bytes(d, &fingerprint, sizeof fingerprint) || !par_get_bytes(d, &len, sizeof len) || len > par_input_left(d))
        return par_corrupt(d, "it ends inside a function");
    if (fingerprint != par_codec_fingerprint_hash(L, codec))
        return par_error_set(d->err, PAR_E_UNSUPPORTED, "a function of another kind of Lua, whose bytecode cannot run here");
    const char *bytes = (const char *)d->p;
    d->p += len;
#if LUA_VERSION_NUM >= 502 || PAR_LUAJIT
    int rc = luaL_loadbufferx(L, bytes, len, "=message", "b");
#else
    int rc = len && bytes[0] == LUA_SIGNATURE[0] ? luaL_loadbuffer(L, bytes, len, "=message") : -1;
    if (rc == -1) return par_corrupt(d, "a function that is not bytecode");
#endif
    if (rc == LUA_OK) return PAR_OK;
    const char *why = lua_tostring(L, -1);
    return par_error_set(d->err, PAR_E_CORRUPT, "a function cannot be loaded: %s", why ? why : "?");
}

int par_decode_bytecode(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later)
{
    if (!(d->flags & PAR_DECODE_FUNCTIONS)) return par_decode_refuse_code(d, "a function");
    int rc = load_bytecode(L, codec, d);
    if (rc == PAR_OK && later) rc = par_decode_remember(L, d, at);
    if (rc != PAR_OK) return rc;
    uint8_t upvalues, flags;
    if (!par_get_u8(d, &upvalues) || !par_get_u8(d, &flags)) return par_corrupt(d, "it ends inside a function");
    if (upvalues != par_codec_count_upvalues(L)) return par_corrupt(d, "a function with another number of upvalues");
    unsigned environment = flags & PAR_FUNCTION_ENV;
    if (upvalues == 0 && !environment) return 1;
    par_filling *filling;
    rc = par_decode_enter(L, d, PAR_TAKE_UPVALUE, &filling);
    if (rc != PAR_OK) return rc;
    filling->fixed = upvalues;
    filling->n = upvalues + environment;
    return 0;
}

int par_decode_join(lua_State *L, par_decoder *d, int upvalue)
{
#if PAR_LUA_UPVALUE_ID
    uint64_t from;
    int rc = par_decode_ref(L, d);
    if (rc < 0) return rc;
    if (!par_get_varint(d, &from)) return par_corrupt(d, "it ends inside a function");
    if (from < 1 || from > 255 || !lua_isfunction(L, -1) || lua_iscfunction(L, -1) || !lua_getupvalue(L, -1, (int)from) ||
        upvalue > (int)d->open[d->levels.depth - 1].fixed)
        return par_corrupt(d, "an upvalue of something else");
    lua_pop(L, 1);
    lua_upvaluejoin(L, -2, upvalue, -1, (int)from);
    lua_pop(L, 1);
    return 1;
#else
    (void)L, (void)upvalue;
    return par_corrupt(d, "a shared upvalue in a Lua that has none");
#endif
}

/* ---- source text ---- */

/* As many empty lines as stand before the function in its file, so that errors name the right ones. */
#define LINES_MAX 100000u

static int load_text(lua_State *L, par_decoder *d, unsigned lines, const char *name, const uint8_t *text, size_t len)
{
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (unsigned i = 1; i < lines; i++) luaL_addchar(&buffer, '\n');
    luaL_addlstring(&buffer, (const char *)text, len);
    luaL_pushresult(&buffer);
    size_t padded;
    const char *chunk = lua_tolstring(L, -1, &padded);
#if LUA_VERSION_NUM >= 502 || PAR_LUAJIT
    int rc = luaL_loadbufferx(L, chunk, padded, name, "t");
#else
    int rc = padded && chunk[0] == LUA_SIGNATURE[0] ? LUA_ERRSYNTAX : luaL_loadbuffer(L, chunk, padded, name);
#endif
    lua_remove(L, -2);
    if (rc == LUA_OK) return PAR_OK;
    const char *why = lua_tostring(L, -1);
    return par_error_set(d->err, PAR_E_UNSUPPORTED, "a function's source text is not Lua here: %.300s", why ? why : "?");
}

int par_decode_source(lua_State *L, par_decoder *d, size_t at, bool later)
{
    uint8_t kind;
    uint64_t line;
    const uint8_t *name, *text;
    size_t name_len, text_len;
    if (!(d->flags & PAR_DECODE_FUNCTIONS)) return par_decode_refuse_code(d, "a function (as source text)");
    if (!par_get_u8(d, &kind) || kind > PAR_SOURCE_FUNCTION || !par_get_varint(d, &line) || line > LINES_MAX ||
        !par_get_block(d, &name, &name_len) || !par_get_block(d, &text, &text_len))
        return par_corrupt(d, "it ends inside a function");
    luaL_checkstack(L, 8, NULL);
    lua_pushlstring(L, (const char *)name, name_len);
    int rc = load_text(L, d, (unsigned)line, lua_tostring(L, -1), text, text_len);
    if (rc != PAR_OK) return rc;
    lua_remove(L, -2);
    if (kind == PAR_SOURCE_FUNCTION) { /* the chunk only makes the function */
        if (lua_pcall(L, 0, 1, 0) != LUA_OK || !lua_isfunction(L, -1)) return par_corrupt(d, "a function's source text gives no function");
    }
    rc = later ? par_decode_remember(L, d, at) : PAR_OK;
    return rc == PAR_OK ? 1 : rc;
}
