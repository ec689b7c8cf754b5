/* Storages and tensors as Lua values, and what the files lua_tensor*.c and lua_storage.c share. */
#ifndef PAR_LUA_LUA_TENSOR_H
#define PAR_LUA_LUA_TENSOR_H

#include <lauxlib.h>
#include <lua.h>

#include "codec/codec.h"
#include "codec/compat.h"
#include "lua/parts.h"
#include "tensor/kernels.h"
#include "tensor/shape.h"
#include "tensor/tensor.h"

extern const par_codec_hooks par_lua_tensor_hooks;

/* par_lua_open_tensor is declared in parts.h: it returns the module, made on first use and then kept in the registry.
 */

/* Borrowed, or NULL when the value is something else. */
par_tensor *par_lua_to_tensor(lua_State *L, int idx);
par_storage *par_lua_to_storage(lua_State *L, int idx);
/* These raise. check_tensor also makes sure that every element lies in the storage. */
par_tensor *par_lua_check_tensor(lua_State *L, int idx);
par_tensor *par_lua_check_tensor_type(lua_State *L, int idx, par_type type);
par_storage *par_lua_check_storage(lua_State *L, int idx);
void par_lua_check_sound(lua_State *L, const par_tensor *tensor);

/* Pushes a userdata that takes over one reference. */
void par_lua_push_tensor(lua_State *L, par_tensor *tensor);
void par_lua_push_storage(lua_State *L, par_storage *storage);
/* Pushes a new empty tensor, a new view of the same elements, or a new storage, and returns it borrowed. */
par_tensor *par_lua_new_tensor(lua_State *L, par_type type);
par_tensor *par_lua_new_view(lua_State *L, const par_tensor *of);
par_storage *par_lua_new_storage(lua_State *L, par_type type, int64_t size);

/* Raises the error of a core function that did not return PAR_OK. */
void par_lua_check_status(lua_State *L, int status, const par_error *err);
void par_lua_resize(lua_State *L, par_tensor *tensor, int ndim, const int64_t *size);
void par_lua_resize_as(lua_State *L, par_tensor *tensor, const par_tensor *like);
/* Copies elements, converting; the numbers of elements must agree. Safe for overlapping views. */
void par_lua_copy(lua_State *L, par_tensor *to, const par_tensor *from);
void par_lua_fill(par_tensor *tensor, par_value value);

/* Raises "bad argument #n to 'name' (text)". Unlike luaL_argerror it counts as Torch does: t of t:name() is the first.
 */
int par_lua_argument_error(lua_State *L, int n, const char *text);

/* Numbers as elements of a type, and integers that any number gives (truncated). */
par_value par_lua_check_value(lua_State *L, int idx, par_type type);
par_value par_lua_value_of_double(double d, par_type type);
void par_lua_push_value(lua_State *L, par_type type, par_value value);
void par_lua_push_i64(lua_State *L, int64_t i);
int64_t par_lua_check_i64(lua_State *L, int idx);
/* A dimension from 1, as 0-based; raises unless 1 <= dim <= ndim. */
int par_lua_check_dim(lua_State *L, int idx, const par_tensor *tensor);
/* Sizes from stack index first on: a LongStorage, a table of numbers, or numbers up to the top. Returns their count. */
int par_lua_check_sizes(lua_State *L, int first, int64_t *sizes);
/* "[2 x 3]" in a buffer of the caller. */
#define PAR_LUA_SIZE_TEXT 256
const char *par_lua_size_text(const par_tensor *tensor, char *room);
/* The error of tensors whose numbers of elements must agree. */
void par_lua_check_same_elements(lua_State *L, const par_tensor *a, const char *a_name, const par_tensor *b,
                                 const char *b_name);

/* Pushes the metatable of the tensors, or of the storages, of a type. */
void par_lua_push_metatable(lua_State *L, par_type type, bool storage);
par_type par_lua_default_type(lua_State *L);

/* Methods of tensors and of storages. */
int par_lua_share(lua_State *L);
int par_lua_is_shared(lua_State *L);
int par_lua_address(lua_State *L);

/* The parts: each finds the module table at the top of the stack and leaves it there. */
void par_lua_tensor_add_shape(lua_State *L);
void par_lua_tensor_add_pointwise(lua_State *L);
void par_lua_tensor_add_reduce(lua_State *L);
void par_lua_tensor_add_matrix(lua_State *L);
void par_lua_tensor_add_select(lua_State *L);
void par_lua_tensor_add_random(lua_State *L);
/* Metamethods of element access (lua_tensor_access.c). Upvalue 1 is the metatable, which holds the methods. */
int par_lua_tensor_index(lua_State *L);
int par_lua_tensor_newindex(lua_State *L);
int par_lua_storage_index(lua_State *L);
int par_lua_storage_newindex(lua_State *L);
extern const luaL_Reg par_lua_storage_methods[];
/* Makes a storage or tensor from its arguments at 1, 2, ... (the constructors' work). */
int par_lua_storage_construct(lua_State *L, par_type type);
int par_lua_tensor_construct(lua_State *L, par_type type);

#endif
