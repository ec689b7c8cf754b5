/* Every allocation made to fail in turn, Lua's and the codec's own: an error, never a crash, a leak, or a codec that
 * cannot be used afterwards. */
#include "../c/tap.h"
#include "state.h"

static alloc_meter meter_of_all;

/* The linker sends the codec's own allocations here (--wrap). */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
int __real_posix_memalign(void **out, size_t align, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
int __wrap_posix_memalign(void **out, size_t align, size_t bytes);

static bool own_fail; /* the codec's own allocations count too */

void *__wrap_malloc(size_t bytes) { return own_fail && meter_fails(&meter_of_all) ? NULL : __real_malloc(bytes); }
void *__wrap_calloc(size_t n, size_t bytes)
{
    return own_fail && meter_fails(&meter_of_all) ? NULL : __real_calloc(n, bytes);
}
void *__wrap_realloc(void *block, size_t bytes)
{
    return own_fail && meter_fails(&meter_of_all) ? NULL : __real_realloc(block, bytes);
}
int __wrap_posix_memalign(void **out, size_t align, size_t bytes)
{
    return own_fail && meter_fails(&meter_of_all) ? 12 : __real_posix_memalign(out, align, bytes);
}

static void *real_alloc(void *context, void *block, size_t old_size, size_t new_size)
{
    alloc_meter *meter = context;
    if (!block) old_size = 0;
    if (new_size == 0) {
        free(block);
        meter->used -= old_size;
        return NULL;
    }
    if (new_size > old_size && meter_fails(meter)) return NULL;
    void *moved = __real_realloc(block, new_size);
    if (moved) meter->used += new_size - old_size;
    return moved;
}

static const char *const program =
    "local n = 0\n"
    "local function count() n = n + 1; return n end\n"
    "local function get() return n, count, math end\n"
    "local Class = {__index = {x = 1}}\n"
    "local t = {1, 2, 3, 4.5, 5.5, 6.5, 7.5, 'word', 'word', 'word', name = 'word', count, get, print, string,\n"
    "  [{}] = true, obj = setmetatable({7}, Class), deep = {}, tensor(600), tensor(70000, 10, 20)}\n"
    "t.self = t\n"
    "t.again = t.obj\n"
    "local d = t.deep\n"
    "for i = 1, 300 do d[1] = {i}; d = d[1] end\n"
    "for i = 1, 90 do t['key' .. i] = 'value' .. i % 70 end\n"
    "for i = 1, 90 do t['again' .. i] = 'value' .. i % 70 end\n"
    "t.hooked = setmetatable({}, Hooked)\n"
    "return t\n";

static int hook_encode(lua_State *L)
{
    lua_pushliteral(L, "inside");
    lua_newtable(L);
    return 2;
}

static int hook_decode(lua_State *L)
{
    lua_newtable(L);
    return 1;
}

static int build_value(lua_State *L)
{
    lua_newtable(L);
    lua_setglobal(L, "Hooked");
    lua_pushliteral(L, "Hooked");
    lua_newtable(L);
    lua_pushcfunction(L, hook_encode);
    lua_setfield(L, -2, "encode");
    lua_pushcfunction(L, hook_decode);
    lua_setfield(L, -2, "decode");
    lua_getglobal(L, "Hooked");
    lua_setfield(L, -2, "metatable");
    par_codec_register(L, par_codec_of(L), -2, -1);
    if (luaL_loadstring(L, program) != LUA_OK) return lua_error(L);
    lua_call(L, 0, 1);
    return 1;
}

/* encode, decode: raises or returns the decoded value. */
static int round_trip(lua_State *L)
{
    par_codec *codec = par_codec_of(L);
    uint8_t span[100];
    par_encoded encoded;
    par_error err;
    if (par_codec_encode(L, codec, 1, 1, "value", 0, span, sizeof span, &encoded, &err) != PAR_OK)
        return luaL_error(L, "%s", err.text);
    int n = par_codec_decode(L, codec, encoded.bytes, encoded.len, NULL, 0, PAR_DECODE_FUNCTIONS, &err);
    if (n < 0) return luaL_error(L, "%s", err.text);
    return n;
}

static int call(lua_State *L)
{
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    return lua_pcall(L, 1, 1, 0);
}

static lua_State *open_with_value(void)
{
    meter_of_all = (alloc_meter){.until_failure = -1};
    lua_State *L = lua_newstate(real_alloc, &meter_of_all);
    CHECK(L);
    lua_pushcfunction(L, state_prepare);
    CHECK_INT(lua_pcall(L, 0, 0, 0), LUA_OK);
    lua_pushcfunction(L, build_value);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) printf("# %s\n", lua_tostring(L, -1));
    if (!lua_istable(L, 1)) printf("# %s\n", lua_tostring(L, 1));
    CHECK(lua_istable(L, 1));
    lua_pushcfunction(L, round_trip); /* 5.1 allocates for it */
    return L;
}

static void check_value(lua_State *L)
{
    lua_rawgeti(L, -1, 4);
    CHECK(lua_tonumber(L, -1) == 4.5);
    lua_pop(L, 1);
    lua_getfield(L, -1, "self");
    CHECK(lua_rawequal(L, -1, -2));
    lua_pop(L, 2);
}

/* Fails allocation number `first`, then `first + step`, ... until a round trip needs none of them. */
static void fail_each(bool own, bool fresh, long step)
{
    lua_State *L = NULL;
    long failures = 0;
    for (long n = 0;; n += step) {
        if (!L) L = open_with_value();
        if (fresh) lua_gc(L, LUA_GCCOLLECT, 0);
        own_fail = own;
        meter_of_all.until_failure = n;
        int rc = call(L);
        bool failed = meter_of_all.failed;
        meter_of_all.failed = false;
        meter_of_all.until_failure = -1;
        own_fail = false;
        if (!failed) {
            CHECK_INT(rc, LUA_OK);
            break;
        }
        failures += rc != LUA_OK;
        lua_settop(L, 2);
        CHECK_INT(call(L), LUA_OK); /* usable afterwards */
        check_value(L);
        if (fresh) {
            lua_close(L);
            CHECK_INT(meter_of_all.used, 0);
            L = NULL;
        }
    }
    printf("# %ld failures\n", failures);
    CHECK(failures > 0);
    if (!L) return;
    lua_close(L);
    CHECK_INT(meter_of_all.used, 0);
}

static void used_state_survives_every_failure(void) { fail_each(true, false, 1); }
static void fresh_state_survives_every_failure(void) { fail_each(true, true, 1); }

TAP_MAIN(TEST(used_state_survives_every_failure), TEST(fresh_state_survives_every_failure))
