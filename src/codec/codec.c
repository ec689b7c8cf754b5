#include "codec/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decoder.h"
#include "codec/direct/direct.h"
#include "codec/encoder.h"
#include "codec/state.h"

const char par_codec_key;

static int codec_gc(lua_State *L)
{
    par_codec *codec = lua_touserdata(L, 1);
    par_encoder_fini(&codec->encoder);
    par_decoder_fini(&codec->decoder);
    return 0;
}

/* Pushes a new codec. */
static par_codec *codec_push(lua_State *L)
{
    par_codec *codec = lua_newuserdata(L, sizeof *codec);
    memset(codec, 0, sizeof *codec);
    codec->encoder.levels.key = &codec->anchors.encode_levels;
    codec->decoder.levels.key = &codec->anchors.decode_levels;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, codec_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return codec;
}

par_codec *par_codec_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &par_codec_key);
    par_codec *codec = lua_touserdata(L, -1);
    if (codec) {
        lua_pop(L, 1);
        return codec;
    }
    lua_pop(L, 1);
    luaL_checkstack(L, 6, "no room for the codec");
    codec = codec_push(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &par_codec_key);
    return codec;
}

const char *par_codec_direct_state(void) { return par_direct_state(); }

void par_codec_set_hooks(par_codec *codec, const par_codec_hooks *hooks) { codec->hooks = *hooks; }

par_codec *par_codec_inner(lua_State *L, par_codec *codec)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &codec->anchors.inner);
    par_codec *inner = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return inner;
}

/* An error has jumped out of the call that used it: what that held goes, so that peers have their memory back. */
static void let_go(lua_State *L, par_codec *codec)
{
    codec->frame = NULL;
    codec->encoding = false;
    par_encode_let_go(L, codec, &codec->encoder);
    par_decode_release_storages(&codec->decoder);
    par_input_let_go(&codec->decoder);
}

par_codec *par_codec_unused(lua_State *L, par_codec *codec, const void *here)
{
    while (par_frame_is_above(codec->frame, here)) {
        par_codec *inner = par_codec_inner(L, codec);
        if (!inner) {
            inner = codec_push(L);
            inner->outer = codec;
            lua_rawsetp(L, LUA_REGISTRYINDEX, &codec->anchors.inner);
        }
        inner->hooks = codec->hooks;
        codec = inner;
    }
    if (codec->frame) let_go(L, codec);
    return codec;
}
