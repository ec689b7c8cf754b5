#include "lua/tensor/errors.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A function that runs in a pcall or as the last thing of another has no name that Lua knows: ours carry theirs as an upvalue, the
 * first, or the second behind a description. */
static const char *own_name(lua_State *L)
{
    for (int i = 1; i <= 2; i++)
        if (lua_type(L, lua_upvalueindex(i)) == LUA_TSTRING) return lua_tostring(L, lua_upvalueindex(i));
    return NULL;
}

static void ask_lua(lua_State *L, lua_Debug *where)
{
    memset(where, 0, sizeof *where);
    if (!lua_getstack(L, 0, where) || !lua_getinfo(L, "n", where)) where->name = where->namewhat = NULL;
}

int par_lua_error(lua_State *L, const char *format, ...)
{
    lua_Debug where;
    va_list args;
    const char *name = own_name(L);
    ask_lua(L, &where);
    va_start(args, format);
    const char *text = lua_pushvfstring(L, format, args);
    va_end(args);
    if (name) return luaL_error(L, "torch.%s: %s", name, text);
    return where.name ? luaL_error(L, "%s: %s", where.name, text) : luaL_error(L, "%s", text);
}

int par_lua_arg_error(lua_State *L, int argument, const char *format, ...)
{
    lua_Debug where;
    va_list args;
    const char *name = own_name(L);
    ask_lua(L, &where);
    va_start(args, format);
    const char *text = lua_pushvfstring(L, format, args);
    va_end(args);
    if (!name) name = where.name ? where.name : "?";
    bool method = where.namewhat && strcmp(where.namewhat, "method") == 0; /* whose object is not counted */
    if (method && argument == 1) return luaL_error(L, "calling '%s' on bad self (%s)", name, text);
    return luaL_error(L, "bad argument #%d to '%s' (%s)", method ? argument - 1 : argument, name, text);
}

const char *par_lua_check_text(lua_State *L, int idx, size_t *len)
{
    const char *text = lua_tolstring(L, idx, len);
    if (!text) par_lua_arg_error(L, idx, "string expected, got %s", luaL_typename(L, idx));
    return text;
}

void par_lua_check_status(lua_State *L, int status, const par_error *err)
{
    if (status != PAR_OK) par_lua_error(L, "%s", err->text);
}

const char *par_lua_push_digits(lua_State *L, int64_t i)
{
    char digits[24];
    luaL_checkstack(L, 6, "texts");
    snprintf(digits, sizeof digits, "%" PRId64, i);
    lua_pushstring(L, digits);
    return lua_tostring(L, -1);
}

const char *par_lua_push_size(lua_State *L, const par_tensor *tensor) { return par_lua_push_sizes(L, tensor->ndim, tensor->size); }

const char *par_lua_push_sizes(lua_State *L, int ndim, const int64_t *size)
{
    luaL_checkstack(L, 6, "texts");
    lua_pushliteral(L, "[");
    for (int d = 0; d < ndim; d++) {
        if (d) lua_pushliteral(L, " x ");
        par_lua_push_digits(L, size[d]);
        lua_concat(L, d ? 3 : 2);
    }
    lua_pushliteral(L, "]");
    lua_concat(L, 2);
    return lua_tostring(L, -1);
}
