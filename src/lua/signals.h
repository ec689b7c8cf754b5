/* Signals by name. */
#ifndef PAR_LUA_SIGNALS_H
#define PAR_LUA_SIGNALS_H

#include <lua.h>

/* The number of a signal, with or without SIG in front; -1: there is none of this name. */
int par_lua_signal_number(const char *name);
/* core.signals: numbers by name, without SIG. */
void par_lua_open_signals(lua_State *L);

#endif
