/* allreduce of tensors that all members see. */
#ifndef PAR_LUA_GROUP_SHARED_H
#define PAR_LUA_GROUP_SHARED_H

#include "lua/group/handle.h"
#include "tensor/reduce_into.h"

/* Is it a list of tensors? */
bool par_lua_is_shared_list(lua_State *L, int idx);
/* Of the list at 2: the shared tensor of each member, by rank. Pushes our own, and returns 1. Raises. */
int par_lua_reduce_shared(lua_State *L, par_lua_group_call *call, par_reduce_op op);
/* Raises when there is no such operation on this type; `what` is the call. */
void par_lua_reduce_check(lua_State *L, const char *what, par_reduce_op op, par_type type);

#endif
