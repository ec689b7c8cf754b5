/* The parts of the torch-like module, each in the file of its name. */
#ifndef PAR_LUA_TENSOR_PARTS_H
#define PAR_LUA_TENSOR_PARTS_H

#include <lauxlib.h>
#include <lua.h>

#include "tensor/tensor.h"

/* Each finds the module table at the top of the stack, adds its functions to it and to the metatables, and leaves it there. */
void par_lua_tensor_add_shape(lua_State *L);
void par_lua_tensor_add_apply(lua_State *L);
void par_lua_tensor_add_convert(lua_State *L);
void par_lua_tensor_add_fill(lua_State *L);
void par_lua_tensor_add_cat(lua_State *L);
void par_lua_tensor_add_lapack(lua_State *L);
void par_lua_tensor_add_conv(lua_State *L);
void par_lua_tensor_add_histogram(lua_State *L);
void par_lua_tensor_add_pointwise(lua_State *L);
void par_lua_tensor_add_products(lua_State *L);
void par_lua_tensor_add_reduce(lua_State *L);
void par_lua_tensor_add_select(lua_State *L);
void par_lua_tensor_add_random(lua_State *L);
void par_lua_tensor_add_generator(lua_State *L);
void par_lua_tensor_add_file(lua_State *L);

/* Metamethods of element access (access.c, storage.c). Upvalue 1 is the metatable, which holds the methods. */
int par_lua_tensor_index(lua_State *L);
int par_lua_tensor_newindex(lua_State *L);
int par_lua_storage_index(lua_State *L);
int par_lua_storage_newindex(lua_State *L);
extern const luaL_Reg par_lua_storage_methods[];
/* Makes a storage or tensor from its arguments at 1, 2, ... (storage.c, construct.c): the constructors' work. */
int par_lua_storage_construct(lua_State *L, par_type type);
int par_lua_tensor_construct(lua_State *L, par_type type);
/* t:set(...) (construct.c) */
int par_lua_tensor_set(lua_State *L);

/* Methods of tensors and of storages (share.c). */
int par_lua_share(lua_State *L);
int par_lua_is_shared(lua_State *L);
int par_lua_address(lua_State *L);

#endif
