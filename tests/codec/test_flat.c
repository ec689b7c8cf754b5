/* Messages of one string or one small table go a short way, out and in: it gives the bytes and values that the long way gives. */
#include "base/limits.h"
#include "codec/direct/direct.h"
#include "codec/format.h"
#include "state.h"
#include "tap.h"

#define TABLES 20000
#define MUTATIONS 400000

static alloc_meter meter;
static par_error err;

/* make(i): a value that may be flat, or nearly; same(a, b) */
static const char helpers[] =
    "local state = 1\n"
    "local function random(n) state = (state * 16807) % 2147483647 return state % n end\n"
    "local texts = {'', 'a', 'xy', 'name', 'name of', ('t'):rep(31), ('t'):rep(32), 'a\\0b'}\n"
    "local function text() return texts[1 + random(#texts - (random(9) < 8 and 2 or 0))] end\n"
    "local values = {text, text, function() return random(100) - 30 end, function() return random(2000000) * 7001 end,\n"
    "  function() return random(100) / 8 end, function() return random(2) == 0 end, function() return -0.0 end,\n"
    "  function() return 1 / 0 end, function() return {} end, function() return setmetatable({}, {}) end}\n"
    "local function value() return values[1 + random(#values - (random(9) < 8 and 2 or 0))]() end\n"
    "function make(i)\n"
    "  if i % 7 == 0 then return text() end\n"
    "  local t = {}\n"
    "  for _ = 1, random(12) do t[random(3) == 0 and text() or 'k' .. random(40)] = value() end\n"
    "  if i % 11 == 0 then t[random(3)] = value() end\n"
    "  if i % 13 == 0 then for k in pairs(t) do if random(2) == 0 then t[k] = nil end end end\n"
    "  if i % 17 == 0 then setmetatable(t, {}) end\n"
    "  return t\n"
    "end\n"
    "function same(a, b)\n"
    "  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b and (a ~= 0 or 1 / a == 1 / b) or a ~= a and b ~= b end\n"
    "  for k, v in pairs(a) do if not same(v, b[k]) then return false end end\n"
    "  for k in pairs(b) do if a[k] == nil then return false end end\n"
    "  return true\n"
    "end\n";

static lua_State *open_with_helpers(void)
{
    lua_State *L = state_open(&meter);
    if (luaL_dostring(L, helpers) != 0) abort();
    par_direct_get();
    return L;
}

/* The value at index 1, into a span of `room` bytes. */
static size_t encode(lua_State *L, unsigned flags, uint8_t *span, size_t room)
{
    par_encoded encoded;
    CHECK_INT(par_codec_encode(L, par_codec_of(L), 1, 1, "message", flags, span, room, &encoded, &err), PAR_OK);
    CHECK(encoded.len <= 4096);
    if (!encoded.in_span) memcpy(span, encoded.bytes, encoded.len);
    par_codec_sent(L, &encoded);
    CHECK_INT(lua_gettop(L), 1);
    return encoded.len;
}

/* Takes the message the short way if it goes that way, and checks that the decoder has the same. */
static int take(lua_State *L, const uint8_t *bytes, size_t len)
{
    par_codec_flat flat;
    lua_settop(L, 0);
    if (!par_codec_take_flat(&flat, bytes, len)) return 0;
    lua_getglobal(L, "same");
    par_codec_push_flat(L, &flat);
    CHECK_INT(lua_gettop(L), 2);
    CHECK_INT(par_codec_decode(L, par_codec_of(L), bytes, len, NULL, 0, 0, &err), 1);
    CHECK_INT(lua_pcall(L, 2, 1, 0), 0);
    CHECK(lua_toboolean(L, -1));
    lua_settop(L, 0);
    return 1;
}

static void both_ways_out_give_the_same_bytes(void)
{
    static uint8_t span[4096], through_api[4096];
    lua_State *L = open_with_helpers();
    int taken = 0;
    for (int i = 0; i < TABLES; i++) {
        lua_settop(L, 0);
        lua_getglobal(L, "make");
        lua_pushinteger(L, i);
        if (lua_pcall(L, 1, 1, 0) != 0) abort();
        size_t room = i % 5 ? sizeof span : (size_t)(i / 5 % 200);
        size_t len = encode(L, PAR_ENCODE_INLINE, span, room);
        CHECK_INT(encode(L, PAR_ENCODE_INLINE | PAR_ENCODE_API, through_api, sizeof through_api), len);
        CHECK(memcmp(span, through_api, len) == 0);
        taken += take(L, span, len);
    }
    printf("# %d of %d were flat\n", taken, TABLES);
    CHECK(taken > TABLES / 10);
    lua_close(L);
}

/* Bytes of flat messages, some of them others: what is still taken is what the decoder has, and nothing is read behind the end. */
static void what_is_taken_is_what_the_decoder_takes(void)
{
    static const uint8_t message[] = {PAR_FORMAT_VERSION,
                                      0,
                                      0,
                                      1,
                                      PAR_TAG_HASH,
                                      2,
                                      PAR_TAG_STRING + 3,
                                      'k',
                                      'e',
                                      'y',
                                      PAR_TAG_STRING + 1,
                                      'x',
                                      PAR_TAG_STRING + 1,
                                      'i',
                                      1,
                                      PAR_TAG_STRING,
                                      PAR_TAG_I16,
                                      7,
                                      7,
                                      PAR_TAG_END};
    lua_State *L = open_with_helpers();
    uint32_t random = 1;
    int taken = take(L, message, sizeof message);
    CHECK_INT(taken, 1);
    for (int i = 0; i < MUTATIONS; i++) {
        size_t len = sizeof message;
        for (int changes = 1 + i % 2; changes; changes--) {
            random = random * 1664525 + 1013904223;
            if (random >> 28 == 0) len -= (random >> 24) & 3;
        }
        uint8_t *copy = malloc(len); /* the address sanitizer looks after its end */
        memcpy(copy, message, len);
        for (int changes = 1 + i % 2; changes; changes--) {
            random = random * 1664525 + 1013904223;
            copy[(random >> 20) % len] = (uint8_t)(random >> 12);
        }
        taken += take(L, copy, len);
        free(copy);
    }
    printf("# %d were taken\n", taken);
    CHECK(taken > MUTATIONS / 100 && taken < MUTATIONS);
    lua_close(L);
}

TAP_MAIN(TEST(both_ways_out_give_the_same_bytes), TEST(what_is_taken_is_what_the_decoder_takes))
