/* Tensors and their storages. What a peer claims about sizes is checked against the bytes that are there. */
#include "base/checked.h"
#include "codec/decoder.h"

typedef struct storage_head {
    uint8_t type, kind;
    uint64_t first, count;
    size_t bytes;
} storage_head;

static bool read_storage_head(par_decoder *d, storage_head *head)
{
    if (!par_get_u8(d, &head->type) || !par_get_u8(d, &head->kind)) return false;
    if (head->type >= PAR_TYPE_COUNT || head->kind > PAR_STORAGE_SHARED) return false;
    if (!par_get_varint(d, &head->first) || !par_get_varint(d, &head->count)) return false;
    if (head->first > INT64_MAX || head->count > INT64_MAX - head->first || head->count > SIZE_MAX) return false;
    return par_checked_mul_size((size_t)head->count, par_type_bytes((par_type)head->type), &head->bytes);
}

static int no_memory(par_decoder *d, size_t bytes)
{
    return par_error_set(d->err, PAR_E_NOMEM, "no memory for a storage of %zu bytes", bytes);
}

static int storage_inline(par_decoder *d, const storage_head *head, par_storage **out)
{
    size_t pad = (8 - (size_t)(d->p - d->start) % 8) % 8;
    if (par_input_left(d) < pad || par_input_left(d) - pad < head->bytes) return par_corrupt(d, "a storage longer than the message");
    d->p += pad;
    *out = par_storage_new((par_type)head->type, (int64_t)head->count);
    if (!*out) return no_memory(d, head->bytes);
    if (head->bytes) memcpy((*out)->data, d->p, head->bytes);
    d->p += head->bytes;
    return PAR_OK;
}

static int storage_beside(par_decoder *d, const storage_head *head, par_storage **out)
{
    uint64_t number;
    if (!par_get_varint(d, &number) || number >= d->n_payloads) return par_corrupt(d, "a payload that did not come");
    par_blob *blob = d->payloads[number];
    if (!blob || blob->bytes < head->bytes) return par_corrupt(d, "a payload shorter than its storage");
    *out = par_storage_new_blob((par_type)head->type, par_blob_retain(blob), 0, (int64_t)head->count);
    if (!*out) {
        par_blob_release(blob);
        return no_memory(d, head->bytes);
    }
    (*out)->shared = head->kind == PAR_STORAGE_SHARED;
    return PAR_OK;
}

static int read_storage(par_decoder *d)
{
    storage_head head;
    if (!read_storage_head(d, &head)) return par_corrupt(d, "a storage that cannot be");
    par_got_storage *grown = par_codec_grow(d->storages, &d->storages_capacity, d->n_storages + 1u, sizeof *grown);
    if (!grown) return no_memory(d, sizeof *grown);
    d->storages = grown;
    par_storage *storage;
    int rc = head.kind == PAR_STORAGE_INLINE ? storage_inline(d, &head, &storage) : storage_beside(d, &head, &storage);
    if (rc != PAR_OK) return rc;
    d->storages[d->n_storages++] = (par_got_storage){storage, (int64_t)head.first};
    return PAR_OK;
}

int par_decode_storages(par_decoder *d)
{
    const uint8_t *values = d->p;
    uint64_t begin, n;
    if (par_input_left(d) < sizeof begin) return par_corrupt(d, "it is too short");
    memcpy(&begin, d->end - sizeof begin, sizeof begin);
    d->end -= sizeof begin;
    if (begin < (size_t)(values - d->start) || begin > (size_t)(d->end - d->start)) return par_corrupt(d, "storages that are not there");
    d->p = d->start + begin;
    if (!par_get_varint(d, &n) || n > par_input_left(d) / 4) return par_corrupt(d, "more storages than bytes");
    for (; n > 0; n--) {
        int rc = read_storage(d);
        if (rc != PAR_OK) return rc;
    }
    if (d->p != d->end) return par_corrupt(d, "bytes after the storages");
    d->end = d->start + begin;
    d->p = values;
    return PAR_OK;
}

/* ---- values ---- */

typedef struct tensor_head {
    uint8_t type, ndim;
    uint64_t storage; /* number + 1 */
    int64_t offset;
    int64_t size[PAR_TENSOR_DIMS_MAX], stride[PAR_TENSOR_DIMS_MAX];
} tensor_head;

static bool read_tensor_head(par_decoder *d, tensor_head *head)
{
    if (!par_get_u8(d, &head->type) || head->type >= PAR_TYPE_COUNT) return false;
    if (!par_get_u8(d, &head->ndim) || head->ndim > PAR_TENSOR_DIMS_MAX) return false;
    if (!par_get_varint(d, &head->storage) || !par_get_zigzag(d, &head->offset)) return false;
    for (int i = 0; i < head->ndim; i++)
        if (!par_get_zigzag(d, &head->size[i])) return false;
    for (int i = 0; i < head->ndim; i++)
        if (!par_get_zigzag(d, &head->stride[i])) return false;
    return head->storage <= d->n_storages;
}

int par_decode_settle(lua_State *L, par_codec *codec, par_decoder *d)
{
    if (!codec->hooks.is_settled || codec->hooks.is_settled(L)) return PAR_OK;
    int rc = par_input_own_to_load(d, "a tensor");
    if (rc != PAR_OK) return rc;
    luaL_checkstack(L, 4, NULL);
    lua_pushcfunction(L, codec->hooks.settle);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) return PAR_OK;
    const char *why = lua_tostring(L, -1);
    return par_error_set(d->err, PAR_E_UNSUPPORTED, "something of Torch, which cannot be made here: %.300s", why ? why : "?");
}

int par_decode_tensor(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later)
{
    tensor_head head;
    if (!read_tensor_head(d, &head)) return par_corrupt(d, "a tensor that cannot be");
    if (!codec->hooks.push_tensor) return par_error_set(d->err, PAR_E_UNSUPPORTED, "a tensor, which is unknown here");
    int rc = par_decode_settle(L, codec, d);
    if (rc != PAR_OK) return rc;
    par_storage *storage = NULL;
    if (head.storage) {
        const par_got_storage *got = &d->storages[head.storage - 1];
        if (!__builtin_sub_overflow(head.offset, got->first, &head.offset)) storage = got->storage;
        if (!storage || storage->type != head.type || head.offset < 0) return par_corrupt(d, "a tensor that cannot be");
    }
    par_tensor *tensor;
    par_error why;
    rc = par_tensor_new_view((par_type)head.type, storage, head.offset, head.ndim, head.size, head.stride, &tensor, &why);
    if (rc == PAR_E_NOMEM) return par_error_set(d->err, rc, "no memory for a tensor");
    if (rc != PAR_OK) return par_corrupt(d, "a tensor that leaves its storage");
    codec->hooks.push_tensor(L, tensor);
    rc = later ? par_decode_remember(L, d, at) : PAR_OK;
    return rc == PAR_OK ? 1 : rc;
}

int par_decode_storage(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later)
{
    uint64_t number;
    if (!par_get_varint(d, &number) || number >= d->n_storages) return par_corrupt(d, "a storage that did not come");
    if (!codec->hooks.push_storage) return par_error_set(d->err, PAR_E_UNSUPPORTED, "a storage, which is unknown here");
    int rc = par_decode_settle(L, codec, d);
    if (rc != PAR_OK) return rc;
    codec->hooks.push_storage(L, par_storage_retain(d->storages[number].storage));
    rc = later ? par_decode_remember(L, d, at) : PAR_OK;
    return rc == PAR_OK ? 1 : rc;
}
