/* The scalars that are not inline. */
#include "codec/decode_scalar.h"

int par_define_word(lua_State *L, par_decoder *d)
{
    uint32_t word = d->words_defined;
    if (word >= d->words_limit) return par_corrupt(d, "more dictionary entries than announced");
    d->words_defined++;
    lua_pushvalue(L, -1);
    if (word < PAR_WORDS_ON_STACK) lua_replace(L, d->words_index + (int)word);
    else lua_rawseti(L, d->words_index + (int)PAR_WORDS_ON_STACK, (int)(word - PAR_WORDS_ON_STACK) + 1);
    return 1;
}

int par_push_beside(lua_State *L, par_decoder *d)
{
    uint8_t define;
    uint64_t len;
    if (!par_get_u8(d, &define) || define > 1 || !par_get_varint(d, &len)) return par_corrupt(d, "it ends inside a string");
    if (d->n_strings >= d->n_payloads) return par_corrupt(d, "a payload that did not come");
    const par_blob *blob = d->payloads[d->n_strings++];
    if (!blob || blob->bytes < len) return par_corrupt(d, "a payload shorter than its string");
    lua_pushlstring(L, blob->data, (size_t)len);
    return define ? par_define_word(L, d) : 1;
}

static bool get_wide(par_decoder *d, unsigned bytes, uint64_t *out)
{
    uint8_t raw[8];
    uint64_t value = 0;
    if (!par_get_bytes(d, raw, bytes)) return false;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)raw[i] << (8 * i);
    *out = value;
    return true;
}

int par_push_wide(lua_State *L, par_decoder *d, unsigned tag)
{
    static const uint8_t bytes_of[] = {1, 2, 4, 8, 8, 1, 4, 8, 1, 4, 8, 1, 4};
    uint64_t raw;
    double number;
    if (!get_wide(d, bytes_of[tag - PAR_TAG_I8], &raw)) return par_corrupt(d, "it ends inside a value");
    switch (tag) {
    case PAR_TAG_I8: par_push_small(L, (int8_t)raw); return 1;
    case PAR_TAG_I16: par_push_small(L, (int16_t)raw); return 1;
    case PAR_TAG_I32: par_push_small(L, (int32_t)raw); return 1;
    case PAR_TAG_I64: return par_push_i64(L, d, (int64_t)raw);
    case PAR_TAG_F64:
        memcpy(&number, &raw, sizeof number);
        lua_pushnumber(L, number);
        return 1;
    case PAR_TAG_WORD8: return par_push_word(L, d, (uint32_t)raw + 64);
    case PAR_TAG_WORD32: return par_push_word(L, d, (uint32_t)raw);
    default: return par_push_string(L, d, raw, tag >= PAR_TAG_STR8_DEF);
    }
}
