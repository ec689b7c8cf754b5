/* Is a layout the one of this VM? Tables of every kind and size are made through the API in a state of their own, and read back
 * both ways: fresh, with entries taken out, and after garbage collections in every mode. The first ones are small, and their
 * memory is tested before it is read: a wrong layout shows there, and does no harm. */
#include <stdio.h>

#include "codec/direct/direct.h"
#include "codec/format.h"

#define SIZES 70
#define KINDS 16

static int nothing(lua_State *L)
{
    (void)L;
    return 0;
}

static const char long_text[] = "a text that is so long that it is kept by itself, not among the others";

/* A value of each kind, at stack indices 2 to 1 + KINDS. */
static void push_kinds(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_pushboolean(L, 0);
    lua_pushinteger(L, 7);
    lua_pushinteger(L, -7000);
    lua_pushnumber(L, 2.5);
    lua_pushnumber(L, -1e300);
    lua_pushlstring(L, "", 0);
#if LUA_VERSION_NUM >= 505
    lua_pushexternalstring(L, long_text, sizeof long_text - 1, NULL, NULL);
#else
    lua_pushstring(L, long_text);
#endif
    lua_newtable(L);
    lua_pushcfunction(L, nothing);
    lua_newuserdata(L, 8);
    lua_pushlightuserdata(L, L);
    lua_pushnumber(L, 3.0);
    lua_pushlstring(L, "a\0b", 3);
#if PAR_LUA_INTEGERS
    lua_pushinteger(L, (lua_Integer)1 << 33);
#else
    lua_pushnumber(L, 8589934592.0);
#endif
    lua_pushnumber(L, -0.0);
}

static void push_text(lua_State *L, int i)
{
    const char text[] = {'k', (char)('0' + i / 64), (char)('0' + i % 64)};
    lua_pushlstring(L, text, sizeof text);
}

/* Key number i, of every kind that may be one. */
static void push_key(lua_State *L, int i)
{
    switch (i % 8) {
    case 0: lua_pushinteger(L, -i); break;
    case 1: lua_pushnumber(L, i + 0.25); break;
    case 2: lua_pushlstring(L, long_text, sizeof long_text - 1 - (size_t)i % 32); break;
    case 3: i % 3 ? lua_pushboolean(L, i % 3 == 1) : lua_newtable(L); break;
    case 4: lua_pushlightuserdata(L, (char *)L + i); break;
    default: push_text(L, i);
    }
}

static void compare(lua_State *L, const par_direct *walk, bool careful)
{
    const char *failure = walk->compare(L, careful);
    if (!failure) return;
    lua_pushstring(L, failure);
    lua_error(L);
}

static void add(lua_State *L, int first, int n, void (*key)(lua_State *, int))
{
    for (int i = first; i < first + n; i++) {
        key(L, i);
        lua_pushvalue(L, 2 + i % KINDS);
        lua_rawset(L, -3);
    }
}

static void index_key(lua_State *L, int i) { lua_pushinteger(L, i + 1); }
static void far_key(lua_State *L, int i) { lua_pushinteger(L, i * 3 - 1); }

static void test_first(lua_State *L, const par_direct *walk)
{
    lua_newtable(L);
    compare(L, walk, true);
    add(L, 0, KINDS, index_key);
    compare(L, walk, true);
    add(L, 0, KINDS, push_key);
    compare(L, walk, true);
    lua_newtable(L);
    lua_setmetatable(L, -2);
    compare(L, walk, true);
}

/* An array and a table of `size` entries; some with a few more far from each other. Leaves them on the table at the top. */
static void make(lua_State *L, const par_direct *walk, int size)
{
    for (int i = 0; i < 2; i++) {
        lua_createtable(L, size % 2 ? size : 0, 0);
        add(L, i, size, i ? push_key : index_key);
        if (size % 7 == 3) add(L, 0, size / 5, far_key);
        compare(L, walk, false);
        lua_rawseti(L, -2, 2 * size + i + 1);
    }
}

/* Takes entries out of a table: every third, or all from some on. */
static void thin_out(lua_State *L, int number)
{
    int i = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        if (number % 2 ? ++i % 3 != 0 : ++i < number % 60) continue;
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, -4);
    }
}

static void compare_all(lua_State *L, const par_direct *walk, int n, bool thin, bool reuse)
{
    for (int i = 1; i <= n; i += 3) {
        lua_rawgeti(L, -1, i);
        if (thin) thin_out(L, i);
        if (reuse) add(L, i, 2, i % 2 ? push_key : index_key);
        compare(L, walk, false);
        lua_pop(L, 1);
    }
}

/* Arrays of numbers: what was filled in comes back, and nothing else. */
static void test_fill(lua_State *L, const par_direct *walk, int size)
{
    double floats[SIZES];
    int16_t integers[SIZES];
    for (int i = 0; i < size; i++) {
        floats[i] = i / 3.0;
        integers[i] = (int16_t)(i * 100 - 3000);
    }
    lua_createtable(L, 2 * size, 0);
    const void *table = lua_topointer(L, -1);
    bool fits = walk->fill(table, 1, (size_t)size, PAR_TAG_RUN_F64, (const uint8_t *)floats) &&
                walk->fill(table, (size_t)size + 1, (size_t)size, PAR_TAG_RUN_I16, (const uint8_t *)integers);
    bool equal = fits && lua_rawlen(L, -1) == 2 * (size_t)size;
    for (int i = 0; i < size; i++) {
        lua_rawgeti(L, -1, i + 1);
        lua_rawgeti(L, -2, size + i + 1);
        equal = equal && lua_type(L, -2) == LUA_TNUMBER && lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -2) == floats[i] &&
                lua_tonumber(L, -1) == integers[i] && (!PAR_LUA_INTEGERS || (lua_isinteger(L, -1) && !lua_isinteger(L, -2)));
        lua_pop(L, 2);
    }
    if (!equal) luaL_error(L, "arrays of numbers differ");
    compare(L, walk, false);
    lua_pop(L, 1);
}

static void collect(lua_State *L, int mode)
{
#if LUA_VERSION_NUM >= 504
    mode ? lua_gc(L, LUA_GCGEN, 0, 0) : lua_gc(L, LUA_GCINC, 0, 0, 0);
#elif LUA_VERSION_NUM == 502
    lua_gc(L, mode ? LUA_GCGEN : LUA_GCINC, 0);
#else
    (void)mode;
#endif
#if LUA_VERSION_NUM >= 505
    lua_gc(L, LUA_GCSTEP, (size_t)1);
#else
    lua_gc(L, LUA_GCSTEP, 1);
#endif
    lua_gc(L, LUA_GCCOLLECT, 0);
}

static int test(lua_State *L)
{
    const par_direct *walk = lua_touserdata(L, 1);
    luaL_checkstack(L, KINDS + 20, NULL);
    push_kinds(L);
    test_first(L, walk);
    for (int size = 1; size <= SIZES; size += 3) test_fill(L, walk, size);
    lua_newtable(L);
    for (int size = 0; size <= SIZES; size++) make(L, walk, size);
    int n = 2 * (SIZES + 1);
    compare_all(L, walk, n, true, false);
    collect(L, 0);
    compare_all(L, walk, n, false, true);
    collect(L, 1);
    compare_all(L, walk, n, false, false);
    return 0;
}

const char *par_direct_test(const par_direct *walk)
{
    static char failure[100]; /* one test at a time */
    lua_State *L = luaL_newstate();
    if (!L) return "no memory for a state to test it in";
    int rc;
#if LUA_VERSION_NUM >= 502
    lua_pushcfunction(L, test);
    lua_pushlightuserdata(L, (void *)walk);
    rc = lua_pcall(L, 1, 0, 0);
#else
    rc = lua_cpcall(L, test, (void *)walk);
#endif
    if (rc != LUA_OK) snprintf(failure, sizeof failure, "%.99s", lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error");
    lua_close(L);
    return rc == LUA_OK ? NULL : failure;
}
