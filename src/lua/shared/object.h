/* Objects in shared memory as Lua has them: a userdata that holds a share()d storage, by which the object travels (the codec's hooks for
 * its type send the storage and make another handle of it). */
#ifndef PAR_LUA_SHARED_OBJECT_H
#define PAR_LUA_SHARED_OBJECT_H

#include <lauxlib.h>
#include <lua.h>

#include "lua/waiting.h"
#include "tensor/tensor.h"

typedef struct par_lua_shared {
    const struct par_lua_shared_kind *kind;
    par_storage *storage; /* NULL: not made yet, or collected */
    void *memory;         /* its bytes; NULL: not opened yet, for want of descriptors */
    par_lua_waiting *waiting;
    lua_State *outer; /* of a call under way */
} par_lua_shared;

/* One for each kind of object. */
typedef struct par_lua_shared_kind {
    const char *type;    /* "parallel.counter": name of the metatable, and by which it travels */
    const char *what;    /* "counter", for errors */
    size_t handle_bytes; /* of a structure that begins with par_lua_shared */
    size_t least_bytes;  /* of its memory */
    /* Opens the handle on memory of `bytes`; fd, at: where that lies. NULL: there is nothing to do. */
    int (*open)(par_lua_shared *object, size_t bytes, int fd, uint64_t at, par_error *err);
    void (*close)(par_lua_shared *object); /* or NULL */
    const luaL_Reg *methods;
} par_lua_shared_kind;

/* Makes memory for a new object. Pushes the userdata, which is opened by par_lua_shared_open once the memory is prepared. */
par_lua_shared *par_lua_shared_new(lua_State *L, const par_lua_shared_kind *kind, size_t bytes);
void par_lua_shared_open(lua_State *L, par_lua_shared *object);
/* The object at 1, of which `method` is called, or an error. */
void *par_lua_shared_check(lua_State *L, const char *method, const par_lua_shared_kind *kind);
/* For the core's waits of this object: between enter and leave nothing may be raised. */
void par_lua_shared_enter(lua_State *L, par_lua_shared *object);
void par_lua_shared_leave(par_lua_shared *object);
bool par_lua_shared_interrupted(void *object);
/* Adds core.shared.<what>: attach(storage) -> object, and `functions`. */
void par_lua_shared_add(lua_State *L, const par_lua_shared_kind *kind, const luaL_Reg *functions);

#endif
