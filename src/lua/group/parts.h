/* The parts of core.group: each finds that table at the top of the stack, adds its functions to it and leaves it there. Methods, which
 * users call, go into its field `methods`. */
#ifndef PAR_LUA_GROUP_PARTS_H
#define PAR_LUA_GROUP_PARTS_H

#include <lauxlib.h>

void par_lua_open_group_handle(lua_State *L); /* the first */
void par_lua_open_group_make(lua_State *L);
void par_lua_open_group_take(lua_State *L);
void par_lua_open_group_reduce(lua_State *L);
void par_lua_open_group_move(lua_State *L);

/* Adds to core.group.methods, with core.group at the top. */
void par_lua_group_methods(lua_State *L, const luaL_Reg *methods);

#endif
