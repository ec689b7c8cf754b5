/* Values on their way between members: bytes of the codec, or a tensor's sizes and elements as they are. */
#ifndef PAR_LUA_GROUP_WIRE_H
#define PAR_LUA_GROUP_WIRE_H

#include "base/buffer.h"
#include "base/limits.h"
#include "lua/group/handle.h"

#define PAR_WIRE_HEAD_MAX (4 + PAR_TENSOR_DIMS_MAX * 8)

typedef struct par_outgoing {
    uint8_t head[PAR_WIRE_HEAD_MAX];
    size_t head_len;
    const uint8_t *data;
    size_t data_len;
    par_buffer bytes; /* where data lies, or */
    par_blob *blob;   /* what keeps it */
} par_outgoing;

typedef struct par_incoming {
    uint8_t head[PAR_WIRE_HEAD_MAX];
    size_t head_len, head_wanted; /* what came of it, what it has, as far as that is known */
    par_buffer bytes;             /* of the codec */
    par_storage *storage;         /* where a tensor's elements go; NULL before its head came, or if there are none */
    size_t taken;                 /* bytes of them that came */
    bool given;                   /* to the elements of `target`, since they fit */
    uint8_t *target;              /* elements of the caller's tensor, or NULL: */
    par_type target_type;
    int64_t target_elements;
} par_incoming;

/* An exchange's values, freed by Lua whatever is raised: pushes a userdata with room for n of each. */
typedef struct par_exchange {
    unsigned n_out, n_in;
    par_outgoing *out;
    par_incoming *in;
} par_exchange;
par_exchange *par_exchange_new(lua_State *L, unsigned n_out, unsigned n_in);

/* Makes bytes of the value at idx. Raises what cannot travel; `what` is the call. */
void par_wire_pack(lua_State *L, const par_lua_group *self, par_outgoing *out, int idx, const char *what);
uint64_t par_wire_length(const par_outgoing *out);
void par_wire_give(const par_outgoing *out, uint64_t offset, uint8_t *to, size_t len);
/* PAR_OK, PAR_E_CORRUPT, PAR_E_NOMEM. */
int par_wire_take(par_incoming *in, uint64_t length, uint64_t offset, const uint8_t *bytes, size_t len, par_error *err);
/* Pushes the value that came whole from this member; nothing when it went to the target. Raises. */
void par_wire_push(lua_State *L, const par_lua_group *self, par_incoming *in, unsigned from, const char *what);

/* The tensor at idx, with a reference for the caller; NULL: it is none. */
par_tensor *par_wire_tensor(lua_State *L, int idx);
/* A tensor with the same elements, one behind the other; NULL: no memory. */
par_tensor *par_wire_contiguous(const par_tensor *tensor);
void par_wire_copy(par_tensor *to, const par_tensor *from);
/* Pushes a tensor that takes over the reference: Torch's, where that is loaded. */
void par_wire_push_tensor(lua_State *L, par_tensor *tensor);

#endif
