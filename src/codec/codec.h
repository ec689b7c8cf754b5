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
    par_codec *by;        /* whose buffers these are */
    const uint8_t *bytes; /* the span that was given, or the codec's own buffer (valid until the next encode) */
    size_t len;
    bool in_span;         /* bytes == span */
    const par_payload *payloads;
    uint32_t n_payloads;
} par_encoded;

enum {
    PAR_ENCODE_INLINE = 1,      /* no payloads: everything inside the bytes (parallel.encode) */
    PAR_ENCODE_LOSSY = 2,       /* integers beyond 2^53 may become floats for a peer without integers */
    PAR_ENCODE_NO_FUNCTIONS = 4,
    PAR_ENCODE_FOREIGN = 8,     /* the peer runs another kind of Lua: no bytecode, functions as source text */
    PAR_ENCODE_FLOATS = 16      /* the peer's Lua has no integers: those that a double cannot hold are refused */
};
enum {
    PAR_DECODE_FUNCTIONS = 1,   /* bytecode and source are accepted (peers of our own process tree only) */
    PAR_DECODE_LOSSY = 2        /* integers beyond 2^53 may become floats in a Lua without integers */
};

/* Encodes `count` values from stack index `first` on as one message, into span[0..room) if it fits, else into the codec's
 * buffer. Returns PAR_OK, PAR_E_UNSUPPORTED (text names the path: "message.users[3].sock: cannot send a userdata (...)",
 * `name` being the path's first word), PAR_E_LIMIT or PAR_E_NOMEM; nothing was sent then. Raises only what a user's hook
 * raised and Lua's own out of memory. Leaves the stack as it was. Values referred to by payloads must stay on the stack
 * until the message is sent; then par_codec_sent has to be called. span may be NULL with room 0. */
int par_codec_encode(lua_State *L, par_codec *codec, int first, int count, const char *name, unsigned flags, uint8_t *span,
                     size_t room, par_encoded *out, par_error *err);
/* The message has been sent, or will not be: lets go of what it held. Until then the bytes and payloads are good. Without
 * payloads nothing is held, and the call may be left out. */
void par_codec_sent(lua_State *L, const par_encoded *encoded);
/* Who sent a message, and what it is: for telling people whose code was refused and where it stood. */
typedef struct par_codec_origin {
    const char *who;  /* "child 3" */
    const char *what; /* "result": the first word of the path */
    int skip;         /* so many values in front are not the user's */
} par_codec_origin;

/* Pushes the values of one message and returns their number, or PAR_E_CORRUPT / PAR_E_UNSUPPORTED / PAR_E_NOMEM with nothing
 * pushed. Safe on any bytes; memory stays in proportion to len. Raises only what a user's hook raised and out of memory. */
int par_codec_decode(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads,
                     uint32_t n_payloads, unsigned flags, par_error *err);

/* The same for a message of somebody who may not send code: without PAR_DECODE_FUNCTIONS "child 3 sent a function at result.f,
 * which functions=false forbids" is what PAR_E_UNSUPPORTED says then. Nothing that the message names is loaded, called or looked up
 * but types and classes that are known here. */
int par_codec_decode_from(lua_State *L, par_codec *codec, const uint8_t *bytes, size_t len, par_blob *const *payloads,
                          uint32_t n_payloads, unsigned flags, const par_codec_origin *origin, par_error *err);

/* The ABI of this Lua as seen by bytecode and numbers: peers with equal fingerprints exchange bytecode. NUL-terminated,
 * at most room bytes. */
void par_codec_fingerprint(lua_State *L, char *out, size_t room);
/* PAR_ENCODE_FOREIGN and PAR_ENCODE_FLOATS as a peer with this fingerprint needs them. */
unsigned par_codec_flags_for(lua_State *L, const char *fingerprint);

#endif
