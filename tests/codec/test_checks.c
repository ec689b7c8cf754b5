/* Messages wrong in one way only: every check of the decoder is the one that finds it. And messages in memory that changes
 * while a hook runs. */
#include <sys/mman.h>

#include "tap.h"
#include "base/limits.h"
#include "codec/format.h"
#include "os/blob.h"
#include "state.h"

#define V PAR_FORMAT_VERSION

static par_error err;
static alloc_meter meter;

static int decode(lua_State *L, const void *bytes, size_t len, par_blob *const *blobs, uint32_t n, unsigned flags)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (len + page - 1) / page * page;
    uint8_t *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED && mprotect(pages + room, page, PROT_NONE) == 0); /* who reads behind the end ends there */
    uint8_t *copy = pages + room - len;
    memcpy(copy, bytes, len);
    int rc = par_codec_decode(L, par_codec_of(L), copy, len, blobs, n, flags, &err);
    munmap(pages, room + page);
    lua_settop(L, 0);
    return rc;
}

static int outcome(const void *bytes, size_t len, unsigned flags)
{
    lua_State *L = state_open(&meter);
    int rc = decode(L, bytes, len, NULL, 0, flags);
    lua_close(L);
    CHECK_INT(meter.used, 0);
    return rc;
}

#define OUTCOME(flags, ...) outcome((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), flags)
#define CORRUPT(...) CHECK_INT(OUTCOME(0, __VA_ARGS__), PAR_E_CORRUPT)
#define GOOD(...) CHECK_INT(OUTCOME(0, __VA_ARGS__), 1)

static void scalars_and_the_dictionary(void)
{
    GOOD(V, 0, 0, 1, 5);
    CORRUPT(V - 1, 0, 0, 1, 5);        /* another version */
    CORRUPT(V, 0, 1, 1, PAR_TAG_WORD); /* announced, and not defined */
    CORRUPT(V, 0, 70, 1, PAR_TAG_WORD8, 0);
    CORRUPT(V, 0, 1, 2, PAR_TAG_STRING_DEF + 1, 'a', PAR_TAG_STRING_DEF + 1, 'b'); /* more than announced */
    CORRUPT(V, 0, 0, 1, PAR_TAG_STRING + 2, 'a');                                  /* longer than the message */
    CORRUPT(V, 0, 0, 1, PAR_TAG_STR8, 2, 'a');
    CORRUPT(V, 0, 0, 1, PAR_TAG_F64, 0, 0, 0);
    CORRUPT(V, 0, 0, 1, 5, 5); /* something behind the last */
    CORRUPT(V, 0, 0, 1, PAR_TAG_END);
}

static void tables(void)
{
    GOOD(V, 0, 0, 1, PAR_TAG_HASH, 0, 1, 2, PAR_TAG_END);
    CORRUPT(V, 0, 0, 1, PAR_TAG_HASH, 31, PAR_TAG_END); /* 2^31 entries, and more */
    CORRUPT(V, 0, 0, 1, PAR_TAG_HASH, 255, PAR_TAG_END);
    CORRUPT(V, 0, 0, 1, PAR_TAG_HASH, 0, PAR_TAG_NIL, 1, PAR_TAG_END);
    CORRUPT(V, 0, 0, 1, PAR_TAG_ARRAY, 0, 3, PAR_TAG_RUN_F64, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2); /* 2 numbers in 10 bytes */
    CORRUPT(V, 0, 0, 1, PAR_TAG_ARRAY, 0, 2, PAR_TAG_RUN_I8, 3, 1, 2, 3);
    CORRUPT(V, 0, 0, 1, PAR_TAG_META, PAR_TAG_EMPTY, 5); /* a metatable that is a number */
    CORRUPT(V, 0, 0, 1, PAR_TAG_META, PAR_TAG_REF, 4);
}

#define NEW(...) PAR_TAG_HASH, PAR_SHAPE_NEW, __VA_ARGS__
#define SHAPE(n) PAR_TAG_HASH, PAR_SHAPE_FIRST + (n)

static void records(void)
{
    const unsigned S = PAR_FORMAT_SHAPES;
    GOOD(V, S, 0, 1, NEW(1, 1, 'a'), 5);
    GOOD(V, S, 0, 1, PAR_TAG_ARRAY, 0, 3, NEW(2, 1, 'a', 0), 5, 6, SHAPE(0), 7, PAR_TAG_NIL, NEW(1, 1, 'b'), SHAPE(1), 1);
    GOOD(V, S, 0, 1, NEW(2, 1, 'a', 1, 'a'), 5, 6); /* a key twice: the last counts, as in any table */
    GOOD(V, S | PAR_FORMAT_REFS, 0, 1, PAR_TAG_HASH + PAR_TABLE_LATER, PAR_SHAPE_NEW, 1, 1, 'a', PAR_TAG_REF, 4);
    GOOD(V, S, 0, 1, PAR_TAG_META, NEW(1, 1, 'a'), 5, PAR_TAG_EMPTY);
    CORRUPT(V, 0, 0, 1, NEW(1, 1, 'a'), 5); /* not announced */
    CORRUPT(V, 0, 0, 1, SHAPE(0), 5);
    CORRUPT(V, S, 0, 1, SHAPE(0), 5); /* not defined */
    CORRUPT(V, S, 0, 1, SHAPE(126), 5);
    CORRUPT(V, S, 0, 1, NEW(0), 5); /* of no keys, and of too many */
    CORRUPT(V, S, 0, 1, NEW(33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    CORRUPT(V, S, 0, 1, NEW(1, 2, 'a'));            /* a name longer than the message */
    CORRUPT(V, S, 0, 1, NEW(2, 1, 'a', 1, 'b'), 5); /* more values than bytes */
    CORRUPT(V, S, 0, 1, NEW(1, 1, 'a'), 5, 5);
    CORRUPT(V, S, 0, 1, PAR_TAG_MIXED, PAR_SHAPE_FIRST, 1, 5, 5); /* what has elements is no record */
    CORRUPT(V, S, 0, 1, PAR_TAG_HASH, 31, PAR_TAG_END);
}

/* One shape more than there can be. */
static void shapes_without_end(void)
{
    uint8_t bytes[6 + 6 * (PAR_SHAPES_MAX + 1)] = {V, PAR_FORMAT_SHAPES, 0, 1, PAR_TAG_ARRAY, 0};
    for (unsigned n = PAR_SHAPES_MAX; n <= PAR_SHAPES_MAX + 1; n++) {
        size_t len = 6;
        uint64_t count = n;
        for (; count >= 0x80; count >>= 7) bytes[len++] = (uint8_t)(count | 0x80);
        bytes[len++] = (uint8_t)count;
        for (unsigned i = 0; i < n; i++) {
            const uint8_t record[] = {NEW(1, 0), 5};
            memcpy(bytes + len, record, sizeof record);
            len += sizeof record;
        }
        CHECK_INT(outcome(bytes, len, 0), n > PAR_SHAPES_MAX ? PAR_E_CORRUPT : 1);
    }
}

/* Tables inside tables, each of which claims all that is left: what is made beforehand is bounded by the message once. */
static void claims_that_add_up(void)
{
    enum { LEVELS = 3000 };
    lua_State *L = state_open(&meter);
    static uint8_t bytes[4 + 4 * LEVELS];
    const uint8_t header[] = {V, 0, 0, 1};
    memcpy(bytes, header, sizeof header);
    for (unsigned i = 0; i < LEVELS; i++) {
        unsigned left = 4 * (LEVELS - i - 1);
        const uint8_t table[] = {PAR_TAG_ARRAY, 0, (uint8_t)(left | 0x80), (uint8_t)(left >> 7)};
        memcpy(bytes + 4 + 4 * i, table, sizeof table);
    }
    size_t before = meter.peak = meter.used;
    CHECK_INT(decode(L, bytes, sizeof bytes, NULL, 0, 0), PAR_E_CORRUPT);
    CHECK(meter.peak - before < 65536 + 100 * sizeof bytes);
    lua_close(L);
}

static void references(void)
{
    GOOD(V, PAR_FORMAT_REFS, 0, 1, PAR_TAG_ARRAY + PAR_TABLE_LATER, 0, 1, PAR_TAG_REF, 4);
    CORRUPT(V, PAR_FORMAT_REFS, 0, 1, PAR_TAG_ARRAY + PAR_TABLE_LATER, 0, 1, PAR_TAG_REF, 3); /* before any */
    CORRUPT(V, PAR_FORMAT_REFS, 0, 1, PAR_TAG_ARRAY + PAR_TABLE_LATER, 0, 1, PAR_TAG_REF, 5); /* behind all */
    CORRUPT(V, PAR_FORMAT_REFS, 0, 1, PAR_TAG_ARRAY, 0, 1, PAR_TAG_REF, 4);                   /* not one to be referred to */
    CORRUPT(V, 0, 0, 1, PAR_TAG_EMPTY + PAR_TABLE_LATER);                                     /* not announced */
}

#define STORAGES_AT(n) n, 0, 0, 0, 0, 0, 0, 0
#define PAD 0, 0, 0, 0, 0 /* to a multiple of 8 */

static void storages(void)
{
    const unsigned S = PAR_FORMAT_STORAGES;
    GOOD(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_BYTE, 0, 0, 0, PAD, STORAGES_AT(6));
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 1, 1, PAR_BYTE, 0, 0, 0, PAD, STORAGES_AT(6));       /* one that did not come */
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_TYPE_COUNT, 0, 0, 0, PAD, STORAGES_AT(6)); /* of no type */
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_BYTE, 0, 0, 0, PAD, 9, STORAGES_AT(6));    /* something behind the last */
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_BYTE, 0, 0, 9, PAD, STORAGES_AT(6));       /* longer than the message */
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_BYTE, 0, 0, 0, PAD, 200, 255, 255, 255, 255, 255, 255, 255); /* nowhere */
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_BYTE, 0, 0, 0, PAD, 0, 0, 0, 0, 0, 1, 0, 0);                 /* nor there */
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_BYTE, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0,
            STORAGES_AT(6)); /* its first element beyond 2^63 */
    CORRUPT(V, S, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_DOUBLE, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, PAD,
            STORAGES_AT(6)); /* 2^61 doubles are 0 bytes in 64 bits */
    CORRUPT(V, 0, 0, 1, PAR_TAG_STORAGE, 0);
}

static int beside(uint8_t kind, uint8_t count, uint8_t number, size_t bytes)
{
    const uint8_t message[] = {V, PAR_FORMAT_STORAGES, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_BYTE, kind, 0, count, number, STORAGES_AT(6)};
    lua_State *L = state_open(&meter);
    par_blob *blob = par_os_blob_new(bytes, true);
    int rc = decode(L, message, sizeof message, &blob, 1, 0);
    lua_close(L);
    CHECK_INT(blob->refs, 1);
    par_blob_release(blob);
    return rc;
}

static void payloads(void)
{
    CHECK_INT(beside(PAR_STORAGE_PAYLOAD, 10, 0, 10), 1);
    CHECK_INT(beside(PAR_STORAGE_SHARED, 10, 0, 10), 1);
    CHECK_INT(beside(PAR_STORAGE_SHARED + 1, 10, 0, 10), PAR_E_CORRUPT);
    CHECK_INT(beside(PAR_STORAGE_PAYLOAD, 11, 0, 10), PAR_E_CORRUPT);
    CHECK_INT(beside(PAR_STORAGE_PAYLOAD, 10, 1, 10), PAR_E_CORRUPT);
}

/* Ten bytes from element 5 on; the tensor as it is told. */
static int tensor(uint8_t type, uint8_t storage, uint8_t offset, uint8_t size, uint8_t stride)
{
    const uint8_t message[] = {V,
                               PAR_FORMAT_STORAGES,
                               0,
                               1,
                               PAR_TAG_TENSOR,
                               type,
                               1,
                               storage,
                               (uint8_t)(2 * offset),
                               (uint8_t)(2 * size),
                               (uint8_t)(2 * stride),
                               1,
                               PAR_BYTE,
                               PAR_STORAGE_INLINE,
                               5,
                               10,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0,
                               STORAGES_AT(11)};
    return outcome(message, sizeof message, 0);
}

static void tensors(void)
{
    CHECK_INT(tensor(PAR_BYTE, 1, 5, 10, 1), 1);
    CHECK_INT(tensor(PAR_BYTE, 1, 6, 3, 4), 1);
    CHECK_INT(tensor(PAR_BYTE, 1, 4, 1, 1), PAR_E_CORRUPT);  /* before the part that came */
    CHECK_INT(tensor(PAR_BYTE, 1, 5, 11, 1), PAR_E_CORRUPT); /* behind it */
    CHECK_INT(tensor(PAR_BYTE, 1, 6, 4, 4), PAR_E_CORRUPT);
    CHECK_INT(tensor(PAR_BYTE, 2, 5, 10, 1), PAR_E_CORRUPT);    /* in none */
    CHECK_INT(tensor(PAR_BYTE + 1, 1, 5, 1, 1), PAR_E_CORRUPT); /* in one of another type */
    CHECK_INT(tensor(PAR_TYPE_COUNT, 0, 0, 0, 1), PAR_E_CORRUPT);
    GOOD(V, 0, 0, 1, PAR_TAG_TENSOR, PAR_BYTE, 0, 0, 0);
    static const uint8_t many[9 + 2 * 255] = {V, 0, 0, 1, PAR_TAG_TENSOR, PAR_BYTE, 255};
    CHECK_INT(outcome(many, sizeof many, 0), PAR_E_CORRUPT);
    CORRUPT(V, 0, 0, 1, PAR_TAG_TENSOR, PAR_BYTE, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0); /* in storage 2^49 - 2 */
}

/* ---- code ---- */

/* Encodes what the chunk returns. The bytes are the caller's. */
static uint8_t *encode(lua_State *L, const char *chunk, unsigned flags, size_t *len)
{
    par_encoded encoded;
    CHECK_INT(luaL_loadstring(L, chunk), LUA_OK);
    CHECK_INT(lua_pcall(L, 0, 1, 0), LUA_OK);
    CHECK_INT(par_codec_encode(L, par_codec_of(L), 1, 1, "value", flags, NULL, 0, &encoded, &err), PAR_OK);
    uint8_t *bytes = malloc(encoded.len);
    memcpy(bytes, encoded.bytes, encoded.len);
    *len = encoded.len;
    lua_settop(L, 0);
    return bytes;
}

static void bytecode(void)
{
    size_t len;
    lua_State *L = state_open(&meter);
    uint8_t *bytes = encode(L, "local x = 5 return function() return x end", 0, &len);
    CHECK_INT(bytes[4], PAR_TAG_FUNCTION);
    CHECK_INT(decode(L, bytes, len, NULL, 0, PAR_DECODE_FUNCTIONS), 1);
    CHECK_INT(bytes[len - 3], 1); /* upvalues, flags, the value */
    bytes[len - 3] = 0;
    CHECK_INT(decode(L, bytes, len - 1, NULL, 0, PAR_DECODE_FUNCTIONS), PAR_E_CORRUPT); /* one fewer */
    bytes[len - 3] = 1;
    bytes[5] ^= 1;
    CHECK_INT(decode(L, bytes, len, NULL, 0, PAR_DECODE_FUNCTIONS), PAR_E_UNSUPPORTED); /* another kind of Lua */
    bytes[5] ^= 1;
    uint8_t longer[] = {V, 0, 0, 1, PAR_TAG_FUNCTION, 0, 0, 0, 0, 200, 0, 0, 0, 0, 0};
    memcpy(longer + 5, bytes + 5, 4);
    CHECK_INT(decode(L, longer, sizeof longer, NULL, 0, PAR_DECODE_FUNCTIONS), PAR_E_CORRUPT);
    uint8_t text[] = {V, 0, 0, 1, PAR_TAG_FUNCTION, 0, 0, 0, 0, 8, 0, 0, 0, 'r', 'e', 't', 'u', 'r', 'n', ' ', '1', 0, 0, 5};
    memcpy(text + 5, bytes + 5, 4);
    unsigned upvalues = LUA_VERSION_NUM >= 502 && !PAR_LUAJIT; /* _ENV, which would be there */
    text[sizeof text - 3] = (uint8_t)upvalues;
    CHECK_INT(decode(L, text, sizeof text - !upvalues, NULL, 0, PAR_DECODE_FUNCTIONS), PAR_E_CORRUPT); /* text for bytecode */
    free(bytes);
    lua_close(L);
}

static void source(void)
{
    const unsigned F = PAR_DECODE_FUNCTIONS;
    CHECK_INT(OUTCOME(F, V, 0, 0, 1, PAR_TAG_SOURCE, PAR_SOURCE_CHUNK, 1, 1, '=', 8, 'r', 'e', 't', 'u', 'r', 'n', ' ', '1'), 1);
    CHECK_INT(OUTCOME(F, V, 0, 0, 1, PAR_TAG_SOURCE, 2, 1, 1, '=', 8, 'r', 'e', 't', 'u', 'r', 'n', ' ', '1'), PAR_E_CORRUPT);
    CHECK_INT(OUTCOME(F, V, 0, 0, 1, PAR_TAG_SOURCE, PAR_SOURCE_FUNCTION, 1, 1, '=', 8, 'r', 'e', 't', 'u', 'r', 'n', ' ', '1'),
              PAR_E_CORRUPT); /* it gives no function */
    CHECK_INT(OUTCOME(F, V, 0, 0, 1, PAR_TAG_SOURCE, 0, 0xff, 0xff, 0xff, 0xff, 1, 1, '=', 1, ' '), PAR_E_CORRUPT); /* lines */
    CHECK_INT(OUTCOME(F, V, 0, 0, 1, PAR_TAG_SOURCE, 0, 1, 1, '=', 9, ' '), PAR_E_CORRUPT);
    /* bytecode where text has to be */
    size_t len;
    lua_State *L = state_open(&meter);
    uint8_t *bytes = encode(L, "return function() return 1 end", 0, &len), code[2000] = {V, 0, 0, 1, PAR_TAG_SOURCE, 0, 0, 1, '='};
    uint32_t n;
    memcpy(&n, bytes + 9, 4);
    CHECK(n < 1900);
    code[9] = (uint8_t)(n | 0x80);
    code[10] = (uint8_t)(n >> 7);
    memcpy(code + 11, bytes + 13, n);
    CHECK_INT(decode(L, code, 11 + n, NULL, 0, F), PAR_E_UNSUPPORTED);
    free(bytes);
    lua_close(L);
}

/* ---- memory that changes ---- */

static uint8_t *under_hook;
static size_t under_hook_len;

/* A function that has no name but that of its module. */
static int of_module(lua_State *L)
{
    (void)L;
    return 0;
}

/* What a hook does that receives on the same channel: the message's memory is used for another. */
static int overwrite(lua_State *L)
{
    memset(under_hook, 0xee, under_hook_len);
    lua_newtable(L);
    lua_pushcfunction(L, of_module);
    lua_setfield(L, -2, "f");
    return 1;
}

static void decode_under_hook(lua_State *L, const char *chunk, unsigned flags)
{
    under_hook = encode(L, chunk, 0, &under_hook_len);
    CHECK_INT(luaL_dostring(L, "for k in pairs(package.loaded) do if k:find('^late') then package.loaded[k] = nil end end"), 0);
    CHECK_INT(par_codec_decode(L, par_codec_of(L), under_hook, under_hook_len, NULL, 0, flags, &err), 1);
    lua_getfield(L, -1, "after");
    CHECK(lua_tostring(L, -1) && strcmp(lua_tostring(L, -1), "still here") == 0);
    lua_settop(L, 0);
    free(under_hook);
}

static void a_hook_may_take_the_messages_memory_away(void)
{
    lua_State *L = state_open(&meter);
    CHECK_INT(luaL_dostring(L, "Hooked = {} Encode = function() return 1 end return 'Hooked'"), 0);
    lua_newtable(L);
    lua_getglobal(L, "Encode");
    lua_setfield(L, -2, "encode");
    lua_pushcfunction(L, overwrite);
    lua_setfield(L, -2, "decode");
    lua_getglobal(L, "Hooked");
    lua_setfield(L, -2, "metatable");
    par_codec_register(L, par_codec_of(L), 1, 2);
    lua_settop(L, 0);
    decode_under_hook(L, "return {setmetatable({}, Hooked), after = 'still here'}", 0);
    lua_close(L);
}

static void so_may_the_loading_of_a_module(void)
{
    lua_State *L = state_open(&meter);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, overwrite);
    lua_setfield(L, -2, "late_module");
    lua_newtable(L);
    lua_pushcfunction(L, of_module);
    lua_setfield(L, -2, "f");
    lua_setglobal(L, "late_module");
    lua_settop(L, 0);
    CHECK_INT(luaL_dostring(L, "package.loaded.late_module = late_module"), 0);
    decode_under_hook(L, "return {late_module.f, after = 'still here'}", PAR_DECODE_FUNCTIONS);
    lua_close(L);
}

/* Whatever the short way takes, the decoder takes as the same values; whatever it leaves, it leaves without a trace. */
static long compare_short_way(lua_State *L, const uint8_t *bytes, size_t len)
{
    int n = par_codec_decode_plain(L, bytes, len);
    CHECK_INT(lua_gettop(L), n);
    if (n == 0) return 0;
    CHECK_INT(par_codec_decode(L, par_codec_of(L), bytes, len, NULL, 0, 0, &err), n);
    for (int i = 1; i <= n; i++) {
        CHECK_INT(lua_type(L, i), lua_type(L, i + n));
        CHECK(lua_rawequal(L, i, i + n) || (lua_type(L, i) == LUA_TNUMBER && lua_tonumber(L, i) != lua_tonumber(L, i)));
#if LUA_VERSION_NUM >= 503
        CHECK_INT(lua_isinteger(L, i), lua_isinteger(L, i + n));
#endif
    }
    lua_settop(L, 0);
    return 1;
}

static void the_short_way_says_what_the_decoder_says(void)
{
    lua_State *L = state_open(&meter);
    long taken = 0;
    uint32_t random = 1;
    for (unsigned i = 0; i < 1000000; i++) {
        uint8_t bytes[PAR_FORMAT_HEADER + 30] = {V, i % 97 == 0, i % 89 == 0, (uint8_t)(i % 5)};
        size_t len = i % (sizeof bytes + 1);
        for (size_t at = PAR_FORMAT_HEADER; at < len; at++) {
            random = random * 1664525 + 1013904223;
            bytes[at] = (uint8_t)(random >> 24);
            if (random & 0x800000) bytes[at] = (uint8_t)(PAR_TAG_NIL + (random >> 16) % 8); /* tags of scalars */
        }
        if (i % 101 == 0) bytes[0] ^= 1;
        taken += compare_short_way(L, bytes, len);
    }
    CHECK(taken > 1000);
    lua_close(L);
}

TAP_MAIN(TEST(the_short_way_says_what_the_decoder_says), TEST(scalars_and_the_dictionary), TEST(tables), TEST(records),
         TEST(shapes_without_end), TEST(claims_that_add_up), TEST(references), TEST(storages), TEST(payloads), TEST(tensors),
         TEST(bytecode), TEST(source), TEST(a_hook_may_take_the_messages_memory_away), TEST(so_may_the_loading_of_a_module))
