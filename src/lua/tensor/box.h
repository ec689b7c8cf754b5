/* Tensors and storages as Lua values: boxes, which are userdata with one reference each, and their metatables. */
#ifndef PAR_LUA_TENSOR_BOX_H
#define PAR_LUA_TENSOR_BOX_H

#include <lauxlib.h>
#include <lua.h>

#include "codec/compat.h"
#include "lua/tensor/errors.h"
#include "tensor/shape.h"
#include "tensor/tensor.h"

/* Borrowed, or NULL when the value is something else. */
par_tensor *par_lua_to_tensor(lua_State *L, int idx);
par_storage *par_lua_to_storage(lua_State *L, int idx);
/* These raise. check_tensor also makes sure that every element lies in the storage, check_any_tensor does not. */
par_tensor *par_lua_check_tensor(lua_State *L, int idx);
par_tensor *par_lua_check_any_tensor(lua_State *L, int idx);
par_tensor *par_lua_check_tensor_type(lua_State *L, int idx, par_type type);
par_storage *par_lua_check_storage(lua_State *L, int idx);
void par_lua_check_sound(lua_State *L, const par_tensor *tensor);

/* For texts, pushed: "torch.LongTensor" or "table", and "LongTensor table " for the arguments up to `top` */
const char *par_lua_push_kind(lua_State *L, int idx);
const char *par_lua_push_kinds(lua_State *L, int top);

/* Pushes a userdata that takes over one reference. */
void par_lua_push_tensor(lua_State *L, par_tensor *tensor);
void par_lua_push_storage(lua_State *L, par_storage *storage);
/* Pushes a new empty tensor, a new view of the same elements, or a new storage, and returns it borrowed. */
par_tensor *par_lua_new_tensor(lua_State *L, par_type type);
par_tensor *par_lua_new_view(lua_State *L, const par_tensor *of);
par_storage *par_lua_new_storage(lua_State *L, par_type type, int64_t size);
/* Runs the collector when storages have grown much since it ran last; making a box does so by itself. */
void par_lua_relieve(lua_State *L);
/* The same when much has arrived in segments that peers lent: before each send and each wait for a message, when what was received
 * last may be dead. The peer has such a segment back before it is asked to fill another. */
void par_lua_give_back(lua_State *L);
/* __gc of a box */
int par_lua_collect(lua_State *L);

/* The metatables, which the module makes (module.c) before there is any box: set pops one, push pushes it. */
void par_lua_set_metatable(lua_State *L, par_type type, bool storage);
void par_lua_push_metatable(lua_State *L, par_type type, bool storage);
/* Adds functions, which carry their names for errors, to the table at the top, or methods to the tensors of all types. */
void par_lua_add_functions(lua_State *L, const luaL_Reg *list);
void par_lua_add_methods(lua_State *L, const luaL_Reg *list);
/* What torch.Tensor makes. */
par_type par_lua_default_type(lua_State *L);
void par_lua_set_default_type(lua_State *L, par_type type);

#endif
