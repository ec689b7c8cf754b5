/* Many relatives at once: waiting for any of them, one message to all of them, descriptors for event loops. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/limits.h"
#include "channel/pool.h"
#include "codec/compat.h"
#include "lua/lua_error.h"
#include "lua/lua_link.h"
#include "lua/lua_trace.h"
#include "lua/parts.h"
#include "lua/tensor/box.h"

#define BUSY_ROUNDS 64 /* without news before a wait looks at the time again */

/* --- a selector as a userdata, so that an error cannot leak it --- */

typedef struct par_lua_selector {
    par_selector *selector;
    lua_State *L; /* the coroutine that waits right now */
} par_lua_selector;

static const char selector_metatable_key;

static int selector_gc(lua_State *L)
{
    par_lua_selector *self = lua_touserdata(L, 1);
    par_selector_close(self->selector);
    self->selector = NULL;
    return 0;
}

static bool selector_interrupted(void *context)
{
    par_lua_selector *self = context;
    return par_lua_interrupted(self->L);
}

/* core.selector() -> an empty selector */
static int selector_new(lua_State *L)
{
    par_error err;
    par_lua_selector *self = lua_newuserdata(L, sizeof *self);
    *self = (par_lua_selector){0};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &selector_metatable_key);
    lua_setmetatable(L, -2);
    par_channel_owner owner = {.context = self, .interrupted = selector_interrupted};
    if (par_selector_open(&self->selector, &owner, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    return 1;
}

static par_lua_selector *check_selector(lua_State *L, int idx)
{
    par_lua_selector *self = lua_touserdata(L, idx);
    if (!self || !lua_getmetatable(L, idx)) luaL_argerror(L, idx, "selector expected");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &selector_metatable_key);
    if (!lua_rawequal(L, -1, -2)) luaL_argerror(L, idx, "selector expected");
    lua_pop(L, 2);
    return self;
}

/* selector:add(child): reports this child from now on, by its id. A child that closes leaves by itself. */
static int selector_add(lua_State *L)
{
    par_error err;
    par_lua_selector *self = check_selector(L, 1);
    par_lua_link *child = par_lua_link_check(L, 2);
    if (!child->link->channel) return luaL_error(L, "parallel: child %d has ended", (int)child->id);
    if (par_selector_add(self->selector, child->link->channel, child, &err) != PAR_OK)
        return par_lua_throw_status(L, child->id, &err);
    return 0;
}

/* selector:remove(child) */
static int selector_remove(lua_State *L)
{
    par_lua_selector *self = check_selector(L, 1);
    par_lua_link *child = par_lua_link_to(L, 2);
    if (child && child->link && child->link->channel) par_selector_remove(self->selector, child->link->channel);
    return 0;
}

/* What a ready channel means to a waiting user: a message, an end, or a yield not told before. Takes in what came. */
static bool is_news(par_lua_link *child)
{
    par_error ignored;
    par_link *link = child->link;
    if (!link->channel || par_channel_has_data(link->channel)) return true;
    int rc = par_link_wait(link, 0, &ignored);
    if (par_channel_has_data(link->channel) || par_link_ended(link)) return true;
    if (rc == PAR_OK && link->state == PAR_LINK_YIELDED && !child->yield_seen) return child->yield_seen = true;
    return rc != PAR_OK && rc != PAR_E_TIMEOUT;
}

/* selector:wait([timeout]) -> id of a child that has a message or has ended, or nil when the time is up */
static int selector_wait(lua_State *L)
{
    par_error err;
    par_lua_selector *self = check_selector(L, 1);
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    self->L = L;
    for (unsigned round = 1;; round++) {
        void *user;
        int64_t began_ns = deadline_ns ? par_trace_begin() : 0;
        int rc = par_selector_wait(self->selector, &user, deadline_ns, &err);
        par_trace_end("wait", began_ns, -1, -1);
        if (rc == PAR_E_TIMEOUT) return 0;
        if (rc != PAR_OK) return par_lua_throw_status(L, 0, &err);
        par_lua_link *child = user;
        child->L = L;
        if (is_news(child)) {
            lua_pushinteger(L, (lua_Integer)child->id);
            return 1;
        }
        /* One that has something for ever, which is no news, does not hold us for ever. */
        rc = round % BUSY_ROUNDS ? PAR_OK : par_channel_overdue(child->link->channel, deadline_ns, &err);
        if (rc == PAR_E_TIMEOUT) return 0;
        if (rc != PAR_OK) return par_lua_throw_status(L, 0, &err);
    }
}

/* selector:fd() -> a descriptor that is readable when wait may find something */
static int selector_fd(lua_State *L)
{
    par_error err;
    int fd;
    par_lua_selector *self = check_selector(L, 1);
    if (par_selector_fd(self->selector, &fd, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    lua_pushinteger(L, fd);
    return 1;
}

/* links.fd(child) -> a descriptor that is readable when something can be received */
static int link_fd(lua_State *L)
{
    par_error err;
    int fd;
    par_lua_link *self = par_lua_link_check(L, 1);
    if (!self->link->channel) return luaL_error(L, "parallel: child %d has ended: it has no descriptor", (int)self->id);
    if (par_channel_fd(self->link->channel, &fd, &err) != PAR_OK) return par_lua_throw_status(L, self->id, &err);
    lua_pushinteger(L, fd);
    return 1;
}

/* links.news(child) -> would select report this child? */
static int link_news(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    self->L = L;
    lua_pushboolean(L, is_news(self));
    return 1;
}

/* --- one message to many --- */

/* Children of one kind of Lua can share one encoding. Sends to those of the list at 1 whose flags are `kind`, with the message's
 * own `flags`. Returns the first child that could not be reached (err says why), or NULL: the others have got their message
 * all the same. */
static par_lua_link *broadcast_some(lua_State *L, int n, unsigned kind, unsigned flags, int64_t deadline_ns,
                                    par_channel **channels, int *results, par_lua_link **children, par_error *err)
{
    par_encoded encoded;
    par_lua_link *failed = NULL;
    uint32_t count = 0;
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        par_lua_link *child = par_lua_link_check(L, -1);
        lua_pop(L, 1);
        if (child->encode_flags != kind) continue;
        child->L = L;
        if (!par_link_is_there(child->link)) {
            if (!failed) par_error_set(err, PAR_E_CLOSED, "it has ended");
            failed = failed ? failed : child;
            continue;
        }
        children[count] = child;
        channels[count++] = child->link->channel;
    }
    if (count == 0) return failed;
    par_error other;
    int rc = par_codec_encode(L, children[0]->codec, 2, 1, "message", kind | flags, NULL, 0, &encoded, &other);
    if (rc != PAR_OK) par_lua_throw_status(L, 0, &other);
    rc = par_channel_broadcast(channels, count, PAR_KIND_DATA, encoded.bytes, encoded.len, encoded.payloads,
                               encoded.n_payloads, deadline_ns, results, &other);
    par_codec_sent(L, &encoded);
    for (uint32_t i = 0; rc != PAR_OK && !failed && i < count; i++)
        if (results[i] != PAR_OK) {
            failed = children[i];
            *err = other;
            err->code = results[i];
        }
    return failed;
}

/* core.broadcast(list of children, value [, {timeout=, lossy=}]) */
static int broadcast(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    par_lua_give_back(L);
    int64_t deadline_ns = par_lua_deadline(L, 3);
    unsigned flags = par_lua_send_flags(L, 3);
    lua_settop(L, 2);
    int n = (int)lua_rawlen(L, 1);
    par_channel **channels = lua_newuserdata(L, ((size_t)n + 1) * sizeof *channels);
    int *results = lua_newuserdata(L, ((size_t)n + 1) * sizeof *results);
    par_lua_link **children = lua_newuserdata(L, ((size_t)n + 1) * sizeof *children);
    /* What can travel to those who take least can travel to all: so a refusal comes before anything is sent. */
    static const unsigned kinds[] = {PAR_ENCODE_FOREIGN | PAR_ENCODE_FLOATS, PAR_ENCODE_FOREIGN, 0};
    par_error err, next;
    par_lua_link *failed = NULL;
    for (int i = 0; i < 3; i++) {
        par_lua_link *lost = broadcast_some(L, n, kinds[i], flags, deadline_ns, channels, results, children, &next);
        if (!lost || failed) continue;
        failed = lost;
        err = next;
    }
    if (failed) par_lua_link_throw(L, failed, &err, "send to");
    return 0;
}

/* core.trim(): gives the memory back that is kept for large messages to come. */
static int trim(lua_State *L)
{
    (void)L;
    par_pool_trim();
    return 0;
}

void par_lua_open_select(lua_State *L)
{
    static const luaL_Reg methods[] = {{"add", selector_add},
                                       {"remove", selector_remove},
                                       {"wait", selector_wait},
                                       {"fd", selector_fd},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {{"selector", selector_new}, {"broadcast", broadcast}, {"trim", trim}, {NULL, NULL}};
    static const luaL_Reg internals[] = {{"fd", link_fd}, {"news", link_news}, {NULL, NULL}};
    lua_createtable(L, 0, 2);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, selector_gc);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &selector_metatable_key);
    luaL_setfuncs(L, functions, 0);
    lua_getfield(L, -1, "links");
    luaL_setfuncs(L, internals, 0);
    lua_pop(L, 1);
}
