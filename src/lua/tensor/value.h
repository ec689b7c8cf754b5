/* Numbers, sizes and dimensions between Lua and tensors; resizing, copying and filling. */
#ifndef PAR_LUA_TENSOR_VALUE_H
#define PAR_LUA_TENSOR_VALUE_H

#include "lua/tensor/box.h"
#include "tensor/kernels.h"

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
/* The error of tensors whose numbers of elements must agree. */
void par_lua_check_same_elements(lua_State *L, const par_tensor *a, const char *a_name, const par_tensor *b, const char *b_name);

void par_lua_resize(lua_State *L, par_tensor *tensor, int ndim, const int64_t *size);
void par_lua_resize_as(lua_State *L, par_tensor *tensor, const par_tensor *like);
/* Do both lie in one block of memory, perhaps by different storages? What is written to one may show in the other. */
bool par_lua_same_memory(const par_tensor *a, const par_tensor *b);
/* Copies elements, converting; the numbers of elements must agree. Safe for overlapping views. */
void par_lua_copy(lua_State *L, par_tensor *to, const par_tensor *from);
void par_lua_fill(par_tensor *tensor, par_value value);

#endif
