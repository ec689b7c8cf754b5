/* Refusals for people: the path inside the value, and what kind of thing was found there. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "codec/classes.h"
#include "codec/decoder.h"
#include "codec/encoder.h"

typedef struct path_text {
    char text[320];
    size_t len;
} path_text;

static void path_add(path_text *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void path_add(path_text *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(path->text + path->len, sizeof path->text - path->len, format, args);
    va_end(args);
    if (n > 0) path->len += (size_t)n;
    if (path->len >= sizeof path->text) path->len = sizeof path->text - 1;
}

static bool is_name(const char *s, size_t len)
{
    if (len == 0 || len > 40 || isdigit((unsigned char)s[0])) return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '_') return false;
    return true;
}

/* The key at the top of the stack; pops it. */
static void path_key(lua_State *L, path_text *path)
{
    size_t len;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING: {
        const char *s = lua_tolstring(L, -1, &len);
        if (is_name(s, len)) path_add(path, ".%s", s);
        else path_add(path, "[\"%.30s%s\"]", s, len > 30 ? "..." : "");
        break;
    }
    case LUA_TNUMBER: path_add(path, "[%.14g]", (double)lua_tonumber(L, -1)); break;
    case LUA_TBOOLEAN: path_add(path, "[%s]", lua_toboolean(L, -1) ? "true" : "false"); break;
    default: path_add(path, "[a %s]", lua_typename(L, lua_type(L, -1)));
    }
    lua_pop(L, 1);
}

static void path_upvalue(lua_State *L, const par_levels *levels, size_t level, size_t i, path_text *path)
{
    par_levels_push(L, levels, level, 0);
    const char *name = lua_getupvalue(L, -1, (int)i);
    if (name) lua_pop(L, 1);
    lua_pop(L, 1);
    if (name && *name) path_add(path, "<upvalue %s>", name);
    else path_add(path, "<upvalue %d>", (int)i);
}

static void path_level(lua_State *L, par_encoder *e, size_t level, path_text *path)
{
    const par_open *open = &e->open[level];
    switch (open->step) {
    case PAR_STEP_SEQUENCE:
    case PAR_STEP_FILL: path_add(path, "[%zu]", open->i); break;
    case PAR_STEP_RECORD:
    case PAR_STEP_HASH:
        par_levels_push(L, &e->levels, level, 1);
        path_key(L, path);
        break;
    case PAR_STEP_KEY: path_add(path, "<a key>"); break;
    case PAR_STEP_METATABLE: path_add(path, "<metatable>"); break;
    case PAR_STEP_UPVALUES: path_upvalue(L, &e->levels, level, open->i, path); break;
    case PAR_STEP_HOOKED: path_add(path, "<encoded %zu>", open->i); break;
    case PAR_STEP_CLASS: path_add(path, "<written>"); break;
    }
}

static void path_filling(lua_State *L, par_decoder *d, size_t level, path_text *path)
{
    const par_filling *filling = &d->open[level];
    switch (filling->take) {
    case PAR_TAKE_ELEMENT: path_add(path, "[%zu]", filling->i); break;
    case PAR_TAKE_FIELD:
    case PAR_TAKE_VALUE:
        par_levels_push(L, &d->levels, level, 1);
        path_key(L, path);
        break;
    case PAR_TAKE_KEY: path_add(path, "<a key>"); break;
    case PAR_TAKE_METATABLE: path_add(path, "<metatable>"); break;
    case PAR_TAKE_UPVALUE: path_upvalue(L, &d->levels, level, filling->i, path); break;
    case PAR_TAKE_HOOKED: path_add(path, "<encoded %zu>", filling->i); break;
    case PAR_TAKE_CLASS:
        if (filling->i == PAR_CLASS_VALUES) path_add(path, "<written>");
        break;
    }
}

#define SHOWN_FIRST 8u
#define SHOWN_LAST 4u

static void path_of(lua_State *L, par_encoder *e, path_text *path)
{
    path->len = 0;
    path_add(path, "%s", e->name);
    if (e->count > 1) path_add(path, " %d", e->current);
    size_t depth = e->levels.depth;
    for (size_t level = 0; level < depth; level++) {
        if (level == SHOWN_FIRST && depth > SHOWN_FIRST + SHOWN_LAST) {
            path_add(path, "...(%zu more)...", depth - SHOWN_FIRST - SHOWN_LAST);
            level = depth - SHOWN_LAST;
        }
        path_level(L, e, level, path);
    }
}

/* Goes on with the path to the value that is being read. */
static void path_to_read(lua_State *L, par_decoder *d, path_text *path)
{
    size_t depth = d->levels.depth;
    for (size_t level = 0; level < depth; level++) {
        if (level == SHOWN_FIRST && depth > SHOWN_FIRST + SHOWN_LAST) {
            path_add(path, "...(%zu more)...", depth - SHOWN_FIRST - SHOWN_LAST);
            level = depth - SHOWN_LAST;
        }
        path_filling(L, d, level, path);
    }
}

static void name_refused(lua_State *L, par_decoder *d)
{
    const par_codec_origin *origin = d->origin;
    path_text path = {.len = 0};
    path_add(&path, "%s", origin->what);
    if (d->count - origin->skip > 1) path_add(&path, " %d", d->current - origin->skip);
    path_to_read(L, d, &path);
    char who[24] = "the parent";
    if (origin->id) snprintf(who, sizeof who, "child %u", origin->id);
    par_error_set(d->err, PAR_E_UNSUPPORTED, "%s sent %s at %.190s, which functions=false forbids", who, d->refused, path.text);
}

void par_decode_name_place(lua_State *L, par_decoder *d)
{
    if (d->refused[0] && d->origin) {
        name_refused(L, d);
        return;
    }
    path_text path = {.len = 0};
    path_add(&path, "value %d", d->current);
    path_to_read(L, d, &path);
    char what[sizeof d->err->text];
    snprintf(what, sizeof what, "%s", d->err->text);
    snprintf(d->err->text, sizeof d->err->text, "%.190s: %.300s", path.text, what);
}

int par_refuse(lua_State *L, par_encoder *e, const char *format, ...)
{
    path_text path;
    path_of(L, e, &path);
    char what[320];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return par_error_set(e->err, PAR_E_UNSUPPORTED, "%s: %s", path.text, what);
}

int par_refuse_handle(lua_State *L, par_encoder *e, const char *type)
{
    return par_refuse(
        L, e,
        "cannot send a handle (%s): children, pools, futures and groups are of use only in the process that has them; children that are "
        "to talk to each other can be made a parallel.group, which each of them takes by parallel.group([name])",
        type);
}
