/* The encoder's own state: objects that were met, and levels of containers. */
#include "codec/encoder.h"

#include <stdlib.h>

#include "codec/shapes.h"

void par_encode_release_held(par_encoder *e)
{
    par_codec_object *last = &e->held[--e->n_held];
    par_tensor_release(last->tensor);
    par_storage_release(last->storage);
}

static void release_tensors(par_encoder *e)
{
    while (e->n_held) par_encode_release_held(e);
    while (e->n_storages) par_storage_release(e->storages[--e->n_storages].storage);
}

void par_encoder_fini(par_encoder *e)
{
    par_buffer_fini(&e->own);
    par_buffer_fini(&e->own_text);
    par_pointers_fini(&e->seen);
    release_tensors(e);
    free(e->open);
    free(e->words);
    par_shapes_fini(&e->shapes);
    free(e->storages);
    free(e->held);
    free(e->payloads);
}

void par_encode_let_go(lua_State *L, par_codec *codec, par_encoder *e)
{
    release_tensors(e);
    if (e->kept == 0) return;
    e->kept = 0;
    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &codec->anchors.kept);
}

void par_encode_mark_later(par_encoder *e, size_t at)
{
    uint8_t tag = e->start[at];
    e->header_flags |= PAR_FORMAT_REFS;
    if (tag >= PAR_TAG_EMPTY && tag <= PAR_TAG_MIXED) e->start[at] = (uint8_t)(tag + PAR_TABLE_LATER);
    else if (tag == PAR_TAG_FUNCTION || tag == PAR_TAG_SOURCE || tag == PAR_TAG_HOOKED || tag == PAR_TAG_TENSOR || tag == PAR_TAG_STORAGE ||
             tag == PAR_TAG_CDATA)
        e->start[at] = (uint8_t)(tag + 1);
}

/* Would a reference to the object at `at` reach into its own encoded form? The receiver has no object by then. */
static bool inside_itself(const par_encoder *e, size_t at)
{
    if (!e->hooked_open) return false;
    for (size_t level = 0; level < e->levels.depth; level++)
        if (e->open[level].step == PAR_STEP_HOOKED && e->open[level].at == at) return true;
    return false;
}

int par_encode_reference(lua_State *L, par_encoder *e, size_t at)
{
    if (inside_itself(e, at)) return par_refuse(L, e, "an encode hook returned the object that it was to encode");
    if (!par_output_room(e, 11)) return par_output_full(e);
    par_encode_mark_later(e, at);
    par_put_u8(e, PAR_TAG_REF);
    par_put_varint(e, at);
    return 1;
}

int par_encode_grow_levels(par_encoder *e, size_t depth)
{
    if (depth >= PAR_CODEC_DEPTH_MAX)
        return par_error_set(e->err, PAR_E_LIMIT, "%s: nested deeper than %u levels", e->name, PAR_CODEC_DEPTH_MAX);
    par_open *grown = par_codec_grow(e->open, &e->open_capacity, depth + 1, sizeof *grown);
    if (!grown) return par_output_full(e);
    e->open = grown;
    return PAR_OK;
}
