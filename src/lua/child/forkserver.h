/* What starting a child needs of the fork server's userdata. */
#ifndef PAR_LUA_CHILD_FORKSERVER_H
#define PAR_LUA_CHILD_FORKSERVER_H

#include <lua.h>

#include "link/forkserver.h"

/* The server at idx, or NULL. */
par_forkserver *par_lua_forkserver_to(lua_State *L, int idx);

#endif
