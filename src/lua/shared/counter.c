/* parallel.counter */
#include "codec/compat.h"
#include "group/counter.h"
#include "lua/error.h"
#include "lua/shared/object.h"
#include "lua/shared/parts.h"
#include "lua/tensor/value.h"

static const luaL_Reg methods[];
static const par_lua_shared_kind kind = {.type = "parallel.counter",
                                         .what = "counter",
                                         .handle_bytes = sizeof(par_lua_shared),
                                         .least_bytes = sizeof(par_counter),
                                         .methods = methods};

static par_counter *to_counter(lua_State *L, const char *method)
{
    return ((par_lua_shared *)par_lua_shared_check(L, method, &kind))->memory;
}

/* A whole number; where Lua has no integers, one that a double holds exactly. */
static int64_t check_whole(lua_State *L, int idx, const char *what)
{
#if PAR_LUA_INTEGERS
    if (lua_isinteger(L, idx)) return (int64_t)lua_tointeger(L, idx);
#endif
    double d = lua_tonumber(L, idx);
    if (lua_type(L, idx) != LUA_TNUMBER || !(d >= -9007199254740992.0 && d <= 9007199254740992.0) || d != (double)(int64_t)d)
        par_lua_misuse(L, "%s: a whole number expected, got %s", what,
                       lua_type(L, idx) == LUA_TNUMBER ? lua_tostring(L, idx) : luaL_typename(L, idx));
    return (int64_t)d;
}

/* core.shared.counter.new([start]) */
static int counter_new(lua_State *L)
{
    int64_t start = lua_isnoneornil(L, 1) ? 0 : check_whole(L, 1, "parallel.counter");
    par_lua_shared *object = par_lua_shared_new(L, &kind, sizeof(par_counter));
    par_counter_set(object->storage->data, start);
    par_lua_shared_open(L, object);
    return 1;
}

/* counter:add([n]) -> what it was before */
static int counter_add(lua_State *L)
{
    par_counter *counter = to_counter(L, "add");
    par_lua_push_i64(L, par_counter_add(counter, lua_isnoneornil(L, 2) ? 1 : check_whole(L, 2, "add")));
    return 1;
}

/* counter:get() */
static int counter_get(lua_State *L)
{
    par_lua_push_i64(L, par_counter_get(to_counter(L, "get")));
    return 1;
}

/* counter:set(value) */
static int counter_set(lua_State *L)
{
    par_counter *counter = to_counter(L, "set");
    par_counter_set(counter, check_whole(L, 2, "set"));
    return 0;
}

/* counter:compare_and_set(old, value) -> was it old, and is it value now? */
static int counter_compare_and_set(lua_State *L)
{
    par_counter *counter = to_counter(L, "compare_and_set");
    int64_t old = check_whole(L, 2, "compare_and_set"), value = check_whole(L, 3, "compare_and_set");
    lua_pushboolean(L, par_counter_compare_and_set(counter, old, value));
    return 1;
}

static const luaL_Reg methods[] = {
    {"add", counter_add}, {"get", counter_get}, {"set", counter_set}, {"compare_and_set", counter_compare_and_set}, {NULL, NULL}};

void par_lua_open_shared_counter(lua_State *L)
{
    static const luaL_Reg functions[] = {{"new", counter_new}, {NULL, NULL}};
    par_lua_shared_add(L, &kind, functions);
}
