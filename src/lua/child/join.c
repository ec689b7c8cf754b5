/* The ends of a child's code: waiting for it, its values or its error; yield, join and exec. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/message.h"
#include "link/need.h"
#include "lua/child/arguments.h"
#include "lua/child/decode.h"
#include "lua/child/ends.h"
#include "lua/child/parts.h"
#include "lua/child/send.h"
#include "lua/error.h"
#include "trace/trace.h"

/* --- the parent's side --- */

static int throw_still_running(lua_State *L, par_lua_link *self, const char *verb)
{
    char text[160];
    snprintf(text, sizeof text, "%.20s child %u: the time is up, it has neither ended nor reached parallel.yield()", verb,
             (unsigned)self->id);
    return par_lua_throw(L, "timeout", self->id, text);
}

/* core.child.wait(child, [timeout [, verb]]) -> "yielded", "returned", "failed", "died" or "quit" */
static int join_wait(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    const char *verb = luaL_optstring(L, 3, "join of");
    int64_t began_ns = par_trace_begin();
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_link_wait(self->link, deadline_ns, &err);
    bool late = rc == PAR_E_TIMEOUT;
    if (rc == PAR_OK && self->link->state != PAR_LINK_YIELDED) rc = par_link_reap(self->link, deadline_ns, &err);
    bool open = par_lua_leave(self, use);
    par_trace_end("join", began_ns, self->id, -1);
    if (open && late) return throw_still_running(L, self, verb);
    par_lua_link_settle(L, self, open, rc, &err, verb);
    lua_pushstring(L, par_link_state_name(self->link->state));
    return 1;
}

/* core.child.values(child) -> what its code returned (after "returned") */
static int join_values(lua_State *L)
{
    static const par_lua_source source = {"result", 0};
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    par_kept *final = self->link->final;
    if (self->link->state != PAR_LINK_RETURNED || !final) return 0;
    lua_settop(L, 1);
    par_lua_use use = par_lua_enter(L, self);
    int n = par_lua_link_decode(L, self, &source, final->bytes, final->len, final->payloads, final->n_payloads, &err);
    par_lua_leave(self, use); /* a child that is closed by now has said all that it had to say */
    if (n < 0) return par_lua_throw_status(L, self->id, &err);
    return n;
}

/* core.child.failure(child) -> the error object of a child that failed or died, or nil */
static int join_failure(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_link *link = self->link;
    bool silent = link->state == PAR_LINK_QUIT && !link->hello;
    if (link->state != PAR_LINK_FAILED && link->state != PAR_LINK_DIED && !silent) return 0;
    par_lua_link_push_end(L, self);
    return 1;
}

/* core.child.resume(child, value): the message of a join to a child that has yielded */
static int join_resume(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_settop(L, 2);
    par_lua_link_send_values(L, self, PAR_KIND_JOIN, 2, 1, "message");
    if (self->link) par_link_resumed(self->link);
    return 0;
}

/* core.child.send_exec(child, chunkname, code, args...) */
static int join_send_exec(lua_State *L)
{
    par_lua_link_send_common(L, par_lua_link_check(L, 1), PAR_KIND_EXEC, 2, lua_gettop(L) - 1, "arguments");
    return 0;
}

/* --- the child's side --- */

/* What the parent may still send is received by nobody: it does not keep a last message from being sent. */
static void receive_no_more(par_lua_link *self) { par_link_limit_inbox(self->link, UINT64_MAX); }

/* core.child.send_result(parent, values...): the last message of a child whose code returned */
static int join_send_result(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    receive_no_more(self);
    par_lua_link_send_values(L, self, PAR_KIND_RESULT, 2, lua_gettop(L) - 1, "result");
    return 0;
}

/* Body of a PAR_KIND_FAILED: the texts at 2 and 3, and the value. In a userdata that is pushed. */
static uint8_t *push_failed(lua_State *L, const par_encoded *value, size_t *len)
{
    size_t message_len, traceback_len;
    const char *message = lua_tolstring(L, 2, &message_len), *traceback = lua_tolstring(L, 3, &traceback_len);
    *len = sizeof(par_failure_header) + message_len + traceback_len + value->len;
    uint8_t *body = lua_newuserdata(L, *len), *at = body + sizeof(par_failure_header);
    par_failure_header header = {(uint32_t)message_len, (uint32_t)traceback_len};
    memcpy(body, &header, sizeof header);
    memcpy(at, message, message_len);
    memcpy(at + message_len, traceback, traceback_len);
    if (value->len) memcpy(at + message_len + traceback_len, value->bytes, value->len);
    return body;
}

/* core.child.send_failure(parent, message, traceback [, value]): the last message of a child whose code raised. A value that cannot travel
 * is left out: its text is in the message. */
static int join_send_failure(lua_State *L)
{
    par_error err;
    size_t len;
    par_lua_link *self = par_lua_link_check(L, 1);
    luaL_checkstring(L, 2);
    luaL_checkstring(L, 3);
    par_encoded value = {0};
    lua_settop(L, 4);
    receive_no_more(self);
    if (!lua_isnil(L, 4) && par_codec_encode(L, self->codec, 4, 1, "error", self->encode_flags, NULL, 0, &value, &err) != PAR_OK)
        value = (par_encoded){0};
    lua_settop(L, 4);
    uint8_t *body = push_failed(L, &value, &len);
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_link_send(self->link, PAR_KIND_FAILED, body, len, value.payloads, value.n_payloads, PAR_NEVER, &err);
    par_codec_sent(L, &value);
    par_lua_leave(self, use);
    lua_pushboolean(L, rc == PAR_OK);
    return 1;
}

/* Decodes a control message and frees it; pushes its values. */
static int push_kept(lua_State *L, par_lua_link *self, par_kept *kept)
{
    static const par_lua_source source = {"message", 0};
    par_error err;
    par_lua_use use = par_lua_enter(L, self);
    int n = par_lua_link_decode(L, self, &source, kept->bytes, kept->len, kept->payloads, kept->n_payloads, &err);
    par_lua_leave(self, use);
    par_kept_free(kept);
    if (n < 0) return par_lua_throw_status(L, self->id, &err);
    return n;
}

static int await_control(lua_State *L, par_lua_link *self, uint32_t kind, const char *verb)
{
    par_error err;
    par_kept *kept;
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_link_wait_control(self->link, kind, deadline_ns, &kept, &err);
    bool open = par_lua_leave(self, use);
    if (!open && rc == PAR_OK) par_kept_free(kept);
    par_lua_link_settle(L, self, open, rc, &err, verb);
    return push_kept(L, self, kept);
}

/* core.child.yield(parent, timeout) -> the message of the parent's join */
static int join_yield(lua_State *L)
{
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_settop(L, 2);
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_link_send(self->link, PAR_KIND_YIELD, NULL, 0, NULL, 0, PAR_NEVER, &err);
    par_lua_link_settle(L, self, par_lua_leave(self, use), rc, &err, "yield to");
    return await_control(L, self, PAR_KIND_JOIN, "yield to");
}

/* core.child.await_exec(parent) -> chunkname, code, args... */
static int join_await_exec(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_settop(L, 1);
    return await_control(L, self, PAR_KIND_EXEC, "wait for code from");
}

/* core.child.takes_modules(parent): it may be asked for some, and so may we by our children */
static int join_takes_modules(lua_State *L)
{
    par_need_from(par_lua_link_check(L, 1)->link);
    return 0;
}

/* core.child.need_module(parent, name) -> what the bridge answers, as bytes (cluster/seek.h) */
static int join_need_module(lua_State *L)
{
    par_error err;
    par_kept *kept = NULL;
    par_lua_link *self = par_lua_link_check(L, 1);
    size_t len;
    const char *name = luaL_checklstring(L, 2, &len);
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_need_module(self->link, name, len, &kept, &err);
    bool open = par_lua_leave(self, use);
    if (!open && kept) par_kept_free(kept);
    par_lua_link_settle(L, self, open, rc, &err, "ask for a module");
    lua_pushlstring(L, (const char *)kept->bytes, kept->len);
    par_kept_free(kept);
    return 1;
}

void par_lua_open_join(lua_State *L)
{
    static const luaL_Reg functions[] = {{"wait", join_wait},
                                         {"values", join_values},
                                         {"failure", join_failure},
                                         {"resume", join_resume},
                                         {"send_exec", join_send_exec},
                                         {"send_result", join_send_result},
                                         {"send_failure", join_send_failure},
                                         {"yield", join_yield},
                                         {"await_exec", join_await_exec},
                                         {"takes_modules", join_takes_modules},
                                         {"need_module", join_need_module},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
