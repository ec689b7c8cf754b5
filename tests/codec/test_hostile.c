/* Bytes that no encoder wrote: an error or a value, and memory in proportion to their number. */
#include "tap.h"
#include "codec/format.h"
#include "os/blob.h"
#include "state.h"

static par_error err;

static int decode(lua_State *L, const void *bytes, size_t len, unsigned flags)
{
    par_codec *codec = par_codec_of(L);
    int top = lua_gettop(L), n = par_codec_decode(L, codec, bytes, len, NULL, 0, flags, &err);
    CHECK_INT(lua_gettop(L), top + (n > 0 ? n : 0));
    return n;
}

static int try_decode(lua_State *L)
{
    size_t len;
    const char *bytes = lua_tolstring(L, 1, &len);
    int n = decode(L, bytes, len, (unsigned)lua_tointeger(L, 2));
    lua_settop(L, 0);
    lua_pushinteger(L, n);
    return 1;
}

static void six_bytes_take_less_than_64_kilobytes(void)
{
    static const uint8_t words[] = {0, 1, 70, 255}, counts[] = {0, 1, 2, 255};
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCSTOP, 0);
    size_t worst = 0;
    long good = 0;
    for (unsigned i = 0; i < 16 * 4 * 4 * 65536u; i++) {
        uint8_t bytes[6] = {PAR_FORMAT_VERSION, (uint8_t)(i >> 20), words[i >> 18 & 3], counts[i >> 16 & 3], (uint8_t)(i >> 8), (uint8_t)i};
        size_t before = meter.peak = meter.used;
        int n = decode(L, bytes, sizeof bytes, 0);
        if (meter.peak - before > worst) worst = meter.peak - before;
        good += n >= 0;
        lua_settop(L, 0);
        if (meter.used > 4 << 20) lua_gc(L, LUA_GCCOLLECT, 0);
        if (i % 65536 == 0) lua_gc(L, LUA_GCSTOP, 0);
    }
    printf("# worst %zu bytes, %ld of them are messages\n", worst, good);
    CHECK(worst < 65536);
    CHECK(good > 0);
    lua_close(L);
    CHECK_INT(meter.used, 0);
}

/* A message cut short or with one byte changed, at every place. */
static void mutilate(lua_State *L, alloc_meter *meter, const uint8_t *bytes, size_t len)
{
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1); /* its own block, so that the sanitizer sees a read behind the end */
        memcpy(copy, bytes, cut);
        CHECK(decode(L, copy, cut, 0) < 0);
        free(copy);
    }
    uint8_t *copy = malloc(len);
    for (size_t i = 0; i < len; i++) {
        for (int change = 1; change < 256; change++) {
            memcpy(copy, bytes, len);
            copy[i] = (uint8_t)(copy[i] ^ change);
            meter->peak = meter->used;
            size_t before = meter->used;
            decode(L, copy, len, 0);
            CHECK(meter->peak - before < 65536 + 100 * len);
            lua_settop(L, 0);
        }
    }
    free(copy);
}

static const char *const values[] = {
    "return {name = 'x', i = 1, {1, 2, 3, 4, 5}, {1.5, 2.5, 3.5, 4.5}, 'abc', 'abc', 'abc', [true] = 300, [2^40] = -5}",
    "local t = {} t.t = t t[1] = {t, t} t[{}] = t return t",
    "local t = {} for i = 1, 5 do t[i] = {name = 'n' .. i, value = i * 1000, list = {i, i}} end return t",
    "local t = {} for i = 1, 3 do t[i] = {x = {y = i}, a = true, t = t} end t.again = t[2] return t",
    "local a = tensor(5) return {a, a, storage_of(a), tensor(3)}",
    "local t = {} for i = 1, 80 do t[i] = 'word' .. i t[i + 80] = 'word' .. i end return t",
};

static void mutilated_messages_are_survived(void)
{
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    par_codec *codec = par_codec_of(L);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CHECK_INT(luaL_loadstring(L, values[i]), LUA_OK);
        CHECK_INT(lua_pcall(L, 0, 1, 0), LUA_OK);
        par_encoded encoded;
        CHECK_INT(par_codec_encode(L, codec, 1, 1, "value", PAR_ENCODE_INLINE, NULL, 0, &encoded, &err), PAR_OK);
        uint8_t *bytes = malloc(encoded.len);
        memcpy(bytes, encoded.bytes, encoded.len);
        lua_settop(L, 0);
        CHECK_INT(decode(L, bytes, encoded.len, 0), 1);
        lua_settop(L, 0);
        mutilate(L, &meter, bytes, encoded.len);
        free(bytes);
    }
    lua_close(L);
    CHECK_INT(meter.used, 0);
}

static int refused(const void *bytes, size_t len)
{
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    lua_pushcfunction(L, try_decode);
    lua_pushlstring(L, bytes, len);
    lua_pushinteger(L, 0);
    CHECK_INT(lua_pcall(L, 2, 1, 0), LUA_OK);
    int n = (int)lua_tointeger(L, -1);
    lua_close(L);
    CHECK_INT(meter.used, 0);
    return n;
}

#define REFUSED(...)                                                \
    do {                                                            \
        const uint8_t bytes_[] = {PAR_FORMAT_VERSION, __VA_ARGS__}; \
        CHECK_INT(refused(bytes_, sizeof bytes_), PAR_E_CORRUPT);   \
    } while (0)

static void forged_messages_are_refused(void)
{
    REFUSED(0, 0, 1, PAR_TAG_HASH, 30, 1, 1, PAR_TAG_END);                                        /* a giant hash part */
    REFUSED(0, 0, 1, PAR_TAG_ARRAY, 0, 0xff, 0xff, 0xff, 0xff, 7);                                /* a giant array */
    REFUSED(0, 0, 1, PAR_TAG_HASH, 0, PAR_TAG_NIL, 1, PAR_TAG_END);                               /* nil as a key */
    REFUSED(0, 0, 1, PAR_TAG_HASH, 0, PAR_TAG_F64, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 1, PAR_TAG_END); /* NaN */
    REFUSED(0, 0, 1, PAR_TAG_REF, 4);                                                             /* a reference to itself */
    REFUSED(PAR_FORMAT_REFS, 0, 1, PAR_TAG_REF, 4);
    REFUSED(0, 0, 1, PAR_TAG_ARRAY + PAR_TABLE_LATER, 0, 1, PAR_TAG_REF, 4); /* not announced */
    REFUSED(0, 0, 1, PAR_TAG_WORD);                                          /* not in the dictionary */
    REFUSED(0, 0, 1, PAR_TAG_STRING_DEF + 1, 'a');                           /* not announced */
    REFUSED(0, 0, 1, PAR_TAG_STR32, 0xff, 0xff, 0xff, 0xff, 'a');
    REFUSED(0, 0, 1, PAR_TAG_STR64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a');
    REFUSED(0, 0, 1, 1, 1);                                            /* bytes after the end */
    REFUSED(0, 0, 2, 1);                                               /* a value is missing */
    REFUSED(0, 0, 1, PAR_TAG_ARRAY, 0, 2, PAR_TAG_RUN_I8, 3, 1, 2, 3); /* a run longer than its array */
    REFUSED(0, 0, 1, PAR_TAG_RUN_I8, 1, 1);                            /* a run outside of an array */
    REFUSED(0, 0, 1, PAR_TAG_META, 1);
    REFUSED(0, 0, 1, PAR_TAG_META, PAR_TAG_EMPTY, 1); /* a number as metatable */
    REFUSED(0, 0, 1, PAR_TAG_TENSOR, 0, 200);
    REFUSED(0, 0, 1, PAR_TAG_STORAGE, 0);
    REFUSED(PAR_FORMAT_STORAGES, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    REFUSED(PAR_FORMAT_STORAGES, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_DOUBLE, 0, 0, 0xff, 0xff, 0xff, 0x7f, 6, 0, 0, 0, 0, 0, 0, 0);
    REFUSED(PAR_FORMAT_STORAGES, 0, 1, PAR_TAG_STORAGE, 0, 1, PAR_DOUBLE, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0);
    REFUSED(0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f);
}

static void code_is_refused_unless_asked_for(void)
{
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    par_codec *codec = par_codec_of(L);
    static const char *const code[] = {"return function() end", "return print", "return _G", "return {math}"};
    for (size_t i = 0; i < sizeof code / sizeof *code; i++) {
        for (int foreign = 0; foreign < 2; foreign++) {
            CHECK_INT(luaL_loadstring(L, code[i]), LUA_OK);
            CHECK_INT(lua_pcall(L, 0, 1, 0), LUA_OK);
            par_encoded encoded;
            unsigned flags = foreign ? PAR_ENCODE_FOREIGN : 0;
            CHECK_INT(par_codec_encode(L, codec, 1, 1, "value", flags, NULL, 0, &encoded, &err), PAR_OK);
            CHECK_INT(decode(L, encoded.bytes, encoded.len, 0), PAR_E_UNSUPPORTED);
            CHECK(strstr(err.text, "functions = true"));
            CHECK_INT(decode(L, encoded.bytes, encoded.len, PAR_DECODE_FUNCTIONS), 1);
            lua_settop(L, 0);
        }
    }
    lua_close(L);
}

static void payloads_are_checked(void)
{
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    par_codec *codec = par_codec_of(L);
    CHECK_INT(luaL_dostring(L, "return tensor(100000)"), 0);
    par_encoded encoded;
    CHECK_INT(par_codec_encode(L, codec, 1, 1, "value", 0, NULL, 0, &encoded, &err), PAR_OK);
    CHECK_INT(encoded.n_payloads, 1);
    CHECK_INT(encoded.payloads[0].bytes, 800000);
    CHECK(encoded.len < 100);
    CHECK_INT(decode(L, encoded.bytes, encoded.len, 0), PAR_E_CORRUPT); /* it did not come */
    par_blob *small = par_os_blob_new(799999, true), *whole = par_os_blob_new(800000, false);
    CHECK_INT(par_codec_decode(L, codec, encoded.bytes, encoded.len, &small, 1, 0, &err), PAR_E_CORRUPT);
    memcpy(whole->data, encoded.payloads[0].data, 800000);
    CHECK_INT(par_codec_decode(L, codec, encoded.bytes, encoded.len, &whole, 1, 0, &err), 1);
    CHECK_INT(whole->refs, 2); /* the tensor lies in it */
    lua_setglobal(L, "t");
    CHECK_INT(luaL_dostring(L, "return sum(t)"), 0);
    CHECK(lua_tonumber(L, -2) == 100000.0 * 99999.0 / 2);
    lua_close(L);
    CHECK_INT(whole->refs, 1);
    par_blob_release(whole);
    par_blob_release(small);
}

static int decode_with(lua_State *L, const uint8_t *bytes, size_t len, par_blob *const *blobs, uint32_t n)
{
    return par_codec_decode(L, par_codec_of(L), bytes, len, blobs, n, 0, &err);
}

static void long_strings_beside_a_message_are_checked(void)
{
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    par_codec *codec = par_codec_of(L);
    CHECK_INT(luaL_dostring(L, "local s, t = ('s'):rep(300000), ('t'):rep(300000) return {s, t, s, [s] = t}"), 0);
    par_encoded encoded;
    CHECK_INT(par_codec_encode(L, codec, 1, 1, "value", 0, NULL, 0, &encoded, &err), PAR_OK);
    CHECK_INT(encoded.n_payloads, 2);
    CHECK(encoded.len < 100);
    par_blob *blobs[2] = {par_os_blob_new(300000, false), par_os_blob_new(300000, false)};
    for (int i = 0; i < 2; i++) memcpy(blobs[i]->data, encoded.payloads[i].data, 300000);
    CHECK_INT(decode_with(L, encoded.bytes, encoded.len, NULL, 0), PAR_E_CORRUPT);
    CHECK_INT(decode_with(L, encoded.bytes, encoded.len, blobs, 1), PAR_E_CORRUPT);
    blobs[1]->bytes = 299999;
    CHECK_INT(decode_with(L, encoded.bytes, encoded.len, blobs, 2), PAR_E_CORRUPT);
    blobs[1]->bytes = 300000;
    CHECK_INT(decode_with(L, encoded.bytes, encoded.len, blobs, 2), 1);
    lua_setglobal(L, "r");
    CHECK_INT(luaL_dostring(L,
                            "local s, t = ('s'):rep(300000), ('t'):rep(300000)\n"
                            "return r[1] == s and r[2] == t and r[3] == s and r[s] == t"),
              0);
    CHECK(lua_toboolean(L, -1));
    /* one payload for many strings, and entries in a dictionary of none */
    static const uint8_t twice[] = {PAR_FORMAT_VERSION, 0, 0, 1, PAR_TAG_ARRAY, 0, 2, PAR_TAG_BESIDE, 0, 5, PAR_TAG_BESIDE, 0, 5};
    static const uint8_t entering[] = {PAR_FORMAT_VERSION, 0, 0, 1, PAR_TAG_BESIDE, 1, 5};
    static const uint8_t endless[] = {PAR_FORMAT_VERSION, 0, 0, 1, PAR_TAG_BESIDE, 0, 0xff, 0xff, 0xff, 0xff, 0x7f};
    CHECK_INT(decode_with(L, twice, sizeof twice, blobs, 1), PAR_E_CORRUPT);
    CHECK_INT(decode_with(L, twice, sizeof twice, blobs, 2), 1);
    CHECK_INT(decode_with(L, entering, sizeof entering, blobs, 1), PAR_E_CORRUPT);
    CHECK_INT(decode_with(L, endless, sizeof endless, blobs, 1), PAR_E_CORRUPT);
    lua_close(L);
    CHECK_INT(meter.used, 0);
    for (int i = 0; i < 2; i++) par_blob_release(blobs[i]);
}

static void only_the_used_part_of_a_storage_travels(void)
{
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    par_codec *codec = par_codec_of(L);
    par_encoded encoded;
    CHECK_INT(luaL_dostring(L, "return tensor(100000, 50, 10)"), 0);
    CHECK_INT(par_codec_encode(L, codec, 1, 1, "value", 0, NULL, 0, &encoded, &err), PAR_OK);
    CHECK_INT(encoded.n_payloads, 0);
    CHECK(encoded.len < 200);
    CHECK_INT(decode(L, encoded.bytes, encoded.len, 0), 1);
    lua_setglobal(L, "t");
    CHECK_INT(luaL_dostring(L, "return sum(t)"), 0);
    CHECK(lua_tonumber(L, -2) == 50 * 10 + 45);
    CHECK(lua_tonumber(L, -1) == 10);
    lua_settop(L, 0);
    /* somebody in the message uses all of it */
    CHECK_INT(luaL_dostring(L, "local t = tensor(1000, 50, 10) return {t, storage_of(t)}"), 0);
    CHECK_INT(par_codec_encode(L, codec, 1, 1, "value", 0, NULL, 0, &encoded, &err), PAR_OK);
    CHECK(encoded.len > 8000);
    CHECK_INT(decode(L, encoded.bytes, encoded.len, 0), 1);
    lua_setglobal(L, "t");
    CHECK_INT(luaL_dostring(L, "return sum(t[1])"), 0);
    CHECK(lua_tonumber(L, -2) == 50 * 10 + 45);
    CHECK(lua_tonumber(L, -1) == 1000);
    lua_close(L);
    CHECK_INT(meter.used, 0);
}

TAP_MAIN(TEST(six_bytes_take_less_than_64_kilobytes), TEST(mutilated_messages_are_survived), TEST(forged_messages_are_refused),
         TEST(code_is_refused_unless_asked_for), TEST(payloads_are_checked), TEST(long_strings_beside_a_message_are_checked),
         TEST(only_the_used_part_of_a_storage_travels))
