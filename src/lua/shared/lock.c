/* parallel.lock */
#include <string.h>

#include "codec/compat.h"
#include "group/lock.h"
#include "lua/child/arguments.h"
#include "lua/error.h"
#include "lua/shared/object.h"
#include "lua/shared/parts.h"

typedef struct lua_lock {
    par_lua_shared object;
    par_lock lock;
} lua_lock;

static int open(par_lua_shared *object, size_t bytes, int fd, uint64_t at, par_error *err)
{
    (void)bytes;
    lua_lock *self = (lua_lock *)object;
    int rc = par_lock_attach(&self->lock, object->memory, fd, at, err);
    self->lock.interrupted = par_lua_shared_interrupted;
    self->lock.context = object;
    return rc;
}

static void close(par_lua_shared *object) { par_lock_detach(&((lua_lock *)object)->lock); }

static const luaL_Reg methods[];
static const par_lua_shared_kind kind = {.type = "parallel.lock",
                                         .what = "lock",
                                         .handle_bytes = sizeof(lua_lock),
                                         .least_bytes = sizeof(par_lock_words),
                                         .open = open,
                                         .close = close,
                                         .methods = methods};

static lua_lock *to_lock(lua_State *L, const char *method) { return par_lua_shared_check(L, method, &kind); }

/* core.shared.lock.new() */
static int lock_new(lua_State *L)
{
    par_lua_shared *object = par_lua_shared_new(L, &kind, sizeof(par_lock_words));
    memset(object->storage->data, 0, sizeof(par_lock_words));
    par_lua_shared_open(L, object);
    return 1;
}

/* true, and 'abandoned' if it was; false when the time is up. */
static int push_outcome(lua_State *L, int rc, bool abandoned, par_error *err)
{
    err->code = rc;
    if (rc != PAR_OK && rc != PAR_E_TIMEOUT)
        return rc == PAR_E_INVALID ? par_lua_misuse(L, "%s", err->text) : par_lua_throw_status(L, 0, err);
    lua_pushboolean(L, rc == PAR_OK);
    if (!abandoned) return 1;
    lua_pushliteral(L, "abandoned");
    return 2;
}

/* lock:lock([timeout]) -> true | true, 'abandoned' | false */
static int lock_lock(lua_State *L)
{
    par_error err;
    bool abandoned;
    lua_lock *self = to_lock(L, "lock");
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    par_lua_shared_enter(L, &self->object);
    int rc = par_lock_take(&self->lock, deadline_ns, &abandoned, &err);
    par_lua_shared_leave(&self->object);
    return push_outcome(L, rc, abandoned, &err);
}

/* lock:unlock() */
static int lock_unlock(lua_State *L)
{
    par_error err;
    if (par_lock_give(&to_lock(L, "unlock")->lock, &err) != PAR_OK) return par_lua_misuse(L, "%s", err.text);
    return 0;
}

/* lock:wait([timeout]) -> true | true, 'abandoned' | false [, 'abandoned'] */
static int lock_wait(lua_State *L)
{
    par_error err;
    bool abandoned;
    lua_lock *self = to_lock(L, "wait");
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    par_lua_shared_enter(L, &self->object);
    int rc = par_lock_wait(&self->lock, deadline_ns, &abandoned, &err);
    par_lua_shared_leave(&self->object);
    return push_outcome(L, rc, abandoned, &err);
}

/* lock:notify([all]) */
static int lock_notify(lua_State *L)
{
    par_lock_notify(&to_lock(L, "notify")->lock, lua_toboolean(L, 2));
    return 0;
}

static const luaL_Reg methods[] = {
    {"lock", lock_lock}, {"unlock", lock_unlock}, {"wait", lock_wait}, {"notify", lock_notify}, {NULL, NULL}};

void par_lua_open_shared_lock(lua_State *L)
{
    static const luaL_Reg functions[] = {{"new", lock_new}, {NULL, NULL}};
    par_lua_shared_add(L, &kind, functions);
}
