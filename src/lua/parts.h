/* The parts of parallel.core: one opener for each file of this folder that adds something to the module table. */
#ifndef PAR_LUA_PARTS_H
#define PAR_LUA_PARTS_H

#include <lua.h>

/* Each finds the module table at the top of the stack, adds its functions to it and leaves it there. */
void par_lua_open_blocks(lua_State *L);
void par_lua_open_codec(lua_State *L);
void par_lua_open_errors(lua_State *L);
void par_lua_open_system(lua_State *L);
void par_lua_open_trace(lua_State *L);
void par_lua_open_cluster(lua_State *L);
void par_lua_open_journal(lua_State *L);
void par_lua_open_view(lua_State *L);

/* Returns the module parallel.torch.class_file (codec.c), for the codec. */
int par_lua_class_file(lua_State *L);

#endif
