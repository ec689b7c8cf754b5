/* What both sides of core.tasks share: tasks.c is the owner's, worker.c the worker's. */
#ifndef PAR_LUA_POOL_TASKS_H
#define PAR_LUA_POOL_TASKS_H

#include "link/tasks.h"
#include "lua/child/handle.h"

enum {
    POOL_KIND_OK = 2, /* these as in lua/parallel/pool/protocol.lua, where the others are */
    POOL_KIND_FAILED = 3,
    POOL_KIND_CHUNK_DONE = 4,
    POOL_KIND_LAST = 6,
    POOL_KIND_REFUSED = 7,
    POOL_KIND_CHUNK = 12,
    POOL_KIND_FIRST = 2 /* smaller kinds are messages of users */
};

/* The number of a slot, at idx. */
unsigned par_lua_tasks_slot(lua_State *L, int idx);
/* The words of the tasks; raises when there are none any more. */
_Atomic uint64_t *par_lua_tasks_words(lua_State *L, par_lua_link *self);

#endif
