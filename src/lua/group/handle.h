/* A group as one of its members sees it in Lua: a userdata whose __index is a table of fields (rank, size, ...) that falls back on the
 * methods. And calls on it, which wait for the others. */
#ifndef PAR_LUA_GROUP_HANDLE_H
#define PAR_LUA_GROUP_HANDLE_H

#include <lua.h>

#include "codec/codec.h"
#include "group/board.h"
#include "lua/waiting.h"

typedef struct par_lua_group {
    uint64_t magic;
    par_board *board; /* NULL: this member has left, or the group was made anew (regroup) */
    par_codec *codec;
    par_lua_waiting *waiting;
    unsigned encode_flags;     /* what some member needs: PAR_ENCODE_FOREIGN, PAR_ENCODE_FLOATS */
    bool busy;                 /* a call is under way: hooks that run in it must not make another */
    struct par_lua_lent *lent; /* tensors that all members see (lent.h); NULL: none without channels among the members */
    uint8_t *decode_flags;     /* by seat: PAR_DECODE_FUNCTIONS, unless it was started with functions=false */
} par_lua_group;

/* Pushes one that has no board yet; its table of fields is pushed behind it. */
par_lua_group *par_lua_group_new(lua_State *L);
/* The group at idx, one that can be used, or an error about the call `what`. */
par_lua_group *par_lua_group_check(lua_State *L, int idx, const char *what);
unsigned par_lua_group_decode_flags(const par_lua_group *self, unsigned rank);

/* --- calls that wait ---
 * Between begin and end nothing may be raised. Before and behind that hooks and finalizers may leave the group: self->board is to be looked
 * at again after whatever may run code, or allocates for Lua. */
typedef struct par_lua_group_call {
    par_lua_group *self;
    const char *what;
    lua_State *outer; /* who was waiting before */
    int64_t deadline_ns;
    bool inplace; /* option inplace, true when it is not given */
} par_lua_group_call;

/* Checks the group at index 1 and the options at `options`, and raises what is wrong about them. */
par_lua_group_call par_lua_group_options(lua_State *L, int options, const char *what);
/* PAR_OK; PAR_E_CLOSED: the group was left since the options were read. Then there is nothing to be ended. */
int par_lua_group_begin(lua_State *L, par_lua_group_call *call, par_error *err);
void par_lua_group_end(par_lua_group_call *call);
/* Raises what a call ended with, unless that is PAR_OK. note: what else is to be said, or NULL. */
void par_lua_group_settle(lua_State *L, const par_lua_group_call *call, int rc, par_error *err, const char *note);
/* Raises that the group was left meanwhile. */
void par_lua_group_look_again(lua_State *L, const par_lua_group *self, const char *what);
/* A rank as users count (from 1) at idx, as the core counts. */
unsigned par_lua_group_rank(lua_State *L, const par_lua_group *self, int idx, const char *what);

#endif
