/* The torch-like module. */
#ifndef PAR_LUA_TENSOR_MODULE_H
#define PAR_LUA_TENSOR_MODULE_H

#include <lua.h>
#include <stdbool.h>

/* tensor(): returns the module, made on first call and then kept in the registry. */
int par_lua_open_tensor(lua_State *L);
bool par_lua_tensor_is_open(lua_State *L);

#endif
