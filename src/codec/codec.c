#include "codec/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decoder.h"
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

void par_codec_set_hooks(par_codec *codec, const par_codec_hooks *hooks) { codec->hooks = *hooks; }

par_codec *par_codec_idle(lua_State *L, par_codec *codec)
{
    while (codec->calls_out) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &codec->anchors.inner);
        par_codec *inner = lua_touserdata(L, -1);
        lua_pop(L, 1);
        if (!inner) {
            inner = codec_push(L);
            inner->outer = codec;
            lua_rawsetp(L, LUA_REGISTRYINDEX, &codec->anchors.inner);
        }
        inner->hooks = codec->hooks;
        codec = inner;
    }
    return codec;
}

int par_codec_call(lua_State *L, par_codec *codec, int args, int results)
{
    codec->calls_out++;
    int rc = lua_pcall(L, args, results, 0);
    codec->calls_out--;
    return rc;
}

void par_codec_push_globals(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
#else
    lua_pushvalue(L, LUA_GLOBALSINDEX);
#endif
}

int par_codec_count_upvalues(lua_State *L)
{
    int n = 0;
    while (lua_getupvalue(L, -1, n + 1)) {
        lua_pop(L, 1);
        n++;
    }
    return n;
}

void *par_codec_grow(void *array, size_t *capacity, size_t want, size_t size)
{
    if (want <= *capacity) return array;
    size_t grown = *capacity * 2 > want ? *capacity * 2 : want;
    if (grown < 16) grown = 16;
    if (grown > SIZE_MAX / size) return NULL;
    void *memory = realloc(array, grown * size);
    if (memory) *capacity = grown;
    return memory;
}

/* ---- fingerprint ---- */

typedef struct dump_head {
    uint8_t bytes[40];
    size_t len;
} dump_head;

static int keep_head(lua_State *L, const void *bytes, size_t len, void *context)
{
    (void)L;
    dump_head *head = context;
    size_t room = sizeof head->bytes - head->len;
    if (len > room) len = room;
    memcpy(head->bytes + head->len, bytes, len);
    head->len += len;
    return 0;
}

/* Bytes of a dump's header: signature, version, sizes and number formats. What follows depends on the function. */
static size_t header_bytes(void)
{
#if PAR_LUAJIT
    return 5; /* the flags hold byte order, FFI and the GC64 frame layout */
#elif LUA_VERSION_NUM >= 504
    return 31;
#elif LUA_VERSION_NUM == 503
    return 33;
#elif LUA_VERSION_NUM == 502
    return 18;
#else
    return 12;
#endif
}

void par_codec_fingerprint(lua_State *L, char *out, size_t room)
{
    dump_head head = {.len = 0};
    if (room == 0) return;
    luaL_checkstack(L, 4, NULL);
    if (luaL_loadbuffer(L, "return", 6, "=fingerprint") == LUA_OK) {
#if LUA_VERSION_NUM >= 503
        lua_dump(L, keep_head, &head, 1);
#else
        lua_dump(L, keep_head, &head);
#endif
    }
    lua_pop(L, 1);
#if PAR_LUAJIT
    const char *family = "LuaJIT";
#else
    const char *family = "Lua";
#endif
    size_t used = (size_t)snprintf(out, room, "%s %d.%d n%d i%d p%d ", family, LUA_VERSION_NUM / 100, LUA_VERSION_NUM % 100,
                                   (int)sizeof(lua_Number), (int)sizeof(lua_Integer), (int)sizeof(void *));
    size_t n = head.len < header_bytes() ? head.len : header_bytes();
    for (size_t i = 0; i < n && used + 3 <= room; i++)
        used += (size_t)snprintf(out + used, room - used, "%02x", head.bytes[i]);
}

unsigned par_codec_flags_for(lua_State *L, const char *fingerprint)
{
    char own[200];
    int minor;
    par_codec_fingerprint(L, own, sizeof own);
    if (strcmp(own, fingerprint) == 0) return 0;
    bool integers = sscanf(fingerprint, "Lua 5.%d ", &minor) == 1 && minor >= 3;
    return PAR_ENCODE_FOREIGN | (integers ? 0 : PAR_ENCODE_FLOATS);
}

uint32_t par_codec_fingerprint_hash(lua_State *L, par_codec *codec)
{
    if (codec->fingerprint) return codec->fingerprint;
    char text[200];
    par_codec_fingerprint(L, text, sizeof text);
    uint32_t hash = 2166136261u;
    for (const char *c = text; *c; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
    return codec->fingerprint = hash ? hash : 1;
}
