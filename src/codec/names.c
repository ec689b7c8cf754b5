/* The names of library things: a weak table object -> "module\0field\0field", made from package.loaded when it is first
 * needed and again when modules have been loaded since.
 *
 * Of a module's own functions only those in C are named, since Lua ones can travel; the standard libraries' are named
 * whatever they are written in. A table is named when it is a module (or a part of one) that holds functions or has a
 * metatable: a module that is only data travels as data. */
#include "codec/names.h"

#include <string.h>

static const char *const standard[] = {"string", "table", "math", "io",      "os",  "coroutine", "debug",
                                       "utf8",   "bit32", "bit",  "package", "jit", "ffi",       NULL};
static const char *const base[] = {
    "assert",       "collectgarbage", "dofile",     "error",  "gcinfo",   "getfenv", "getmetatable", "ipairs",
    "load",         "loadfile",       "loadstring", "module", "newproxy", "next",    "pairs",        "pcall",
    "print",        "rawequal",       "rawget",     "rawlen", "rawset",   "require", "select",       "setfenv",
    "setmetatable", "tonumber",       "tostring",   "type",   "unpack",   "warn",    "xpcall",       NULL};

void par_names_push_loaded(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    if (lua_istable(L, -1)) return;
    lua_pop(L, 1);
    lua_newtable(L);
}

/* The value at the top gets the name below it unless it has one; pops both. */
static void give_name(lua_State *L, int names)
{
    lua_pushvalue(L, -1);
    lua_rawget(L, names);
    bool known = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (known) {
        lua_pop(L, 2);
        return;
    }
    lua_insert(L, -2);
    lua_rawset(L, names);
}

/* The field at the top of the stack, key below: does it make its table more than data? A function, or a field of a
 * metatable. */
static bool is_code(lua_State *L)
{
    if (lua_isfunction(L, -1)) return true;
    return lua_type(L, -2) == LUA_TSTRING && strncmp(lua_tostring(L, -2), "__", 2) == 0;
}

/* Does the table at the top hold functions, or have a metatable, or is it one? */
static bool is_library(lua_State *L)
{
    if (lua_getmetatable(L, -1)) {
        lua_pop(L, 1);
        return true;
    }
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool code = is_code(L);
        lua_pop(L, 1);
        if (code) {
            lua_pop(L, 1);
            return true;
        }
    }
    return false;
}

static void name_fields(lua_State *L, int names, const char *prefix, size_t prefix_len, bool standard_library, int depth);

static bool deserves_name(lua_State *L, bool standard_library)
{
    switch (lua_type(L, -1)) {
    case LUA_TFUNCTION: return standard_library || lua_iscfunction(L, -1);
    default: return false;
    }
}

/* The field at the top, whose key is below it. Leaves both. */
static void name_field(lua_State *L, int names, const char *prefix, size_t prefix_len, bool standard_library, int depth)
{
    bool part = depth == 0 && lua_istable(L, -1) && is_library(L);
    if (lua_type(L, -2) != LUA_TSTRING || !(part || deserves_name(L, standard_library))) return;
    size_t key_len, len;
    const char *key = lua_tolstring(L, -2, &key_len);
    lua_pushlstring(L, prefix, prefix_len);
    lua_pushlstring(L, "", 1);
    lua_pushlstring(L, key, key_len);
    lua_concat(L, 3);
    lua_pushvalue(L, -1); /* field, name, name */
    lua_pushvalue(L, -3);
    give_name(L, names); /* field, name */
    if (part) {
        const char *name = lua_tolstring(L, -1, &len);
        lua_pushvalue(L, -2);
        name_fields(L, names, name, len, standard_library, depth + 1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The fields of the table at the top. */
static void name_fields(lua_State *L, int names, const char *prefix, size_t prefix_len, bool standard_library, int depth)
{
    luaL_checkstack(L, 10, NULL);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        name_field(L, names, prefix, prefix_len, standard_library, depth);
        lua_pop(L, 1);
    }
}

/* The module at the top under its name. Leaves it. */
static void name_module(lua_State *L, int names, const char *name, bool standard_library)
{
    if (lua_isfunction(L, -1) || (lua_istable(L, -1) && is_library(L))) {
        lua_pushstring(L, name);
        lua_pushvalue(L, -2);
        give_name(L, names);
    }
    if (lua_istable(L, -1)) name_fields(L, names, name, strlen(name), standard_library, 0);
}

static void name_base(lua_State *L, int names)
{
    for (const char *const *name = base; *name; name++) {
        lua_pushliteral(L, "_G");
        lua_pushlstring(L, "", 1);
        lua_pushstring(L, *name);
        lua_concat(L, 3);
        par_lua_push_global(L, *name);
        if (lua_iscfunction(L, -1)) give_name(L, names);
        else lua_pop(L, 2);
    }
}

static void build(lua_State *L)
{
    lua_newtable(L);
    int names = lua_gettop(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, names);
    name_base(L, names);
    par_names_push_loaded(L);
    for (const char *const *name = standard; *name; name++) {
        lua_getfield(L, -1, *name);
        name_module(L, names, *name, true);
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "_G") != 0) name_module(L, names, lua_tostring(L, -2), false);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Changes when a module is loaded, unloaded or replaced. */
static uint64_t stamp_of_loaded(lua_State *L)
{
    uint64_t stamp = 1;
    par_names_push_loaded(L);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        uint64_t mixed = ((uint64_t)(uintptr_t)lua_topointer(L, -1) ^ (uint64_t)(uintptr_t)lua_topointer(L, -2) << 20);
        stamp += mixed * UINT64_C(0x9e3779b97f4a7c15) + 1;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return stamp;
}

static void push_names(lua_State *L, par_codec *codec, bool renew)
{
    const char *key = &codec->anchors.names;
    if (!codec->encoder.names_fresh || renew) {
        uint64_t stamp = stamp_of_loaded(L);
        if (stamp != codec->names_stamp || renew) {
            build(L);
            lua_rawsetp(L, LUA_REGISTRYINDEX, key);
            codec->names_stamp = stamp;
        }
        codec->encoder.names_fresh = true;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
}

bool par_names_find(lua_State *L, par_codec *codec, bool renew)
{
    luaL_checkstack(L, 16, NULL);
    push_names(L, codec, renew);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING) return true;
    lua_pop(L, 1);
    return false;
}
