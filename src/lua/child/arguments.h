/* Options of the calls on children. */
#ifndef PAR_LUA_CHILD_ARGUMENTS_H
#define PAR_LUA_CHILD_ARGUMENTS_H

#include <lua.h>
#include <stdint.h>

/* Raises an error when there is something at idx that is no options table, or one with a name that is none of `names` (ended by NULL). */
void par_lua_check_options(lua_State *L, int idx, const char *what, const char *const *names);
/* The names of calls that can wait and have no more options than that. */
extern const char *const par_lua_timeout_only[];
/* The deadline that the options table at idx asks for ({timeout=seconds}); no table, no deadline. */
int64_t par_lua_deadline(lua_State *L, int idx);
/* The same of the number at idx; `what` for errors. */
int64_t par_lua_deadline_of(lua_State *L, int idx, const char *what);
/* PAR_ENCODE_LOSSY, if the options table at idx asks for it ({lossy=true}); no table, no flags. */
unsigned par_lua_send_flags(lua_State *L, int idx);

#endif
