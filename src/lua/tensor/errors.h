/* What the functions of tensors say when they cannot: their name, which argument, what it is. Formats are lua_pushfstring's. */
#ifndef PAR_LUA_TENSOR_ERRORS_H
#define PAR_LUA_TENSOR_ERRORS_H

#include <lauxlib.h>
#include <lua.h>

#include "tensor/tensor.h"

/* Raises "torch.name: text" with the name of the C function that runs. */
int par_lua_error(lua_State *L, const char *format, ...);
/* Raises "bad argument #n to 'name' (text)". */
int par_lua_arg_error(lua_State *L, int argument, const char *format, ...);
/* A string (len NULL: its length is not asked for), or that error. */
const char *par_lua_check_text(lua_State *L, int idx, size_t *len);
/* Raises the error of a core function that did not return PAR_OK. */
void par_lua_check_status(lua_State *L, int status, const par_error *err);

/* For texts, pushed: an integer in digits, and "[2 x 3]" */
const char *par_lua_push_digits(lua_State *L, int64_t i);
const char *par_lua_push_size(lua_State *L, const par_tensor *tensor);
const char *par_lua_push_sizes(lua_State *L, int ndim, const int64_t *size);

#endif
