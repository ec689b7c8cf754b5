/* Classes as Torch makes them: the registry holds the metatable under its name and the name under the metatable; the
 * metatable of the metatable is the parent. Their methods write(file) and read(file) say what travels.
 *
 * Only methods in Lua count: those in C want a file of Torch's own. */
#ifndef PAR_CODEC_CLASSES_H
#define PAR_CODEC_CLASSES_H

#include "codec/state.h"

/* What an object's write left, in this order: a letter for each value, the values, the class's version. */
enum { PAR_CLASS_KINDS = 1, PAR_CLASS_VALUES, PAR_CLASS_VERSION, PAR_CLASS_CONTENTS = PAR_CLASS_VERSION };

/* For the metatable at the top: pushes the name of a class that writes or reads its objects itself, or nothing. What the
 * user registered comes first. */
bool par_class_of(lua_State *L, par_codec *codec);
/* Is the value at the top a class, no object? Its metatable is the parent. */
bool par_class_is(lua_State *L);
/* Pushes the metatable of the class with the name at the top (pops it), or nothing. */
bool par_class_named(lua_State *L);
/* Pushes the method of the class whose metatable is at idx, its own or an ancestor's, or nil. */
void par_class_push_method(lua_State *L, int idx, const char *name);
/* Calls the function of class_file.lua with the arguments at the top; its result, or a text that says why not, takes
 * their place. */
bool par_class_call(lua_State *L, par_codec *codec, const char *function, int args);

#endif
