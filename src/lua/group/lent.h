/* allreduce of tensors that all members see: each has shared its own, and maps those of the others. */
#ifndef PAR_LUA_GROUP_LENT_H
#define PAR_LUA_GROUP_LENT_H

#include "group/collect.h"
#include "lua/group/handle.h"

/* Of a group that was taken, with its fields, what the parent told and the list of links to the others (by rank) at the top of the stack, which stay.
 * Raises for memory. */
void par_lua_lent_open(lua_State *L, par_lua_group *self);
/* What it knows goes to the group of those who live, but for the tensors. That one's fields are at the top; the old one at index 1. */
void par_lua_lent_move(lua_State *L, par_lua_group *self, par_lua_group *next);
void par_lua_lent_close(par_lua_group *self);

/* Of a call that was begun. memory: where `what`'s elements lie, or NULL: the others do not see it. *done: the result is there; else nothing
 * has been changed, and it has to go through windows: that is the same for all members. */
int par_lua_lent_allreduce(lua_State *L, const par_lua_group_call *call, const par_reduction *what, par_blob *memory, bool *done,
                           par_error *err);
/* How many reductions were done that way. */
uint64_t par_lua_lent_count(const par_lua_group *self);

#endif
