/* Messages of a few numbers, booleans and nils: most of what a pool's workers answer. They need nothing of what other messages need:
 * nothing is allocated, so nothing can run or fail in between. And those of one short string or one small table of plain entries, which are
 * copied out of the message as soon as it is clear that nothing else is in it: what runs then does not matter to them. */
#include <string.h>

#include "base/checked.h"
#include "codec/codec.h"
#include "codec/compat.h"
#include "codec/copy.h"
#include "codec/format.h"

#define PLAIN_VALUES 3
_Static_assert(PAR_CODEC_PLAIN_BYTES == PAR_FORMAT_HEADER + PLAIN_VALUES * 9, "a tag and 8 bytes each");

static void push_integer(lua_State *L, int64_t value)
{
#if PAR_LUA_INTEGERS
    lua_pushinteger(L, value);
#else
    lua_pushnumber(L, (double)value);
#endif
}

/* The integer of `bytes` at p, where 8 can be read. */
static int64_t read_integer(const uint8_t *p, unsigned bytes)
{
    uint64_t raw;
    memcpy(&raw, p, sizeof raw); /* the wire's order is this machine's */
    unsigned shift = 64 - 8 * bytes;
    return (int64_t)(raw << shift) >> shift;
}

/* A value of a tag and some bytes: how many, or -1: it is none of these. */
static int bytes_behind(unsigned tag)
{
    switch (tag) {
    case PAR_TAG_I8: return 1;
    case PAR_TAG_I16: return 2;
    case PAR_TAG_I32: return 4;
    case PAR_TAG_I64:
    case PAR_TAG_F64: return 8;
    default: return tag < PAR_TAG_WORD || (tag >= PAR_TAG_NEGATIVE && tag <= PAR_TAG_TRUE) ? 0 : -1;
    }
}

/* False: not one that this Lua's numbers hold. */
static bool push_wide(lua_State *L, unsigned tag, const uint8_t *p, int bytes)
{
    int64_t value = read_integer(p, (unsigned)bytes);
    double number;
    if (tag == PAR_TAG_F64) {
        memcpy(&number, p, sizeof number);
        lua_pushnumber(L, number);
        return true;
    }
    if (!PAR_LUA_INTEGERS && !par_i64_fits_double(value)) return false;
    push_integer(L, value);
    return true;
}

static void push_short(lua_State *L, unsigned tag)
{
    if (tag < PAR_TAG_WORD) push_integer(L, (int64_t)tag);
    else if (tag < PAR_TAG_NIL) push_integer(L, (int64_t)tag - (PAR_TAG_NEGATIVE + 16));
    else if (tag == PAR_TAG_NIL) lua_pushnil(L);
    else lua_pushboolean(L, tag == PAR_TAG_TRUE);
}

/* One value, from `at` on; the bytes behind it, or 0: something else. */
__attribute__((always_inline)) static inline size_t push_one(lua_State *L, const uint8_t *copy, size_t at, size_t len)
{
    if (at == len) return 0;
    unsigned tag = copy[at++];
    int bytes = bytes_behind(tag);
    if (bytes < 0 || len - at < (size_t)bytes) return 0;
    if (bytes == 0) push_short(L, tag);
    else if (!push_wide(L, tag, copy + at, bytes)) return 0;
    return at + (size_t)bytes;
}

int par_codec_decode_plain(lua_State *L, const uint8_t *bytes, size_t len)
{
    uint8_t copy[PAR_CODEC_PLAIN_BYTES + 8]; /* what lies in shared memory may change while it is looked at */
    if (len > PAR_CODEC_PLAIN_BYTES || len <= PAR_FORMAT_HEADER) return 0;
    par_copy_short(copy, bytes, len);
    int count = copy[3], top = lua_gettop(L);
    if (copy[0] != PAR_FORMAT_VERSION || copy[1] || copy[2] || count == 0 || count > PLAIN_VALUES) return 0;
    size_t at = PAR_FORMAT_HEADER;
    for (int i = 0; i < count; i++) {
        at = push_one(L, copy, at, len);
        if (at == 0) break;
    }
    if (at == len) return count;
    lua_settop(L, top);
    return 0;
}

/* ---- one string or table ---- */

#define TABLE_HEAD 2 /* tag and log2 of the entries */

static inline bool is_text(unsigned tag) { return (tag & ~31u) == PAR_TAG_STRING; }

/* Where the value at `at` ends, or 0: it is none that is plain. */
static size_t end_of(const uint8_t *copy, size_t at, size_t len)
{
    if (at >= len) return 0;
    unsigned tag = copy[at++];
    int bytes = is_text(tag) ? (int)(tag & 31u) : bytes_behind(tag);
    if (bytes < 0 || len - at < (size_t)bytes || (tag == PAR_TAG_I64 && !PAR_LUA_INTEGERS)) return 0;
    return at + (size_t)bytes;
}

/* Is it a table whose keys are short strings and whose values are plain? Counts its entries. */
static bool is_flat_table(par_codec_flat *flat)
{
    const uint8_t *copy = flat->bytes;
    size_t at = PAR_FORMAT_HEADER + TABLE_HEAD;
    if (at >= flat->len || copy[at - 1] >= 8 || (size_t)1 << copy[at - 1] > flat->len) return false;
    for (flat->entries = 0; copy[at] != PAR_TAG_END; flat->entries++) {
        if (!is_text(copy[at])) return false;
        at = end_of(copy, at + 1 + (copy[at] & 31u), flat->len);
        if (at == 0 || at == flat->len) return false;
    }
    return at + 1 == flat->len;
}

static __attribute__((noinline)) bool is_flat(par_codec_flat *flat)
{
    static const uint8_t header[PAR_FORMAT_HEADER] = {PAR_FORMAT_VERSION, 0, 0, 1};
    if (memcmp(flat->bytes, header, sizeof header) != 0) return false;
    unsigned tag = flat->bytes[PAR_FORMAT_HEADER];
    return tag == PAR_TAG_HASH ? is_flat_table(flat) : is_text(tag) && end_of(flat->bytes, PAR_FORMAT_HEADER, flat->len) == flat->len;
}

bool par_codec_take_flat(par_codec_flat *flat, const uint8_t *bytes, size_t len)
{
    if (len <= PAR_FORMAT_HEADER || len > PAR_CODEC_FLAT_BYTES) return false;
    unsigned tag = *(const volatile uint8_t *)(bytes + PAR_FORMAT_HEADER); /* tells most others apart before anything is copied */
    if (!is_text(tag) && tag != PAR_TAG_HASH) return false;
    memcpy(flat->bytes, bytes, len); /* what lies in shared memory may change while it is looked at */
    flat->len = len;
    return is_flat(flat);
}

/* Pushes the value at `at`; where it ends. */
static size_t push_next(lua_State *L, const par_codec_flat *flat, size_t at)
{
    unsigned tag = flat->bytes[at];
    if (!is_text(tag)) return push_one(L, flat->bytes, at, flat->len);
    size_t len = tag & 31u;
    lua_pushlstring(L, (const char *)flat->bytes + at + 1, len);
    return at + 1 + len;
}

void par_codec_push_flat(lua_State *L, const par_codec_flat *flat)
{
    size_t at = PAR_FORMAT_HEADER;
    if (flat->bytes[at] != PAR_TAG_HASH) {
        push_next(L, flat, at);
        return;
    }
    lua_createtable(L, 0, flat->entries);
    at += TABLE_HEAD;
    for (int i = 0; i < flat->entries; i++) {
        at = push_next(L, flat, at);
        at = push_next(L, flat, at);
        lua_rawset(L, -3);
    }
}
