/* Strings whose bytes lie in the program's own memory, which Lua 5.5 has: two of them may share bytes, one being longer than the other. */
#include "codec/compat.h"
#include "codec/direct/direct.h"
#include "state.h"
#include "tap.h"

#if LUA_VERSION_NUM >= 505
#define ROUNDS 3

static char bytes[1001];
static const size_t lengths[] = {41, 100, 255, 256, 700, 1000};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static size_t length_of(int i) { return lengths[(i - 1) % LENGTHS]; }

/* All of them, a few times over. */
static void push_strings(lua_State *L)
{
    lua_newtable(L);
    for (int i = 1; i <= ROUNDS * LENGTHS; i++) {
        lua_pushexternalstring(L, bytes, length_of(i), NULL, NULL);
        lua_rawseti(L, -2, i);
    }
}

static void check_strings(lua_State *L)
{
    for (int i = 1; i <= ROUNDS * LENGTHS; i++) {
        size_t len;
        lua_rawgeti(L, -1, i);
        const char *s = lua_tolstring(L, -1, &len);
        CHECK_INT(len, length_of(i));
        CHECK(s != bytes && memcmp(s, bytes, len) == 0);
        lua_pop(L, 1);
    }
}

static void strings_that_share_bytes_keep_their_lengths(void)
{
    static alloc_meter meter;
    lua_State *L = state_open(&meter);
    par_error err;
    for (size_t i = 0; i < sizeof bytes - 1; i++) bytes[i] = (char)('a' + i % 26);
    for (int i = 1; i <= LENGTHS; i++) bytes[length_of(i)] = 0; /* Lua wants a zero behind each */
    par_direct_get();
    for (unsigned flags = PAR_ENCODE_INLINE; flags <= (PAR_ENCODE_INLINE | PAR_ENCODE_API); flags += PAR_ENCODE_API) {
        par_encoded encoded;
        push_strings(L);
        CHECK_INT(par_codec_encode(L, par_codec_of(L), -1, 1, "value", flags, NULL, 0, &encoded, &err), PAR_OK);
        CHECK_INT(par_codec_decode(L, par_codec_of(L), encoded.bytes, encoded.len, NULL, 0, 0, &err), 1);
        check_strings(L);
        par_codec_sent(L, &encoded);
        lua_settop(L, 0);
    }
    lua_close(L);
    CHECK_INT(meter.used, 0);
}
#else
static void strings_that_share_bytes_keep_their_lengths(void) { puts("# this Lua has none"); }
#endif

TAP_MAIN(TEST(strings_that_share_bytes_keep_their_lengths))
