/* The encoder's parts, for the files of this folder. Functions return PAR_OK or the code of the error they filled in. */
#ifndef PAR_CODEC_ENCODER_H
#define PAR_CODEC_ENCODER_H

#include <string.h>

#include "codec/state.h"

void par_encoder_fini(par_encoder *e);

/* ---- output (output.c) ---- */
bool par_output_grow(par_encoder *e, size_t want);
int par_output_full(par_encoder *e); /* sets PAR_E_NOMEM */
/* Before anything is called that may use the span for another message. */
bool par_output_leave_span(par_encoder *e);

static inline bool par_output_room(par_encoder *e, size_t want)
{
    return (size_t)(e->end - e->p) >= want || par_output_grow(e, want);
}
static inline size_t par_output_at(const par_encoder *e) { return (size_t)(e->p - e->start); }

/* These write without a look at the room. */
static inline void par_put_u8(par_encoder *e, unsigned value) { *e->p++ = (uint8_t)value; }
static inline void par_put_bytes(par_encoder *e, const void *bytes, size_t len)
{
    if (len) memcpy(e->p, bytes, len);
    e->p += len;
}
static inline void par_put_varint(par_encoder *e, uint64_t value) /* at most 10 bytes */
{
    for (; value >= 0x80; value >>= 7) *e->p++ = (uint8_t)(value | 0x80);
    *e->p++ = (uint8_t)value;
}
static inline void par_put_zigzag(par_encoder *e, int64_t value)
{
    par_put_varint(e, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

#define PAR_NUMBER_MAX 9 /* bytes of any number */
void par_put_integer(par_encoder *e, int64_t value);
void par_put_float(par_encoder *e, double value);
/* Runs of n numbers; the integers as narrow as they all are. */
void par_put_floats(par_encoder *e, const double *values, unsigned n);
void par_put_integers(par_encoder *e, const int64_t *values, unsigned n);
int par_put_string(par_encoder *e, const char *s, size_t len);
int par_put_plain_string(par_encoder *e, const char *s, size_t len); /* past the dictionary */
/* Something travels beside the message. */
int par_output_payload(par_encoder *e, const par_payload *payload);
/* Length and bytes without a tag. */
int par_put_block(par_encoder *e, const void *bytes, size_t len);

/* ---- values ---- */
/* Writes a reference when the object was met before: 1. 0: it is new and was entered with the current offset plus
 * `prefix` as its place. Negative: an error. */
int par_encode_seen(lua_State *L, par_encoder *e, const void *object, size_t prefix);
/* The first tag of an object says from now on that references to it follow. */
void par_encode_mark_later(par_encoder *e, size_t at);
/* A level for the container at the top of the stack, whose first tag stands at `at`. */
int par_encode_enter(lua_State *L, par_encoder *e, par_step step, size_t at, par_open **open);
/* Begin a container or write a whole value at the top of the stack. 1: done; 0: a level was entered. */
int par_encode_function(lua_State *L, par_codec *codec, par_encoder *e);
int par_encode_source(lua_State *L, par_codec *codec, par_encoder *e);
int par_encode_cdata(lua_State *L, par_codec *codec, par_encoder *e);
int par_encode_userdata(lua_State *L, par_codec *codec, par_encoder *e);
/* Pushes the next upvalue that has to be written (1), or writes joins until none is left (0). */
int par_encode_next_upvalue(lua_State *L, par_encoder *e, par_open *open);
/* The value at the top by name, if it has one that both sides know: 1. 0: nothing was written. */
int par_encode_named(lua_State *L, par_codec *codec, par_encoder *e, bool renew);
/* The object below the spec that was registered for it (both at the top) through its encode hook; pops the spec. */
int par_encode_hooked(lua_State *L, par_codec *codec, par_encoder *e);
/* The object below the name of its class (both at the top) as its class writes it; pops the name. */
int par_encode_classed(lua_State *L, par_codec *codec, par_encoder *e);
/* Writes the string at the top. */
int par_encode_string(lua_State *L, par_encoder *e);
/* The dictionary starts over: whatever was called may have let objects go, whose addresses come back with others. */
void par_output_forget(par_encoder *e);
/* A function is at the top: is the table around it one that travels by name? PAR_AGAIN_WITH_NAMES or PAR_OK. */
int par_encode_check_holder(lua_State *L, par_codec *codec, par_encoder *e);
#define PAR_AGAIN_WITH_NAMES (-1000) /* a library table was entered before it was known as one: start over */
/* The storages behind the values, at the end. */
int par_encode_storages(par_encoder *e);

/* ---- refusals (refusal.c) ---- */
/* PAR_E_UNSUPPORTED with the path of the value being written, then what is wrong with it. */
int par_refuse(lua_State *L, par_encoder *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The name of the metatable at the top into out: __name, registry name, or "". */
void par_metatable_name(lua_State *L, char *out, size_t room);

#endif
