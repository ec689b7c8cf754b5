/* core.tasks: chunks of tasks (link/tasks.h), and the results that come back. */
#include "link/tasks.h"

#include <lauxlib.h>
#include <string.h>

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
#include "trace/trace.h"
#include "view/view.h"

enum {
    POOL_KIND_OK = 2, /* these as in lua/parallel/pool/protocol.lua, where the others are */
    POOL_KIND_FAILED = 3,
    POOL_KIND_CHUNK_DONE = 4,
    POOL_KIND_LAST = 6,
    POOL_KIND_REFUSED = 7,
    POOL_KIND_CHUNK = 12,
    POOL_KIND_FIRST = 2 /* smaller kinds are messages of users */
};

#define POOL_QUIET_NS INT64_C(1000000)     /* results may lie unannounced for so long while the worker goes on; */
#define POOL_QUIET_FAR_NS INT64_C(4000000) /*   where six processes have to wake for them (cluster/agent_child.c waits longer) */

/* The words of the tasks, and the slot of which the number is at idx. */
static _Atomic uint64_t *check_slot(lua_State *L, par_lua_link *self, int idx, unsigned *slot)
{
    lua_Integer n = luaL_checkinteger(L, idx);
    luaL_argcheck(L, n >= 0 && n < (lua_Integer)PAR_TASKS_SLOTS, idx, "slot 0 or 1 expected");
    *slot = (unsigned)n;
    _Atomic uint64_t *words = par_link_tasks(self->link);
    if (!words) luaL_error(L, "parallel: child %d has ended", (int)self->id);
    return words;
}

static int push_state(lua_State *L, par_tasks_state state)
{
    lua_pushinteger(L, (lua_Integer)state.claimed);
    lua_pushinteger(L, (lua_Integer)state.limit);
    return 2;
}

/* --- the parent's side --- */

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
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, 3, &slot);
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
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, 2, &slot);
    lua_Integer keep = luaL_checkinteger(L, 3);
    if (keep < 0) keep = 0;
    uint32_t least = keep < (lua_Integer)PAR_TASKS_MAX ? (uint32_t)keep : PAR_TASKS_MAX;
    return push_state(L, self->link->apart ? par_apart_retract(self->link, slot, least) : par_tasks_retract(words, slot, least));
}

/* tasks.claimed(child, slot) -> claimed, limit, seconds since the worker claimed a task last */
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

/* tasks.collect(child, results, at, most) -> n [, kind, values...]: moves the values of up to `most` finished tasks to
 * results[at], results[at + 1], ... and returns how many. A message of another kind ends this and is returned behind the
 * number; kind is -1 when the child has ended and nothing is left. */
static int pool_collect(lua_State *L)
{
    par_error err;
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_blocks_tidy(L, self->blocks);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer at = luaL_checkinteger(L, 3), most = luaL_checkinteger(L, 4), n = 0;
    int got = RESULT, kind = 0;
    lua_settop(L, 4);
    while (got == RESULT) {
        par_lua_use use = par_lua_enter(L, self);
        got = collect_one(L, self, &kind, &err);
        if (!par_lua_leave(self, use)) return par_lua_throw_closed(L, self);
        if (got == RESULT && n == most) got = OTHER; /* more results than there are tasks */
        if (got != RESULT) break;
        lua_settop(L, 5); /* the first value, or nil */
        lua_rawseti(L, 2, (int)(at + n++));
    }
    if (got < 0 && !(is_our_want(got) && n > 0)) par_lua_link_settle(L, self, true, got, &err, "receive from");
    if (got == REFUSED) return push_refused(L, n, kind, &err);
    lua_pushinteger(L, n);
    if (got != OTHER) return 1;
    lua_insert(L, 5);
    lua_pushinteger(L, kind);
    lua_insert(L, 6);
    return lua_gettop(L) - 4;
}

/* --- the worker's side --- */

/* tasks.take(parent) -> kind, values... of the next message; waits. */
static int pool_take(lua_State *L)
{
    par_error err;
    par_message message;
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_blocks_tidy(L, self->blocks);
    lua_settop(L, 1);
    par_lua_use use = par_lua_enter(L, self);
    int n = 0, kind = 0, rc = par_link_receive_next(self->link, &message, PAR_NEVER, &err);
    if (rc == PAR_OK) {
        kind = (int)message.kind;
        n = push_values(L, self, &message, &err);
    }
    par_lua_link_settle(L, self, par_lua_leave(self, use), rc, &err, "work from");
    if (n < 0) return par_lua_throw_status(L, self->id, &err);
    lua_pushinteger(L, kind);
    lua_insert(L, 2);
    if (kind == POOL_KIND_CHUNK) {
        self->chunk.began_ns = par_os_now_ns();
        self->chunk.first = (uint64_t)lua_tointeger(L, 7); /* behind kind, slot, id, mode, arguments */
    }
    return n + 1;
}

/* Tells whoever looks that the task which ran has ended, and which one runs now (0: none). */
static void show_task(uint64_t next, int64_t now_ns, bool failed)
{
    par_view *mine = par_view_now();
    if (atomic_load_explicit(&mine->task, memory_order_relaxed)) {
        par_view_add(&mine->tasks, 1);
        if (failed) par_view_add(&mine->failed, 1);
    }
    par_view_set(&mine->task_ns, (uint64_t)now_ns);
    par_view_set(&mine->task, next);
}

/* Claims the next task of the slot and pushes its place in the chunk, or nil when none is left. */
static int push_claim(lua_State *L, par_lua_link *self, int idx, int64_t now_ns, bool failed)
{
    unsigned slot;
    _Atomic uint64_t *words = check_slot(L, self, idx, &slot);
    uint32_t place = par_tasks_claim(words, slot, now_ns);
    show_task(place ? self->chunk.first + place - 1 : 0, now_ns, failed);
    if (place) lua_pushinteger(L, (lua_Integer)place);
    else lua_pushnil(L);
    return 1;
}

/* tasks.claim(parent, slot [, apart]) -> place of the next task in the chunk, or nil. apart: see tasks.finish. */
static int pool_claim(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    self->chunk.told = false;
    self->chunk.apart = lua_toboolean(L, 3);
    return push_claim(L, self, 2, par_os_now_ns(), true); /* one that ran did not come to its done */
}

/* Encodes the values from stack index 3 on and makes them visible. `quietly`: without waking the parent, when they are
 * short. Raises, but for values that cannot travel. */
static int publish(lua_State *L, par_lua_link *self, uint32_t kind, bool quietly, par_error *err)
{
    par_lua_outgoing message = {
        .kind = kind, .first = 3, .count = lua_gettop(L) - 2, .name = "result", .quietly = quietly, .deadline_ns = PAR_NEVER};
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_lua_link_put(L, self, &message, NULL, err);
    bool open = par_lua_leave(self, use);
    par_lua_link_settle(L, self, open, rc == PAR_E_UNSUPPORTED ? PAR_OK : rc, err, "send the result to");
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

/* tasks.done(parent, slot, values...) -> place of the next task, or nil: the values of the task claimed before. After those
 * of the last task the slot belongs to the parent again. */
static int pool_done(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    luaL_checkany(L, 2);
    if (!self->chunk.apart && is_last(L, self, 2) && publish_last(L, self)) {
        show_task(0, 0, false);
        return 0;
    }
    /* Not part of a longer message, so an error names the results as they were given. */
    if (publish(L, self, POOL_KIND_OK, true, &err) != PAR_OK) par_lua_link_throw(L, self, &err, "send the result to");
    int64_t now_ns = par_os_now_ns();
    if (now_ns - self->chunk.rung_ns >= (self->link->far ? POOL_QUIET_FAR_NS : POOL_QUIET_NS)) {
        self->chunk.rung_ns = now_ns;
        par_link_ring(self->link);
    }
    return push_claim(L, self, 2, now_ns, false);
}

/* tasks.finish(parent, slot [, memory]): tells that the chunk is done, unless its last result has told it */
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

void par_lua_open_tasks(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"post", pool_post},       {"give", pool_give},   {"retract", pool_retract}, {"claimed", pool_claimed}, {"take", pool_take},
        {"collect", pool_collect}, {"claim", pool_claim}, {"done", pool_done},       {"finish", pool_finish},   {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
