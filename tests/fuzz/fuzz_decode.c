/* libFuzzer: any bytes into the decoder. It gives an error or a value; a value can be sent on and comes out the same.
 * The first byte chooses the flags. */
#include "../codec/state.h"

static alloc_meter meter;
static par_error err;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good) abort();
}

/* What was decoded can be sent on, any number of times. */
static void check_value(lua_State *L, par_codec *codec, int n)
{
    par_encoded encoded;
    int rc = par_codec_encode(L, codec, 1, n, "value", PAR_ENCODE_INLINE, NULL, 0, &encoded, &err);
    check(rc == PAR_OK);
    uint8_t *bytes = malloc(encoded.len);
    size_t len = encoded.len;
    check(bytes != NULL);
    memcpy(bytes, encoded.bytes, len);
    lua_settop(L, 0);
    check(par_codec_decode(L, codec, bytes, len, NULL, 0, 0, &err) == n);
    check(par_codec_encode(L, codec, 1, n, "value", PAR_ENCODE_INLINE, NULL, 0, &encoded, &err) == PAR_OK);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    static unsigned runs;
    if (!L) L = state_open(&meter);
    if (size == 0) return 0;
    unsigned flags = data[0] & PAR_DECODE_LOSSY;
    par_codec *codec = par_codec_of(L);
    uint8_t *copy = malloc(size - 1 ? size - 1 : 1);
    memcpy(copy, data + 1, size - 1);
    size_t before = meter.peak = meter.used;
    int n = par_codec_decode(L, codec, copy, size - 1, NULL, 0, flags, &err);
    par_codec_flat flat;
    check(!par_codec_take_flat(&flat, copy, size - 1) || n == 1);
    free(copy);
    check(meter.peak - before <= 65536 + 200 * size);
    check(lua_gettop(L) == (n > 0 ? n : 0));
    if (n > 0) check_value(L, codec, n);
    lua_settop(L, 0);
    if (++runs % 4096 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}
