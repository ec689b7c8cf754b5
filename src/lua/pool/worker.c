/* core.tasks, what a worker of a pool does with it: takes chunks, claims their tasks one by one, tells the results. */
#include <lauxlib.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/message.h"
#include "lua/child/decode.h"
#include "lua/child/ends.h"
#include "lua/child/send.h"
#include "lua/error.h"
#include "lua/pool/parts.h"
#include "lua/pool/tasks.h"
#include "lua/tensor/box.h"
#include "os/os.h"
#include "trace/trace.h"
#include "view/view.h"

#define POOL_QUIET_NS INT64_C(1000000)     /* results may lie unannounced for so long while the worker goes on; */
#define POOL_QUIET_FAR_NS INT64_C(4000000) /*   where six processes have to wake for them (cluster/agent_child.c waits longer) */

/* tasks.take(parent) -> kind, values... of the next message; waits. */
static int pool_take(lua_State *L)
{
    static const par_lua_source source = {"work", 0};
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
        n = par_lua_link_push_message(L, self, &source, &message, &err);
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

/* --- claims --- */

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

/* Claims the next task of a slot: its place in the chunk, or 0 when none is left. */
static uint32_t claim(lua_State *L, par_lua_link *self, unsigned slot, int64_t now_ns, bool failed)
{
    uint32_t place = par_tasks_claim(par_lua_tasks_words(L, self), slot, now_ns);
    show_task(place ? self->chunk.first + place - 1 : 0, now_ns, failed);
    return place;
}

/* What this call has to do is the first of the chunk, or goes on after a task that failed. */
static uint32_t claim_first(lua_State *L, par_lua_link *self, unsigned slot, bool apart)
{
    self->chunk.told = false;
    self->chunk.apart = apart;
    return claim(L, self, slot, par_os_now_about(&self->chunk.now), true); /* one that ran did not come to its end */
}

static int push_place(lua_State *L, uint32_t place)
{
    if (place) lua_pushinteger(L, (lua_Integer)place);
    else lua_pushnil(L);
    return 1;
}

/* tasks.claim(parent, slot [, apart]) -> place of the next task in the chunk, or nil. apart: see tasks.finish. */
static int pool_claim(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    unsigned slot = par_lua_tasks_slot(L, 2);
    return push_place(L, claim_first(L, self, slot, lua_toboolean(L, 3)));
}

/* --- results --- */

/* Encodes the values from stack index `first` on and makes them visible. `quietly`: without waking the parent, when they are
 * short. Raises, but for values that cannot travel. */
static int publish(lua_State *L, par_lua_link *self, int first, uint32_t kind, bool quietly, par_error *err)
{
    par_lua_outgoing message = {
        .kind = kind, .first = first, .count = lua_gettop(L) - first + 1, .name = "result", .quietly = quietly, .deadline_ns = PAR_NEVER};
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_lua_link_put(L, self, &message, NULL, err);
    bool open = par_lua_leave(self, use);
    par_lua_link_settle(L, self, open, rc == PAR_E_UNSUPPORTED ? PAR_OK : rc, err, "send the result to");
    return rc;
}

/* Puts how long the chunk took in front of what is told. The parent may end us when it knows that: a picture of the run must
 * have these tasks by then. */
static void insert_seconds(lua_State *L, par_lua_link *self, int first)
{
    if (par_trace_is_on()) par_trace_flush();
    lua_pushnumber(L, (lua_Number)(par_os_now_ns() - self->chunk.began_ns) * 1e-9);
    lua_insert(L, first);
}

/* The last result of a chunk, which says that the chunk is done as well. false: it cannot travel. */
static bool publish_last(lua_State *L, par_lua_link *self, int first)
{
    par_error err;
    insert_seconds(L, self, first);
    self->chunk.told = publish(L, self, first, POOL_KIND_LAST, false, &err) == PAR_OK;
    if (!self->chunk.told) lua_remove(L, first);
    return self->chunk.told;
}

/* Results of tasks that are not the last: announced now and then. */
static void ring_if_due(par_lua_link *self, int64_t now_ns)
{
    if (now_ns - self->chunk.rung_ns < (self->link->far ? POOL_QUIET_FAR_NS : POOL_QUIET_NS)) return;
    self->chunk.rung_ns = now_ns;
    par_link_ring(self->link);
}

/* The values from stack index `first` on are those of the task claimed before. The place of the next one, or 0; after the last task the
 * slot belongs to the parent again. */
static uint32_t end_task(lua_State *L, par_lua_link *self, unsigned slot, int first)
{
    par_error err;
    if (!self->chunk.apart && par_tasks_none_left(par_lua_tasks_words(L, self), slot) && publish_last(L, self, first)) {
        show_task(0, 0, false);
        return 0;
    }
    /* Not part of a longer message, so an error names the results as they were given. */
    if (publish(L, self, first, POOL_KIND_OK, true, &err) != PAR_OK) par_lua_link_throw(L, self, &err, "send the result to");
    int64_t now_ns = par_os_now_about(&self->chunk.now);
    ring_if_due(self, now_ns);
    return claim(L, self, slot, now_ns, false);
}

/* tasks.done(parent, slot, values...) -> place of the next task, or nil: the values of the task claimed before */
static int pool_done(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    unsigned slot = par_lua_tasks_slot(L, 2);
    return push_place(L, end_task(L, self, slot, 3));
}

/* tasks.run(parent, slot, apart, f, arguments): what is left of a chunk whose tasks are the first values of f(arguments[place]). An error
 * leaves it; calling it again goes on with the next task. */
static int pool_run(lua_State *L)
{
    enum { F = 4, ARGUMENTS, RESULT };
    par_lua_link *self = par_lua_link_check(L, 1);
    unsigned slot = par_lua_tasks_slot(L, 2);
    luaL_checktype(L, ARGUMENTS, LUA_TTABLE);
    uint32_t place = claim_first(L, self, slot, lua_toboolean(L, 3));
    while (place) {
        lua_settop(L, ARGUMENTS);
        lua_pushvalue(L, F);
        lua_rawgeti(L, ARGUMENTS, (int)place);
        lua_call(L, 1, 1);
        place = end_task(L, self, slot, RESULT);
    }
    return 0;
}

/* tasks.finish(parent, slot [, memory]): tells that the chunk is done, unless its last result has told it */
static int pool_finish(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_error err;
    if (self->chunk.told) return 0;
    lua_settop(L, 3);
    insert_seconds(L, self, 3);
    publish(L, self, 3, POOL_KIND_CHUNK_DONE, false, &err); /* two numbers: they travel */
    return 0;
}

void par_lua_open_worker(lua_State *L)
{
    static const luaL_Reg functions[] = {{"take", pool_take}, {"claim", pool_claim},   {"done", pool_done},
                                         {"run", pool_run},   {"finish", pool_finish}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
