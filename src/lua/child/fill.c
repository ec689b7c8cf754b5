#include "lua/child/fill.h"

#include <lauxlib.h>

#include "codec/compat.h"

/* Calls target:name(value). */
static void call_with_value(lua_State *L, int target, const char *name, int value)
{
    lua_getfield(L, target, name);
    lua_pushvalue(L, target);
    lua_pushvalue(L, value);
    lua_call(L, 2, 0);
}

/* object:name() as a number, or -1 where there is no such method. */
static double size_by(lua_State *L, int object, const char *name)
{
    double size = -1;
    lua_getfield(L, object, name);
    if (lua_isfunction(L, -1)) {
        lua_pushvalue(L, object);
        lua_call(L, 1, 1);
        size = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
    return size;
}

void par_lua_take_over(lua_State *L, int target)
{
    int value = lua_gettop(L);
    if (!lua_isuserdata(L, value))
        luaL_error(L, "parallel: the message that came is a %s: it cannot fill the tensor or storage given to receive",
                   luaL_typename(L, value));
    double elements = size_by(L, target, "nElement");
    if (elements >= 0 && elements != size_by(L, value, "nElement")) {
        call_with_value(L, target, "resizeAs", value);
    } else if (elements < 0 && size_by(L, target, "size") != size_by(L, value, "size")) {
        lua_getfield(L, target, "resize");
        lua_pushvalue(L, target);
        lua_pushinteger(L, (lua_Integer)size_by(L, value, "size"));
        lua_call(L, 2, 0);
    }
    call_with_value(L, target, "copy", value);
    lua_pushvalue(L, target);
}
