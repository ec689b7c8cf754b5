/* The torch-like module. */
#ifndef PAR_LUA_TENSOR_MODULE_H
#define PAR_LUA_TENSOR_MODULE_H

#include <lua.h>
#include <stdbool.h>

/* tensor(): returns the module, made on first call and then kept in the registry. */
int par_lua_open_tensor(lua_State *L);
bool par_lua_tensor_is_open(lua_State *L);
/* Adds what Lua asks about a real Torch7 to the module parallel.core at the top of the stack (meet.c). */
void par_lua_open_torch(lua_State *L);

#endif
