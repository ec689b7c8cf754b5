/* torch.Generator: a userdata that is the state of a generator of random numbers. */
#ifndef PAR_LUA_TENSOR_GENERATOR_H
#define PAR_LUA_TENSOR_GENERATOR_H

#include <lua.h>

#include "tensor/random.h"

/* Borrowed, or NULL when the value is something else. */
par_random *par_lua_to_random(lua_State *L, int idx);
/* The generator of this Lua state. */
par_random *par_lua_default_random(lua_State *L);

#endif
