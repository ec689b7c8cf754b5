/* What a pool adds to links: chunks of tasks (link/tasks.h), and the results that come back. */
#include <lauxlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/apart.h"
#include "lua/lua_error.h"
#include "lua/lua_link.h"
#include "lua/lua_trace.h"
#include "lua/parts.h"
#include "lua/tensor/box.h"
#include "os/os.h"
#include "link/tasks.h"

enum {
    POOL_KIND_OK = 2,   /* these as in lua/parallel/pool/protocol.lua, where the others are */
    POOL_KIND_FAILED = 3,
    POOL_KIND_CHUNK_DONE = 4,
    POOL_KIND_LAST = 6,
    POOL_KIND_REFUSED = 7,
    POOL_KIND_CHUNK = 12,
    POOL_KIND_FIRST = 2 /* smaller kinds are messages of users */
};

#define NOTICES_AT_ONCE 64 /* of a worker that says things which are no results */
#define POOL_QUIET_NS INT64_C(1000000) /* results may lie unannounced for so long while the worker goes on */

static par_channel *open_channel(lua_State *L, par_lua_link *self)
{
    if (!self->link->channel) luaL_error(L, "parallel: child %d has ended", (int)self->id);
    return self->link->channel;
}

/* The words of the tasks, and the slot of which the number is at idx. */
static _Atomic uint64_t *check_slot(lua_State *L, par_lua_link *self, int idx, unsigned *slot)
{
    lua_Integer n = luaL_checkinteger(L, idx);
    luaL_argcheck(L, n >= 0 && n < (lua_Integer)PAR_TASKS_SLOTS, idx, "slot 0 or 1 expected");
    *slot = (unsigned)n;
    return par_channel_words(open_channel(L, self));
}

static int push_state(lua_State *L, par_tasks_state state)
{
    lua_pushinteger(L, (lua_Integer)state.claimed);
    lua_pushinteger(L, (lua_Integer)state.limit);
    return 2;
}

/* --- the parent's side --- */

/* links.post(child, kind, values...): one message of this kind */
static int pool_post(lua_State *L)
{
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_Integer kind = luaL_checkinteger(L, 2);
    luaL_argcheck(L, kind >= POOL_KIND_FIRST && kind < (lua_Integer)PAR_KIND_CONTROL, 2, "a kind of message expected");
    par_lua_link_send(L, self, (uint32_t)kind, 3, lua_gettop(L) - 2, "values", PAR_NEVER);
    return 0;
}

/* links.give(child, count, slot, id, mode, arguments, first, seed) -> seconds that took: a chunk of count tasks */
static int pool_give(lua_State *L)
{
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, 3, &slot);
    int64_t began_ns = par_os_now_ns();
    luaL_argcheck(L, count >= 0 && count <= (lua_Integer)PAR_TASKS_MAX, 2, "a number of tasks expected");
    lua_settop(L, 8);
    par_error err;
    if (!self->link->apart) par_tasks_give(words, slot, (uint32_t)count);
    else if (par_apart_give(self->link, slot, (uint32_t)count, &err) != PAR_OK) return par_lua_link_throw(L, self, &err, "send to");
    par_lua_link_send(L, self, POOL_KIND_CHUNK, 3, 6, "values", PAR_NEVER);
    lua_pushnumber(L, (lua_Number)(par_os_now_ns() - began_ns) * 1e-9);
    return 1;
}

/* links.retract(child, slot, keep) -> claimed, limit: takes back the tasks behind the first `keep` that were not begun. */
static int pool_retract(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, 2, &slot);
    lua_Integer keep = luaL_checkinteger(L, 3);
    if (keep < 0) keep = 0;
    uint32_t least = keep < (lua_Integer)PAR_TASKS_MAX ? (uint32_t)keep : PAR_TASKS_MAX;
    return push_state(L, self->link->apart ? par_apart_retract(self->link, slot, least) : par_tasks_retract(words, slot, least));
}

/* links.claimed(child, slot) -> claimed, limit, seconds since the worker claimed a task last */
static int pool_claimed(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, 2, &slot);
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
    const char *what = "result";
    int skip = 0;
    if (message->kind == POOL_KIND_LAST) skip = 1; /* seconds */
    if (message->kind == POOL_KIND_FAILED) what = "error", skip = 2; /* text, traceback */
    int n = par_lua_link_decode(L, self, what, skip, message->bytes, message->len, message->payloads, message->n_payloads, err);
    par_channel_release(self->link->channel, message);
    return n;
}

/* The next message without waiting: PAR_OK, PAR_E_TIMEOUT (nothing) or PAR_E_CLOSED (nothing, and never again). */
static int next_now(par_lua_link *self, par_message *message, par_error *err)
{
    int rc = PAR_NOTICE;
    if (!self->link->channel) return PAR_E_CLOSED;
    if (!par_channel_pending(self->link->channel)) return PAR_E_TIMEOUT; /* receive would ask the system as well */
    for (int i = 0; rc == PAR_NOTICE && i < NOTICES_AT_ONCE; i++)
        rc = par_channel_receive(self->link->channel, message, 0, err);
    return rc == PAR_NOTICE ? PAR_E_TIMEOUT : rc;
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

/* links.collect(child, results, at, most) -> n [, kind, values...]: moves the values of up to `most` finished tasks to
 * results[at], results[at + 1], ... and returns how many. A message of another kind ends this and is returned behind the
 * number; kind is -1 when the child has ended and nothing is left. */
static int pool_collect(lua_State *L)
{
    par_error err;
    par_message message;
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer at = luaL_checkinteger(L, 3), most = luaL_checkinteger(L, 4), n = 0;
    self->L = L;
    lua_settop(L, 4);
    for (;;) {
        int rc = next_now(self, &message, &err), kind = rc == PAR_OK ? (int)message.kind : -1;
        int count = rc == PAR_OK ? push_values(L, self, &message, &err) : 0;
        if ((rc == PAR_E_TIMEOUT && !par_link_ended(self->link)) || (is_our_want(rc) && n > 0)) break;
        if (is_our_want(rc)) return par_lua_link_throw(L, self, &err, "receive from");
        if (count == PAR_E_UNSUPPORTED && ends_task(kind)) return push_refused(L, n, kind, &err);
        if (rc == PAR_E_CORRUPT || count < 0) par_link_lost(self->link, PAR_E_CORRUPT, &err);
        if (rc == PAR_OK && count >= 0 && kind == POOL_KIND_OK && n < most) {
            lua_settop(L, 5); /* the first value, or nil */
            lua_rawseti(L, 2, (int)(at + n++));
            continue;
        }
        lua_pushinteger(L, n);
        lua_insert(L, 5);
        lua_pushinteger(L, count < 0 ? -1 : kind);
        lua_insert(L, 6);
        return lua_gettop(L) - 4;
    }
    lua_pushinteger(L, n);
    return 1;
}

/* --- the worker's side --- */

/* links.take(parent) -> kind, values... of the next message; waits. */
static int pool_take(lua_State *L)
{
    par_error err;
    par_message message;
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    int rc;
    lua_settop(L, 1);
    self->L = L;
    open_channel(L, self);
    do rc = par_lua_link_next(self, &message, PAR_NEVER, &err);
    while (rc == PAR_NOTICE);
    if (rc != PAR_OK) {
        err.code = rc;
        return par_lua_link_throw(L, self, &err, "work from");
    }
    lua_pushinteger(L, (lua_Integer)message.kind);
    bool is_chunk = message.kind == POOL_KIND_CHUNK;
    int n = push_values(L, self, &message, &err);
    if (n < 0) return par_lua_throw_status(L, self->id, &err);
    if (is_chunk) self->chunk.began_ns = par_os_now_ns();
    return n + 1;
}

/* Claims the next task of the slot and pushes its place in the chunk, or nil when none is left. */
static int push_claim(lua_State *L, par_lua_link *self, int idx, int64_t now_ns)
{
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, idx, &slot);
    uint32_t place = par_tasks_claim(words, slot, now_ns);
    if (place) lua_pushinteger(L, (lua_Integer)place);
    else lua_pushnil(L);
    return 1;
}

/* links.claim(parent, slot [, apart]) -> place of the next task in the chunk, or nil. apart: see links.finish. */
static int pool_claim(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    self->chunk.told = false;
    self->chunk.apart = lua_toboolean(L, 3);
    return push_claim(L, self, 2, par_os_now_ns());
}

/* Encodes the values from stack index 3 on and makes them visible. `quietly`: without waking the parent, when they are
 * short. Raises, but for values that cannot travel. */
static int publish(lua_State *L, par_lua_link *self, uint32_t kind, bool quietly, par_error *err)
{
    par_encoded encoded;
    open_channel(L, self);
    self->L = L;
    int rc = par_lua_link_put(L, self, kind, 3, lua_gettop(L) - 2, "result", 0, quietly, PAR_NEVER, &encoded, err);
    if (rc != PAR_OK && rc != PAR_E_UNSUPPORTED) par_lua_link_throw(L, self, err, "send the result to");
    return rc;
}

/* Puts how long the chunk took in front of what is told. The parent may end us when it knows that: a picture of the run must
 * have these tasks by then. */
static void push_seconds(lua_State *L, par_lua_link *self)
{
    if (par_trace_is_on()) par_trace_flush();
    lua_pushnumber(L, (lua_Number)(par_os_now_ns() - self->chunk.began_ns) * 1e-9);
    lua_insert(L, 3);
}

static bool is_last(lua_State *L, par_lua_link *self, int idx)
{
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, idx, &slot);
    return par_tasks_none_left(words, slot);
}

/* The last result of a chunk, which says that the chunk is done as well. false: it cannot travel. */
static bool publish_last(lua_State *L, par_lua_link *self)
{
    par_error err;
    push_seconds(L, self);
    self->chunk.told = publish(L, self, POOL_KIND_LAST, false, &err) == PAR_OK;
    if (!self->chunk.told) lua_remove(L, 3);
    return self->chunk.told;
}

/* links.done(parent, slot, values...) -> place of the next task, or nil: the values of the task claimed before. After those
 * of the last task the slot belongs to the parent again. */
static int pool_done(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    luaL_checkany(L, 2);
    if (!self->chunk.apart && is_last(L, self, 2) && publish_last(L, self)) return 0;
    /* Not part of a longer message, so an error names the results as they were given. */
    if (publish(L, self, POOL_KIND_OK, true, &err) != PAR_OK) par_lua_link_throw(L, self, &err, "send the result to");
    int64_t now_ns = par_os_now_ns();
    if (now_ns - self->chunk.rung_ns >= POOL_QUIET_NS) {
        self->chunk.rung_ns = now_ns;
        par_channel_ring(self->link->channel);
    }
    return push_claim(L, self, 2, now_ns);
}

/* links.finish(parent, slot [, memory]): tells that the chunk is done, unless its last result has told it */
static int pool_finish(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_error err;
    if (self->chunk.told) return 0;
    lua_settop(L, 3);
    push_seconds(L, self);
    publish(L, self, POOL_KIND_CHUNK_DONE, false, &err); /* two numbers: they travel */
    return 0;
}

void par_lua_open_pool(lua_State *L)
{
    static const luaL_Reg functions[] = {{"post", pool_post},       {"give", pool_give},     {"retract", pool_retract},
                                         {"claimed", pool_claimed}, {"take", pool_take},     {"collect", pool_collect},
                                         {"claim", pool_claim},     {"done", pool_done},     {"finish", pool_finish},
                                         {NULL, NULL}};
    lua_getfield(L, -1, "links");
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
