/* libFuzzer: the bytes are a recipe for a Lua value, which has to survive encode and decode as it was: same types, same
 * numbers bit for bit, same sharing, same cycles. */
#include "../codec/state.h"

static alloc_meter meter;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct recipe {
    const uint8_t *p, *end;
    int made; /* objects so far, in the table at index 1 */
} recipe;

static unsigned take(recipe *r) { return r->p < r->end ? *r->p++ : 0; }

static uint64_t take64(recipe *r)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value = value << 8 | take(r);
    return value;
}

static void push_number(lua_State *L, recipe *r)
{
    uint64_t bits = take64(r);
    double number;
    memcpy(&number, &bits, sizeof number);
    if (take(r) & 1) lua_pushnumber(L, number);
    else lua_pushinteger(L, (lua_Integer)bits);
}

static void push_string(lua_State *L, recipe *r)
{
    char text[640];
    unsigned kind = take(r), len = kind % 40;
    if (kind > 240) len = 25 * (kind - 230);
    unsigned letter = take(r);
    for (unsigned i = 0; i < len; i++) text[i] = (char)(letter + i % 3);
    lua_pushlstring(L, text, len);
}

static void fill_table(lua_State *L, recipe *r, int depth);

static void push_value(lua_State *L, recipe *r, int depth)
{
    unsigned what = take(r);
    if (what < 80) {
        lua_pushinteger(L, (lua_Integer)what - 20);
    } else if (what < 100) {
        push_number(L, r);
    } else if (what < 160) {
        push_string(L, r);
    } else if (what < 175) {
        lua_pushboolean(L, what & 1);
    } else if (what < 180) {
        lua_pushnil(L);
    } else if (what < 200 && r->made) {
        lua_rawgeti(L, 1, (int)(take(r) % (unsigned)r->made) + 1);
    } else if (depth < 40) {
        lua_createtable(L, what & 7, (what >> 3) & 7);
        lua_pushvalue(L, -1);
        lua_rawseti(L, 1, ++r->made);
        fill_table(L, r, depth + 1);
    } else {
        lua_pushboolean(L, 1);
    }
}

static void fill_table(lua_State *L, recipe *r, int depth)
{
    luaL_checkstack(L, 10, NULL);
    unsigned entries = take(r) % 40, style = take(r);
    for (unsigned i = 0; i < entries && r->p < r->end; i++) {
        if ((style + i * (style >> 5)) % 3 == 0) {
            push_value(L, r, depth);
            if (lua_isnil(L, -1) || (lua_isnumber(L, -1) && lua_tonumber(L, -1) != lua_tonumber(L, -1))) {
                lua_pop(L, 1);
                continue;
            }
            push_value(L, r, depth);
            lua_rawset(L, -3);
        } else {
            push_value(L, r, depth);
            lua_rawseti(L, -2, (int)(lua_rawlen(L, -2) + 1 + (style & 1 ? take(r) % 3 : 0)));
        }
    }
}

/* same(a, b): structure, types and sharing. */
static const char same[] =
    "local math_type = math.type or type\n"
    "local function same(a, b, seen)\n"
    "  if type(a) ~= type(b) then return false end\n"
    "  if type(a) == 'number' then\n"
    "    if a ~= a then return b ~= b end\n"
    "    return a == b and math_type(a) == math_type(b) and 1 / a == 1 / b\n"
    "  end\n"
    "  if type(a) ~= 'table' then return a == b end\n"
    "  if seen[a] then return seen[a] == b end\n"
    "  if seen[b] then return false end\n"
    "  seen[a], seen[b] = b, a\n"
    "  local odd = {}\n"
    "  for k, v in next, a do\n"
    "    if type(k) == 'table' then odd[#odd + 1] = k elseif not same(v, rawget(b, k), seen) then return false end\n"
    "  end\n"
    "  local n = 0\n"
    "  for k in next, b do\n"
    "    if type(k) == 'table' then n = n + 1 elseif rawget(a, k) == nil then return false end\n"
    "  end\n"
    "  return n == #odd\n"
    "end\n"
    "return function(a, b) return same(a, b, {}) end\n";

static void check(bool good)
{
    if (!good) abort();
}

static int round_trip(lua_State *L)
{
    recipe *r = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_newtable(L);
    unsigned flags = take(r) & 1 ? PAR_ENCODE_INLINE : 0, room = take(r) * 4;
    push_value(L, r, 0);
    uint8_t *span = malloc(room + 1);
    par_codec *codec = par_codec_of(L);
    par_encoded encoded;
    par_error err;
    check(par_codec_encode(L, codec, 2, 1, "value", flags, span, room, &encoded, &err) == PAR_OK);
    check(!encoded.in_span || encoded.len <= room);
    uint8_t *copy = malloc(encoded.len);
    memcpy(copy, encoded.bytes, encoded.len);
    int n = par_codec_decode(L, codec, copy, encoded.len, NULL, 0, 0, &err);
    free(copy);
    free(span);
    check(n == 1);
    lua_getglobal(L, "same");
    lua_insert(L, 2);
    lua_call(L, 2, 1);
    check(lua_toboolean(L, -1));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    static unsigned runs;
    if (!L) {
        L = state_open(&meter);
        check(luaL_loadstring(L, same) == LUA_OK && lua_pcall(L, 0, 1, 0) == LUA_OK);
        lua_setglobal(L, "same");
    }
    recipe recipe = {data, data + size, 0};
    lua_pushcfunction(L, round_trip);
    lua_pushlightuserdata(L, &recipe);
    check(lua_pcall(L, 1, 0, 0) == LUA_OK);
    lua_settop(L, 0);
    if (++runs % 1024 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}
