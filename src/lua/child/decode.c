#include "lua/child/decode.h"

#include "codec/compat.h"
#include "link/message.h"

int par_lua_link_decode(lua_State *L, par_lua_link *self, const par_lua_source *source, const uint8_t *bytes, size_t len,
                        par_blob *const *payloads, uint32_t n_payloads, par_error *err)
{
    par_codec_origin origin = {.id = self->link->is_parent ? 0 : self->id, .what = source->what, .skip = source->skip};
    return par_codec_decode_from(L, self->codec, bytes, len, payloads, n_payloads, self->decode_flags, &origin, err);
}

typedef struct reading {
    par_link *link;
    par_message *message;
    bool hold;
} reading;

/* The codec has a copy: hooks may receive the next message. */
static void on_taken(void *context)
{
    reading *r = context;
    r->link->reading = NULL;
    if (!r->hold) par_link_release(r->link, r->message);
}

static int push_string(lua_State *L)
{
    const par_message *message = lua_touserdata(L, 1);
    lua_pushlstring(L, (const char *)message->bytes, message->len);
    return 1;
}

/* From a program: one string. */
static int push_bytes(lua_State *L, par_lua_link *self, par_message *message, par_error *err)
{
    bool hold = self->holding;
    int rc = PAR_E_RAISED;
    self->holding = false;
    PAR_LINK_READ(self->link);
    if (message->n_payloads) {
        rc = par_error_set(err, PAR_E_UNSUPPORTED, "the message of a program has a shared buffer, which Lua has no use for");
    } else {
        lua_pushcfunction(L, push_string);
        lua_pushlightuserdata(L, message);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK) rc = 1;
        else par_error_set(err, PAR_E_RAISED, "not enough memory");
    }
    self->link->reading = NULL;
    if (hold && rc > 0) self->held = *message;
    else par_link_release(self->link, message);
    return rc;
}

/* With what came beside it. */
static size_t message_bytes(const par_message *message)
{
    size_t bytes = message->len;
    for (uint32_t i = 0; i < message->n_payloads; i++) bytes += message->payloads[i]->bytes;
    return bytes;
}

/* A short message: it is given back before anything runs. 0: it is another. */
static int push_short(lua_State *L, par_lua_link *self, par_message *message)
{
    par_codec_flat flat;
    bool taken = par_codec_take_flat(&flat, message->bytes, message->len);
    int n = taken ? 1 : par_codec_decode_plain(L, message->bytes, message->len);
    if (n == 0) return 0;
    par_link_release(self->link, message);
    if (taken) par_codec_push_flat(L, &flat);
    return n;
}

int par_lua_link_push_message(lua_State *L, par_lua_link *self, const par_lua_source *source, par_message *message, par_error *err)
{
    if (message->n_payloads == 0 && message->kind != PAR_KIND_BYTES && !self->holding) {
        int pushed = push_short(L, self, message);
        if (pushed) return pushed;
    }
    par_lua_blocks_expect(L, self->blocks, message_bytes(message));
    if (message->kind == PAR_KIND_BYTES) return push_bytes(L, self, message, err);
    par_error ignored;
    reading r = {self->link, message, self->holding};
    par_codec_origin origin = {self->link->is_parent ? 0 : self->id, source->what, source->skip, on_taken, &r};
    self->holding = false;
    PAR_LINK_READ(r.link);
    int n = par_codec_decode_from(L, self->codec, message->bytes, message->len, message->payloads, message->n_payloads, self->decode_flags,
                                  &origin, err);
    r.link->reading = NULL;
    if (r.hold && n >= 0) self->held = *message;
    else if (n != PAR_E_LIMIT || par_link_unreceive(r.link, message, &ignored) != PAR_OK) par_link_release(r.link, message);
    return n;
}
