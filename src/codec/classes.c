#include "codec/classes.h"

#include <stdio.h>

#include "codec/types.h"

#define ANCESTORS_MAX 100 /* a metatable may be its own */

/* The name of the class whose metatable is at the top. */
static bool push_name(lua_State *L)
{
    lua_pushvalue(L, -1);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (lua_type(L, -1) == LUA_TSTRING) {
        lua_pushvalue(L, -1);
        lua_rawget(L, LUA_REGISTRYINDEX);
        bool same = lua_rawequal(L, -1, -3);
        lua_pop(L, 1);
        if (same) return true;
    }
    lua_pop(L, 1);
    return false;
}

static bool push_inherited(lua_State *L, int idx, const char *name)
{
    lua_pushvalue(L, idx);
    for (int i = 0; i < ANCESTORS_MAX; i++) {
        lua_pushstring(L, name);
        lua_rawget(L, -2);
        if (lua_isfunction(L, -1) && !lua_iscfunction(L, -1)) {
            lua_remove(L, -2);
            return true;
        }
        bool absent = lua_isnil(L, -1);
        lua_pop(L, 1);
        if (!absent || !lua_getmetatable(L, -1)) break;
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
    return false;
}

void par_class_push_method(lua_State *L, int idx, const char *name)
{
    char hidden[16];
    idx = lua_absindex(L, idx);
    snprintf(hidden, sizeof hidden, "__%s", name);
    if (!push_inherited(L, idx, hidden) && !push_inherited(L, idx, name)) lua_pushnil(L);
}

static bool has_method(lua_State *L, const char *name)
{
    par_class_push_method(L, -1, name);
    bool found = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return found;
}

bool par_class_is(lua_State *L)
{
    bool class = push_name(L);
    if (class) lua_pop(L, 1);
    return class;
}

bool par_class_of(lua_State *L, par_codec *codec)
{
    if (!codec->hooks.class_file) return false;
    luaL_checkstack(L, 10, NULL);
    if (!push_name(L)) return false;
    lua_insert(L, -2); /* name, metatable */
    bool registered = par_types_of(L, codec);
    if (registered) lua_pop(L, 1);
    bool own = !registered && (has_method(L, "write") || has_method(L, "read"));
    lua_insert(L, -2); /* metatable, name */
    if (!own) lua_pop(L, 1);
    return own;
}

bool par_class_named(lua_State *L)
{
    lua_pushvalue(L, -1);
    lua_rawget(L, LUA_REGISTRYINDEX); /* name, metatable */
    bool class = lua_istable(L, -1) && push_name(L);
    if (class) lua_pop(L, 1);
    lua_remove(L, -2);
    if (!class) lua_pop(L, 1);
    return class;
}

/* Pushes the module, or a text. */
static bool push_module(lua_State *L, par_codec *codec)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &codec->anchors.class_file);
    if (lua_istable(L, -1)) return true;
    lua_pop(L, 1);
    lua_pushcfunction(L, codec->hooks.class_file);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) return false;
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &codec->anchors.class_file);
    return true;
}

bool par_class_call(lua_State *L, par_codec *codec, const char *function, int args)
{
    luaL_checkstack(L, 10, NULL);
    bool good = push_module(L, codec);
    if (good) {
        lua_getfield(L, -1, function);
        lua_replace(L, -2);
        lua_insert(L, -(args + 1));
        good = lua_pcall(L, args, 1, 0) == LUA_OK;
    }
    if (!good && !lua_isstring(L, -1)) {
        lua_pop(L, 1);
        lua_pushliteral(L, "an error that is not a text");
    }
    return good;
}
