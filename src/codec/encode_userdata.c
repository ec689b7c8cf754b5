/* Userdata: tensors and storages. The elements follow all values (so that by then it is known which part of a storage
 * the message uses), or travel beside the message when there are many. */
#include "codec/classes.h"
#include "codec/encoder.h"
#include "codec/types.h"

/* The number of the storage in this message; widens what is sent of it to [first, last]. */
static int use_storage(par_encoder *e, par_storage *storage, int64_t first, int64_t last, uint32_t *number)
{
    bool added;
    par_seen *seen = par_pointers_add(&e->seen, (const char *)storage + 1, &added); /* + 1: the storage as such is an object */
    if (!seen) return par_output_full(e);
    if (added) {
        if (e->n_storages >= PAR_PAYLOADS_MAX)
            return par_error_set(e->err, PAR_E_LIMIT, "%s: more than %u storages in one message", e->name, PAR_PAYLOADS_MAX);
        par_sent_storage *grown = par_codec_grow(e->storages, &e->storages_capacity, e->n_storages + 1u, sizeof *grown);
        if (!grown) return par_output_full(e);
        e->storages = grown;
        seen->aux = e->n_storages++;
        e->storages[seen->aux] = (par_sent_storage){par_storage_retain(storage), first, last};
    }
    par_sent_storage *sent = &e->storages[ *number = seen->aux];
    if (first < sent->first) sent->first = first;
    if (last > sent->last) sent->last = last;
    return PAR_OK;
}

static int encode_tensor(par_encoder *e, const par_tensor *tensor)
{
    int rc;
    int64_t first = 0, last = -1;
    uint32_t number = 0;
    bool elements = tensor->storage && par_tensor_span(tensor, &first, &last);
    if (elements && (rc = use_storage(e, tensor->storage, first, last, &number)) != PAR_OK) return rc;
    if (!par_output_room(e, 32 + 20 * (size_t)tensor->ndim)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_TENSOR);
    par_put_u8(e, tensor->type);
    par_put_u8(e, (unsigned)tensor->ndim);
    par_put_varint(e, elements ? number + UINT64_C(1) : 0);
    par_put_zigzag(e, elements ? tensor->offset : 0);
    for (int i = 0; i < tensor->ndim; i++) par_put_zigzag(e, tensor->size[i]);
    for (int i = 0; i < tensor->ndim; i++) par_put_zigzag(e, tensor->stride[i]);
    return 1;
}

static int encode_storage(par_encoder *e, par_storage *storage)
{
    uint32_t number;
    int rc = use_storage(e, storage, 0, storage->size - 1, &number);
    if (rc != PAR_OK) return rc;
    if (!par_output_room(e, 11)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_STORAGE);
    par_put_varint(e, number);
    return 1;
}

/* Takes over the object's reference, until the message is sent: hooks may let it go, and another come at its address. */
static int hold(par_encoder *e, par_codec_object object)
{
    par_codec_object *grown = par_codec_grow(e->held, &e->held_capacity, e->n_held + 1, sizeof *grown);
    if (grown) {
        e->held = grown;
        e->held[e->n_held++] = object;
        return PAR_OK;
    }
    par_tensor_release(object.tensor);
    par_storage_release(object.storage);
    return par_output_full(e);
}

/* The object of the userdata at the top. */
static int encode_object(lua_State *L, par_codec *codec, par_encoder *e, par_codec_object object)
{
    int rc = hold(e, object);
    if (rc != PAR_OK) return rc;
    rc = par_encode_seen(L, e, object.identity, 0);
    if (rc != 0) {
        par_encode_release_held(e);
        return rc;
    }
    if (object.borrowed) par_encode_keep(L, codec, e);
    return object.tensor ? encode_tensor(e, object.tensor) : encode_storage(e, object.storage);
}

int par_encode_userdata(lua_State *L, par_codec *codec, par_encoder *e)
{
    par_codec_object object = {0};
    if (codec->hooks.to_tensor && codec->hooks.to_tensor(L, lua_gettop(L), &object)) return encode_object(L, codec, e, object);
    char type[100] = "";
    if (lua_getmetatable(L, -1)) {
        if (par_types_hooked(L, codec)) {
            lua_remove(L, -2);
            return par_encode_hooked(L, codec, e);
        }
        if (par_class_of(L, codec)) {
            lua_remove(L, -2);
            return par_encode_classed(L, codec, e);
        }
        par_metatable_name(L, type, sizeof type);
        lua_pop(L, 1);
    }
    if (!*type) return par_refuse(L, e, "cannot send a userdata");
    if (strncmp(type, "parallel.", 9) == 0) return par_refuse_handle(L, e, type);
    return par_refuse(L, e, "cannot send a userdata (%s); parallel.register('%s', {encode=, decode=}) would teach how", type, type);
}

/* ---- the elements ---- */

#define WORTH_TRIMMING 4096 /* bytes that a narrower part has to save, beside half of the storage */

/* Which part is sent. False: it is not there any more, a hook has made the storage smaller. */
static bool trim(par_sent_storage *sent)
{
    const par_storage *storage = sent->storage;
    if (sent->last >= storage->size) return false;
    int64_t used = sent->last - sent->first + 1, unused = storage->size - used;
    if (!storage->shared && unused > used && unused >= WORTH_TRIMMING / (int64_t)par_type_bytes(storage->type)) return true;
    sent->first = 0;
    sent->last = storage->size - 1;
    return true;
}

static int put_inline(par_encoder *e, const void *data, size_t bytes)
{
    if (!par_output_room(e, bytes) || !par_output_room(e, bytes + 8)) return par_output_full(e);
    while (par_output_at(e) % 8) par_put_u8(e, 0);
    par_put_bytes(e, data, bytes);
    return PAR_OK;
}

static int put_storage(par_encoder *e, par_sent_storage *sent)
{
    if (!trim(sent)) return par_error_set(e->err, PAR_E_INVALID, "%s: a storage was made smaller while it was being written", e->name);
    const par_storage *storage = sent->storage;
    size_t element = par_type_bytes(storage->type), count = (size_t)(sent->last - sent->first + 1), bytes = count * element;
    const uint8_t *data = storage->size ? (const uint8_t *)storage->data + (size_t)sent->first * element : NULL;
    bool beside = bytes && !(e->flags & PAR_ENCODE_INLINE) && (storage->shared || bytes >= PAR_PAYLOAD_MIN_BYTES);
    if (!par_output_room(e, 40)) return par_output_full(e);
    par_put_u8(e, storage->type);
    par_put_u8(e, !beside ? PAR_STORAGE_INLINE : storage->shared ? PAR_STORAGE_SHARED : PAR_STORAGE_PAYLOAD);
    par_put_varint(e, (uint64_t)sent->first);
    par_put_varint(e, count);
    if (!beside) return put_inline(e, data, bytes);
    par_put_varint(e, e->n_payloads);
    return par_output_payload(e, &(par_payload){.data = data, .bytes = bytes, .blob = storage->blob, .shared = storage->shared});
}

int par_encode_storages(par_codec *codec, par_encoder *e)
{
    uint64_t begin = par_output_at(e);
    if (!par_output_room(e, 10)) return par_output_full(e);
    par_put_varint(e, e->n_storages);
    for (uint32_t i = 0; i < e->n_storages; i++) {
        if (codec->hooks.renew_storage) codec->hooks.renew_storage(e->storages[i].storage);
        int rc = put_storage(e, &e->storages[i]);
        if (rc != PAR_OK) return rc;
    }
    if (!par_output_room(e, sizeof begin)) return par_output_full(e);
    par_put_bytes(e, &begin, sizeof begin);
    e->header_flags |= PAR_FORMAT_STORAGES;
    return PAR_OK;
}
