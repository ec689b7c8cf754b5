/* Which coroutine of a Lua state is in a call of ours that may wait: the one whose pending hooks are run when a signal comes. */
#ifndef PAR_LUA_WAITING_H
#define PAR_LUA_WAITING_H

#include <lua.h>
#include <stdbool.h>

typedef struct par_lua_waiting {
    lua_State *L; /* NULL: nobody that may be interrupted */
} par_lua_waiting;

/* The one of this state; lives as long as the state. May raise for memory. */
par_lua_waiting *par_lua_waiting_of(lua_State *L);
/* A signal came during a wait. The standalone interpreters turn Ctrl-C into a debug hook; a call of any Lua function lets it
 * fire. True: it raised, and its error is at the top of the coroutine's stack, for par_lua_throw_status. */
bool par_lua_interrupted(par_lua_waiting *waiting);

void par_lua_open_waiting(lua_State *L);

#endif
