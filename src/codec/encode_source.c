/* A function as source text, for another kind of Lua: the whole chunk, or the part of it that is the function. Only
 * functions without upvalues of their own can go this way, since their text is all there is to them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/encoder.h"
#include "codec/source.h"
#include "os/file.h"

/* Pushes the text of the chunk that the function came from. */
static int push_chunk(lua_State *L, par_encoder *e, const lua_Debug *ar)
{
    if (*ar->source == '=') return par_refuse(L, e, "cannot send a function without source to another kind of Lua");
    if (*ar->source != '@') {
        lua_pushstring(L, ar->source);
        return PAR_OK;
    }
    const char *path = ar->source + 1;
    par_os_file *file;
    par_error why;
    if (par_os_file_open(path, true, false, &file, &why) != PAR_OK)
        return par_refuse(L, e, "cannot send a function to another kind of Lua: %s: %s", path, strerror(why.sys));
    char piece[1024];
    size_t n;
    int rc = PAR_OK;
    e->own_text.len = 0; /* of the encoder, so that nothing leaks when Lua raises */
    while (rc == PAR_OK && (n = par_os_file_read(file, piece, sizeof piece)) > 0) rc = par_buffer_append(&e->own_text, piece, n);
    par_os_file_close(file);
    if (rc != PAR_OK) return par_output_full(e);
    lua_pushlstring(L, (const char *)e->own_text.data, e->own_text.len);
    par_buffer_fini(&e->own_text);
    return PAR_OK;
}

/* Is there nothing to the function but its text and the globals? */
static bool only_globals(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    const char *name = lua_getupvalue(L, -1, 1);
    if (!name) return true;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    bool globals = strcmp(name, "_ENV") == 0 && lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!globals) return false;
#else
    lua_getfenv(L, -1);
    bool globals = lua_rawequal(L, -1, LUA_GLOBALSINDEX);
    lua_pop(L, 1);
    if (!globals) return false;
#endif
    if (!lua_getupvalue(L, -1, LUA_VERSION_NUM >= 502 ? 2 : 1)) return true;
    lua_pop(L, 1);
    return false;
}

/* Pushes "return function ... end" from the chunk at index `chunk`. */
static void push_text(lua_State *L, int chunk, const par_source_span *span)
{
    size_t len;
    const char *text = lua_tolstring(L, chunk, &len);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, "return function");
    if (span->is_method) {
        size_t after = span->params + 1;
        while (after < len && strchr(" \t\r\n", text[after])) after++;
        luaL_addstring(&buffer, after < len && text[after] == ')' ? "(self " : "(self, ");
        luaL_addlstring(&buffer, text + span->params + 1, span->end - span->params - 1);
    } else {
        luaL_addlstring(&buffer, text + span->params, span->end - span->params);
    }
    luaL_pushresult(&buffer);
}

static int add_to_text(lua_State *L, const void *bytes, size_t len, void *text)
{
    (void)L;
    return par_buffer_append(text, bytes, len) == PAR_OK ? 0 : 1;
}

/* Pushes the bytecode of the function at the top as a string, or nil. */
static void push_dump(lua_State *L, par_encoder *e)
{
    e->own_text.len = 0;
#if LUA_VERSION_NUM >= 503
    int rc = lua_dump(L, add_to_text, &e->own_text, 0);
#else
    int rc = lua_dump(L, add_to_text, &e->own_text);
#endif
    if (rc == 0) lua_pushlstring(L, (const char *)e->own_text.data, e->own_text.len);
    else lua_pushnil(L);
}

/* Is the function at index `function` the one of the text at the top, bytecode for bytecode? */
static bool same_code(lua_State *L, par_encoder *e, int function, const lua_Debug *ar)
{
    int top = lua_gettop(L);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int i = 1; i < ar->linedefined; i++) luaL_addchar(&buffer, '\n');
    luaL_pushresult(&buffer);
    lua_pushvalue(L, top);
    lua_concat(L, 2);
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    bool same = luaL_loadbuffer(L, text, len, ar->source) == LUA_OK && lua_pcall(L, 0, 1, 0) == LUA_OK;
    if (same) {
        push_dump(L, e);
        lua_pushvalue(L, function);
        push_dump(L, e);
        lua_remove(L, -2);
        same = lua_isstring(L, -1) && lua_rawequal(L, -1, -2);
    }
    lua_settop(L, top);
    return same;
}

#define CANDIDATES_MAX 16

/* Pushes the function's own expression. The chunk is at the top, the function below. When several functions stand in the
 * same lines, the right one is known by its bytecode. */
static int push_expression(lua_State *L, par_encoder *e, const lua_Debug *ar)
{
    size_t len;
    int chunk = lua_gettop(L);
    const char *text = lua_tolstring(L, chunk, &len);
    par_source_span spans[CANDIDATES_MAX];
    int found = par_source_find(text, len, ar->linedefined, ar->lastlinedefined, spans, CANDIDATES_MAX);
    for (int i = 0; i < found && i < CANDIDATES_MAX; i++) {
        push_text(L, chunk, &spans[i]);
        if (found == 1 || same_code(L, e, chunk - 1, ar)) return PAR_OK;
        lua_pop(L, 1);
    }
    return par_refuse(L, e, "cannot send a function to another kind of Lua: its text was not found in lines %d-%d of %s%s", ar->linedefined,
                      ar->lastlinedefined, ar->short_src,
                      found > 1 ? ", where several functions stand: begin it on a line of its own" : "");
}

/* Does the text at the top give a function here? A file may have changed since. */
static int check_text(lua_State *L, par_encoder *e, const lua_Debug *ar)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    if (luaL_loadbuffer(L, text, len, "=source") == LUA_OK) {
        lua_pop(L, 1);
        return PAR_OK;
    }
    return par_refuse(L, e, "cannot send a function to another kind of Lua: the text in %s is not that of the function", ar->short_src);
}

int par_encode_source(lua_State *L, par_encoder *e)
{
    lua_Debug ar;
    luaL_checkstack(L, 12, NULL);
    if (!only_globals(L))
        return par_refuse(L, e,
                          "cannot send a function with upvalues or an environment to another kind of Lua: give it these values "
                          "as arguments");
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &ar);
    bool main = strcmp(ar.what, "main") == 0;
    int top = lua_gettop(L), rc = push_chunk(L, e, &ar);
    if (rc == PAR_OK && !main) rc = push_expression(L, e, &ar);
    if (rc == PAR_OK && (rc = check_text(L, e, &ar)) == PAR_OK) {
        size_t len;
        const char *text = lua_tolstring(L, -1, &len);
        if (!par_output_room(e, 12)) return par_output_full(e);
        par_put_u8(e, PAR_TAG_SOURCE);
        par_put_u8(e, main ? PAR_SOURCE_CHUNK : PAR_SOURCE_FUNCTION);
        par_put_varint(e, main ? 0 : (uint64_t)ar.linedefined);
        if (*ar.source == '@' || main) lua_pushstring(L, ar.source);
        else lua_pushfstring(L, "=%s", ar.short_src);
        size_t name_len;
        const char *name = lua_tolstring(L, -1, &name_len);
        rc = par_put_block(e, name, name_len);
        if (rc == PAR_OK) rc = par_put_block(e, text, len);
    }
    if (rc != PAR_OK) return rc;
    lua_settop(L, top);
    return 1;
}
