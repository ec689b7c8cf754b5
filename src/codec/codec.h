/* Any Lua value <-> bytes. The only place below src/lua that includes lua.h.
 *
 * A codec belongs to one lua_State (all its coroutines); it is a userdata anchored in the registry, so nothing leaks
 * when a Lua error jumps out of a call. */
#ifndef PAR_CODEC_CODEC_H
#define PAR_CODEC_CODEC_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/status.h"
#include "tensor/tensor.h"

/* A tensor or storage to be encoded: one of the two, with a reference for the caller. */
typedef struct par_codec_object {
    par_tensor *tensor;
    par_storage *storage;
    const void *identity; /* what makes it the same object when it is met again */
    bool borrowed;        /* the identity is good only as long as the userdata lives */
} par_codec_object;

/* What the Lua layer teaches the codec about its userdata. None may keep what it is given. */
typedef struct par_codec_hooks {
    /* Is the userdata at idx a tensor or a storage? May not raise. */
    bool (*to_tensor)(lua_State *L, int idx, par_codec_object *out);
    /* Before a storage is written, when code has run since to_tensor gave it. */
    void (*renew_storage)(par_storage *storage);
    /* Is it settled what tensors are made of here? As long as it is not, settle is called before one is made: it may load
     * modules, and what it raises is why the message cannot be received. Both NULL: it always is. */
    bool (*is_settled)(lua_State *L);
    lua_CFunction settle;
    /* Pushes a userdata that takes over one reference. May raise for memory (the reference is then released). */
    void (*push_tensor)(lua_State *L, par_tensor *tensor);
    void (*push_storage)(lua_State *L, par_storage *storage);
    /* Returns the functions write, make and read of lua/parallel/torch/class_file.lua. NULL: objects of classes are tables. */
    lua_CFunction class_file;
} par_codec_hooks;

typedef struct par_codec par_codec;
/* Finds or makes the codec of this state. May raise for memory. */
par_codec *par_codec_of(lua_State *L);
void par_codec_set_hooks(par_codec *codec, const par_codec_hooks *hooks); /* copied */

/* register(name, spec): the string at `name` names a type, the table at `spec` has encode= and decode= (functions) and/or
 * metatable= (a table). Raises when it does not. */
void par_codec_register(lua_State *L, par_codec *codec, int name, int spec);

typedef struct par_encoded {
    par_codec *by;        /* whose buffers these are; NULL: nobody's, it lies in the span */
    const uint8_t *bytes; /* the span that was given, or the codec's own buffer (valid until par_codec_sent) */
    size_t len;
    bool in_span; /* bytes == span */
    const par_payload *payloads;
    uint32_t n_payloads;
} par_encoded;

enum {
    PAR_ENCODE_INLINE = 1, /* no payloads: everything inside the bytes (parallel.encode) */
    PAR_ENCODE_LOSSY = 2,  /* integers beyond 2^53 may become floats for a peer without integers */
    PAR_ENCODE_NO_FUNCTIONS = 4,
    PAR_ENCODE_FOREIGN = 8, /* the peer runs another kind of Lua: no bytecode, functions as source text */
    PAR_ENCODE_FLOATS = 16, /* the peer's Lua has no integers: those that a double cannot hold are refused */
    PAR_ENCODE_API = 32     /* through Lua's API only: for tests, the bytes are the same */
};
enum {
    PAR_DECODE_FUNCTIONS = 1, /* bytecode and source are accepted (peers of our own process tree only) */
    PAR_DECODE_LOSSY = 2      /* integers beyond 2^53 may become floats in a Lua without integers */
};

/* Encodes `count` values from stack index `first` on as one message, into span[0..room) if it fits, else into the codec's
 * buffer. Returns PAR_OK, PAR_E_UNSUPPORTED (text names the path: "message.users[3].sock: cannot send a userdata (...)",
 * `name` being the path's first word), PAR_E_LIMIT, PAR_E_NOMEM or PAR_E_RAISED (a user's hook raised: its error is pushed); nothing was
 * sent then. Raises only Lua's own errors (out of memory; a table that a hook changed while it was walked). Leaves the stack as it was but
 * for PAR_E_RAISED. Values referred to by payloads must stay on the stack until the message is sent; then par_codec_sent has to be called,
 * always. span may be NULL with room 0. */
int par_codec_encode(lua_State *L, par_codec *codec, int first, int count, const char *name, unsigned flags, uint8_t *span, size_t room,
                     par_encoded *out, par_error *err);
/* The message has been sent, or will not be: lets go of what it held. Until then the bytes and payloads are good, whatever runs
 * meanwhile. */
void par_codec_sent(lua_State *L, const par_encoded *encoded);
/* Somebody else is about to write where a span of an encode further out lies (a finalizer sends on the same link): that
 * message goes on in the codec's own buffer. false: there is no memory for it. */
bool par_codec_leave_span(lua_State *L, par_codec *codec);

/* Where a message comes from. */
typedef struct par_codec_origin {
    unsigned id;      /* of the child, or 0 for the parent: for telling people whose code was refused, and */
    const char *what; /* "result": where it stood: the first word of the path */
    int skip;         /* so many values in front are not the user's */
    /* Called when the bytes and payloads are not needed any more, since there is a copy of them; not at the end. NULL is allowed. */
    void (*taken)(void *context);
    void *context;
} par_codec_origin;

/* Pushes the values of one message and returns their number, or PAR_E_CORRUPT / PAR_E_UNSUPPORTED / PAR_E_NOMEM with nothing
 * pushed, or PAR_E_LIMIT: what it needs cannot be loaded for want of descriptors, but later; or PAR_E_RAISED: a user's hook raised, and
 * its error is pushed. Safe on any bytes; memory stays in proportion to len. Raises
 * only out of memory. */
int par_codec_decode(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads,
                     unsigned flags, par_error *err);

/* The same for a message of somebody. One who may not send code: without PAR_DECODE_FUNCTIONS "child 3 sent a function at result.f,
 * which functions=false forbids" is what PAR_E_UNSUPPORTED says then. Nothing that the message names is loaded, called or looked up
 * but types and classes that are known here. */
int par_codec_decode_from(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads,
                          unsigned flags, const par_codec_origin *origin, par_error *err);

/* The same for a message of at most 3 numbers, booleans and nils, for which the caller has room on the stack. 0: it is another, and
 * nothing was pushed. Raises nothing, and runs nothing. */
#define PAR_CODEC_PLAIN_BYTES 31 /* none of these is longer */
int par_codec_decode_plain(lua_State *L, const uint8_t *bytes, size_t len);

/* A message of one short string, or of one small table of short strings, numbers, booleans and names for them. */
#define PAR_CODEC_FLAT_BYTES 128 /* none of these is longer */
typedef struct par_codec_flat {
    uint8_t bytes[PAR_CODEC_FLAT_BYTES + 8]; /* a copy, and room to read 8 bytes anywhere */
    size_t len;
    int entries; /* of a table */
} par_codec_flat;
/* Is it such a message? Then *flat has all of it, and `bytes` are not needed any more. */
bool par_codec_take_flat(par_codec_flat *flat, const uint8_t *bytes, size_t len);
/* Pushes its value, for which the caller has room, and for two more. May raise for memory. */
void par_codec_push_flat(lua_State *L, const par_codec_flat *flat);

/* How tables are read, in words: "on: Lua 5.4", or "off: " and why. */
const char *par_codec_direct_state(void);

/* The ABI of this Lua as seen by bytecode and numbers: peers with equal fingerprints exchange bytecode. NUL-terminated,
 * at most room bytes. Raises out of memory. */
void par_codec_fingerprint(lua_State *L, char *out, size_t room);
/* PAR_ENCODE_FOREIGN and PAR_ENCODE_FLOATS as a peer with this fingerprint needs them. */
unsigned par_codec_flags_for(lua_State *L, const char *fingerprint);

#endif
