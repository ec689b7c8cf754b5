/* Objects with fields: userdata, each with a metatable of its own whose __index is a plain table of fields, which falls back on the methods
 * that all objects of its kind share. So object.id and object:method are table lookups without a C call. */
#ifndef PAR_LUA_OBJECT_H
#define PAR_LUA_OBJECT_H

#include <lua.h>
#include <stddef.h>

typedef struct par_lua_object_kind {
    const char *name;     /* __name: "parallel.child" */
    size_t bytes;         /* of the userdata */
    const void *fallback; /* an address: under it the registry has the metatable of every table of fields */
    lua_CFunction gc, tostring;
} par_lua_object_kind;

/* With the table of methods at the top, which stays there: before the first object is made. */
void par_lua_object_open(lua_State *L, const par_lua_object_kind *kind);
/* The caller has seen to six places on the stack. Pushes the userdata, whose bytes (all 0) are the caller's to fill, and its empty table of
 * fields. */
void *par_lua_object_new(lua_State *L, const par_lua_object_kind *kind);

#endif
