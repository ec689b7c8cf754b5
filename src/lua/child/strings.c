#include "lua/child/strings.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "codec/compat.h"
#include "os/os.h"

char **par_lua_push_vector(lua_State *L, int idx, const char *first)
{
    luaL_checktype(L, idx, LUA_TTABLE);
    size_t n = lua_rawlen(L, idx), at = 0;
    char **vector = lua_newuserdata(L, (n + 2) * sizeof *vector);
    if (first) vector[at++] = (char *)first;
    for (size_t i = 1; i <= n; i++) {
        lua_rawgeti(L, idx, (int)i);
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "parallel: argument %d of the program is no string", (int)i);
        vector[at++] = (char *)lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    vector[at] = NULL;
    return vector;
}

/* Does the environment entry "NAME=value" set the variable `name`? */
static bool entry_is(const char *entry, const char *name)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

char **par_lua_push_environment(lua_State *L, int idx)
{
    size_t n = 0, at = 0, changes = 0;
    char **inherited = par_os_environment();
    while (inherited[n]) n++;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) changes++;
    char **vector = lua_newuserdata(L, (n + changes + 1) * sizeof *vector);
    lua_newtable(L); /* anchor */
    for (size_t i = 0; i < n; i++) {
        bool replaced = false;
        for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
            if (lua_type(L, -2) == LUA_TSTRING && entry_is(inherited[i], lua_tostring(L, -2))) replaced = true;
        if (!replaced) vector[at++] = inherited[i];
    }
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        bool unset = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        if (lua_type(L, -2) != LUA_TSTRING || strchr(lua_tostring(L, -2), '=') || (!unset && !lua_isstring(L, -1)))
            luaL_error(L, "parallel: option 'env' takes names with strings as values, or false to remove a name");
        if (unset) continue;
        lua_pushvalue(L, -1); /* a number must not be converted in the table itself */
        lua_pushfstring(L, "%s=%s", lua_tostring(L, -3), lua_tostring(L, -1));
        vector[at] = (char *)lua_tostring(L, -1);
        lua_rawseti(L, -5, (int)++at);
        lua_pop(L, 1);
    }
    vector[at] = NULL;
    return vector;
}
