/* The walk over a value: one pass, no recursion. The value to be written is at the top of the Lua stack; containers
 * become levels (levels.h) whose par_open says what comes next. */
#include <stdlib.h>

#include "codec/direct/direct.h"
#include "codec/encode_scalar.h"
#include "codec/encode_table.h"
#include "codec/shapes.h"

static int step_upvalues(lua_State *L, par_encoder *e, par_open *open)
{
    int rc = par_encode_next_upvalue(L, e, open);
    if (rc < 0) return rc;
    if (rc == 1) return 0;
    lua_pop(L, 1); /* the filler in the place of the key */
    return 1;
}

/* The values that an encode hook returned, or a class wrote; level: table of them, nil. */
static int step_hooked(lua_State *L, par_encoder *e, par_open *open)
{
    if (open->i < open->n) {
        lua_rawgeti(L, -2, (int)++open->i);
        return 0;
    }
    if (open->step == PAR_STEP_HOOKED) e->hooked_open--;
    lua_pop(L, 1);
    return 1;
}

/* ---- the walk ---- */

/* The value at the top that is not a scalar. 1: written, still at the top. 0: became a level. */
static int encode_container(lua_State *L, par_codec *codec, par_encoder *e)
{
    switch (lua_type(L, -1)) {
    case LUA_TTABLE: return par_encode_table(L, codec, e);
    case LUA_TFUNCTION: return par_encode_function(L, codec, e);
    case LUA_TUSERDATA: return par_encode_userdata(L, codec, e);
    case LUA_TLIGHTUSERDATA: return par_refuse(L, e, "cannot send a light userdata");
    case LUA_TTHREAD: return par_refuse(L, e, "cannot send a coroutine");
#if PAR_LUAJIT
    case PAR_LUA_TCDATA: return par_encode_cdata(L, codec, e);
#endif
    default: return par_refuse(L, e, "cannot send a %s", lua_typename(L, lua_type(L, -1)));
    }
}

static int step(lua_State *L, par_codec *codec, par_encoder *e)
{
    par_open *open = &e->open[e->levels.depth - 1];
    switch (open->step) {
    case PAR_STEP_UPVALUES: return step_upvalues(L, e, open);
    case PAR_STEP_HOOKED:
    case PAR_STEP_CLASS: return step_hooked(L, e, open);
    default: return par_encode_step_table(L, codec, e);
    }
}

/* Writes the value at the top of the stack and pops it. */
static int encode_value(lua_State *L, par_codec *codec, par_encoder *e)
{
    for (;;) {
        int rc = par_encode_scalar(L, e, -1);
        if (rc == 0) rc = encode_container(L, codec, e);
        if (rc < 0) return rc;
        if (rc > 0) lua_pop(L, 1);
        while (e->levels.depth) {
            rc = step(L, codec, e);
            if (rc < 0) return rc;
            if (rc == 0) break;
            lua_pop(L, 1); /* the container, which is complete */
            par_levels_leave(L, &e->levels, 0);
        }
        if (e->levels.depth == 0) return PAR_OK;
    }
}

/* ---- one message ---- */

static void begin_words(par_encoder *e)
{
    if (++e->words_epoch == 0) {
        memset(e->words, 0, PAR_WORD_SLOTS * sizeof *e->words);
        e->words_epoch = 1;
    }
    e->words_defined = e->words_missed = 0;
}

static int begin(lua_State *L, par_encoder *e, uint8_t *span, size_t room)
{
    if (!e->words) {
        e->words = calloc(PAR_WORD_SLOTS, sizeof *e->words + sizeof(size_t));
        if (!e->words) return par_error_set(e->err, PAR_E_NOMEM, "no memory for the codec");
    }
    begin_words(e);
    par_shapes_begin(&e->shapes);
    par_pointers_reset(&e->seen);
    if (e->own.capacity > PAR_CODEC_KEEP_BYTES) par_buffer_trim(&e->own, PAR_CODEC_KEEP_BYTES);
    par_buffer_fini(&e->own_text);
    e->n_payloads = 0;
    e->hooked_open = 0;
    e->globals = e->plain_metatable = NULL;
    e->direct = par_encode_may_go_direct(e) ? par_direct_tested() : NULL;
    e->header_flags = e->flags & PAR_ENCODE_LOSSY ? PAR_FORMAT_LOSSY : 0;
    e->in_span = span && room;
    e->start = e->p = e->in_span ? span : e->own.data;
    e->end = e->start ? e->start + (e->in_span ? room : e->own.capacity) : NULL;
    e->levels.base = lua_gettop(L);
    e->levels.depth = e->levels.spilled = 0;
    if (!lua_checkstack(L, 2 * (int)(PAR_LEVELS_EASY + 1) + PAR_LEVELS_SPARE))
        return par_error_set(e->err, PAR_E_NOMEM, "%s: no room on the Lua stack", e->name);
    return PAR_OK;
}

static int write_header(par_encoder *e, int count)
{
    if (!par_output_room(e, PAR_FORMAT_HEADER + 10)) return par_output_full(e);
    par_put_u8(e, PAR_FORMAT_VERSION);
    par_put_u8(e, 0);
    par_put_u8(e, 0);
    par_put_u8(e, count < PAR_FORMAT_MANY ? (unsigned)count : PAR_FORMAT_MANY);
    if (count >= PAR_FORMAT_MANY) par_put_varint(e, (uint64_t)count);
    return PAR_OK;
}

static int write_message(lua_State *L, par_codec *codec, par_encoder *e, int first, int count)
{
    int rc = write_header(e, count);
    for (int i = 0; rc == PAR_OK && i < count; i++) {
        e->current = i + 1;
        lua_pushvalue(L, first + i);
        rc = encode_value(L, codec, e);
    }
    if (rc == PAR_OK && e->n_storages) rc = par_encode_storages(codec, e);
    if (rc != PAR_OK) return rc;
    e->start[1] = e->header_flags;
    e->start[2] = e->words_defined < PAR_FORMAT_MANY ? (uint8_t)e->words_defined : PAR_FORMAT_MANY;
    if (par_output_at(e) > PAR_MESSAGE_MAX_BYTES)
        return par_error_set(e->err, PAR_E_LIMIT, "%s: the message is longer than %llu bytes", e->name,
                             (unsigned long long)PAR_MESSAGE_MAX_BYTES);
    return PAR_OK;
}

/* A small table, where the header ends. */
static bool encode_small(lua_State *L, par_encoder *e, int idx)
{
    const par_direct *direct = e->words && par_encode_may_go_direct(e) && !e->doubles_only ? par_direct_tested() : NULL;
    if (!direct) return false;
    begin_words(e);
    if (!direct->put_small(e, lua_topointer(L, idx))) return false;
    e->start[2] = (uint8_t)e->words_defined;
    return true;
}

/* A message of one scalar, or of one small table that is read directly, needs little of what begin() prepares. False: it is no such
 * message, it does not fit, or something of the message before has to be let go. */
static bool encode_plain(lua_State *L, par_encoder *e, int idx, uint8_t *span, size_t room)
{
    size_t len = 0;
    int type = lua_type(L, idx);
    const char *s = type == LUA_TSTRING ? lua_tolstring(L, idx, &len) : NULL;
    if (type == LUA_TNUMBER && e->doubles_only) return false;
    if (!s && !par_is_short(type) && type != LUA_TTABLE) return false;
    if (!span || len > room || room - len < PAR_FORMAT_HEADER + PAR_TABLE_BEGIN_BYTES) return false;
    if (e->kept || e->n_held || e->own_text.capacity || e->own.capacity > PAR_CODEC_KEEP_BYTES) return false;
    e->in_span = true;
    e->start = span;
    e->end = span + room;
    e->n_payloads = 0;
    const uint8_t header[PAR_FORMAT_HEADER] = {PAR_FORMAT_VERSION, e->flags & PAR_ENCODE_LOSSY ? PAR_FORMAT_LOSSY : 0, 0, 1};
    memcpy(span, header, sizeof header);
    e->p = span + sizeof header;
    if (s) return par_put_plain_string(e, s, len) == PAR_OK;
    return type == LUA_TTABLE ? encode_small(L, e, idx) : par_encode_short(L, e, type, idx) == 1;
}

void par_codec_sent(lua_State *L, const par_encoded *encoded)
{
    if (!encoded->by) return;
    encoded->by->frame = NULL;
    if (encoded->n_payloads) par_encode_let_go(L, encoded->by, &encoded->by->encoder);
}

bool par_codec_leave_span(lua_State *L, par_codec *codec)
{
    bool left = true;
    for (; codec && PAR_FRAME_LIVES(codec->frame); codec = par_codec_inner(L, codec))
        if (codec->encoding) left = par_output_leave_span(&codec->encoder) && left;
    return left;
}

/* The message into e, by one walk or two. */
static int encode_message(lua_State *L, par_codec *codec, par_encoder *e, int first, int count, uint8_t *span, size_t room)
{
    bool again;
    int rc, top = lua_gettop(L);
    do {
        par_encode_let_go(L, codec, e);
        rc = begin(L, e, span, room);
        if (rc != PAR_OK) return rc;
        rc = write_message(L, codec, e, first, count);
        if (rc == PAR_E_RAISED) rc = par_codec_raised(L, top, e->err);
        else lua_settop(L, top);
        par_levels_reset(L, &e->levels);
        /* What is refused may stand in a library, which travels by name: its tables are known by their functions only. */
        again = !e->check_names && (rc == PAR_AGAIN_WITH_NAMES || rc == PAR_E_UNSUPPORTED);
        e->check_names = true;
    } while (again);
    if (rc != PAR_OK || e->n_payloads == 0) par_encode_let_go(L, codec, e);
    return rc;
}

int par_codec_encode(lua_State *L, par_codec *codec, int first, int count, const char *name, unsigned flags, uint8_t *span, size_t room,
                     par_encoded *out, par_error *err)
{
    codec = par_codec_idle(L, codec, PAR_FRAME_HERE);
    par_encoder *e = &codec->encoder;
    if (first < 0) first = lua_absindex(L, first);
    e->flags = flags;
    e->name = name;
    e->count = count;
    e->err = err;
    e->check_names = e->names_fresh = false;
    e->doubles_only = (flags & PAR_ENCODE_FLOATS) && !(flags & PAR_ENCODE_LOSSY);
    if (count == 1 && encode_plain(L, e, first, span, room)) {
        *out = (par_encoded){.by = NULL, .bytes = e->start, .len = par_output_at(e), .in_span = true};
        return PAR_OK;
    }
    codec->frame = PAR_FRAME_HERE;
    codec->encoding = true;
    int rc = encode_message(L, codec, e, first, count, span, room);
    codec->encoding = false;
    if (rc != PAR_OK || e->in_span) codec->frame = NULL; /* else until par_codec_sent */
    if (rc != PAR_OK) return rc;
    *out = (par_encoded){.by = codec,
                         .bytes = e->start,
                         .len = par_output_at(e),
                         .in_span = e->in_span,
                         .payloads = e->payloads,
                         .n_payloads = e->n_payloads};
    return PAR_OK;
}
