/* fuzz_seeds DIR: what the fuzzers begin with, made by the encoders of today: DIR/<fuzzer>/<name>. The folders are there. */
#include "../codec/state.h"

#include <stdio.h>

#include "cluster/frame.h"
#include "codec/format.h"

static alloc_meter meter;
static const char *folder;

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "fuzz_seeds: %s: %s\n", what, why);
    exit(1);
}

/* One seed: the bytes that choose what the fuzzer does, and what it is about. */
static void write_seed(const char *fuzzer, const char *name, const char *choice, size_t n, const void *bytes, size_t len)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", folder, fuzzer, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(choice, 1, n, file) != n || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
        give_up(path, "cannot be written");
}

/* --- messages --- */
typedef struct message {
    const char *name, *code; /* a Lua chunk that returns the values */
} message;

static const message data[] = {
    {"nothing", "return"},
    {"nils", "return nil, false, true, nil"},
    {"integers", "return 0, 63, 64, -1, -16, -17, 127, 128, 32767, 32768, 2^31, -2^40 // 1 | 0, math.maxinteger, math.mininteger"},
    {"floats", "return 0.5, -0.0, 1/0, -1/0, 0/0, 5e-324, 2^53"},
    {"strings", "return '', 'a', ('b'):rep(31), ('c'):rep(32), ('d'):rep(300), '\\0\\255', 'word', 'word'"},
    {"dictionary", "local t = {} for i = 1, 80 do t[i] = 'word ' .. i end for i = 1, 80 do t[80 + i] = t[81 - i] end return t"},
    {"list", "return {1, 'two', 3.5, true, {}, {4}}"},
    {"runs", "return {1, 2, 3, 4, 5, 6, 7, 8, 1000, 1001, 1002, 1003, 1004, 70000, 70001, 70002, 70003, 2^40 | 0, 1.5, 2.5, 3.5, 4.5}"},
    {"hash", "return {a = 1, b = {c = 2}, [1.5] = 'x', [true] = false, [{}] = 'key'}"},
    {"mixed", "return {1, 2, 3, name = 'n', [100] = 4, [-1] = 5}"},
    {"records", "local t = {} for i = 1, 9 do t[i] = {name = 'n' .. i, at = i, next = t[i - 1]} end return t"},
    {"shapes", "local t = {} for i = 1, 12 do t[i] = {['k' .. i % 3] = i, ['l' .. i % 4] = true} end return t"},
    {"cycle", "local t = {} t.self, t[1], t[t] = t, {t}, t return t, t"},
    {"sharing", "local s = {'s'} return {s, s, {s}, x = s}, s"},
    {"deep", "local t = {} for i = 1, 150 do t = {t, i} end return t"},
    {"metatable", "local M = {} M.__index = M return setmetatable({1}, M), setmetatable({}, M), M"},
    {"tensors", "local t = tensor(6) return t, t, tensor(9, 2, 3), storage_of(t), {t}"},
    {"modules", "return string, math.floor, print, _G, package.loaded"},
};

/* What may come with code, for the receiver who takes none. */
static const message code[] = {
    {"function", "return function(a) return a + 1 end"},
    {"function-twice", "local f = function() return 1 end return f, {f}"},
    {"upvalues", "local n, t = 0, {} local function f() n = n + 1 t[n] = f return n end return f, function() return n end, t"},
    {"hidden-in-a-table", "return {{{deep = {function() end}}}, [function() end] = 1}"},
    {"metamethods", "return setmetatable({}, {__index = function() end, __gc = function() end, __call = print})"},
    {"names", "return print, string, os.execute, require, string.format, package.loaded"},
    {"evil-metatable", "return setmetatable({}, {__index = string, __newindex = _G})"},
};

/* The value's chunk, run: its values lie from 1 on. */
static int push_values(lua_State *L, const message *value)
{
    lua_settop(L, 0);
    if (luaL_loadstring(L, value->code) != LUA_OK || lua_pcall(L, 0, LUA_MULTRET, 0) != LUA_OK) give_up(value->name, lua_tostring(L, -1));
    return lua_gettop(L);
}

/* false: this cannot be sent so. */
static bool encode(lua_State *L, const message *value, unsigned flags, par_encoded *encoded)
{
    par_error err;
    int n = push_values(L, value);
    bool good = par_codec_encode(L, par_codec_of(L), 1, n, "value", flags, NULL, 0, encoded, &err) == PAR_OK;
    if (!good && !(flags & PAR_ENCODE_FOREIGN)) give_up(value->name, err.text);
    return good;
}

static void name_of(char *name, size_t room, const message *value, const char *more) { snprintf(name, room, "%s%s", value->name, more); }

static void write_messages(lua_State *L)
{
    char name[64];
    par_encoded encoded;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        encode(L, &data[i], PAR_ENCODE_INLINE, &encoded);
        write_seed("decode", data[i].name, "\0", 1, encoded.bytes, encoded.len);
        write_seed("refuse", data[i].name, "\0\0", 2, encoded.bytes, encoded.len);
        name_of(name, sizeof name, &data[i], "-lossy");
        write_seed("decode", name, "\2", 1, encoded.bytes, encoded.len);
    }
    for (size_t i = 0; i < sizeof code / sizeof *code; i++) {
        encode(L, &code[i], PAR_ENCODE_INLINE, &encoded);
        write_seed("decode", code[i].name, "\0", 1, encoded.bytes, encoded.len);
        write_seed("refuse", code[i].name, "\0\0", 2, encoded.bytes, encoded.len);
        name_of(name, sizeof name, &code[i], "-for-another-lua");
        if (!encode(L, &code[i], PAR_ENCODE_INLINE | PAR_ENCODE_FOREIGN, &encoded)) continue;
        write_seed("refuse", name, "\0\1", 2, encoded.bytes, encoded.len);
    }
}

/* No encoder writes these; the names are those of fuzz_refuse.c's receiver, or of nobody. */
static void write_by_hand(void)
{
#define V PAR_FORMAT_VERSION
#define BY_HAND(name, ...)                                          \
    do {                                                            \
        const uint8_t bytes[] = {__VA_ARGS__};                      \
        write_seed("refuse", name, "\0\0", 2, bytes, sizeof bytes); \
        write_seed("decode", name, "\0", 1, bytes, sizeof bytes);   \
    } while (0)
    BY_HAND("a-known-type", V, 0, 0, 1, PAR_TAG_HOOKED, 2, PAR_TAG_STRING + 5, 'k', 'n', 'o', 'w', 'n', 1, PAR_TAG_EMPTY);
    BY_HAND("a-known-class", V, 0, 0, 1, PAR_TAG_META, PAR_TAG_HOOKED, 3, PAR_TAG_STRING + 5, 'C', 'l', 'a', 's', 's', 3,
            PAR_TAG_STRING + 1, 'n', PAR_TAG_EMPTY);
    BY_HAND("a-registered-metatable", V, 0, 0, 1, PAR_TAG_META, PAR_TAG_EMPTY, PAR_TAG_STRING + 5, 't', 'a', 'b', 'l', 'e');
    BY_HAND("a-module-of-nobody", V, 0, 0, 1, PAR_TAG_NAMED, 1, PAR_TAG_STRING + 4, 'e', 'v', 'i', 'l', PAR_TAG_STRING + 1, 'f');
    BY_HAND("a-finalizer-by-name", V, 0, 0, 2, PAR_TAG_META, PAR_TAG_EMPTY, PAR_TAG_HASH, 0, PAR_TAG_STRING + 4, '_', '_', 'g', 'c',
            PAR_TAG_NAMED, 0, PAR_TAG_STRING + 4, 'e', 'v', 'i', 'l', PAR_TAG_END);
    BY_HAND("a-list-longer-than-all", V, 0, 0, 1, PAR_TAG_ARRAY, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1);
    BY_HAND("a-hash-larger-than-all", V, 0, 0, 1, PAR_TAG_HASH, 63, 1, 1, PAR_TAG_END);
    BY_HAND("a-string-longer-than-all", V, 0, 0, 1, PAR_TAG_STR64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 'x');
    BY_HAND("a-run-longer-than-all", V, 0, 0, 1, PAR_TAG_ARRAY, 0, 2, PAR_TAG_RUN_F64, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3);
    BY_HAND("a-reference-to-nothing", V, PAR_FORMAT_REFS, 0, 1, PAR_TAG_ARRAY, 0, 1, PAR_TAG_REF, 200);
    BY_HAND("a-word-of-nothing", V, 0, 1, 1, PAR_TAG_WORD + 9);
    BY_HAND("a-join-outside", V, 0, 0, 1, PAR_TAG_JOIN, 4, 0);
    BY_HAND("storages-that-are-not-there", V, PAR_FORMAT_STORAGES, 0, 1, PAR_TAG_STORAGE, 0, 9, 0, 0, 0, 0, 0, 0, 0);
    BY_HAND("a-string-beside-nothing", V, 0, 0, 1, PAR_TAG_BESIDE, 1, 0x80, 0x80, 0x20);
#undef BY_HAND
}

/* --- recipes of values: any bytes are one --- */
static void write_recipes(void)
{
    uint64_t state = 0x9E3779B97F4A7C15u;
    uint8_t recipe[600];
    char name[32];
    for (unsigned i = 0; i < 60; i++) {
        size_t len = 8 + i * i % 590;
        for (size_t at = 0; at < len; at++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            recipe[at] = (uint8_t)(state >> 56);
            if (i % 3 && at > 1) recipe[at] = recipe[at] % 3 ? recipe[at] : (uint8_t)(200 + recipe[at] % 56); /* more tables */
        }
        snprintf(name, sizeof name, "recipe-%u", i);
        write_seed("round", name, "", 0, recipe, len);
    }
}

/* --- frames --- */
static void good(int rc)
{
    if (rc != PAR_OK) give_up("frames", "cannot be made");
}

static void write_frames(void)
{
    static const char *const env[] = {"A=1", "B", "EMPTY=", NULL};
    par_buffer agent = {0}, bridge = {0};
    par_frame_slot slot = {.words = {5, 7}, .age_ns = 1000, .given = {1, 2}};
    par_frame_beat beat = {1, 2, 3};
    good(par_frame_put_hello(&agent, &(par_frame_hello){.release = "0.1", .fingerprint = "print", .host = "h", .cores = 4, .pid = 77}));
    good(par_frame_put_slot(&agent, 3, 0, &slot));
    good(par_frame_put_beat(&agent, &beat));
    good(par_frame_put_text(&agent, PAR_FRAME_BYE, 0, 0, "the end"));
    good(par_frame_put_welcome(&bridge, &(par_frame_welcome){.window_bytes = 1 << 20, .beat_ms = 1000, .silence_ms = 9000}));
    good(par_frame_put_start(&bridge, 3, 12, &(par_frame_start){.ring_bytes = 1 << 20, .program = "", .fingerprint = "print", .cwd = "/"},
                             env));
    good(par_frame_put_slot(&bridge, 3, 1, &slot));
    good(par_frame_put_empty(&bridge, PAR_FRAME_CREDIT, 3, 4096, 0));
    good(par_frame_put_empty(&bridge, PAR_FRAME_CLOSE, 3, 0, 0));
    write_seed("frame", "agent", "\1", 1, agent.data, agent.len);
    write_seed("frame", "bridge", "\0", 1, bridge.data, bridge.len);
    par_buffer_fini(&agent);
    par_buffer_fini(&bridge);
}

int main(int argc, char **argv)
{
    if (argc != 2) give_up("usage", "fuzz_seeds DIR");
    folder = argv[1];
    lua_State *L = state_open(&meter);
    write_messages(L);
    write_by_hand();
    write_recipes();
    write_frames();
    lua_close(L);
    return 0;
}
