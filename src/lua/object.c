#include "lua/object.h"

#include <string.h>

#include "codec/compat.h"

void par_lua_object_open(lua_State *L, const par_lua_object_kind *kind)
{
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "__index");
    lua_rawsetp(L, LUA_REGISTRYINDEX, kind->fallback);
}

void *par_lua_object_new(lua_State *L, const par_lua_object_kind *kind)
{
    void *self = lua_newuserdata(L, kind->bytes);
    memset(self, 0, kind->bytes); /* __gc finds nothing in it */
    lua_createtable(L, 0, 6);     /* metatable */
    lua_createtable(L, 0, 4);     /* fields */
    lua_rawgetp(L, LUA_REGISTRYINDEX, kind->fallback);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    lua_insert(L, -3); /* fields, userdata, metatable */
    lua_pushcfunction(L, kind->gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, kind->tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushstring(L, kind->name);
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_insert(L, -2); /* userdata, fields */
    return self;
}
