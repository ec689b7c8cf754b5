/* The parts of core.child: each finds that table at the top of the stack, adds its functions to it and leaves it there. Methods, which
 * users call, go into its field `methods`. */
#ifndef PAR_LUA_CHILD_PARTS_H
#define PAR_LUA_CHILD_PARTS_H

#include <lauxlib.h>

void par_lua_open_handle(lua_State *L); /* the first */
void par_lua_open_send(lua_State *L);
void par_lua_open_receive(lua_State *L);
void par_lua_open_join(lua_State *L);
void par_lua_open_process(lua_State *L);
void par_lua_open_select(lua_State *L);
void par_lua_open_broadcast(lua_State *L);
void par_lua_open_start(lua_State *L);
void par_lua_open_attach(lua_State *L);
void par_lua_open_forkserver(lua_State *L);

/* Adds to core.child.methods, with core.child at the top. */
void par_lua_child_methods(lua_State *L, const luaL_Reg *methods);

#endif
