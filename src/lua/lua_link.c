#include "lua/lua_link.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "lua/lua_error.h"
#include "lua/lua_trace.h"
#include "lua/parts.h"
#include "lua/tensor/box.h"
#include "link/family.h"

#define LINK_MAGIC UINT64_C(0x9d1f3ba6c25e7401)

static const char methods_key;  /* registry: the methods that all relatives share */
static const char fallback_key; /* registry: metatable of every fields table */
static const char last_key;     /* registry: what to call after the last message of a joined child */

/* --- making and finding --- */

static int link_gc(lua_State *L);
static int link_tostring(lua_State *L);

par_lua_link *par_lua_link_new(lua_State *L, uint32_t id)
{
    luaL_checkstack(L, 6, "no room for a child");
    par_lua_link *self = lua_newuserdata(L, sizeof *self);
    *self = (par_lua_link){.magic = LINK_MAGIC, .id = id, .decode_flags = PAR_DECODE_FUNCTIONS};
    lua_createtable(L, 0, 6); /* metatable */
    lua_createtable(L, 0, 4); /* fields */
    lua_rawgetp(L, LUA_REGISTRYINDEX, &fallback_key);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__newindex");
    lua_insert(L, -3); /* fields, userdata, metatable */
    lua_pushcfunction(L, link_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, link_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key);
    lua_getfield(L, -1, "close");
    lua_setfield(L, -3, "__close");
    lua_pop(L, 1);
    lua_pushliteral(L, "parallel.child");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_insert(L, -2); /* userdata, fields */
    self->codec = par_codec_of(L);
    return self;
}

par_lua_link *par_lua_link_to(lua_State *L, int idx)
{
    par_lua_link *self = lua_touserdata(L, idx);
    if (self && lua_rawlen(L, idx) == sizeof *self && self->magic == LINK_MAGIC) return self;
    return NULL;
}

par_lua_link *par_lua_link_check(lua_State *L, int idx)
{
    par_lua_link *self = par_lua_link_to(L, idx);
    if (!self) {
        const char *text = lua_pushfstring(L, "child expected, got %s (call it as child:method(), with a colon)",
                                           luaL_typename(L, idx));
        luaL_argerror(L, idx, text);
    }
    if (!self->link) luaL_error(L, "parallel: child %d was closed: it can no longer be used", (int)self->id);
    return self;
}

static bool link_interrupted(void *host)
{
    par_lua_link *self = host;
    return par_lua_interrupted(self->L);
}

void par_lua_link_bind(lua_State *L, par_lua_link *self, par_link *link)
{
    (void)L;
    self->link = link;
    link->host = self;
    link->interrupted = link_interrupted;
}

static int link_gc(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    if (!self || !self->link) return 0;
    par_link *link = self->link;
    self->link = NULL;
    self->L = NULL;
    link->interrupted = NULL;
    if (link->is_parent) return 0; /* its socket is our life line: it stays open until the process ends */
    par_family_report(link);
    par_link_free(link);
    return 0;
}

static int link_tostring(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    if (!self) return luaL_argerror(L, 1, "child expected");
    const char *state = "closed";
    if (self->link) state = self->link->is_parent ? "parent" : par_link_state_name(self->link->state);
    lua_pushfstring(L, "parallel.child %d (%s)", (int)self->id, state);
    return 1;
}

/* --- arguments --- */

int64_t par_lua_deadline_of(lua_State *L, int idx, const char *what)
{
    if (lua_isnoneornil(L, idx)) return PAR_NEVER;
    double seconds = lua_tonumber(L, idx);
    if (lua_type(L, idx) != LUA_TNUMBER || !(seconds >= 0))
        luaL_error(L, "bad %s: seconds (a number from 0 on) expected, got %s", what,
                   lua_type(L, idx) == LUA_TNUMBER ? "a negative number" : luaL_typename(L, idx));
    if (seconds > 1e9) return PAR_NEVER;
    return seconds == 0 ? 0 : par_os_now_ns() + (int64_t)(seconds * 1e9);
}

int64_t par_lua_deadline(lua_State *L, int idx)
{
    if (lua_isnoneornil(L, idx)) return PAR_NEVER;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_getfield(L, idx, "timeout");
    int64_t deadline_ns = par_lua_deadline_of(L, -1, "option 'timeout'");
    lua_pop(L, 1);
    return deadline_ns;
}

unsigned par_lua_send_flags(lua_State *L, int idx)
{
    if (lua_isnoneornil(L, idx)) return 0;
    lua_getfield(L, idx, "lossy");
    unsigned flags = lua_toboolean(L, -1) ? PAR_ENCODE_LOSSY : 0;
    lua_pop(L, 1);
    return flags;
}

/* --- what went wrong --- */

static const char *whom(const par_lua_link *self, char *out, size_t room)
{
    if (self->link && self->link->is_parent) snprintf(out, room, "the parent");
    else snprintf(out, room, "child %u", (unsigned)self->id);
    return out;
}

int par_lua_link_decode(lua_State *L, par_lua_link *self, const char *what, int skip, const uint8_t *bytes, size_t len,
                        par_blob *const *payloads, uint32_t n_payloads, par_error *err)
{
    char who[32];
    unsigned flags = self->decode_flags;
    if (flags & PAR_DECODE_FUNCTIONS) return par_codec_decode(L, self->codec, bytes, len, payloads, n_payloads, flags, err);
    par_codec_origin origin = {whom(self, who, sizeof who), what, skip};
    return par_codec_decode_from(L, self->codec, bytes, len, payloads, n_payloads, flags, &origin, err);
}

static void push_failure(lua_State *L, par_lua_link *self)
{
    par_failure failure;
    par_kept *final = self->link->final;
    if (!final || !par_failure_parse(final->bytes, final->len, &failure)) {
        par_lua_push_error(L, "failed", self->id, "an error that could not be received");
        return;
    }
    par_lua_push_error(L, "failed", self->id, "");
    lua_pushlstring(L, failure.message, failure.message_len);
    lua_setfield(L, -2, "message");
    lua_pushlstring(L, failure.traceback, failure.traceback_len);
    lua_setfield(L, -2, "traceback");
    if (!failure.value) return;
    par_error err;
    int n = par_lua_link_decode(L, self, "error", 0, failure.value, failure.value_len, final->payloads, final->n_payloads, &err);
    if (n < 0) {
        lua_getfield(L, -1, "message");
        lua_pushfstring(L, "%s\n(its error value cannot be received: %s)", lua_tostring(L, -1), err.text);
        lua_setfield(L, -3, "message");
        lua_pop(L, 1);
    }
    if (n < 1) return;
    lua_pop(L, n - 1);
    lua_setfield(L, -2, "value");
}

static void push_death(lua_State *L, par_lua_link *self)
{
    char text[500];
    const par_os_exit *end = &self->link->exit;
    if (self->link->corrupt) {
        par_lua_push_error(L, "corrupt", self->id, "it wrote what cannot be a message and was ended");
        return;
    }
    if (self->link->lost)
        snprintf(text, sizeof text, "%s", self->link->lost);
    else if (!self->link->hello)
        snprintf(text, sizeof text, "it ended before it was ready (exit status %d, signal %d): is it a Lua interpreter "
                 "that works?", end->status, end->signal);
    else if (end->signal)
        snprintf(text, sizeof text, "it was killed by signal %d (%s)", end->signal, strsignal(end->signal));
    else
        snprintf(text, sizeof text, "it ended with exit status %d", end->status);
    par_lua_push_error(L, "died", self->id, text);
    if (end->signal) {
        lua_pushinteger(L, end->signal);
        lua_setfield(L, -2, "signal");
    } else {
        lua_pushinteger(L, end->status);
        lua_setfield(L, -2, "status");
    }
}

void par_lua_link_push_end(lua_State *L, par_lua_link *self)
{
    char who[32], text[120];
    self->link->asked = true;
    switch (self->link->state) {
    case PAR_LINK_FAILED:
        push_failure(L, self);
        return;
    case PAR_LINK_DIED:
        push_death(L, self);
        return;
    case PAR_LINK_QUIT:
        if (!self->link->hello) {
            push_death(L, self);
            return;
        }
        /* fall through */
    default:
        snprintf(text, sizeof text, "%s has ended", whom(self, who, sizeof who));
        par_lua_push_error(L, "closed", self->id, text);
    }
}

int par_lua_link_throw(lua_State *L, par_lua_link *self, const par_error *err, const char *verb)
{
    char who[32], text[sizeof err->text + 80];
    par_error why;
    par_link *link = self->link;
    if ((err->code == PAR_E_CLOSED || err->code == PAR_E_CORRUPT) && !link->is_parent) {
        if (par_link_lost(link, err->code, &why) != PAR_OK) err = &why;
        else if (link->state == PAR_LINK_FAILED || link->state == PAR_LINK_DIED || !link->hello) {
            par_lua_link_push_end(L, self);
            return par_lua_raise(L);
        }
    }
    whom(self, who, sizeof who);
    switch (err->code) {
    case PAR_E_CLOSED:
        snprintf(text, sizeof text, "%s %s: it has ended%s", verb, who,
                 link->is_parent ? "" : " normally, and no message is left");
        return par_lua_throw(L, "closed", self->id, text);
    case PAR_E_TIMEOUT:
        snprintf(text, sizeof text, "%s %s: the time is up", verb, who);
        return par_lua_throw(L, "timeout", self->id, text);
    case PAR_E_CORRUPT:
    case PAR_E_LIMIT:
        snprintf(text, sizeof text, "%s %s: %.400s", verb, who, err->text);
        return par_lua_throw(L, err->code == PAR_E_LIMIT ? "limit" : "corrupt", self->id, text);
    case PAR_E_FULL:
        snprintf(text, sizeof text, "%s %s: %.400s (parallel.setInboxSize allows more)", verb, who, err->text);
        return par_lua_throw(L, "full", self->id, text);
    default:
        return par_lua_throw_status(L, self->id, err);
    }
}

/* --- send --- */

/* What a message carries beside its own bytes. */
static int64_t par_payloads_bytes(const par_encoded *encoded)
{
    int64_t bytes = 0;
    for (uint32_t i = 0; i < encoded->n_payloads; i++) bytes += (int64_t)encoded->payloads[i].bytes;
    return bytes;
}

/* Through the codec's own buffer: long messages, those with payloads, and those whose claim was lost to another message. */
static int put_apart(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name, unsigned flags,
                     int64_t deadline_ns, par_encoded *encoded, par_error *err)
{
    int rc = PAR_OK;
    if (encoded->in_span) rc = par_codec_encode(L, self->codec, first, count, name, flags, NULL, 0, encoded, err);
    if (rc != PAR_OK) return rc;
    rc = par_channel_send(self->link->channel, kind, encoded->bytes, encoded->len, encoded->payloads, encoded->n_payloads,
                          deadline_ns, err);
    par_codec_sent(L, encoded);
    return rc;
}

int par_lua_link_put(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name, unsigned flags,
                     bool quietly, int64_t deadline_ns, par_encoded *encoded, par_error *err)
{
    par_channel *channel = self->link->channel;
    size_t room = 0;
    flags |= self->encode_flags;
    uint8_t *span = par_channel_claim(channel, 64, &room);
    int rc = par_codec_encode(L, self->codec, first, count, name, flags, span, span ? room : 0, encoded, err);
    if (rc != PAR_OK) return rc;
    if (encoded->in_span && encoded->n_payloads == 0) {
        rc = quietly ? par_channel_commit_quietly(channel, kind, encoded->len, err)
                     : par_channel_commit(channel, kind, encoded->len, err);
        if (rc != PAR_E_AGAIN) return rc;
    }
    return put_apart(L, self, kind, first, count, name, flags, deadline_ns, encoded, err);
}

static void send_values(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name,
                        unsigned flags, int64_t deadline_ns)
{
    par_error err;
    par_encoded encoded;
    self->L = L;
    if (!par_link_is_there(self->link)) {
        par_error_set(&err, PAR_E_CLOSED, "it has ended");
        par_lua_link_throw(L, self, &err, "send to");
    }
    int64_t began_ns = par_trace_begin();
    int rc = par_lua_link_put(L, self, kind, first, count, name, flags, false, deadline_ns, &encoded, &err);
    if (rc != PAR_OK) par_lua_link_throw(L, self, &err, "send to");
    par_trace_end("send", began_ns, self->id, (int64_t)encoded.len + par_payloads_bytes(&encoded));
}

void par_lua_link_send(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name,
                       int64_t deadline_ns)
{
    send_values(L, self, kind, first, count, name, 0, deadline_ns);
}

/* child:send(value [, {timeout=, lossy=}]) */
static int link_send(lua_State *L)
{
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    int64_t deadline_ns = PAR_NEVER;
    unsigned flags = 0;
    if (lua_gettop(L) != 2) {
        deadline_ns = par_lua_deadline(L, 3);
        flags = par_lua_send_flags(L, 3);
        lua_settop(L, 2);
    }
    send_values(L, self, PAR_KIND_DATA, 2, 1, "message", flags, deadline_ns);
    return 0;
}

/* --- receive --- */

int par_lua_link_next(par_lua_link *self, par_message *message, int64_t deadline_ns, par_error *err)
{
    par_channel *channel = self->link->channel;
    if (!par_trace_is_on() || deadline_ns == 0) return par_channel_receive(channel, message, deadline_ns, err);
    int rc = par_channel_receive(channel, message, 0, err);
    if (rc != PAR_E_TIMEOUT) return rc;
    par_trace_flush();
    int64_t began_ns = par_trace_begin();
    rc = par_channel_receive(channel, message, deadline_ns, err);
    par_trace_end("wait", began_ns, self->id, -1);
    return rc;
}

/* The next message of this kind of use: waits, and says PAR_E_CLOSED when none can come any more. */
static int next_message(par_lua_link *self, par_message *message, int64_t deadline_ns, par_error *err)
{
    par_link *link = self->link;
    for (;;) {
        int rc = par_lua_link_next(self, message, deadline_ns, err);
        if (rc != PAR_NOTICE) return rc;
        rc = par_channel_overdue(link->channel, deadline_ns, err);
        if (rc != PAR_OK) return rc;
        if (par_link_ended(link)) deadline_ns = 0; /* all it sent is in the ring: nothing more comes */
        if (link->state == PAR_LINK_YIELDED) deadline_ns = 0;
    }
}

/* Why no message came although the wait was not limited by the caller. */
static int no_message(par_lua_link *self, int64_t deadline_ns, par_error *err)
{
    par_link *link = self->link;
    if (par_link_ended(link)) return par_error_set(err, PAR_E_CLOSED, "the child has ended");
    if (link->state == PAR_LINK_YIELDED && deadline_ns != 0)
        return par_error_set(err, PAR_E_CLOSED, "the child waits in parallel.yield()");
    return PAR_E_TIMEOUT;
}

static int receive_message(par_lua_link *self, par_message *message, int64_t deadline_ns, par_error *err)
{
    if (!self->link->channel) return par_error_set(err, PAR_E_CLOSED, "the child has ended");
    bool over = par_link_ended(self->link) || self->link->state == PAR_LINK_YIELDED;
    self->received++;
    int rc = next_message(self, message, over ? 0 : deadline_ns, err);
    if (rc == PAR_E_TIMEOUT) rc = no_message(self, deadline_ns, err);
    if (rc != PAR_OK) err->code = rc;
    return rc;
}

/* Pushes the values of a message that was received, and gives the message back, or holds it. */
static int push_message(lua_State *L, par_lua_link *self, par_message *message, par_error *err)
{
    bool hold = self->holding;
    unsigned received = self->received;
    self->holding = false;
    int n = par_lua_link_decode(L, self, "message", 0, message->bytes, message->len, message->payloads, message->n_payloads, err);
    if (hold && n >= 0 && received == self->received)
        self->held = *message;
    else
        par_channel_release(self->link->channel, message);
    return n;
}

/* A child that was joined before all its messages were received leaves with the last one. */
static void after_message(lua_State *L, par_lua_link *self)
{
    if (!self->joined || self->held.held || !self->link->channel || par_channel_has_data(self->link->channel)) return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &last_key);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
}

static int throw_receive(lua_State *L, par_lua_link *self, const par_error *err)
{
    if (err->code == PAR_E_CLOSED && self->link->state == PAR_LINK_YIELDED) {
        char text[100];
        snprintf(text, sizeof text, "receive from child %u: it waits in parallel.yield(); join it first",
                 (unsigned)self->id);
        return par_lua_throw(L, "yielded", self->id, text);
    }
    return par_lua_link_throw(L, self, err, "receive from");
}

/* Receives one message with one value and pushes it. Raises. */
static void receive_value(lua_State *L, par_lua_link *self, int64_t deadline_ns)
{
    par_error err;
    par_message message;
    self->L = L;
    if (receive_message(self, &message, deadline_ns, &err) != PAR_OK) throw_receive(L, self, &err);
    int64_t began_ns = par_trace_begin(), bytes = (int64_t)message.len;
    int n = push_message(L, self, &message, &err);
    if (n < 0) par_lua_throw_status(L, self->id, &err);
    par_trace_end("receive", began_ns, self->id, bytes);
    if (n != 1) {
        lua_settop(L, lua_gettop(L) - n);
        lua_pushnil(L);
    }
    if (self->joined) after_message(L, self);
}

/* Calls target:name(value). */
static void call_with_value(lua_State *L, int target, const char *name, int value)
{
    lua_getfield(L, target, name);
    lua_pushvalue(L, target);
    lua_pushvalue(L, value);
    lua_call(L, 2, 0);
}

/* object:name() as a number, or -1 where there is no such method. */
static double size_by(lua_State *L, int object, const char *name)
{
    double size = -1;
    lua_getfield(L, object, name);
    if (lua_isfunction(L, -1)) {
        lua_pushvalue(L, object);
        lua_call(L, 1, 1);
        size = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
    return size;
}

/* The target of receive(target) takes over the tensor or storage that came, in its own type. A target that holds another
 * number of elements gets the shape of what came. Pushes the target. */
static void copy_into(lua_State *L, int target)
{
    int value = lua_gettop(L);
    if (!lua_isuserdata(L, value))
        luaL_error(L, "parallel: the message that came is a %s: it cannot fill the tensor or storage given to receive",
                   luaL_typename(L, value));
    double elements = size_by(L, target, "nElement");
    if (elements >= 0 && elements != size_by(L, value, "nElement")) {
        call_with_value(L, target, "resizeAs", value);
    } else if (elements < 0 && size_by(L, target, "size") != size_by(L, value, "size")) {
        lua_getfield(L, target, "resize");
        lua_pushvalue(L, target);
        lua_pushinteger(L, (lua_Integer)size_by(L, value, "size"));
        lua_call(L, 2, 0);
    }
    call_with_value(L, target, "copy", value);
    lua_pushvalue(L, target);
}

static int receive_noblock(lua_State *L, par_lua_link *self)
{
    par_error err;
    par_message message;
    self->L = L;
    int rc = receive_message(self, &message, 0, &err);
    if (rc == PAR_E_TIMEOUT || rc == PAR_E_CLOSED) {
        lua_pushnil(L);
        lua_pushboolean(L, 0);
        return 2;
    }
    if (rc != PAR_OK) return throw_receive(L, self, &err);
    if (push_message(L, self, &message, &err) < 0) return par_lua_throw_status(L, self->id, &err);
    if (self->joined) after_message(L, self);
    lua_pushboolean(L, 1);
    return 2;
}

static bool is_noblock(lua_State *L, int idx)
{
    return lua_type(L, idx) == LUA_TSTRING && strcmp(lua_tostring(L, idx), "noblock") == 0;
}

/* child:receive([target] [, {timeout=}]) -> value; child:receive('noblock') -> value, true | nil, false */
static int link_receive(lua_State *L)
{
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    if (lua_gettop(L) == 1) {
        receive_value(L, self, PAR_NEVER);
        return 1;
    }
    lua_settop(L, 3);
    if (lua_isnil(L, 2)) { /* no target, perhaps options */
        lua_remove(L, 2);
        lua_settop(L, 3);
    }
    if (is_noblock(L, 2)) return receive_noblock(L, self);
    int target = 0, options = 2;
    if (lua_isuserdata(L, 2)) {
        target = 2;
        options = 3;
        if (is_noblock(L, 3)) {
            int n = receive_noblock(L, self);
            if (!lua_toboolean(L, -1)) return n;
            lua_pop(L, 1);
            copy_into(L, target);
            lua_pushboolean(L, 1);
            return 2;
        }
    } else if (!lua_isnil(L, 2) && !lua_istable(L, 2)) {
        return luaL_argerror(L, 2, "a tensor or storage to fill, 'noblock' or an options table expected");
    }
    receive_value(L, self, par_lua_deadline(L, options));
    if (target) copy_into(L, target);
    return 1;
}

/* The error object for a receive that brought nothing, raised: what try_receive catches. */
static int raise_receive(lua_State *L)
{
    par_lua_link *self = lua_touserdata(L, 1);
    return throw_receive(L, self, lua_touserdata(L, 2));
}

/* child:try_receive([timeout]) -> true, value | false, error object. Raises only what is not the peer's doing: Ctrl-C, want of
 * memory. */
static int link_try_receive(lua_State *L)
{
    par_error err;
    par_message message;
    par_lua_give_back(L);
    par_lua_link *self = par_lua_link_check(L, 1);
    int64_t deadline_ns = lua_isnoneornil(L, 2) ? 0 : par_lua_deadline_of(L, 2, "timeout");
    lua_settop(L, 1);
    self->L = L;
    int rc = receive_message(self, &message, deadline_ns, &err);
    if (rc == PAR_E_INTERRUPTED) return lua_error(L); /* its error is at the top */
    if (rc == PAR_OK) {
        lua_pushboolean(L, 1);
        rc = push_message(L, self, &message, &err);
        if (rc == 1 && self->joined) after_message(L, self);
        if (rc == 1) return 2;
    }
    lua_settop(L, 1);
    lua_pushcfunction(L, raise_receive);
    lua_pushlightuserdata(L, self);
    lua_pushlightuserdata(L, &err);
    bool raised = par_lua_catch(L, 2, 0) != 0;
    if (!raised || !par_lua_is_error(L, -1)) return raised ? lua_error(L) : luaL_error(L, "parallel: %s", err.text);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* links.ready(child) -> is there a message, a notice or an end? */
static int link_ready(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_pushboolean(L, !self->link->channel || par_channel_ready(self->link->channel));
    return 1;
}

/* links.has_message(child) -> is a message waiting? Takes in what has come. */
static int link_has_message(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_pushboolean(L, self->link->channel && par_channel_has_data(self->link->channel));
    return 1;
}

/* links.hold(child): the message that is received next can be put back by links.settle(child, false); links.settle(child, true)
 * lets it go. One of the two has to follow. */
static int link_hold(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    self->holding = true;
    self->held = (par_message){0};
    return 0;
}

static int link_settle(lua_State *L)
{
    par_error ignored;
    par_lua_link *self = par_lua_link_to(L, 1);
    if (!self) return luaL_argerror(L, 1, "child expected");
    par_message message = self->held;
    self->holding = false;
    self->held = (par_message){0};
    if (!message.held || !self->link || !self->link->channel) return 0;
    if (lua_toboolean(L, 2)) {
        par_channel_release(self->link->channel, &message);
        if (self->joined) after_message(L, self);
    } else if (par_channel_unreceive(self->link->channel, &message, &ignored) != PAR_OK) {
        par_channel_release(self->link->channel, &message); /* no memory: it is lost */
    }
    return 0;
}

/* links.forget(child): closes the handle; a process that still runs is killed. */
static int link_forget(lua_State *L)
{
    if (!par_lua_link_to(L, 1)) return luaL_argerror(L, 1, "child expected");
    return link_gc(L);
}

/* links.retire(child) -> is it gone, with no message left? Its channel is closed then. */
static int link_retire(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    lua_pushboolean(L, par_link_retire(self->link));
    return 1;
}

/* links.retired(child), links.ended(child), links.is_parent(child): questions without side effects */
static int link_retired(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    lua_pushboolean(L, !self || !self->link || !self->link->channel);
    return 1;
}

static int link_ended(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    lua_pushboolean(L, !self || !self->link || par_link_ended(self->link));
    return 1;
}

static int link_is_parent(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    lua_pushboolean(L, self && self->link && self->link->is_parent);
    return 1;
}

/* links.limit_inbox(child, bytes): so much of its messages may wait to be received. */
static int link_limit_inbox(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    if (self->link->channel) par_channel_limit_inbox(self->link->channel, (uint64_t)luaL_checknumber(L, 2));
    return 0;
}

/* links.set_joined(child): from now on its last message lets it leave. */
static int link_set_joined(lua_State *L)
{
    par_lua_link_check(L, 1)->joined = true;
    return 0;
}

/* links.on_last_message(function): called with a joined child whose last message was received. */
static int link_on_last_message(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &last_key);
    return 0;
}

/* links.is_child(value) */
static int is_child(lua_State *L)
{
    lua_pushboolean(L, par_lua_link_to(L, 1) != NULL);
    return 1;
}

/* links.fields(child) -> the table behind child.id and the rest */
static int link_fields(lua_State *L)
{
    if (!par_lua_link_to(L, 1)) return luaL_argerror(L, 1, "child expected");
    luaL_getmetafield(L, 1, "__index");
    return 1;
}

void par_lua_open_links(lua_State *L)
{
    static const luaL_Reg methods[] = {{"send", link_send},
                                       {"receive", link_receive},
                                       {"try_receive", link_try_receive},
                                       {NULL, NULL}};
    static const luaL_Reg internals[] = {{"ready", link_ready},
                                         {"has_message", link_has_message},
                                         {"hold", link_hold},
                                         {"settle", link_settle},
                                         {"forget", link_forget},
                                         {"is_child", is_child},
                                         {"retire", link_retire},
                                         {"retired", link_retired},
                                         {"ended", link_ended},
                                         {"is_parent", link_is_parent},
                                         {"set_joined", link_set_joined},
                                         {"limit_inbox", link_limit_inbox},
                                         {"on_last_message", link_on_last_message},
                                         {"fields", link_fields},
                                         {NULL, NULL}};
    luaL_newlib(L, methods);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "__index");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &fallback_key);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &methods_key);
    lua_setfield(L, -2, "child_methods"); /* for users: child:send(...) */
    luaL_newlib(L, internals);
    lua_setfield(L, -2, "links"); /* for lua/parallel: links.wait(child) */
}
