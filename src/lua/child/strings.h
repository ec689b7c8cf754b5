/* Arguments and environment of programs, as the system wants them. */
#ifndef PAR_LUA_CHILD_STRINGS_H
#define PAR_LUA_CHILD_STRINGS_H

#include <lua.h>

/* The strings of the table at idx as a NULL-terminated vector behind `first` (NULL: none), in a userdata that is pushed. The strings stay
 * anchored in the table. */
char **par_lua_push_vector(lua_State *L, int idx, const char *first);
/* This process' environment with the changes of the table at idx ({NAME='value', OTHER=false}), as a vector in a userdata. The new
 * entries are anchored in a table; both are pushed. */
char **par_lua_push_environment(lua_State *L, int idx);

#endif
