/* What starting a child needs of the fork server's userdata. */
#ifndef PAR_LUA_LUA_FORKSERVER_H
#define PAR_LUA_LUA_FORKSERVER_H

#include <lua.h>

#include "link/forkserver.h"

/* The server at idx, or NULL. */
par_forkserver *par_lua_forkserver_to(lua_State *L, int idx);
/* lua_start.c: the strings of the table at idx as a NULL-terminated vector behind `first`, in a userdata that is pushed. */
char **par_lua_push_vector(lua_State *L, int idx, const char *first);

#endif
