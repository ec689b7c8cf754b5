#include "lua/child/send.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/message.h"
#include "lua/child/arguments.h"
#include "lua/child/ends.h"
#include "lua/child/parts.h"
#include "lua/tensor/box.h"
#include "trace/trace.h"

#define CLAIM_BYTES 64 /* less room in the ring is not worth trying */

/* What a message carries beside its own bytes. */
static int64_t payloads_bytes(const par_encoded *encoded)
{
    int64_t bytes = 0;
    for (uint32_t i = 0; i < encoded->n_payloads; i++) bytes += (int64_t)encoded->payloads[i].bytes;
    return bytes;
}

/* "Lua 5.4" of a fingerprint that begins with it. */
static int kind_len(const char *fingerprint)
{
    const char *space = strchr(fingerprint, ' ');
    return space ? (int)(space + 1 - fingerprint) + (int)strcspn(space + 1, " ") : 0;
}

/* What cannot go to another kind of Lua is refused by the codec, which does not know to which. */
static void name_kinds(lua_State *L, const par_lua_link *self, par_error *err)
{
    char own[200], text[sizeof err->text];
    const char *other = self->link ? self->link->fingerprint : "";
    if (!*other || !strstr(err->text, "to another kind of Lua")) return;
    par_codec_fingerprint(L, own, sizeof own);
    snprintf(text, sizeof text, "%s", err->text);
    snprintf(err->text, sizeof err->text, "%.400s (this is %.*s, the other side %.*s)", text, kind_len(own), own, kind_len(other), other);
}

/* Encodes into a claim, of which it notes whether somebody further in took its place. */
static int encode(lua_State *L, par_lua_link *self, const par_lua_outgoing *message, par_encoded *encoded, par_error *err)
{
    size_t room = 0;
    uint8_t *span = par_link_claim(self->link, CLAIM_BYTES, &room);
    self->claiming = PAR_FRAME_HERE;
    int rc = par_codec_encode(L, self->codec, message->first, message->count, message->name, message->flags | self->encode_flags, span,
                              span ? room : 0, encoded, err);
    self->claiming = NULL;
    self->waiting->L = L; /* hooks may have made calls of their own, and left them by an error */
    return rc;
}

/* Through the codec's own buffer: long messages, those with payloads, and those whose claim was lost to another message. */
static int put_apart(lua_State *L, par_lua_link *self, const par_lua_outgoing *message, par_encoded *encoded, par_error *err)
{
    int rc = PAR_OK;
    if (encoded->in_span)
        rc = par_codec_encode(L, self->codec, message->first, message->count, message->name, message->flags | self->encode_flags, NULL, 0,
                              encoded, err);
    if (rc != PAR_OK) return rc;
    self->waiting->L = L;
    if (message->common) par_link_announce_common(self->link, encoded->len + (uint64_t)payloads_bytes(encoded));
    rc = par_link_send(self->link, message->kind, encoded->bytes, encoded->len, encoded->payloads, encoded->n_payloads,
                       message->deadline_ns, err);
    par_codec_sent(L, encoded);
    return rc;
}

/* To a program: the bytes of one string. */
static int put_bytes(lua_State *L, par_lua_link *self, const par_lua_outgoing *message, int64_t *bytes, par_error *err)
{
    size_t len;
    if (message->kind != PAR_KIND_DATA) return par_error_set(err, PAR_E_UNSUPPORTED, "it is a program, which takes messages only");
    if (message->count != 1 || lua_type(L, message->first) != LUA_TSTRING)
        return par_error_set(err, PAR_E_UNSUPPORTED, "%s: a program takes strings, not a %s", message->name,
                             luaL_typename(L, message->first));
    const char *text = lua_tolstring(L, message->first, &len);
    if (bytes) *bytes = (int64_t)len;
    return par_link_send(self->link, PAR_KIND_BYTES, text, len, NULL, 0, message->deadline_ns, err);
}

int par_lua_link_put(lua_State *L, par_lua_link *self, const par_lua_outgoing *message, int64_t *bytes, par_error *err)
{
    par_encoded encoded;
    if (self->raw) return put_bytes(L, self, message, bytes, err);
    int rc = encode(L, self, message, &encoded, err);
    if (rc == PAR_E_UNSUPPORTED && self->encode_flags) name_kinds(L, self, err);
    if (rc != PAR_OK) return rc;
    rc = PAR_E_AGAIN;
    if (encoded.in_span && encoded.n_payloads == 0) rc = par_link_commit(self->link, message->kind, encoded.len, message->quietly, err);
    if (rc == PAR_E_AGAIN) rc = put_apart(L, self, message, &encoded, err);
    if (bytes && rc == PAR_OK) *bytes = (int64_t)encoded.len + payloads_bytes(&encoded);
    return rc;
}

void par_lua_link_send(lua_State *L, par_lua_link *self, const par_lua_outgoing *message)
{
    par_error err;
    int64_t bytes, began_ns = par_trace_begin();
    par_lua_use use = par_lua_enter(L, self);
    int rc = par_link_is_there(self->link) ? par_lua_link_put(L, self, message, began_ns ? &bytes : NULL, &err)
                                           : par_error_set(&err, PAR_E_CLOSED, "it has ended");
    par_lua_link_settle(L, self, par_lua_leave(self, use), rc, &err, "send to");
    par_trace_end("send", began_ns, self->id, began_ns ? bytes : 0);
}

void par_lua_link_send_values(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name)
{
    par_lua_outgoing message = {.kind = kind, .first = first, .count = count, .name = name, .deadline_ns = PAR_NEVER};
    par_lua_link_send(L, self, &message);
}

void par_lua_link_send_common(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name)
{
    par_lua_outgoing message = {.kind = kind, .first = first, .count = count, .name = name, .common = true, .deadline_ns = PAR_NEVER};
    par_lua_link_send(L, self, &message);
}

/* child:send(value [, {timeout=, lossy=}]) */
static int link_send(lua_State *L)
{
    par_lua_give_back(L);
    static const char *const options[] = {"timeout", "lossy", NULL};
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_outgoing message = {.kind = PAR_KIND_DATA, .first = 2, .count = 1, .name = "message", .deadline_ns = PAR_NEVER};
    if (lua_gettop(L) != 2) {
        par_lua_check_options(L, 3, "send", options);
        message.deadline_ns = par_lua_deadline(L, 3);
        message.flags = par_lua_send_flags(L, 3);
        lua_settop(L, 2);
    }
    par_lua_link_send(L, self, &message);
    return 0;
}

void par_lua_open_send(lua_State *L)
{
    static const luaL_Reg methods[] = {{"send", link_send}, {NULL, NULL}};
    par_lua_child_methods(L, methods);
}
