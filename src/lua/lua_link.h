/* A relative as Lua sees it: a userdata with a metatable of its own, whose __index is a table of fields (id, unixid, ...)
 * that falls back on the methods all relatives share. So `child.id` and `child:send` are plain table lookups, and a
 * program may set fields of its own. */
#ifndef PAR_LUA_LUA_LINK_H
#define PAR_LUA_LUA_LINK_H

#include <lua.h>

#include "codec/codec.h"
#include "link/link.h"

/* What a worker of a pool works on, as the link to its parent has it (lua_pool.c). */
typedef struct par_lua_chunk {
    int64_t began_ns;
    int64_t rung_ns; /* when it last announced results */
    bool told;       /* the last result has said that the chunk is done */
    bool apart;      /* it must not: there is something to be told after it */
} par_lua_chunk;

typedef struct par_lua_link {
    uint64_t magic;
    par_link *link;         /* NULL once it was forgotten */
    par_codec *codec;
    lua_State *L;           /* the coroutine that waits right now */
    uint32_t id;
    unsigned decode_flags;  /* PAR_DECODE_FUNCTIONS, unless it was started with functions=false */
    unsigned encode_flags;  /* for another kind of Lua: PAR_ENCODE_FOREIGN, PAR_ENCODE_FLOATS */
    bool yield_seen;        /* select has reported this yield */
    bool joined;            /* it leaves parallel.children after its last message */
    bool holding;           /* the next message that is received is held until links.settle */
    unsigned received;      /* messages so far: a decode hook may have received one by itself */
    par_message held;       /* the one that is; held.held is NULL if there is none */
    par_lua_chunk chunk;
} par_lua_link;

/* Pushes a new relative that owns nothing yet; its fields table is pushed behind it. */
par_lua_link *par_lua_link_new(lua_State *L, uint32_t id);
/* Takes over the link. */
void par_lua_link_bind(lua_State *L, par_lua_link *self, par_link *link);
/* The relative at idx, or an argument error; par_lua_link_check also refuses one that was forgotten. */
par_lua_link *par_lua_link_to(lua_State *L, int idx);
par_lua_link *par_lua_link_check(lua_State *L, int idx);
/* The deadline that the options table at idx asks for ({timeout=seconds}); no table, no deadline. */
int64_t par_lua_deadline(lua_State *L, int idx);
int64_t par_lua_deadline_of(lua_State *L, int idx, const char *what);
/* PAR_ENCODE_LOSSY, if the options table at idx asks for it ({lossy=true}); no table, no flags. */
unsigned par_lua_send_flags(lua_State *L, int idx);

/* Encodes `count` values from `first` on and sends them. Raises on failure. */
void par_lua_link_send(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name,
                       int64_t deadline_ns);
/* par_channel_receive; when the process is traced, waiting for the message is a span of its own. */
int par_lua_link_next(par_lua_link *self, par_message *message, int64_t deadline_ns, par_error *err);
/* The way of one message: encoded for this peer (`flags`: PAR_ENCODE_ of the message's own) into the ring itself and committed
 * there if it fits, else sent. `quietly`: no bell. */
int par_lua_link_put(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name, unsigned flags,
                     bool quietly, int64_t deadline_ns, par_encoded *encoded, par_error *err);
/* par_codec_decode of something that this relative sent, which is a `what` ("message", "result", ...) behind `skip` values that
 * are not the user's. Code only from one that may send it. */
int par_lua_link_decode(lua_State *L, par_lua_link *self, const char *what, int skip, const uint8_t *bytes, size_t len,
                        par_blob *const *payloads, uint32_t n_payloads, par_error *err);
/* Raises what went wrong with this relative: its own error when it failed, else what err says. */
int par_lua_link_throw(lua_State *L, par_lua_link *self, const par_error *err, const char *verb);
/* Pushes the error object for a child that has ended badly. */
void par_lua_link_push_end(lua_State *L, par_lua_link *self);

#endif
