/* The codec's small structures by themselves: what was met, nesting, names, and the text of functions. */
#include "codec/levels.h"
#include "codec/names.h"
#include "codec/pointers.h"
#include "codec/source.h"
#include "state.h"
#include "tap.h"

static alloc_meter meter;

/* --- pointers --- */
static void what_was_met_is_known_until_the_reset(void)
{
    static char objects[3000];
    par_pointers pointers = {0};
    bool added;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof objects; i++) {
            par_seen *seen = par_pointers_add(&pointers, &objects[i], &added);
            CHECK(seen && added);
            seen->at = i + (size_t)round;
        }
        for (size_t i = 0; i < sizeof objects; i++) {
            par_seen *seen = par_pointers_add(&pointers, &objects[i], &added);
            CHECK(seen && !added && seen->key == &objects[i] && seen->at == i + (size_t)round);
        }
        CHECK_INT(pointers.used, sizeof objects);
        par_pointers_reset(&pointers);
        CHECK_INT(pointers.used, 0);
    }
    par_pointers_fini(&pointers);
}

static void what_is_taken_back_was_never_met(void)
{
    static char objects[2];
    par_pointers pointers = {0};
    bool added;
    CHECK(par_pointers_add(&pointers, &objects[0], &added) && added);
    par_pointers_take_back(&pointers, par_pointers_add(&pointers, &objects[1], &added));
    CHECK_INT(pointers.used, 1);
    CHECK(par_pointers_add(&pointers, &objects[1], &added) && added);
    par_pointers_fini(&pointers);
}

/* The epoch goes round after 2^32 messages: nothing of the first may look as if it were of this one. */
static void an_epoch_that_wraps_knows_nothing(void)
{
    static char object;
    par_pointers pointers = {0};
    bool added;
    par_pointers_reset(&pointers);
    CHECK_INT(pointers.epoch, 1);
    CHECK(par_pointers_add(&pointers, &object, &added) && added);
    pointers.epoch = UINT32_MAX;
    par_pointers_reset(&pointers);
    CHECK_INT(pointers.epoch, 1);
    CHECK(par_pointers_add(&pointers, &object, &added) && added);
    par_pointers_fini(&pointers);
}

static void a_large_table_is_given_back(void)
{
    static char objects[100000];
    par_pointers pointers = {0};
    bool added;
    for (size_t i = 0; i < sizeof objects; i++) CHECK(par_pointers_add(&pointers, &objects[i], &added));
    par_pointers_reset(&pointers);
    CHECK_INT(pointers.capacity, 0);
    CHECK(par_pointers_add(&pointers, &objects[0], &added) && added);
    par_pointers_fini(&pointers);
}

/* --- levels --- */
static const char levels_key;

static void push_level(lua_State *L, par_levels *levels, lua_Number n)
{
    lua_pushnumber(L, n); /* stands for the container */
    lua_pushnumber(L, -n);
    CHECK(par_levels_enter(L, levels));
}

/* Far deeper than the Lua stack, in and out twice, with each level where it was. */
static void levels_come_back_as_they_were(void)
{
    lua_State *L = state_open(&meter);
    luaL_checkstack(L, 40, NULL);
    int base = lua_gettop(L);
    par_levels levels = {.base = base, .key = &levels_key};
    for (int round = 0; round < 2; round++) {
        const int depth = 1000;
        for (int i = 1; i <= depth; i++) {
            push_level(L, &levels, i);
            CHECK(lua_gettop(L) - base <= 2 * (int)(PAR_LEVELS_WINDOW + 1));
        }
        for (int i = 1; i <= depth; i += 37) {
            par_levels_push(L, &levels, (size_t)i - 1, 0);
            par_levels_push(L, &levels, (size_t)i - 1, 1);
            CHECK(lua_tonumber(L, -2) == i && lua_tonumber(L, -1) == -i);
            lua_pop(L, 2);
        }
        for (int i = depth; i >= 1; i--) {
            CHECK(lua_tonumber(L, -2) == i && lua_tonumber(L, -1) == -i);
            lua_pop(L, 2);
            lua_pushnumber(L, 7); /* what the level leaves */
            par_levels_leave(L, &levels, 1);
            CHECK(lua_tonumber(L, -1) == 7);
            lua_pop(L, 1);
        }
        CHECK_INT(lua_gettop(L), base);
        CHECK(levels.depth == 0 && levels.spilled == 0);
        par_levels_reset(L, &levels);
    }
    lua_close(L);
}

/* --- names --- */
static bool is_named(lua_State *L, const char *expression, const char *want, size_t len)
{
    char chunk[100];
    snprintf(chunk, sizeof chunk, "return %s", expression);
    CHECK(luaL_loadstring(L, chunk) == LUA_OK && lua_pcall(L, 0, 1, 0) == LUA_OK);
    bool found = par_names_find(L, par_codec_of(L), true);
    CHECK(found == (want != NULL));
    size_t got_len = 0;
    const char *got = found ? lua_tolstring(L, -1, &got_len) : NULL;
    bool same = !found || (got_len == len && memcmp(got, want, len) == 0);
    lua_settop(L, 0);
    return same;
}

static void library_functions_have_names_and_others_have_none(void)
{
    lua_State *L = state_open(&meter);
    CHECK(is_named(L, "print", "_G\0print", 8));
    CHECK(is_named(L, "string.format", "string\0format", 13));
    CHECK(is_named(L, "math", "math", 4));
    CHECK(is_named(L, "function() end", NULL, 0));
    CHECK(is_named(L, "{}", NULL, 0));
    CHECK(is_named(L, "{print = print}", NULL, 0));
    CHECK(luaL_loadstring(L, "package.loaded.late = {f = print, g = rawset, part = {h = next}, only = {data = 1}}") == LUA_OK &&
          lua_pcall(L, 0, 0, 0) == LUA_OK);
    CHECK(is_named(L, "package.loaded.late", "late", 4));
    CHECK(is_named(L, "package.loaded.late.part", "late\0part", 9));
    CHECK(is_named(L, "package.loaded.late.only", NULL, 0));
    lua_close(L);
}

/* --- the text of functions --- */
static void check_source(const char *text, int first, int last, int n, const char *span)
{
    par_source_span out[4];
    CHECK_INT(par_source_find(text, strlen(text), first, last, out, 4), n);
    if (span) CHECK(out[0].end - out[0].begin == strlen(span) && memcmp(text + out[0].begin, span, strlen(span)) == 0);
}

static void functions_are_found_by_their_lines(void)
{
    check_source("local f = function(a) return a end", 1, 1, 1, "function(a) return a end");
    check_source("f = function() return 'end' --[[ end\n]] end", 1, 2, 1, "function() return 'end' --[[ end\n]] end");
    check_source("f = function() if x then while y do end end repeat until z end", 1, 1, 1, NULL);
    check_source("f, g = function() end, function() end", 1, 1, 2, NULL);
    check_source("function() end end", 1, 1, 0, NULL); /* one end too many */
    check_source("function(", 1, 1, 0, NULL);
    check_source("x = [==[ function() end ]] ]==] f = function() end", 1, 1, 1, "function() end");
    check_source("#!/usr/bin/lua function() end\nf = function() end", 2, 2, 1, "function() end");
    check_source("", 1, 1, 0, NULL);
    check_source("'\\", 1, 1, 0, NULL); /* the text ends inside */
    par_source_span out;
    const char *method = "function t.a:m(x) return self end";
    CHECK_INT(par_source_find(method, strlen(method), 1, 1, &out, 1), 1);
    CHECK(out.is_method && method[out.params] == '(');
}

static void blocks_nested_too_deep_are_no_function(void)
{
    static char text[300 * 20];
    size_t len = 0;
    for (int i = 0; i < 250; i++) len += (size_t)snprintf(text + len, sizeof text - len, "do ");
    snprintf(text + len, sizeof text - len, "f = function() end");
    check_source(text, 1, 1, 0, NULL);
}

TAP_MAIN(TEST(what_was_met_is_known_until_the_reset), TEST(what_is_taken_back_was_never_met), TEST(an_epoch_that_wraps_knows_nothing),
         TEST(a_large_table_is_given_back), TEST(levels_come_back_as_they_were), TEST(library_functions_have_names_and_others_have_none),
         TEST(functions_are_found_by_their_lines), TEST(blocks_nested_too_deep_are_no_function))
