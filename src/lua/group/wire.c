#include "lua/group/wire.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "codec/compat.h"
#include "lua/error.h"
#include "lua/tensor/hooks.h"
#include "tensor/kernels.h"
#include "tensor/loop.h"
#include "tensor/shape.h"

/* The first byte of a value. */
enum { FORM_CODEC, FORM_TENSOR };
/* Of a tensor: form, type, dimensions, nothing; then its sizes. */
#define TENSOR_HEAD 4

/* --- an exchange --- */
static void exchange_free(par_exchange *x)
{
    for (unsigned i = 0; i < x->n_out; i++) {
        par_buffer_fini(&x->out[i].bytes);
        par_blob_release(x->out[i].blob);
    }
    for (unsigned i = 0; i < x->n_in; i++) {
        par_buffer_fini(&x->in[i].bytes);
        par_storage_release(x->in[i].storage);
    }
    free(x->out);
    free(x->in);
    *x = (par_exchange){0};
}

static int exchange_gc(lua_State *L)
{
    exchange_free(lua_touserdata(L, 1));
    return 0;
}

par_exchange *par_exchange_new(lua_State *L, unsigned n_out, unsigned n_in)
{
    par_exchange *x = lua_newuserdata(L, sizeof *x);
    *x = (par_exchange){0};
    if (luaL_newmetatable(L, "parallel.exchange")) {
        lua_pushcfunction(L, exchange_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    x->out = calloc(n_out + 1, sizeof *x->out);
    x->in = calloc(n_in + 1, sizeof *x->in);
    if (!x->out || !x->in) luaL_error(L, "not enough memory");
    x->n_out = n_out;
    x->n_in = n_in;
    return x;
}

/* --- tensors --- */
par_tensor *par_wire_tensor(lua_State *L, int idx)
{
    par_codec_object object;
    if (!lua_isuserdata(L, idx) || !par_lua_tensor_hooks.to_tensor(L, idx, &object)) return NULL;
    par_storage_release(object.storage);
    return object.tensor;
}

void par_wire_copy(par_tensor *to, const par_tensor *from)
{
    const par_tensor *both[2] = {to, from};
    if (par_tensor_elements(from)) par_loop(par_kernel_copy(to->type, from->type), NULL, 2, both);
}

par_tensor *par_wire_contiguous(const par_tensor *tensor)
{
    par_error ignored;
    par_tensor *copy;
    int64_t stride[PAR_TENSOR_DIMS_MAX];
    par_storage *storage = par_storage_new(tensor->type, par_tensor_elements(tensor));
    if (!storage) return NULL;
    par_tensor_contiguous_strides(tensor->ndim, tensor->size, stride);
    int rc = par_tensor_new_view(tensor->type, storage, 0, tensor->ndim, tensor->size, stride, &copy, &ignored);
    par_storage_release(storage);
    if (rc != PAR_OK) return NULL;
    par_wire_copy(copy, tensor);
    return copy;
}

void par_wire_push_tensor(lua_State *L, par_tensor *tensor)
{
    if (!par_lua_tensor_hooks.is_settled(L)) {
        lua_pushcfunction(L, par_lua_tensor_hooks.settle);
        if (lua_pcall(L, 0, 0, 0) != 0) {
            par_tensor_release(tensor);
            lua_error(L);
        }
    }
    par_lua_tensor_hooks.push_tensor(L, tensor);
}

/* --- packing --- */
static void pack_tensor(lua_State *L, par_outgoing *out, par_tensor *tensor)
{
    if (!par_tensor_is_contiguous(tensor)) {
        par_tensor *copy = par_wire_contiguous(tensor);
        par_tensor_release(tensor);
        if (!copy) luaL_error(L, "not enough memory for a tensor");
        tensor = copy;
    }
    out->head[0] = FORM_TENSOR;
    out->head[1] = (uint8_t)tensor->type;
    out->head[2] = (uint8_t)tensor->ndim;
    memcpy(out->head + TENSOR_HEAD, tensor->size, (size_t)tensor->ndim * sizeof *tensor->size);
    out->head_len = TENSOR_HEAD + (size_t)tensor->ndim * sizeof *tensor->size;
    out->data = par_tensor_data(tensor);
    out->data_len = (size_t)par_tensor_elements(tensor) * par_type_bytes(tensor->type);
    if (out->data_len) out->blob = par_blob_retain(tensor->storage->blob);
    par_tensor_release(tensor);
}

void par_wire_pack(lua_State *L, const par_lua_group *self, par_outgoing *out, int idx, const char *what)
{
    par_error err;
    par_encoded encoded;
    par_tensor *tensor = par_wire_tensor(L, idx);
    if (tensor) {
        pack_tensor(L, out, tensor);
        return;
    }
    int rc = par_codec_encode(L, self->codec, idx, 1, what, PAR_ENCODE_INLINE | self->encode_flags, NULL, 0, &encoded, &err);
    if (rc != PAR_OK) par_lua_throw_status(L, 0, &err);
    rc = par_buffer_append(&out->bytes, encoded.bytes, encoded.len);
    par_codec_sent(L, &encoded);
    if (rc != PAR_OK) luaL_error(L, "not enough memory for a value of %d bytes", (int)encoded.len);
    out->head[0] = FORM_CODEC;
    out->head_len = 1;
    out->data = out->bytes.data;
    out->data_len = out->bytes.len;
}

uint64_t par_wire_length(const par_outgoing *out) { return (uint64_t)out->head_len + out->data_len; }

void par_wire_give(const par_outgoing *out, uint64_t offset, uint8_t *to, size_t len)
{
    if (offset < out->head_len) {
        size_t n = out->head_len - (size_t)offset;
        if (n > len) n = len;
        memcpy(to, out->head + offset, n);
        to += n;
        offset += n;
        len -= n;
    }
    if (len) memcpy(to, out->data + (offset - out->head_len), len);
}

/* --- unpacking --- */
static int corrupt(par_error *err) { return par_error_set(err, PAR_E_CORRUPT, "a member sent what is no value"); }

/* The head is whole: makes room for the elements. */
static int begin_tensor(par_incoming *in, uint64_t length, par_error *err)
{
    int64_t elements = in->head[2] ? 1 : 0, size[PAR_TENSOR_DIMS_MAX];
    par_type type = (par_type)in->head[1];
    memcpy(size, in->head + TENSOR_HEAD, in->head[2] * sizeof *size);
    for (int d = 0; d < in->head[2]; d++)
        if (size[d] < 0 || !par_checked_mul_i64(elements, size[d], &elements)) return corrupt(err);
    uint64_t bytes = length - in->head_len;
    if ((uint64_t)elements > bytes || (uint64_t)elements * par_type_bytes(type) != bytes) return corrupt(err);
    in->given = in->target && type == in->target_type && elements == in->target_elements;
    if (in->given || elements == 0) return PAR_OK;
    in->storage = par_storage_new(type, elements);
    return in->storage ? PAR_OK : par_error_set(err, PAR_E_NOMEM, "not enough memory for a tensor of %lld elements", (long long)elements);
}

/* How long the head is, once its beginning says so. */
static bool measure_head(par_incoming *in)
{
    if (in->head_len == 0) in->head_wanted = 1;
    else if (in->head[0] == FORM_TENSOR && in->head_len < TENSOR_HEAD) in->head_wanted = TENSOR_HEAD;
    else if (in->head[0] == FORM_TENSOR) in->head_wanted = TENSOR_HEAD + in->head[2] * sizeof(int64_t);
    if (in->head_len && in->head[0] > FORM_TENSOR) return false;
    return in->head_wanted <= sizeof in->head && (in->head_len < TENSOR_HEAD || in->head[0] != FORM_TENSOR || in->head[1] < PAR_TYPE_COUNT);
}

/* Takes what belongs to the head. *used: bytes of it. */
static int take_head(par_incoming *in, uint64_t length, const uint8_t *bytes, size_t len, size_t *used, par_error *err)
{
    *used = 0;
    if (in->head_wanted && in->head_len == in->head_wanted) return PAR_OK; /* done with it before */
    for (;;) {
        if (!measure_head(in)) return corrupt(err);
        size_t n = in->head_wanted - in->head_len;
        if (n == 0) break;
        if (n > len - *used) n = len - *used;
        if (n == 0) return PAR_OK;
        memcpy(in->head + in->head_len, bytes + *used, n);
        in->head_len += n;
        *used += n;
    }
    return in->head[0] == FORM_TENSOR ? begin_tensor(in, length, err) : PAR_OK;
}

static int take_elements(par_incoming *in, const uint8_t *bytes, size_t len, par_error *err)
{
    uint8_t *to = in->given ? in->target : in->storage ? in->storage->data : NULL;
    size_t room = in->given ? (size_t)in->target_elements * par_type_bytes(in->target_type)
                  : to      ? (size_t)in->storage->size * par_type_bytes(in->storage->type)
                            : 0;
    if (len > room - in->taken) return corrupt(err);
    memcpy(to + in->taken, bytes, len);
    in->taken += len;
    return PAR_OK;
}

static int take_bytes(par_incoming *in, uint64_t length, const uint8_t *bytes, size_t len, par_error *err)
{
    /* What is announced is believed only so far. */
    size_t first = length < PAR_CLAIM_TRUSTED_BYTES ? (size_t)length : PAR_CLAIM_TRUSTED_BYTES;
    int rc = in->bytes.data ? PAR_OK : par_buffer_reserve(&in->bytes, first);
    if (rc == PAR_OK) rc = par_buffer_append(&in->bytes, bytes, len);
    return rc == PAR_OK ? rc : par_error_set(err, rc, "not enough memory for a value of %llu bytes", (unsigned long long)length);
}

int par_wire_take(par_incoming *in, uint64_t length, uint64_t offset, const uint8_t *bytes, size_t len, par_error *err)
{
    size_t used;
    (void)offset;
    int rc = take_head(in, length, bytes, len, &used, err);
    if (rc != PAR_OK || used == len) return rc;
    return in->head[0] == FORM_TENSOR ? take_elements(in, bytes + used, len - used, err)
                                      : take_bytes(in, length, bytes + used, len - used, err);
}

static void push_tensor(lua_State *L, par_incoming *in, const char *what)
{
    par_error err;
    par_tensor *tensor;
    int64_t size[PAR_TENSOR_DIMS_MAX], stride[PAR_TENSOR_DIMS_MAX];
    int ndim = in->head[2];
    memcpy(size, in->head + TENSOR_HEAD, (size_t)ndim * sizeof *size);
    par_tensor_contiguous_strides(ndim, size, stride);
    if (par_tensor_new_view((par_type)in->head[1], in->storage, 0, ndim, size, stride, &tensor, &err) != PAR_OK)
        luaL_error(L, "%s: %s", what, err.text);
    par_storage_release(in->storage);
    in->storage = NULL;
    par_wire_push_tensor(L, tensor);
}

void par_wire_push(lua_State *L, const par_lua_group *self, par_incoming *in, unsigned from, const char *what)
{
    par_error err;
    if (in->head_wanted == 0 || in->head_len < in->head_wanted) luaL_error(L, "%s: a member sent what is no value", what);
    if (in->given) return;
    if (in->head[0] == FORM_TENSOR) {
        push_tensor(L, in, what);
        return;
    }
    par_lua_group_look_again(L, self, what); /* what the value before this one brought may have left it */
    par_codec_origin origin = {.id = par_board_id(self->board, from), .what = what};
    int n = par_codec_decode_from(L, self->codec, in->bytes.data, in->bytes.len, NULL, 0, par_lua_group_decode_flags(self, from), &origin,
                                  &err);
    if (n < 0) {
        err.code = n;
        par_lua_throw_status(L, origin.id, &err);
    }
    if (n == 0) lua_pushnil(L);
    else if (n > 1) lua_settop(L, lua_gettop(L) - n + 1);
}
