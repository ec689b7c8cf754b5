/* The parts of core.shared: each finds that table at the top of the stack, adds a table of its own to it and leaves it there. */
#ifndef PAR_LUA_SHARED_PARTS_H
#define PAR_LUA_SHARED_PARTS_H

#include <lauxlib.h>

void par_lua_open_shared_object(lua_State *L); /* the first */
void par_lua_open_shared_counter(lua_State *L);
void par_lua_open_shared_lock(lua_State *L);
void par_lua_open_shared_table(lua_State *L);

#endif
