/* Values from members to members: the calls of collect.h with the values of an exchange. */
#ifndef PAR_LUA_GROUP_VALUES_H
#define PAR_LUA_GROUP_VALUES_H

#include "group/collect.h"
#include "lua/group/wire.h"

/* Does what `what` says (its call, root, type) with the exchange's values: out[0], or of a scatter's root out[to], to in[from]. Begins and
 * ends the call, and raises nothing. */
int par_values_move(lua_State *L, par_lua_group_call *call, par_exchange *x, par_transfer *what, par_error *err);
/* A GATHER or ALLGATHER of the value at idx: pushes the list, or nil for those who get none. Raises. */
void par_values_gather(lua_State *L, par_lua_group_call *call, int idx, par_transfer *what, const char *name);

#endif
