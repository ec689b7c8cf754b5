/* The encoder's parts, for the files of this folder. Functions return PAR_OK or the code of the error they filled in. */
#ifndef PAR_CODEC_ENCODER_H
#define PAR_CODEC_ENCODER_H

#include "codec/output.h"

void par_encoder_fini(par_encoder *e);
/* Lets go of everything that the last message held. */
void par_encode_let_go(lua_State *L, par_codec *codec, par_encoder *e);
/* Lets go of the tensor or storage that was held last. */
void par_encode_release_held(par_encoder *e);
/* Keeps the value at the top as long as the message is in use: it, or its values, have addresses that are remembered, and
 * payloads point into them. */
void par_encode_keep(lua_State *L, par_codec *codec, par_encoder *e);

/* ---- values ---- */
/* Writes a reference to the object at `at`: 1, or an error. */
int par_encode_reference(lua_State *L, par_encoder *e, size_t at);
/* Room for a level more than `depth`. */
int par_encode_grow_levels(par_encoder *e, size_t depth);
/* Writes a reference when the object was met before: 1. 0: it is new and was entered with the current offset plus
 * `prefix` as its place. Negative: an error. */
static inline int par_encode_seen(lua_State *L, par_encoder *e, const void *object, size_t prefix)
{
    bool added;
    par_seen *seen = par_pointers_add(&e->seen, object, &added);
    if (!seen) return par_output_full(e);
    if (!added) return par_encode_reference(L, e, seen->at);
    seen->at = par_output_at(e) + prefix;
    return 0;
}
/* The first tag of an object says from now on that references to it follow. */
void par_encode_mark_later(par_encoder *e, size_t at);
/* A level for the container at the top of the stack, whose first tag stands at `at`. */
static inline int par_encode_enter(lua_State *L, par_encoder *e, par_step step, size_t at, par_open **open)
{
    size_t depth = e->levels.depth;
    *open = NULL;
    if (depth == e->open_capacity) {
        int rc = par_encode_grow_levels(e, depth);
        if (rc != PAR_OK) return rc;
    }
    if (!par_levels_enter(L, &e->levels)) return par_output_full(e);
    *open = &e->open[depth];
    **open = (par_open){.step = (uint8_t)step, .at = at};
    return PAR_OK;
}
/* Tables that travel by name are known through the API only. */
static inline bool par_encode_may_go_direct(const par_encoder *e) { return !e->check_names && !(e->flags & PAR_ENCODE_API); }
/* Begin a container or write a whole value at the top of the stack. 1: done; 0: a level was entered. */
int par_encode_table(lua_State *L, par_codec *codec, par_encoder *e);
int par_encode_function(lua_State *L, par_codec *codec, par_encoder *e);
int par_encode_source(lua_State *L, par_encoder *e);
int par_encode_cdata(lua_State *L, par_codec *codec, par_encoder *e);
int par_encode_userdata(lua_State *L, par_codec *codec, par_encoder *e);
/* Goes on with the table on the level. 1: it is complete and alone there; 0: a value to be written is at the top. */
int par_encode_step_table(lua_State *L, par_codec *codec, par_encoder *e);
/* Pushes the next upvalue that has to be written (1), or writes joins until none is left (0). */
int par_encode_next_upvalue(lua_State *L, par_encoder *e, par_open *open);
/* The value at the top by name, if it has one that both sides know: 1. 0: nothing was written. */
int par_encode_named(lua_State *L, par_codec *codec, par_encoder *e, bool renew);
/* The object below the spec that was registered for it (both at the top) through its encode hook; pops the spec. */
int par_encode_hooked(lua_State *L, par_codec *codec, par_encoder *e);
/* The same for one that was entered as seen, just now. */
int par_encode_by_hook(lua_State *L, par_codec *codec, par_encoder *e);
/* The object below the name of its class (both at the top) as its class writes it; pops the name. */
int par_encode_classed(lua_State *L, par_codec *codec, par_encoder *e);
/* Writes the string at the top. */
int par_encode_string(lua_State *L, par_encoder *e);
bool par_encode_is_globals(lua_State *L, par_encoder *e, const void *table);
/* A function is at the top: is the table around it one that travels by name? PAR_AGAIN_WITH_NAMES or PAR_OK. */
int par_encode_check_holder(lua_State *L, par_codec *codec, par_encoder *e);
#define PAR_AGAIN_WITH_NAMES (-1000) /* a library table was entered before it was known as one: start over */
/* The storages behind the values, at the end. */
int par_encode_storages(par_codec *codec, par_encoder *e);

/* ---- refusals (refusal.c) ---- */
/* PAR_E_UNSUPPORTED with the path of the value being written, then what is wrong with it. */
int par_refuse(lua_State *L, par_encoder *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Of a child, a pool and the like, which are of one process. */
int par_refuse_handle(lua_State *L, par_encoder *e, const char *type);
#define PAR_TYPE_CHILDREN "parallel.children"
#define PAR_TYPE_GROUP "parallel.group"

#endif
