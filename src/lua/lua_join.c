/* The ends of a child's code: waiting for it, its values or its error; yield, join and exec. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "lua/lua_error.h"
#include "lua/lua_link.h"
#include "lua/lua_trace.h"
#include "lua/parts.h"
#include "link/family.h"

/* --- the parent's side --- */

static int throw_wait(lua_State *L, par_lua_link *self, par_error *err, int rc, const char *verb)
{
    err->code = rc;
    return par_lua_link_throw(L, self, err, verb);
}

static int throw_still_running(lua_State *L, par_lua_link *self, const char *verb)
{
    char text[160];
    snprintf(text, sizeof text, "%.20s child %u: the time is up, it has neither ended nor reached parallel.yield()", verb,
             (unsigned)self->id);
    return par_lua_throw(L, "timeout", self->id, text);
}

/* links.wait(child, [timeout [, verb]]) -> "yielded", "returned", "failed", "died" or "quit" */
static int join_wait(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    const char *verb = luaL_optstring(L, 3, "join of");
    self->L = L;
    int64_t began_ns = par_trace_begin();
    int rc = par_link_wait(self->link, deadline_ns, &err);
    par_trace_end("join", began_ns, self->id, -1);
    if (rc == PAR_E_TIMEOUT) return throw_still_running(L, self, verb);
    if (rc == PAR_OK && self->link->state != PAR_LINK_YIELDED) rc = par_link_reap(self->link, deadline_ns, &err);
    if (rc != PAR_OK) return throw_wait(L, self, &err, rc, verb);
    lua_pushstring(L, par_link_state_name(self->link->state));
    return 1;
}

/* links.state(child) -> one of the names above or "running"; takes in what has come. */
static int join_state(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    self->L = L;
    int rc = par_link_wait(self->link, 0, &err);
    if (rc != PAR_OK && rc != PAR_E_TIMEOUT && rc != PAR_E_FULL && rc != PAR_E_LIMIT) return throw_wait(L, self, &err, rc, "look at");
    lua_pushstring(L, par_link_state_name(self->link->state));
    return 1;
}

/* links.exit_status(child) -> status or nil, signal or nil: of a process that has ended and was waited for. */
static int join_exit_status(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    const par_os_exit *end = &self->link->exit;
    if (!end->ended && !self->link->is_parent) par_os_reap(self->link->pid, &self->link->exit);
    lua_pushnil(L);
    if (end->ended && !end->signal && end->status >= 0) {
        lua_pop(L, 1);
        lua_pushinteger(L, end->status);
    }
    if (end->ended && end->signal) lua_pushinteger(L, end->signal);
    else lua_pushnil(L);
    lua_pushboolean(L, end->ended);
    return 3;
}

/* links.values(child) -> what its code returned (after "returned") */
static int join_values(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    par_link *link = self->link;
    if (link->state != PAR_LINK_RETURNED || !link->final) return 0;
    lua_settop(L, 1);
    int n = par_lua_link_decode(L, self, "result", 0, link->final->bytes, link->final->len, link->final->payloads,
                                link->final->n_payloads, &err);
    if (n < 0) return par_lua_throw_status(L, self->id, &err);
    return n;
}

/* links.failure(child) -> the error object of a child that failed or died, or nil */
static int join_failure(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_link *link = self->link;
    bool silent = link->state == PAR_LINK_QUIT && !link->hello;
    if (link->state != PAR_LINK_FAILED && link->state != PAR_LINK_DIED && !silent) return 0;
    par_lua_link_push_end(L, self);
    return 1;
}

/* links.resume(child, value): the message of a join to a child that has yielded */
static int join_resume(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_settop(L, 2);
    par_lua_link_send(L, self, PAR_KIND_JOIN, 2, 1, "message", PAR_NEVER);
    par_link_resumed(self->link);
    self->yield_seen = false;
    return 0;
}

/* links.send_exec(child, chunkname, code, args...) */
static int join_send_exec(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_link_send(L, self, PAR_KIND_EXEC, 2, lua_gettop(L) - 1, "arguments", PAR_NEVER);
    return 0;
}

/* links.kill_now(child, signal): sends a signal to its process, if that is still there. */
static int join_kill(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    int signal_number = (int)luaL_checkinteger(L, 2);
    if (self->link->is_parent) return luaL_argerror(L, 1, "a child expected, got the parent");
    self->L = NULL; /* it may wait for the child's first word: not to be interrupted */
    lua_pushboolean(L, par_link_signal(self->link, signal_number));
    return 1;
}

/* --- the child's side --- */

/* What the parent may still send is received by nobody: it does not keep a last message from being sent. */
static void receive_no_more(par_lua_link *self) { par_channel_limit_inbox(self->link->channel, UINT64_MAX); }

/* links.send_result(child, values...): the last message of a child whose code returned */
static int join_send_result(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    receive_no_more(self);
    par_lua_link_send(L, self, PAR_KIND_RESULT, 2, lua_gettop(L) - 1, "result", PAR_NEVER);
    return 0;
}

/* links.send_failure(child, message, traceback [, value]): the last message of a child whose code raised. A value that cannot travel
 * is left out: its text is in the message. */
static int join_send_failure(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    size_t message_len, traceback_len;
    const char *message = luaL_checklstring(L, 2, &message_len);
    const char *traceback = luaL_checklstring(L, 3, &traceback_len);
    par_encoded value = {0};
    self->L = L;
    receive_no_more(self);
    lua_settop(L, 4);
    if (!lua_isnil(L, 4) &&
        par_codec_encode(L, self->codec, 4, 1, "error", self->encode_flags, NULL, 0, &value, &err) != PAR_OK)
        value = (par_encoded){0};
    size_t len = sizeof(par_failure_header) + message_len + traceback_len + value.len;
    uint8_t *body = lua_newuserdata(L, len), *at = body + sizeof(par_failure_header);
    par_failure_header header = {(uint32_t)message_len, (uint32_t)traceback_len};
    memcpy(body, &header, sizeof header);
    memcpy(at, message, message_len);
    memcpy(at + message_len, traceback, traceback_len);
    if (value.len) memcpy(at + message_len + traceback_len, value.bytes, value.len);
    int rc = par_channel_send(self->link->channel, PAR_KIND_FAILED, body, len, value.payloads, value.n_payloads, PAR_NEVER,
                              &err);
    if (value.by) par_codec_sent(L, &value);
    lua_pushboolean(L, rc == PAR_OK);
    return 1;
}

/* Decodes a control message and frees it; pushes its values. */
static int push_kept(lua_State *L, par_lua_link *self, par_kept *kept)
{
    par_error err;
    int n = par_lua_link_decode(L, self, "message", 0, kept->bytes, kept->len, kept->payloads, kept->n_payloads, &err);
    par_kept_free(kept);
    if (n < 0) return par_lua_throw_status(L, self->id, &err);
    return n;
}

static int await_control(lua_State *L, uint32_t kind, const char *verb)
{
    par_error err;
    par_kept *kept;
    par_lua_link *self = par_lua_link_check(L, 1);
    self->L = L;
    int rc = par_link_wait_control(self->link, kind, par_lua_deadline_of(L, 2, "timeout"), &kept, &err);
    if (rc != PAR_OK) return throw_wait(L, self, &err, rc, verb);
    return push_kept(L, self, kept);
}

/* links.yield(child, timeout) -> the message of the parent's join */
static int join_yield(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_settop(L, 2);
    self->L = L;
    int rc = par_channel_send(self->link->channel, PAR_KIND_YIELD, NULL, 0, NULL, 0, PAR_NEVER, &err);
    if (rc != PAR_OK) return throw_wait(L, self, &err, rc, "yield to");
    return await_control(L, PAR_KIND_JOIN, "yield to");
}

/* links.await_exec(child) -> chunkname, code, args... */
static int join_await_exec(lua_State *L)
{
    lua_settop(L, 1);
    return await_control(L, PAR_KIND_EXEC, "wait for code from");
}

void par_lua_open_join(lua_State *L)
{
    static const luaL_Reg methods[] = {{"wait", join_wait},
                                       {"state", join_state},
                                       {"exit_status", join_exit_status},
                                       {"values", join_values},
                                       {"failure", join_failure},
                                       {"resume", join_resume},
                                       {"send_exec", join_send_exec},
                                       {"kill_now", join_kill},
                                       {"send_result", join_send_result},
                                       {"send_failure", join_send_failure},
                                       {"yield", join_yield},
                                       {"await_exec", join_await_exec},
                                       {NULL, NULL}};
    lua_getfield(L, -1, "links");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}
