/* A child (or the parent) as Lua sees it: a userdata with a metatable of its own, whose __index is a table of fields (id, unixid, ...)
 * that falls back on the methods all of them share. So `child.id` and `child:send` are plain table lookups, and a
 * program may set fields of its own. */
#ifndef PAR_LUA_CHILD_HANDLE_H
#define PAR_LUA_CHILD_HANDLE_H

#include <lua.h>

#include "codec/codec.h"
#include "link/link.h"
#include "lua/blocks.h"
#include "lua/waiting.h"

/* What a worker of a pool works on, as the link to its parent has it (pool/tasks.c). */
typedef struct par_lua_chunk {
    int64_t began_ns;
    par_os_recent now; /* the clock, as it was read last */
    int64_t rung_ns;   /* when it last announced results */
    bool told;         /* the last result has said that the chunk is done */
    bool apart;        /* it must not: there is something to be told after it */
    uint64_t first;    /* the number of its first task */
} par_lua_chunk;

typedef struct par_lua_link {
    uint64_t magic;
    par_link *link; /* NULL once it is no more */
    par_codec *codec;
    par_lua_waiting *waiting;
    par_lua_blocks *blocks;
    const void *claiming; /* the call that encodes into a claim of this link (base/frame.h) */
    uint32_t id;
    unsigned decode_flags; /* PAR_DECODE_FUNCTIONS, unless it was started with functions=false */
    unsigned encode_flags; /* for another kind of Lua: PAR_ENCODE_FOREIGN, PAR_ENCODE_FLOATS */
    bool raw;              /* a program, not ours to encode for: strings go and come as they are */
    bool joined;           /* it leaves parallel.children after its last message */
    bool holding;          /* the next message that is received is held until core.child.settle */
    par_message held;      /* the one that is; held.held is NULL if there is none */
    par_lua_chunk chunk;
} par_lua_link;

/* Pushes a new child that owns nothing yet; its fields table is pushed behind it. */
par_lua_link *par_lua_link_new(lua_State *L, uint32_t id);
/* Takes over the link. */
void par_lua_link_bind(par_lua_link *self, par_link *link);
/* The child at idx, NULL or an argument error; par_lua_link_check also refuses one that was closed. */
par_lua_link *par_lua_link_to(lua_State *L, int idx);
par_lua_link *par_lua_link_expect(lua_State *L, int idx);
par_lua_link *par_lua_link_check(lua_State *L, int idx);

/* --- calls on it ---
 * Whatever may run code of the user (waits, encoding, decoding) stands between enter and leave, in one function, which raises nothing in
 * between. That code may close the child. */
typedef struct par_lua_use {
    par_link_use of_link;
    lua_State *outer; /* who was waiting before */
} par_lua_use;

/* Raises that it was closed. */
int par_lua_throw_closed(lua_State *L, par_lua_link *self);
/* A finalizer sends in the middle of an encode: see par_codec_leave_span. Raises for memory. */
void par_lua_link_leave_claim(lua_State *L, par_lua_link *self);

__attribute__((always_inline)) static inline par_lua_use par_lua_enter(lua_State *L, par_lua_link *self)
{
    if (!self->link || self->link->closed) par_lua_throw_closed(L, self);
    if (PAR_FRAME_LIVES(self->claiming)) par_lua_link_leave_claim(L, self);
    par_lua_use use = {par_link_enter(self->link), self->waiting->L};
    self->waiting->L = L;
    return use;
}
/* false: the child was closed meanwhile; self->link may be NULL. */
static inline bool par_lua_leave(par_lua_link *self, par_lua_use use)
{
    self->waiting->L = use.outer;
    return par_link_leave(use.of_link);
}

/* Closes it now, or as soon as nobody uses it any more. */
void par_lua_link_close(par_lua_link *self);

#endif
