/* register(name, {encode=, decode=, metatable=}): two tables in the registry, name -> spec and metatable -> spec. */
#include "codec/types.h"

#include "codec/encoder.h"

static void push_table(lua_State *L, const char *key, bool weak)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    if (lua_istable(L, -1)) return;
    lua_pop(L, 1);
    lua_newtable(L);
    if (weak) {
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "k");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* Registered types belong to the state's first codec. */
static par_codec *root(par_codec *codec)
{
    while (codec->outer) codec = codec->outer;
    return codec;
}

static void check_field(lua_State *L, int spec, const char *field, int type)
{
    lua_getfield(L, spec, field);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != type)
        luaL_error(L, "register: '%s' is a %s, not a %s", field, luaL_typename(L, -1), lua_typename(L, type));
}

void par_codec_register(lua_State *L, par_codec *codec, int name, int spec)
{
    name = lua_absindex(L, name);
    spec = lua_absindex(L, spec);
    luaL_checkstack(L, 8, NULL);
    check_field(L, spec, "encode", LUA_TFUNCTION);
    check_field(L, spec, "decode", LUA_TFUNCTION);
    check_field(L, spec, "metatable", LUA_TTABLE);
    bool encode = !lua_isnil(L, -3), decode = !lua_isnil(L, -2), metatable = !lua_isnil(L, -1);
    if (encode != decode || !(encode || metatable))
        luaL_error(L, "register: '%s' needs encode and decode, or a metatable", lua_tostring(L, name));
    if (!metatable) {
        lua_pushvalue(L, name);
        lua_rawget(L, LUA_REGISTRYINDEX); /* luaL_newmetatable */
        metatable = lua_istable(L, -1);
    }
    lua_createtable(L, 0, 4); /* a copy: later changes of the caller's table would be seen on one side only */
    lua_pushvalue(L, name);
    lua_setfield(L, -2, "name");
    static const char *const fields[] = {"encode", "decode", "metatable"};
    for (int i = 0; i < 3; i++) {
        lua_getfield(L, spec, fields[i]);
        lua_setfield(L, -2, fields[i]);
    }
    push_table(L, &root(codec)->anchors.types, false);
    lua_pushvalue(L, name);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    if (metatable) {
        push_table(L, &root(codec)->anchors.type_of, true);
        lua_pushvalue(L, -3);
        lua_pushvalue(L, -3);
        lua_rawset(L, -3);
    }
    lua_settop(L, spec);
    root(codec)->types_registered = true;
}

/* A type that was registered before its metatable existed: by the name that the metatable has. */
static bool late_match(lua_State *L, par_codec *codec)
{
    char name[128];
    par_metatable_name(L, name, sizeof name);
    if (!*name) return false;
    lua_pushstring(L, name);
    if (!par_types_named(L, codec)) return false;
    lua_getfield(L, -1, "metatable");
    bool other = !lua_isnil(L, -1) && !lua_rawequal(L, -1, -3);
    lua_pop(L, 1);
    if (other) {
        lua_pop(L, 1);
        return false;
    }
    push_table(L, &root(codec)->anchors.type_of, true);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return true;
}

bool par_types_of(lua_State *L, par_codec *codec)
{
    if (!root(codec)->types_registered) return false;
    push_table(L, &root(codec)->anchors.type_of, true);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_istable(L, -1)) return true;
    lua_pop(L, 1);
    return late_match(L, codec);
}

bool par_types_hooked(lua_State *L, par_codec *codec)
{
    if (!par_types_of(L, codec)) return false;
    lua_getfield(L, -1, "encode");
    bool hook = !lua_isnil(L, -1);
    lua_pop(L, hook ? 1 : 2);
    return hook;
}

bool par_types_named(lua_State *L, par_codec *codec)
{
    push_table(L, &root(codec)->anchors.types, false);
    lua_insert(L, -2);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_istable(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}

bool par_types_name(lua_State *L, par_codec *codec)
{
    if (par_types_of(L, codec)) {
        lua_getfield(L, -1, "metatable");
        bool same = lua_rawequal(L, -1, -3);
        lua_pop(L, 1);
        if (same) {
            lua_getfield(L, -1, "name");
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, LUA_REGISTRYINDEX); /* a class: the registry has both ways */
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushliteral(L, "__name");
        lua_rawget(L, -2);
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool same = lua_rawequal(L, -1, -3);
    lua_pop(L, same ? 1 : 2);
    return same;
}

bool par_types_metatable(lua_State *L, par_codec *codec, bool any)
{
    lua_pushvalue(L, -1);
    if (par_types_named(L, codec)) {
        lua_getfield(L, -1, "metatable");
        lua_remove(L, -2);
        if (lua_istable(L, -1)) {
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -1); /* name, metatable, metatable */
    if (lua_istable(L, -1)) lua_rawget(L, LUA_REGISTRYINDEX);
    bool class = lua_istable(L, -2) && lua_rawequal(L, -1, -3);
    bool good = class || (any && lua_istable(L, -2));
    lua_pop(L, 1);
    lua_remove(L, -2);
    if (!good) lua_pop(L, 1);
    return good;
}

/* Is the metatable at the top of the stack in the registry under a name, either way round? */
static bool registry_name(lua_State *L, char *out, size_t room)
{
    lua_pushvalue(L, -1);
    lua_rawget(L, LUA_REGISTRYINDEX); /* torch: metatable -> name */
    bool found = lua_type(L, -1) == LUA_TSTRING;
    if (found) snprintf(out, room, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    if (found) return true;
    lua_pushnil(L); /* luaL_newmetatable: name -> metatable */
    while (lua_next(L, LUA_REGISTRYINDEX)) {
        found = lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, -3);
        lua_pop(L, 1);
        if (!found) continue;
        snprintf(out, room, "%s", lua_tostring(L, -1));
        lua_pop(L, 1);
        return true;
    }
    return false;
}

void par_metatable_name(lua_State *L, char *out, size_t room)
{
    out[0] = '\0';
    lua_pushliteral(L, "__name");
    lua_rawget(L, -2);
    bool named = lua_type(L, -1) == LUA_TSTRING;
    if (named) snprintf(out, room, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    if (!named) registry_name(L, out, room);
}
