/* Things that travel by name, and objects of registered types, at the receiver. */
#include <stdio.h>

#include "codec/classes.h"
#include "codec/decoder.h"
#include "codec/names.h"
#include "codec/types.h"

/* ---- library things ---- */

/* The name of a module is at the top: pushes the module, loading it if it has to be. */
static int find_module(lua_State *L, par_decoder *d)
{
    par_names_push_loaded(L);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_toboolean(L, -1)) return PAR_OK;
    lua_pop(L, 1);
    char what[120];
    snprintf(what, sizeof what, "something of the module '%.80s'", lua_tostring(L, -1));
    int rc = par_input_own_to_load(d, what);
    if (rc != PAR_OK) return rc;
    lua_getglobal(L, "require");
    lua_pushvalue(L, -2);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return PAR_OK;
    const char *why = lua_tostring(L, -1);
    return par_error_set(d->err, PAR_E_UNSUPPORTED, "%s, which cannot be loaded here: %.300s", what, why ? why : "?");
}

static bool push_name(lua_State *L, par_decoder *d)
{
    const uint8_t *bytes;
    size_t len;
    if (!par_get_block(d, &bytes, &len) || len > 1000) return false;
    lua_pushlstring(L, (const char *)bytes, len);
    return true;
}

/* What a message names, as it wrote it. The names stay on the stack, as errors leave it. */
static int refuse_named(lua_State *L, par_decoder *d, unsigned fields)
{
    char what[160];
    size_t used = 0;
    for (unsigned i = 0; i <= fields; i++) {
        if (!push_name(L, d)) return par_corrupt(d, "it ends inside a name");
        int n = snprintf(what + used, sizeof what - used, i ? ".%.40s" : fields ? "'%.40s" : "the module '%.40s", lua_tostring(L, -1));
        if (n > 0) used += (size_t)n;
    }
    snprintf(what + used, sizeof what - used, fields ? "' by its name" : "'");
    return par_decode_refuse_code(d, what);
}

int par_decode_named(lua_State *L, par_decoder *d)
{
    uint8_t fields;
    if (!par_get_u8(d, &fields) || fields > 2) return par_corrupt(d, "it ends inside a name");
    if (!(d->flags & PAR_DECODE_FUNCTIONS)) return refuse_named(L, d, fields);
    if (!push_name(L, d)) return par_corrupt(d, "it ends inside a name");
    int rc = find_module(L, d);
    if (rc != PAR_OK) return rc;
    for (; fields > 0; fields--) { /* name, value */
        if (!push_name(L, d)) return par_corrupt(d, "it ends inside a name");
        lua_insert(L, -3); /* field, name, value */
        lua_pushvalue(L, -3);
        if (lua_istable(L, -2)) lua_rawget(L, -2);
        else lua_pushnil(L);
        if (lua_isnil(L, -1))
            return par_error_set(d->err, PAR_E_UNSUPPORTED, "'%.80s' of '%.80s' is not there at the receiver", lua_tostring(L, -4),
                                 lua_tostring(L, -3));
        lua_insert(L, -4); /* result, field, name, value */
        lua_pop(L, 2);     /* result, field */
        lua_insert(L, -2); /* field, result */
    }
    lua_remove(L, -2);
    return 1;
}

/* ---- registered types ---- */

int par_decode_find_hook(lua_State *L, par_codec *codec, par_decoder *d)
{
    const char *name = lua_tostring(L, -1);
    lua_createtable(L, 4, 1);
    lua_insert(L, -2); /* table, name */
    lua_pushvalue(L, -1);
    bool known = par_types_named(L, codec);
    if (!known) { /* Torch's own are known once a Torch is there */
        int rc = par_decode_settle(L, codec, d);
        if (rc != PAR_OK) return rc;
        lua_pushvalue(L, -1);
        known = par_types_named(L, codec);
    }
    if (!known)
        return par_error_set(d->err, PAR_E_UNSUPPORTED,
                             "an object of type '%.100s', which has to be registered with parallel.register here too", name);
    lua_getfield(L, -1, "decode");
    if (!lua_isfunction(L, -1))
        return par_error_set(d->err, PAR_E_UNSUPPORTED, "the type '%.100s' is registered here without decode", name);
    lua_setfield(L, -4, "decode");
    lua_pop(L, 2);
    return PAR_OK;
}

int par_decode_call_hook(lua_State *L, par_decoder *d, size_t n, size_t reference)
{
    int rc = par_input_own(d);
    if (rc != PAR_OK) return rc;
    int values = lua_gettop(L);
    luaL_checkstack(L, (int)n + 10, "no room for the values of a decode hook");
    lua_getfield(L, values, "decode");
    for (size_t i = 1; i <= n; i++) lua_rawgeti(L, values, (int)i);
    if (lua_pcall(L, (int)n, 1, 0) != LUA_OK) return PAR_E_RAISED;
    if (reference) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, d->refs_index, (int)reference);
    }
    lua_replace(L, values);
    return 1;
}

/* ---- classes ---- */

static const char object_field[] = "object", class_field[] = "class";

int par_decode_make_object(lua_State *L, par_codec *codec, par_decoder *d)
{
    const char *name = lua_tostring(L, -1);
    int rc = par_input_own(d);
    if (rc != PAR_OK) return rc;
    lua_createtable(L, PAR_CLASS_CONTENTS, 2);
    lua_insert(L, -2); /* contents, name */
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, class_field);
    lua_pushvalue(L, -1);
    bool known = codec->hooks.class_file && par_class_named(L);
    if (!known && codec->hooks.class_file) { /* as above */
        rc = par_decode_settle(L, codec, d);
        if (rc != PAR_OK) return rc;
        lua_pushvalue(L, -1);
        known = par_class_named(L);
    }
    if (!known)
        return par_error_set(d->err, PAR_E_UNSUPPORTED,
                             "an object of class '%.100s', which is not known here: load the file that defines it first", name);
    if (!par_class_call(L, codec, "make", 1))
        return par_error_set(d->err, PAR_E_UNSUPPORTED, "making an object of class '%.60s': %.230s", name, lua_tostring(L, -1));
    lua_remove(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, object_field);
    return PAR_OK;
}

int par_decode_read_object(lua_State *L, par_codec *codec, par_decoder *d)
{
    int contents = lua_gettop(L);
    luaL_checkstack(L, 20, NULL);
    lua_getfield(L, contents, object_field);
    if (!lua_getmetatable(L, -1)) return par_corrupt(d, "an object whose class was taken away");
    par_class_push_method(L, -1, "read");
    lua_replace(L, -2);
    lua_pushvalue(L, contents);
    if (par_class_call(L, codec, "read", 3)) {
        lua_getfield(L, contents, object_field);
        lua_replace(L, contents);
        lua_settop(L, contents);
        return 1;
    }
    lua_getfield(L, contents, class_field);
    return par_error_set(d->err, PAR_E_UNSUPPORTED, "reading an object of class '%.60s': %.230s", lua_tostring(L, -1), lua_tostring(L, -2));
}
