#include "lua/child/ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/compat.h"
#include "lua/child/decode.h"
#include "lua/error.h"

static const char *whom(const par_lua_link *self, char *out, size_t room)
{
    if (self->link->is_parent) snprintf(out, room, "the parent");
    else snprintf(out, room, "child %u", (unsigned)self->id);
    return out;
}

/* The error value of a child that failed, if it had one, into the error object at the top. */
static void set_value(lua_State *L, par_lua_link *self, const par_kept *final, const par_failure *failure)
{
    static const par_lua_source source = {"error", 0};
    par_error err;
    int n = par_lua_link_decode(L, self, &source, failure->value, failure->value_len, final->payloads, final->n_payloads, &err);
    if (n == PAR_E_RAISED) lua_pop(L, 1);
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
    if (failure.value) set_value(L, self, final, &failure);
}

/* The interpreter of a child runs what stands there before anything of ours. */
static const char *init_hint(void)
{
    char versioned[32];
    snprintf(versioned, sizeof versioned, "LUA_INIT_%d_%d", LUA_VERSION_NUM / 100, LUA_VERSION_NUM % 100);
    return getenv("LUA_INIT") || getenv(versioned) ? " LUA_INIT is set: it runs what stands there first" : "";
}

/* How a child ended that said nothing of it. */
static void tell_death(const par_link *link, char *text, size_t room)
{
    const par_os_exit *end = &link->exit;
    if (link->lost) snprintf(text, room, "%s", link->lost);
    else if (end->status < 0)
        snprintf(text, room,
                 "it ended %s, and how is not known: this program ignores SIGCHLD, or reaps children "
                 "that are not its own%s",
                 link->hello ? "without a result" : "before it was ready", link->hello ? "" : init_hint());
    else if (!link->hello && !end->signal)
        snprintf(text, room, "it ended before it was ready (exit status %d): is it a Lua interpreter that works?%s", end->status,
                 init_hint());
    else if (end->signal)
        snprintf(text, room, "it was killed by signal %d (%s)%s", end->signal, strsignal(end->signal),
                 link->hello ? "" : " before it was ready");
    else snprintf(text, room, "it ended with exit status %d", end->status);
}

static void push_death(lua_State *L, par_lua_link *self)
{
    char text[500];
    if (self->link->corrupt) {
        par_lua_push_error(L, "corrupt", self->id, "it wrote what cannot be a message and was ended");
        return;
    }
    tell_death(self->link, text, sizeof text);
    int status = self->link->exit.status, signal = self->link->exit.signal;
    par_lua_push_error(L, "died", self->id, text);
    if (!signal && status < 0) return; /* not known */
    lua_pushinteger(L, signal ? signal : status);
    lua_setfield(L, -2, signal ? "signal" : "status");
}

/* Of a link that is entered. */
static void push_end(lua_State *L, par_lua_link *self)
{
    char who[32], text[120];
    self->link->asked = true;
    switch (self->link->state) {
    case PAR_LINK_FAILED: push_failure(L, self); return;
    case PAR_LINK_DIED: push_death(L, self); return;
    case PAR_LINK_QUIT:
        if (!self->link->hello) {
            push_death(L, self);
            return;
        }
        /* fall through */
    default: snprintf(text, sizeof text, "%s has ended", whom(self, who, sizeof who)); par_lua_push_error(L, "closed", self->id, text);
    }
}

void par_lua_link_push_end(lua_State *L, par_lua_link *self)
{
    par_lua_use use = par_lua_enter(L, self);
    push_end(L, self);
    par_lua_leave(self, use);
}

/* "receive from child 3: ..." for these codes; false: for the others what err says is enough. */
static bool push_status(lua_State *L, par_lua_link *self, const par_error *err, const char *verb)
{
    char who[32], text[sizeof err->text + 120];
    whom(self, who, sizeof who);
    switch (err->code) {
    case PAR_E_CLOSED:
        snprintf(text, sizeof text, "%s %s: it has ended%s", verb, who, self->link->is_parent ? "" : " normally, and no message is left");
        break;
    case PAR_E_TIMEOUT: snprintf(text, sizeof text, "%s %s: the time is up", verb, who); break;
    case PAR_E_CORRUPT:
    case PAR_E_LIMIT:
    case PAR_E_INVALID: snprintf(text, sizeof text, "%s %s: %.400s", verb, who, err->text); break;
    case PAR_E_FULL: snprintf(text, sizeof text, "%s %s: %.400s (parallel.setInboxSize allows more)", verb, who, err->text); break;
    default: return false;
    }
    const char *name = par_lua_code_name(err->code);
    if (name) par_lua_push_error(L, name, self->id, text);
    else lua_pushfstring(L, "parallel: %s", text);
    return true;
}

int par_lua_link_throw(lua_State *L, par_lua_link *self, const par_error *err, const char *verb)
{
    par_error why;
    par_lua_use use = par_lua_enter(L, self);
    par_link *link = self->link;
    bool pushed = false;
    if ((err->code == PAR_E_CLOSED || err->code == PAR_E_CORRUPT) && !link->is_parent) {
        if (par_link_lost(link, err->code, &why) != PAR_OK) err = &why;
        else pushed = link->state == PAR_LINK_FAILED || link->state == PAR_LINK_DIED || !link->hello;
    }
    if (pushed) push_end(L, self);
    else pushed = push_status(L, self, err, verb);
    par_lua_leave(self, use);
    return pushed ? par_lua_raise(L) : par_lua_throw_status(L, self->id, err);
}

int par_lua_link_fail(lua_State *L, par_lua_link *self, bool open, int rc, par_error *err, const char *verb)
{
    if (!open) return par_lua_throw_closed(L, self);
    err->code = rc;
    return par_lua_link_throw(L, self, err, verb);
}
