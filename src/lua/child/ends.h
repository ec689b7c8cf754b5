/* What went wrong with a child, as errors for people. */
#ifndef PAR_LUA_CHILD_ENDS_H
#define PAR_LUA_CHILD_ENDS_H

#include "lua/child/handle.h"

/* Raises what went wrong: the child's own error when it failed, else what err says. It has to be open. */
int par_lua_link_throw(lua_State *L, par_lua_link *self, const par_error *err, const char *verb);
/* Raises why a call did not succeed that ended with rc and err, and a leave that gave `open`. */
int par_lua_link_fail(lua_State *L, par_lua_link *self, bool open, int rc, par_error *err, const char *verb);
/* The same, which returns if all is well. */
static inline void par_lua_link_settle(lua_State *L, par_lua_link *self, bool open, int rc, par_error *err, const char *verb)
{
    if (!open || rc < PAR_OK) par_lua_link_fail(L, self, open, rc, err, verb);
}
/* Pushes the error object for a child that has ended badly. It has to be open. */
void par_lua_link_push_end(lua_State *L, par_lua_link *self);

#endif
