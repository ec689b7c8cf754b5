/* What pools need of C: each finds a table at the top of the stack, adds its functions to it and leaves it there. */
#ifndef PAR_LUA_POOL_PARTS_H
#define PAR_LUA_POOL_PARTS_H

#include <lua.h>

void par_lua_open_tasks(lua_State *L);  /* core.tasks: the owner's part */
void par_lua_open_worker(lua_State *L); /* core.tasks: the worker's */
void par_lua_open_philox(lua_State *L); /* core */
void par_lua_open_limit(lua_State *L);  /* core */

#endif
