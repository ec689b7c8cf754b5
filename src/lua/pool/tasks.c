/* core.tasks, what the owner of a pool does with it: chunks of tasks (link/tasks.h), and the results that come back. */
#include "lua/pool/tasks.h"

#include <lauxlib.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/apart.h"
#include "link/message.h"
#include "lua/child/decode.h"
#include "lua/child/ends.h"
#include "lua/child/send.h"
#include "lua/error.h"
#include "lua/pool/parts.h"
#include "lua/tensor/box.h"
#include "os/os.h"

unsigned par_lua_tasks_slot(lua_State *L, int idx)
{
    lua_Integer n = luaL_checkinteger(L, idx);
    luaL_argcheck(L, n >= 0 && n < (lua_Integer)PAR_TASKS_SLOTS, idx, "slot 0 or 1 expected");
    return (unsigned)n;
}

_Atomic uint64_t *par_lua_tasks_words(lua_State *L, par_lua_link *self)
{
    _Atomic uint64_t *words = self->link ? par_link_tasks(self->link) : NULL;
    if (!words) luaL_error(L, "parallel: child %d has ended", (int)self->id);
    return words;
}

static int push_state(lua_State *L, par_tasks_state state)
{
    lua_pushinteger(L, (lua_Integer)state.claimed);
    lua_pushinteger(L, (lua_Integer)state.limit);
    return 2;
}

/* tasks.post(child, kind, values...): one message of this kind */
static int pool_post(lua_State *L)
{
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_Integer kind = luaL_checkinteger(L, 2);
    luaL_argcheck(L, kind >= POOL_KIND_FIRST && kind < (lua_Integer)PAR_KIND_CONTROL, 2, "a kind of message expected");
    par_lua_link_send_common(L, self, (uint32_t)kind, 3, lua_gettop(L) - 2, "values"); /* functions, mostly */
    return 0;
}

/* tasks.give(child, count, slot, id, mode, arguments, first, seed) -> seconds that took: a chunk of count tasks */
static int pool_give(lua_State *L)
{
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    unsigned slot = par_lua_tasks_slot(L, 3);
    _Atomic uint64_t *words = par_lua_tasks_words(L, self);
    int64_t began_ns = par_os_now_ns();
    luaL_argcheck(L, count >= 0 && count <= (lua_Integer)PAR_TASKS_MAX, 2, "a number of tasks expected");
    lua_settop(L, 8);
    par_error err;
    if (!self->link->apart) par_tasks_give(words, slot, (uint32_t)count);
    else if (par_apart_give(self->link, slot, (uint32_t)count, &err) != PAR_OK) return par_lua_link_throw(L, self, &err, "send to");
    par_lua_link_send_values(L, self, POOL_KIND_CHUNK, 3, 6, "values");
    lua_pushnumber(L, (lua_Number)(par_os_now_ns() - began_ns) * 1e-9);
    return 1;
}

/* tasks.retract(child, slot, keep) -> claimed, limit: takes back the tasks behind the first `keep` that were not begun. */
static int pool_retract(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    unsigned slot = par_lua_tasks_slot(L, 2);
    _Atomic uint64_t *words = par_lua_tasks_words(L, self);
    lua_Integer keep = luaL_checkinteger(L, 3);
    if (keep < 0) keep = 0;
    uint32_t least = keep < (lua_Integer)PAR_TASKS_MAX ? (uint32_t)keep : PAR_TASKS_MAX;
    return push_state(L, self->link->apart ? par_apart_retract(self->link, slot, least) : par_tasks_retract(words, slot, least));
}

/* tasks.claimed(child, slot) -> claimed, limit, seconds since the worker claimed a task last */
static int pool_claimed(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    unsigned slot = par_lua_tasks_slot(L, 2);
    _Atomic uint64_t *words = par_lua_tasks_words(L, self);
    int64_t age_ns;
    if (self->link->apart) {
        push_state(L, par_apart_look(self->link, slot, &age_ns));
        lua_pushnumber(L, (lua_Number)age_ns * 1e-9);
        return 3;
    }
    push_state(L, par_tasks_look(words, slot));
    lua_pushnumber(L, ((lua_Number)par_os_now_ns() - (lua_Number)par_tasks_claimed_ns(words)) * 1e-9);
    return 3;
}

/* Decodes and gives back one message; pushes its values and returns their number, negative for what cannot be decoded. */
static int push_values(lua_State *L, par_lua_link *self, par_message *message, par_error *err)
{
    par_lua_source source = {"result", 0};
    if (message->kind == POOL_KIND_LAST) source.skip = 1;                         /* seconds */
    if (message->kind == POOL_KIND_FAILED) source = (par_lua_source){"error", 2}; /* text, traceback */
    return par_lua_link_push_message(L, self, &source, message, err);
}

/* Something is there, but we cannot have it now. */
static bool is_our_want(int rc) { return rc == PAR_E_LIMIT || rc == PAR_E_NOMEM; }

static bool ends_task(int kind) { return kind == POOL_KIND_OK || kind == POOL_KIND_FAILED || kind == POOL_KIND_LAST; }

/* What collect returns behind the number of results: why the next one was not taken, and whether it was its chunk's last. */
static int push_refused(lua_State *L, lua_Integer n, int kind, const par_error *err)
{
    lua_pushinteger(L, n);
    lua_pushinteger(L, POOL_KIND_REFUSED);
    lua_pushstring(L, err->text);
    lua_pushboolean(L, kind == POOL_KIND_LAST);
    return 4;
}

enum { RESULTS = 2, NONE = 5 }; /* stack indices of collect's arguments */

typedef enum collected {
    RESULT, /* one value is pushed */
    ENOUGH, /* nothing more for now */
    OTHER,  /* a message of another kind, whose values are pushed */
    REFUSED /* a task's result that cannot be received */
} collected;

/* The next message of a worker. *kind is -1 when it has ended and nothing is left; negative: what went wrong. */
static int collect_one(lua_State *L, par_lua_link *self, int *kind, par_error *err)
{
    par_message message;
    int rc = par_link_receive_now(self->link, &message, err);
    *kind = rc == PAR_OK ? (int)message.kind : -1;
    if (rc == PAR_E_TIMEOUT && !par_link_ended(self->link)) return ENOUGH;
    int count = rc == PAR_OK ? push_values(L, self, &message, err) : 0;
    if (is_our_want(rc) || rc == PAR_E_INVALID) return rc;
    if (count == PAR_E_LIMIT || count == PAR_E_RAISED) return count;
    if (count == PAR_E_UNSUPPORTED && ends_task(*kind)) return REFUSED;
    if (count < 0) *kind = -1;
    if (rc == PAR_E_CORRUPT || count < 0) par_link_lost(self->link, PAR_E_CORRUPT, err);
    return *kind == POOL_KIND_OK ? RESULT : OTHER;
}

/* The value at the top, a result, is element `at` of the list; what stands for nil does it in the place of nil. */
static void put_result(lua_State *L, lua_Integer at)
{
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushvalue(L, NONE);
    }
    lua_rawseti(L, RESULTS, (int)at);
}

/* Short results that lie there already: nothing of the user's runs in between, so less has to be looked after. */
static lua_Integer collect_short(lua_State *L, par_lua_link *self, lua_Integer at, lua_Integer most)
{
    lua_Integer n = 0;
    size_t len;
    const uint8_t *bytes;
    while (n < most && (bytes = par_link_next_short(self->link, POOL_KIND_OK, PAR_CODEC_PLAIN_BYTES, &len))) {
        int values = par_codec_decode_plain(L, bytes, len);
        if (values == 0) break;
        par_link_skip_short(self->link, len);
        lua_settop(L, NONE + 1); /* the first one */
        put_result(L, at + n++);
    }
    if (n) par_link_end_skips(self->link, (uint64_t)n);
    return n;
}

/* tasks.collect(child, results, at, most [, none]) -> n [, kind, values...]: moves the values of up to `most` finished tasks to
 * results[at], results[at + 1], ... and returns how many; `none` is put where one is nil. A message of another kind ends this and is
 * returned behind the number; kind is -1 when the child has ended and nothing is left. */
static int pool_collect(lua_State *L)
{
    par_error err;
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_blocks_tidy(L, self->blocks);
    luaL_checktype(L, RESULTS, LUA_TTABLE);
    lua_Integer at = luaL_checkinteger(L, 3), most = luaL_checkinteger(L, 4);
    int got = RESULT, kind = 0;
    lua_settop(L, NONE);
    lua_Integer n = collect_short(L, self, at, most);
    while (got == RESULT) {
        par_lua_use use = par_lua_enter(L, self);
        got = collect_one(L, self, &kind, &err);
        if (!par_lua_leave(self, use)) return par_lua_throw_closed(L, self);
        if (got == RESULT && n == most) got = OTHER; /* more results than there are tasks */
        if (got != RESULT) break;
        lua_settop(L, NONE + 1);
        put_result(L, at + n++);
    }
    if (got < 0 && !(is_our_want(got) && n > 0)) par_lua_link_settle(L, self, true, got, &err, "receive from");
    if (got == REFUSED) return push_refused(L, n, kind, &err);
    lua_pushinteger(L, n);
    if (got != OTHER) return 1;
    lua_insert(L, NONE + 1);
    lua_pushinteger(L, kind);
    lua_insert(L, NONE + 2);
    return lua_gettop(L) - NONE;
}

#define LIST_MAX (1 << 20) /* elements for which there is room at once: who says how many come may be wrong */

/* tasks.list(n) -> {}, with room for n elements */
static int pool_list(lua_State *L)
{
    lua_Integer n = luaL_checkinteger(L, 1);
    lua_createtable(L, n < LIST_MAX ? (int)n : LIST_MAX, 0);
    return 1;
}

/* Pushes list[i] of the list at index 1. */
static void push_element(lua_State *L, lua_Integer i, bool raw)
{
    if (raw) {
        lua_rawgeti(L, 1, (int)i);
        return;
    }
    lua_pushinteger(L, i);
    lua_gettable(L, 1);
}

/* tasks.slice(list, from, to) -> {list[from], ..., list[to]} */
static int pool_slice(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer from = luaL_checkinteger(L, 2), n = luaL_checkinteger(L, 3) - from + 1;
    luaL_argcheck(L, n >= 0 && n <= (lua_Integer)PAR_TASKS_MAX, 3, "a number of tasks expected");
    bool raw = !luaL_getmetafield(L, 1, "__index");
    lua_settop(L, 1);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer i = 0; i < n; i++) {
        push_element(L, from + i, raw);
        lua_rawseti(L, 2, (int)i + 1);
    }
    return 1;
}

void par_lua_open_tasks(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"post", pool_post},       {"list", pool_list},       {"slice", pool_slice},     {"give", pool_give},
        {"retract", pool_retract}, {"claimed", pool_claimed}, {"collect", pool_collect}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
