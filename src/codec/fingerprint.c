/* What tells kinds of Lua apart: peers with equal fingerprints exchange bytecode. */
#include <stdio.h>
#include <string.h>

#include "codec/state.h"

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
    if (len == 0) return 0; /* 5.5 ends with NULL */
    memcpy(head->bytes + head->len, bytes, len);
    head->len += len;
    return 0;
}

/* Bytes of a dump's header: signature, version, sizes and number formats. What follows depends on the function. */
static size_t header_bytes(void)
{
#if PAR_LUAJIT
    return 5; /* the flags hold byte order, FFI and the GC64 frame layout */
#elif LUA_VERSION_NUM >= 505
    return 40;
#elif LUA_VERSION_NUM == 504
    return 31;
#elif LUA_VERSION_NUM == 503
    return 33;
#elif LUA_VERSION_NUM == 502
    return 18;
#else
    return 12;
#endif
}

static void write_fingerprint(lua_State *L, char *out, size_t room)
{
    dump_head head = {.len = 0};
    luaL_checkstack(L, 4, NULL);
    if (luaL_loadbuffer(L, "return", 6, "=fingerprint") != LUA_OK) lua_error(L); /* no memory */
#if LUA_VERSION_NUM >= 503
    int rc = lua_dump(L, keep_head, &head, 1);
#else
    int rc = lua_dump(L, keep_head, &head);
#endif
    if (rc != 0) luaL_error(L, "not enough memory");
    lua_pop(L, 1);
#if PAR_LUAJIT
    const char *family = "LuaJIT";
#else
    const char *family = "Lua";
#endif
    size_t used = (size_t)snprintf(out, room, "%s %d.%d n%d i%d p%d ", family, LUA_VERSION_NUM / 100, LUA_VERSION_NUM % 100,
                                   (int)sizeof(lua_Number), (int)sizeof(lua_Integer), (int)sizeof(void *));
    size_t n = head.len < header_bytes() ? head.len : header_bytes();
    for (size_t i = 0; i < n && used + 3 <= room; i++) used += (size_t)snprintf(out + used, room - used, "%02x", head.bytes[i]);
}

/* Made once: every start asks for it several times. */
static const char *own_fingerprint(lua_State *L)
{
    par_codec *codec = par_codec_of(L);
    if (!*codec->fingerprint) {
        char text[sizeof codec->fingerprint];
        write_fingerprint(L, text, sizeof text); /* may raise half-way */
        memcpy(codec->fingerprint, text, sizeof text);
    }
    return codec->fingerprint;
}

void par_codec_fingerprint(lua_State *L, char *out, size_t room)
{
    if (room) snprintf(out, room, "%s", own_fingerprint(L));
}

unsigned par_codec_flags_for(lua_State *L, const char *fingerprint)
{
    int minor;
    if (strcmp(own_fingerprint(L), fingerprint) == 0) return 0;
    bool integers = sscanf(fingerprint, "Lua 5.%d ", &minor) == 1 && minor >= 3;
    return PAR_ENCODE_FOREIGN | (integers ? 0 : PAR_ENCODE_FLOATS);
}

uint32_t par_codec_fingerprint_hash(lua_State *L, par_codec *codec)
{
    if (codec->fingerprint_hash) return codec->fingerprint_hash;
    uint32_t hash = 2166136261u;
    for (const char *c = own_fingerprint(L); *c; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
    return codec->fingerprint_hash = hash ? hash : 1;
}
