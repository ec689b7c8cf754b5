/* Every allocation made to fail in turn, Lua's, the codec's own and the channel's: an error, never a crash, a leak, or a codec
 * or channel that cannot be used afterwards. */
#include <malloc.h>
#include <unistd.h>

#include "tap.h"
#include "channel/channel.h"
#include "channel/pool.h"
#include "os/os.h"

void *__real_realloc(void *block, size_t bytes);
#define METER_REALLOC __real_realloc
#include "state.h"

static alloc_meter meter_of_all;

/* The linker sends all allocations but Lua's here (--wrap). */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
int __real_posix_memalign(void **out, size_t align, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
int __wrap_posix_memalign(void **out, size_t align, size_t bytes);

static bool own_fail; /* these allocations count too */

void *__wrap_malloc(size_t bytes) { return own_fail && meter_fails(&meter_of_all) ? NULL : __real_malloc(bytes); }
void *__wrap_calloc(size_t n, size_t bytes) { return own_fail && meter_fails(&meter_of_all) ? NULL : __real_calloc(n, bytes); }
/* Lua relies on it that a block can be made smaller; where its library is linked in, its own allocator comes here too. */
void *__wrap_realloc(void *block, size_t bytes)
{
    bool grows = !block || bytes > malloc_usable_size(block);
    return own_fail && grows && meter_fails(&meter_of_all) ? NULL : __real_realloc(block, bytes);
}

int __wrap_posix_memalign(void **out, size_t align, size_t bytes)
{
    return own_fail && meter_fails(&meter_of_all) ? 12 : __real_posix_memalign(out, align, bytes);
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
    "t.large, t.long = tensor(40000), ('long'):rep(100000)\n"
    "t.longer = {t.long, t.long .. 'er'}\n"
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
    if (par_codec_encode(L, codec, 1, 1, "value", PAR_ENCODE_INLINE, span, sizeof span, &encoded, &err) != PAR_OK)
        return luaL_error(L, "%s", err.text);
    int n = par_codec_decode(L, codec, encoded.bytes, encoded.len, NULL, 0, PAR_DECODE_FUNCTIONS, &err);
    par_codec_sent(L, &encoded);
    if (n < 0) return luaL_error(L, "%s", err.text);
    return n;
}

static par_channel *ends[2]; /* both in this process */

static void open_ends(void)
{
    par_error err;
    int fd;
    CHECK_INT(par_channel_open(&ends[0], 1 << 20, NULL, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&ends[1], fd, NULL, par_os_now_ns() + INT64_C(60000000000), &err), PAR_OK);
}

static void close_ends(void)
{
    for (int i = 0; i < 2; i++) par_channel_close(ends[i]);
    par_pool_trim();
}

/* As src/lua sends: into the ring itself, or from the codec's buffer with payloads. */
static int send_value(lua_State *L, par_codec *codec, par_error *err)
{
    par_encoded encoded;
    size_t room = 0;
    uint8_t *span = par_channel_claim(ends[0], 64, &room);
    int rc = par_codec_encode(L, codec, 1, 1, "value", 0, span, span ? room : 0, &encoded, err);
    if (rc == PAR_OK && encoded.in_span && encoded.n_payloads == 0) return par_channel_commit(ends[0], 0, encoded.len, err);
    if (rc == PAR_OK && encoded.in_span) rc = par_codec_encode(L, codec, 1, 1, "value", 0, NULL, 0, &encoded, err);
    if (rc != PAR_OK) return rc;
    rc = par_channel_send(ends[0], 0, encoded.bytes, encoded.len, encoded.payloads, encoded.n_payloads,
                          par_os_now_ns() + INT64_C(60000000000), err);
    par_codec_sent(L, &encoded);
    return rc;
}

/* The same through the channel; what an earlier failure left in it is thrown away. */
static int channel_trip(lua_State *L)
{
    par_codec *codec = par_codec_of(L);
    par_message message;
    par_error err;
    while (par_channel_receive(ends[1], &message, 0, &err) == PAR_OK) par_channel_release(ends[1], &message);
    if (send_value(L, codec, &err) != PAR_OK) return luaL_error(L, "%s", err.text);
    if (par_channel_receive(ends[1], &message, par_os_now_ns() + INT64_C(60000000000), &err) != PAR_OK)
        return luaL_error(L, "%s", err.text);
    int n = par_codec_decode(L, codec, message.bytes, message.len, message.payloads, message.n_payloads, PAR_DECODE_FUNCTIONS, &err);
    par_channel_release(ends[1], &message);
    if (n < 0) return luaL_error(L, "%s", err.text);
    return n;
}

static int call(lua_State *L)
{
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    return lua_pcall(L, 1, 1, 0);
}

static lua_State *open_with_value(lua_CFunction trip)
{
    meter_of_all = (alloc_meter){.until_failure = -1};
    lua_State *L = state_new(meter_alloc, &meter_of_all);
    CHECK(L);
    lua_pushcfunction(L, state_prepare);
    CHECK_INT(lua_pcall(L, 0, 0, 0), LUA_OK);
    lua_pushcfunction(L, build_value);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) printf("# %s\n", lua_tostring(L, -1));
    if (!lua_istable(L, 1)) printf("# %s\n", lua_tostring(L, 1));
    CHECK(lua_istable(L, 1));
    lua_pushcfunction(L, trip); /* 5.1 allocates for it */
    return L;
}

static void check_value(lua_State *L)
{
    lua_rawgeti(L, -1, 4);
    CHECK(lua_tonumber(L, -1) == 4.5);
    lua_pop(L, 1);
    lua_getfield(L, -1, "self");
    CHECK(lua_rawequal(L, -1, -2));
    lua_getfield(L, -1, "long");
    CHECK_INT(lua_rawlen(L, -1), 400000);
    lua_pop(L, 3);
}

/* Fails one allocation after the other, until a round trip needs none of them. Leaks are counted in blocks: LuaJIT frees a
 * function whose upvalues could not be made as shorter than it was. */
static void fail_each(lua_CFunction trip, bool fresh)
{
    lua_State *L = NULL;
    long failures = 0;
    for (long n = 0;; n++) {
        if (!L) L = open_with_value(trip);
        /* These tensors do not ask for the collector as those of src/lua do, and a process may hold only so many segments. */
        if (fresh || n % 50 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
        own_fail = true;
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
        rc = call(L); /* usable afterwards */
        if (rc != LUA_OK) printf("# after failure %ld: %s\n", n, lua_tostring(L, -1));
        CHECK_INT(rc, LUA_OK);
        check_value(L);
        if (fresh) {
            lua_close(L);
            CHECK_INT(meter_of_all.blocks, 0);
            L = NULL;
        }
    }
    printf("# %ld failures\n", failures);
    CHECK(failures > 0);
    if (!L) return;
    lua_close(L);
    CHECK_INT(meter_of_all.blocks, 0);
}

static void used_state_survives_every_failure(void) { fail_each(round_trip, false); }
static void fresh_state_survives_every_failure(void) { fail_each(round_trip, true); }

static void used_channel_survives_every_failure(void)
{
    open_ends();
    fail_each(channel_trip, false);
    close_ends();
}

#if LUA_VERSION_NUM >= 502
/* A full collection at every allocation: nothing may be held by its address alone. */
static void collection_at_every_allocation(lua_CFunction trip)
{
    lua_State *L = open_with_value(trip);
#if LUA_VERSION_NUM >= 504
    lua_checkstack(L, 2000);  /* from 5.4.6 on a stack that has to grow does not try again */
    lua_gc(L, LUA_GCSTOP, 0); /* or a collection of its own shrinks it; a stopped 5.2 would not collect to try again */
#endif
    meter_of_all.collects = true;
    int rc = call(L);
    meter_of_all.collects = false;
    if (rc != LUA_OK) printf("# %s\n", lua_tostring(L, -1));
    CHECK_INT(rc, LUA_OK);
    check_value(L);
    printf("# %ld collections\n", meter_of_all.collections);
    CHECK(meter_of_all.collections > 100);
    lua_close(L);
    CHECK_INT(meter_of_all.blocks, 0);
}

static void collections_take_nothing(void)
{
    collection_at_every_allocation(round_trip);
    open_ends();
    collection_at_every_allocation(channel_trip);
    close_ends();
}
#define COLLECTIONS , TEST(collections_take_nothing)
#else
#define COLLECTIONS /* 5.1 and LuaJIT do not try again */
#endif

/* Two functions in one line of a file are told apart by their bytecode, for which the encoder has memory beside that for the file. */
static void functions_as_text_leak_nothing(void)
{
    static const char text[] = "return {function(a) return a + 1 end, function(a) return a + 2 end}\n";
    char path[] = "/tmp/parallel-test-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    alloc_meter meter;
    par_error err;
    par_encoded out;
    lua_State *L = state_open(&meter);
    CHECK_INT(luaL_loadfile(L, path) || lua_pcall(L, 0, 1, 0), 0);
    CHECK_INT(par_codec_encode(L, par_codec_of(L), 1, 1, "value", PAR_ENCODE_FOREIGN | PAR_ENCODE_INLINE, NULL, 0, &out, &err), PAR_OK);
    par_codec_sent(L, &out);
    lua_close(L);
    unlink(path);
}

TAP_MAIN(TEST(functions_as_text_leak_nothing), TEST(used_state_survives_every_failure), TEST(fresh_state_survives_every_failure),
         TEST(used_channel_survives_every_failure) COLLECTIONS)
