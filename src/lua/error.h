/* Error objects: tables with code, id, message, traceback, signal and status, and a __tostring (lua/parallel/errors.lua
 * supplies the metatable). */
#ifndef PAR_LUA_ERROR_H
#define PAR_LUA_ERROR_H

#include <lua.h>
#include <stdbool.h>

#include "base/status.h"

/* The code of error objects for a PAR_E_ code; NULL: it is none. */
const char *par_lua_code_name(int code);
/* Pushes an error object. */
void par_lua_push_error(lua_State *L, const char *code, unsigned id, const char *message);
/* lua_pcall for our own use: what is raised inside stays an error object on every Lua. */
int par_lua_catch(lua_State *L, int arguments, int results);
/* Is the value at idx an error object? */
int par_lua_is_error(lua_State *L, int idx);
/* Raises the value at the top. On a Lua whose standalone interpreter cannot print error objects (PUC 5.1) and with no
 * pcall around, its text is raised instead. */
int par_lua_raise(lua_State *L);
/* Raises an error object. */
int par_lua_throw(lua_State *L, const char *code, unsigned id, const char *message);
/* luaL_where, but of the innermost line that is not in a file of ours, also where C (pcall) stands between. */
void par_lua_where(lua_State *L);
/* luaL_error, but with that place. */
int par_lua_misuse(lua_State *L, const char *format, ...);
/* Raises what a core function reported: TIMEOUT, UNSUPPORTED, CORRUPT, CLOSED, FULL and LIMIT as error objects, INTERRUPTED and RAISED as the
 * value at the top, the rest as a plain error with err's text. */
int par_lua_throw_status(lua_State *L, unsigned id, const par_error *err);

#endif
