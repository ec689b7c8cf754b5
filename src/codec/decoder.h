/* The decoder's parts, for the files of this folder. The bytes may lie in memory that the peer can still write: every
 * byte is read once, into a local, before it is judged. */
#ifndef PAR_CODEC_DECODER_H
#define PAR_CODEC_DECODER_H

#include "codec/input.h"

void par_decoder_fini(par_decoder *d);

/* Puts the path of the value being read before the error's text; the stack is as the error left it. */
void par_decode_name_place(lua_State *L, par_decoder *d);

/* ---- keys of shapes ---- */
/* The string at the top becomes key number i; popped. */
void par_decode_set_key(lua_State *L, par_decoder *d, uint32_t i);
static inline void par_decode_push_key(lua_State *L, const par_decoder *d, uint32_t i)
{
    if (i < PAR_KEYS_ON_STACK) lua_pushvalue(L, d->keys_index + (int)i);
    else lua_rawgeti(L, d->keys_index + PAR_KEYS_ON_STACK, (int)i);
}

/* ---- values ---- */
/* Opens a level for the container at the top. */
int par_decode_enter(lua_State *L, par_decoder *d, par_take take, par_filling **filling);
/* The value at the top, whose first tag stood at `at`, can be referred to from now on. Negative: an error. */
int par_decode_remember(lua_State *L, par_decoder *d, size_t at);
/* Pushes the value at the offset that follows. */
int par_decode_ref(lua_State *L, par_decoder *d);

/* Read what follows the tag at offset `at` and push it. 1: complete. 0: a level was entered. */
int par_decode_bytecode(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);
int par_decode_source(lua_State *L, par_decoder *d, size_t at, bool later);
int par_decode_cdata(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);
int par_decode_tensor(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);
int par_decode_storage(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later);
int par_decode_open_table(lua_State *L, par_decoder *d, unsigned tag, size_t at, bool metatable);
#define PAR_DECODE_OTHER 2
/* Goes on with the table that was just entered, or into which the value at the top is put, above its two slots. 1: it is complete,
 * alone; 0: a level was entered; PAR_DECODE_OTHER: next comes something that is no table, and begins with d->tag, which is read. */
int par_decode_fill_table(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling);
int par_decode_put_in_table(lua_State *L, par_codec *codec, par_decoder *d, par_filling *filling);
/* Joins the upvalue that the function at the top waits for with one of a function that came before. */
int par_decode_join(lua_State *L, par_decoder *d, int upvalue);
/* Settles what tensors are made of here. Before anything is made: what is called may load modules, whose code may do anything. */
int par_decode_settle(lua_State *L, par_codec *codec, par_decoder *d);
/* Something of a library, by name; loads the module when it has to. */
int par_decode_named(lua_State *L, par_decoder *d);
/* The name of a type at the top becomes a table for the values of its hook. */
int par_decode_find_hook(lua_State *L, par_codec *codec, par_decoder *d);
/* Calls the hook with the n values of the table at the top, which becomes its result. */
int par_decode_call_hook(lua_State *L, par_decoder *d, size_t n, size_t reference);
/* The name of a class at the top becomes a table for what its objects' write left, under the new object. */
int par_decode_make_object(lua_State *L, par_codec *codec, par_decoder *d);
/* The object reads the table at the top, and takes its place. */
int par_decode_read_object(lua_State *L, par_codec *codec, par_decoder *d);
/* Code is not accepted: `what` was found. PAR_E_UNSUPPORTED. */
int par_decode_refuse_code(par_decoder *d, const char *what);

/* Makes the storages of the trailer; cuts them off the input. */
int par_decode_storages(par_decoder *d);
void par_decode_release_storages(par_decoder *d);

#endif
