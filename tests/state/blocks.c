/* The cache of large blocks behind a Lua state's allocator: in states that close, hosts with allocators of their own, and hosts that change
 * their mind. Under AddressSanitizer a block that went to the wrong place would be told. */
#include "lua/blocks.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#include "codec/compat.h"
#include "lua/parts.h"
#include "tap.h"

#define MB ((size_t)1 << 20)

/* --- a state with the cache's functions as globals --- */

/* expect(): a large message comes */
static int expect(lua_State *L)
{
    par_lua_blocks_expect(L, par_lua_blocks_of(L), MB);
    return 0;
}

/* tidy(): the next one is waited for */
static int tidy(lua_State *L)
{
    par_lua_blocks_tidy(L, par_lua_blocks_of(L));
    return 0;
}

static int prepare(lua_State *L)
{
    luaL_openlibs(L);
    lua_newtable(L);
    par_lua_open_blocks(L);
    lua_getfield(L, -1, "block_cache");
    lua_setglobal(L, "block_cache");
    lua_register(L, "expect", expect);
    lua_register(L, "tidy", tidy);
    if (luaL_dostring(L,
                      "function state() return select(2, block_cache()) end\n"
                      "function large(name) return name .. ('x'):rep(2 ^ 20) end"))
        lua_error(L);
    return 0;
}

static lua_State *prepared(lua_State *L)
{
    CHECK(L != NULL);
    lua_pushcfunction(L, prepare);
    CHECK_INT(lua_pcall(L, 0, 0, 0), LUA_OK);
    return L;
}

static lua_State *standard(void) { return prepared(luaL_newstate()); }

static void run(lua_State *L, const char *code)
{
    bool failed = luaL_dostring(L, code);
    if (failed) printf("# %s\n", lua_tostring(L, -1));
    CHECK(!failed);
    lua_settop(L, 0);
}

static lua_Alloc allocator_of(lua_State *L)
{
    void *context;
    return lua_getallocf(L, &context);
}

/* Is it in use by this Lua at all? (LuaJIT with 32-bit references) */
static bool is_refused(lua_State *L)
{
    run(L, "refused = state():find '^off: addresses'");
    lua_getglobal(L, "refused");
    bool refused = lua_toboolean(L, -1);
    lua_settop(L, 0);
    return refused;
}

/* --- tests --- */

static void it_begins_with_the_first_large_message(void)
{
    lua_State *L = standard();
    lua_Alloc first = allocator_of(L);
    if (is_refused(L)) return lua_close(L);
    run(L, "assert(state() == 'on: from the first large message on', state())");
    par_lua_blocks_expect(L, par_lua_blocks_of(L), PAR_BLOCK_MIN_BYTES - 1);
    CHECK(allocator_of(L) == first);
    run(L, "expect() assert(state() == 'on: 0 bytes are idle', state())");
    CHECK(allocator_of(L) == par_blocks_allocate);
    run(L, "coroutine.wrap(function() kept = large 'k' end)()"); /* a coroutine is of the same state */
    lua_State *other = standard();
    CHECK(allocator_of(other) == first);
    lua_close(other);
    lua_close(L);
}

static void dead_strings_leave_their_memory_to_the_next(void)
{
    lua_State *L = standard();
    if (is_refused(L)) return lua_close(L);
    run(L, "expect() for i = 1, 50 do s = large(i) s = nil collectgarbage() collectgarbage() end");
    CHECK(par_lua_blocks_of(L)->cache->idle_bytes >= MB);
    CHECK(par_lua_blocks_of(L)->cache->idle_bytes < 20 * MB);
    par_lua_blocks_trim(L);
    CHECK_INT(par_lua_blocks_of(L)->cache->idle_bytes, 0);
    lua_close(L);
}

/* The collector alone would let hundreds of them pile up in 5.1 and LuaJIT. */
static void strings_do_not_pile_up(void)
{
    lua_State *L = standard();
    if (is_refused(L)) return lua_close(L);
    run(L, "expect() rest = ('x'):rep(2 ^ 20)");
    for (int i = 0; i < 300; i++) {
        run(L, "tidy() expect() s = rest .. tostring({})");
        CHECK(par_lua_blocks_of(L)->cache->used_bytes < (int64_t)(64 * MB));
    }
    lua_close(L);
}

static struct {
    lua_Alloc inner;
    unsigned fresh;
} behind;

static void *count_fresh(void *context, void *block, size_t old_bytes, size_t bytes)
{
    if (!block && bytes >= 8 * MB) behind.fresh++;
    return behind.inner(context, block, old_bytes, bytes);
}

/* Of the largest only one may be idle: each is dead and collected before the next comes, which takes its memory. */
static void the_largest_take_the_memory_of_the_one_before(void)
{
    lua_State *L = standard();
    char *text = calloc(1, 8 * MB);
    if (!is_refused(L)) {
        run(L, "block_cache(12 * 2 ^ 20) expect()");
        par_lua_blocks *blocks = par_lua_blocks_of(L);
        behind.inner = blocks->cache->inner;
        behind.fresh = 0;
        blocks->cache->inner = count_fresh;
        for (int i = 0; i < 40; i++) {
            text[0] = (char)i; /* LuaJIT has no string twice */
            par_lua_blocks_tidy(L, blocks);
            par_lua_blocks_expect(L, blocks, 8 * MB);
            lua_pushlstring(L, text, 8 * MB);
            lua_settop(L, 0);
        }
        CHECK(behind.fresh <= 2);
        blocks->cache->inner = behind.inner;
    }
    free(text);
    lua_close(L);
}

/* Of a large message what became blocks of Lua counts: a tensor's memory did not. */
static void no_blocks_are_no_reason_to_collect(void)
{
    lua_State *L = standard();
    run(L, "expect() collectgarbage() weak = setmetatable({{}}, {__mode = 'v'})");
    for (int i = 0; i < 10; i++) {
        par_lua_blocks_expect(L, par_lua_blocks_of(L), 512 * MB);
        par_lua_blocks_tidy(L, par_lua_blocks_of(L));
    }
    run(L, "assert(weak[1])");
    lua_close(L);
}

static void a_stopped_collector_stays_stopped(void)
{
    lua_State *L = standard();
    if (is_refused(L)) return lua_close(L);
#ifdef LUA_GCISRUNNING
    run(L, "expect() base = large '' collectgarbage 'stop' weak = setmetatable({{}}, {__mode = 'v'})");
    for (int i = 0; i < 40; i++) run(L, "tidy() expect() s = tostring({}) .. base"); /* rep makes a stopped collector of 5.5 do a step */
    run(L, "assert(weak[1])");
#endif
    lua_close(L);
}

static void a_state_closes_with_blocks_of_all_kinds(void)
{
    lua_State *L = standard();
    run(L, "before = {large 'a', large 'b'} expect() after = {large 'c', large 'd'}");
    run(L, "before[1] = nil after[1] = nil collectgarbage() after[3] = large 'e'");
    lua_close(L);
}

/* Lua 5.5 frees a string that was made in a buffer by the allocator of its day. */
static void strings_outlive_the_cache_that_they_came_from(void)
{
    lua_State *L = standard();
    run(L, "expect() a = ('a'):rep(5000) large 'b' block_cache(0) b = ('b'):rep(5000) block_cache(5e6) expect() c = ('c'):rep(5000)");
    run(L, "a = nil collectgarbage() d = table.concat({c, b}) block_cache(0)");
    lua_close(L);
}

static void it_can_be_turned_off_and_on_in_the_middle(void)
{
    lua_State *L = standard();
    lua_Alloc first = allocator_of(L);
    if (is_refused(L)) return lua_close(L);
    run(L, "expect() a = large 'a' b = large 'b' block_cache(0)");
    CHECK(allocator_of(L) == first);
    run(L, "assert(state() == 'off: parallel.block_cache is 0', state()) expect() a = nil collectgarbage()");
    CHECK(allocator_of(L) == first);
    run(L, "block_cache(5e6) assert(block_cache() == 5e6) expect() b = nil c = large 'c' collectgarbage()");
    CHECK(allocator_of(L) == par_blocks_allocate);
    CHECK(par_lua_blocks_of(L)->cache->idle_bytes <= 5000000);
    lua_close(L);
}

static void a_finalizer_at_the_end_does_not_begin_it_anew(void)
{
    lua_State *L = standard();
    run(L,
        "local function make() if newproxy then return newproxy(true) end return setmetatable({}, {}) end\n"
        "for _ = 1, 2 do\n" /* before the cache's own end and, in whatever order they come, after it */
        "  local last = make()\n"
        "  getmetatable(last).__gc = function() expect() kept = large 'k' end\n"
        "  if not newproxy then setmetatable(last, getmetatable(last)) end\n"
        "  _G[last] = last\n"
        "  block_cache(1e9)\n"
        "end\n"
        "expect()");
    lua_close(L);
}

/* --- hosts --- */

static void *plain_allocate(void *context, void *block, size_t old_bytes, size_t bytes)
{
    (void)old_bytes;
    ++*(unsigned *)context;
    if (bytes) return realloc(block, bytes);
    free(block);
    return NULL;
}

static struct {
    lua_Alloc inner;
    void *inner_context;
    unsigned calls;
} counter;

static void *counting_allocate(void *context, void *block, size_t old_bytes, size_t bytes)
{
    (void)context;
    counter.calls++;
    return counter.inner(counter.inner_context, block, old_bytes, bytes);
}

static void count_calls(lua_State *L)
{
    counter.inner = lua_getallocf(L, &counter.inner_context);
    lua_setallocf(L, counting_allocate, NULL);
}

static void an_allocator_of_the_host_is_left_alone(void)
{
    lua_State *L = standard();
    if (is_refused(L)) return lua_close(L);
    count_calls(L);
    run(L, "assert(state() == 'off: this program gives Lua an allocator of its own', state()) expect() kept = large 'k'");
    CHECK(allocator_of(L) == counting_allocate);
    lua_setallocf(L, counter.inner, counter.inner_context);
    lua_close(L);
}

static void one_on_top_of_ours_may_stay_to_the_end(void)
{
    lua_State *L = standard();
    run(L, "expect() a = large 'a'");
    count_calls(L);
    run(L, "b = large 'b' a = nil collectgarbage() block_cache(0) expect() c = large 'c'");
    unsigned calls = counter.calls;
    lua_close(L);
#if !PAR_LUAJIT /* it looks at its allocator before it gives its own memory back */
    CHECK(counter.calls > calls);
#else
    (void)calls;
#endif
}

#if !PAR_LUAJIT /* its standard allocator is no other's */
static void a_host_may_replace_it(void)
{
    static unsigned calls;
    static void *kept; /* still reachable */
    lua_State *L = standard();
    run(L, "expect() a = large 'a' b = large 'b' b = nil collectgarbage()");
    lua_getallocf(L, &kept);
    lua_setallocf(L, plain_allocate, &calls);
    run(L, "a = nil c = large 'c' collectgarbage()");
    CHECK(calls > 0);
    lua_close(L);
}
#else
static void a_host_may_replace_it(void) { plain_allocate(&counter.calls, NULL, 0, 0); }
#endif

TAP_MAIN(TEST(it_begins_with_the_first_large_message), TEST(dead_strings_leave_their_memory_to_the_next), TEST(strings_do_not_pile_up),
         TEST(the_largest_take_the_memory_of_the_one_before), TEST(no_blocks_are_no_reason_to_collect),
         TEST(a_stopped_collector_stays_stopped), TEST(a_state_closes_with_blocks_of_all_kinds),
         TEST(strings_outlive_the_cache_that_they_came_from), TEST(it_can_be_turned_off_and_on_in_the_middle),
         TEST(a_finalizer_at_the_end_does_not_begin_it_anew), TEST(an_allocator_of_the_host_is_left_alone),
         TEST(one_on_top_of_ours_may_stay_to_the_end), TEST(a_host_may_replace_it))
