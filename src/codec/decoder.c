/* The decoder's own state: values that can be referred to, levels of containers, storages. */
#include "codec/decoder.h"

#include <stdlib.h>

int par_decode_remember(lua_State *L, par_decoder *d, size_t at)
{
    if (!d->refs_index) return par_corrupt(d, "references that were not announced");
    uint64_t *grown = par_codec_grow(d->refs, &d->refs_capacity, d->n_refs + 1, sizeof *grown);
    if (!grown) return par_error_set(d->err, PAR_E_NOMEM, "no memory for the references of a message");
    d->refs = grown;
    d->refs[d->n_refs++] = at;
    lua_pushvalue(L, -1);
    lua_rawseti(L, d->refs_index, (int)d->n_refs);
    return PAR_OK;
}

void par_decode_set_key(lua_State *L, par_decoder *d, uint32_t i)
{
    int more = d->keys_index + PAR_KEYS_ON_STACK;
    if (i < PAR_KEYS_ON_STACK) {
        lua_replace(L, d->keys_index + (int)i);
        return;
    }
    if (lua_isnil(L, more)) {
        lua_newtable(L);
        lua_replace(L, more);
    }
    lua_rawseti(L, more, (int)i);
}

int par_decode_ref(lua_State *L, par_decoder *d)
{
    uint64_t at;
    if (!par_get_varint(d, &at)) return par_corrupt(d, "it ends inside a reference");
    size_t low = 0, high = d->n_refs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->refs[middle] < at) low = middle + 1;
        else high = middle;
    }
    if (low == d->n_refs || d->refs[low] != at) return par_corrupt(d, "a reference to nothing");
    lua_rawgeti(L, d->refs_index, (int)low + 1);
    if (lua_isnil(L, -1)) return par_corrupt(d, "a reference to a value that is not complete");
    return 1;
}

int par_decode_enter(lua_State *L, par_decoder *d, par_take take, par_filling **filling)
{
    size_t depth = d->levels.depth;
    if (depth == d->open_capacity) {
        if (depth >= PAR_CODEC_DEPTH_MAX) return par_corrupt(d, "nested too deep");
        par_filling *grown = par_codec_grow(d->open, &d->open_capacity, depth + 1, sizeof *grown);
        if (!grown) return par_error_set(d->err, PAR_E_NOMEM, "no memory for the nesting of a message");
        d->open = grown;
    }
    if (!par_levels_enter(L, &d->levels)) return par_error_set(d->err, PAR_E_NOMEM, "no room on the Lua stack");
    *filling = &d->open[depth];
    **filling = (par_filling){.take = (uint8_t)take};
    return PAR_OK;
}

void par_decode_release_storages(par_decoder *d)
{
    for (uint32_t i = 0; i < d->n_storages; i++) par_storage_release(d->storages[i].storage);
    d->n_storages = 0;
}

void par_decoder_fini(par_decoder *d)
{
    par_decode_release_storages(d);
    par_input_let_go(d);
    free(d->own_payloads);
    free(d->open);
    free(d->refs);
    par_buffer_fini(&d->own);
    free(d->storages);
}
