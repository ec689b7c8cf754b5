/* Lua functions: bytecode with line numbers, then the upvalues. An upvalue that two functions of the message share is
 * written once and joined (PUC 5.1 cannot tell: there it is copied). */
#include "codec/encoder.h"

static int write_bytecode(lua_State *L, const void *bytes, size_t len, void *context)
{
    (void)L;
    par_encoder *e = context;
    if (len == 0) return 0; /* 5.5 ends with NULL */
    if (!par_output_room(e, len)) return 1;
    par_put_bytes(e, bytes, len);
    return 0;
}

static int dump(lua_State *L, par_encoder *e)
{
#if LUA_VERSION_NUM >= 503
    return lua_dump(L, write_bytecode, e, 0);
#else
    return lua_dump(L, write_bytecode, e);
#endif
}

/* An environment (at the top) that holds nothing itself and looks everything up elsewhere stands for the globals: test
 * frameworks and sandboxes run functions in such ones, and what is behind them does not belong to the function. */
static bool stands_for_globals(lua_State *L)
{
    if (!lua_istable(L, -1) || !luaL_getmetafield(L, -1, "__index")) return false;
    lua_pop(L, 1);
    lua_pushnil(L);
    if (!lua_next(L, -2)) return true;
    lua_pop(L, 2);
    return false;
}

/* 5.1 and LuaJIT: does the function at the top have an environment of its own? */
static bool has_environment(lua_State *L)
{
#if LUA_VERSION_NUM < 502
    lua_getfenv(L, -1);
    bool own = !lua_rawequal(L, -1, LUA_GLOBALSINDEX) && !stands_for_globals(L);
    lua_pop(L, 1);
    return own;
#else
    (void)L;
    return false;
#endif
}

static int put_bytecode(lua_State *L, par_codec *codec, par_encoder *e)
{
    if (!par_output_room(e, 16)) return par_output_full(e);
    uint32_t fingerprint = par_codec_fingerprint_hash(L, codec), len = 0;
    par_put_u8(e, PAR_TAG_FUNCTION);
    par_put_bytes(e, &fingerprint, sizeof fingerprint);
    size_t length_at = par_output_at(e);
    par_put_bytes(e, &len, sizeof len);
    if (dump(L, e) != 0) {
        if (e->end - e->p < 64) return par_output_full(e);
        return par_refuse(L, e, "cannot send a function that this Lua cannot dump");
    }
    size_t dumped = par_output_at(e) - length_at - sizeof len;
    if (dumped > UINT32_MAX) return par_refuse(L, e, "cannot send a function of more than 4 GiB");
    len = (uint32_t)dumped;
    memcpy(e->start + length_at, &len, sizeof len);
    return PAR_OK;
}

int par_encode_function(lua_State *L, par_codec *codec, par_encoder *e)
{
    if (e->flags & PAR_ENCODE_NO_FUNCTIONS) return par_refuse(L, e, "cannot send a function here");
    int rc = par_encode_check_holder(L, codec, e);
    if (rc == PAR_OK) rc = par_encode_named(L, codec, e, false);
    if (rc == 0 && lua_iscfunction(L, -1)) {
        rc = par_encode_named(L, codec, e, true);
        if (rc == 0)
            rc = par_refuse(
                L, e, "cannot send a C function that package.loaded does not hold: make it where it is called, or require its module");
    }
    if (rc != 0) return rc;
    rc = par_encode_seen(L, e, lua_topointer(L, -1), 0);
    if (rc != 0) return rc;
    if (e->flags & PAR_ENCODE_FOREIGN) return par_encode_source(L, e);
    size_t at = par_output_at(e);
    rc = put_bytecode(L, codec, e);
    if (rc != PAR_OK) return rc;
    int n = par_codec_count_upvalues(L);
    bool environment = has_environment(L);
    if (!par_output_room(e, 2)) return par_output_full(e);
    par_put_u8(e, (unsigned)n);
    par_put_u8(e, environment ? PAR_FUNCTION_ENV : 0);
    if (n == 0 && !environment) return 1;
    par_open *open;
    rc = par_encode_enter(L, e, PAR_STEP_UPVALUES, at, &open);
    if (rc != PAR_OK) return rc;
    open->n = (size_t)n + environment;
    open->entries = (size_t)n;
    lua_pushnil(L);
    return 0;
}

#if PAR_LUA_UPVALUE_ID
/* 1: this upvalue was written with another function and is joined. 0: it is new. */
static int join_upvalue(lua_State *L, par_encoder *e, const par_open *open)
{
    bool added;
    par_seen *seen = par_pointers_add(&e->seen, lua_upvalueid(L, -2, (int)open->i), &added);
    if (!seen) return par_output_full(e);
    if (added) {
        seen->at = open->at;
        seen->aux = (uint32_t)open->i;
        return 0;
    }
    if (!par_output_room(e, 21)) return par_output_full(e);
    par_encode_mark_later(e, seen->at);
    par_put_u8(e, PAR_TAG_JOIN);
    par_put_varint(e, seen->at);
    par_put_varint(e, seen->aux);
    return 1;
}
#endif

int par_encode_next_upvalue(lua_State *L, par_encoder *e, par_open *open)
{
    while (open->i < open->n) {
        if (++open->i > open->entries) {
#if LUA_VERSION_NUM < 502
            lua_getfenv(L, -2);
#endif
            return 1;
        }
#if PAR_LUA_UPVALUE_ID
        int rc = join_upvalue(L, e, open);
        if (rc < 0) return rc;
        if (rc == 1) continue;
#endif
        const char *name = lua_getupvalue(L, -2, (int)open->i);
        if (name && strcmp(name, "_ENV") == 0 && stands_for_globals(L)) {
            lua_pop(L, 1);
            par_lua_push_globals(L);
        }
        return 1;
    }
    (void)e;
    return 0;
}
