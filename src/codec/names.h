/* What both sides have: functions and library tables that can be found by name in package.loaded. */
#ifndef PAR_CODEC_NAMES_H
#define PAR_CODEC_NAMES_H

#include "codec/state.h"

/* Is the value at the top found by name? Pushes "module\0field\0field" then. `renew`: look at package.loaded again even
 * though it seems unchanged. May raise for memory. */
bool par_names_find(lua_State *L, par_codec *codec, bool renew);
/* Pushes package.loaded. */
void par_names_push_loaded(lua_State *L);

#endif
