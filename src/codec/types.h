/* Types that have a name: registered by the user with hooks or a metatable, or known to the registry. */
#ifndef PAR_CODEC_TYPES_H
#define PAR_CODEC_TYPES_H

#include "codec/state.h"

/* For the metatable at the top: pushes what register() was given for it and returns true, or pushes nothing. */
bool par_types_of(lua_State *L, par_codec *codec);
/* The same, only when there are hooks. */
bool par_types_hooked(lua_State *L, par_codec *codec);
/* Pushes the name under which both sides find the metatable at the top, or nothing. */
bool par_types_name(lua_State *L, par_codec *codec);
/* Pushes the metatable with the name at the top (pops it), or nothing. any: also those that only C libraries use. */
bool par_types_metatable(lua_State *L, par_codec *codec, bool any);
/* Pushes what register() was given for the name at the top (pops it), or nothing. */
bool par_types_named(lua_State *L, par_codec *codec);
/* The name of the metatable at the top into out: __name, registry name, or "". */
void par_metatable_name(lua_State *L, char *out, size_t room);

#endif
