#include "lua/error.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <string.h>

#include "codec/compat.h"
#include "lua/parts.h"

static const char metatable_key; /* its address is the key in the registry: of error objects */
static const char folder_key;    /* of the folder of our Lua files, as their source has it: "@.../" */

const char *par_lua_code_name(int code)
{
    switch (code) {
    case PAR_E_TIMEOUT: return "timeout";
    case PAR_E_CLOSED: return "closed";
    case PAR_E_CORRUPT: return "corrupt";
    case PAR_E_UNSUPPORTED: return "unsupported";
    case PAR_E_FULL: return "full";
    case PAR_E_LIMIT: return "limit";
    default: return NULL;
    }
}

void par_lua_push_error(lua_State *L, const char *code, unsigned id, const char *message)
{
    luaL_checkstack(L, 4, "no room for an error");
    lua_createtable(L, 0, 4);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushinteger(L, (lua_Integer)id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
}

int par_lua_is_error(lua_State *L, int idx)
{
    if (!lua_istable(L, idx) || !lua_getmetatable(L, idx)) return 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static _Thread_local int catching; /* par_lua_catch calls under way */

int par_lua_catch(lua_State *L, int arguments, int results)
{
    catching++;
    int rc = lua_pcall(L, arguments, results, 0);
    catching--;
    return rc;
}

#if LUA_VERSION_NUM < 502 && !PAR_LUAJIT
/* Is some pcall, xpcall or coroutine between us and the host? Their C functions have no other mark than their value. */
static int is_protected(lua_State *L)
{
    lua_Debug at;
    if (catching) return 1;
    if (lua_pushthread(L) == 0) {
        lua_pop(L, 1);
        return 1;
    }
    lua_pop(L, 1);
    for (int level = 0; lua_getstack(L, level, &at); level++) {
        static const char *const names[] = {"pcall", "xpcall"};
        lua_getinfo(L, "f", &at);
        for (int i = 0; i < 2; i++) {
            par_lua_push_global(L, names[i]);
            int same = lua_rawequal(L, -1, -2);
            lua_pop(L, 1);
            if (same) {
                lua_pop(L, 1);
                return 1;
            }
        }
        lua_pop(L, 1);
    }
    return 0;
}

int par_lua_raise(lua_State *L)
{
    if (lua_istable(L, -1) && !is_protected(L)) {
        lua_getglobal(L, "tostring");
        lua_insert(L, -2);
        if (lua_pcall(L, 1, 1, 0) != 0) return lua_error(L);
    }
    return lua_error(L);
}
#else
int par_lua_raise(lua_State *L) { return lua_error(L); }
#endif

int par_lua_throw(lua_State *L, const char *code, unsigned id, const char *message)
{
    par_lua_push_error(L, code, id, message);
    return par_lua_raise(L);
}

static bool is_ours(const lua_Debug *at, const char *folder) { return folder && strncmp(at->source, folder, strlen(folder)) == 0; }

void par_lua_where(lua_State *L)
{
    lua_Debug at;
    luaL_checkstack(L, 6, "no room for an error");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &folder_key);
    const char *folder = lua_tostring(L, -1);
    bool found = false;
    for (int level = 1; !found && lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        found = at.currentline > 0 && !is_ours(&at, folder);
    }
    if (found) lua_pushfstring(L, "%s:%d: ", at.short_src, at.currentline);
    else lua_pushliteral(L, "");
    lua_remove(L, -2);
}

int par_lua_misuse(lua_State *L, const char *format, ...)
{
    va_list args;
    par_lua_where(L);
    va_start(args, format);
    lua_pushvfstring(L, format, args);
    va_end(args);
    lua_concat(L, 2);
    return lua_error(L);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Ctrl-C in a line of ours, which says nothing to anybody: one of lua/parallel, or that in which pending hooks fire (lua/waiting.c). The
 * interpreters' text is left alone at the top. */
static void leave_own_place_out(lua_State *L)
{
    static const char interrupted[] = "interrupted!";
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    bool ours = strncmp(text, "[string \"return\"]:", 18) == 0 || strstr(text, "parallel/");
    if (ours && !strchr(text, '\n') && ends_with(text, ": interrupted!")) lua_pushlstring(L, interrupted, sizeof interrupted - 1);
}

int par_lua_throw_status(lua_State *L, unsigned id, const par_error *err)
{
    const char *name = par_lua_code_name(err->code);
    if (name) return par_lua_throw(L, name, id, err->text);
    if (err->code == PAR_E_INTERRUPTED || err->code == PAR_E_RAISED) {
        leave_own_place_out(L);
        return lua_error(L);
    }
    return par_lua_misuse(L, "parallel: %s", err->text);
}

/* Keeps the folder of the file that calls. */
static void note_folder(lua_State *L)
{
    lua_Debug at;
    if (!lua_getstack(L, 1, &at)) return;
    lua_getinfo(L, "S", &at);
    const char *end = strrchr(at.source, '/');
    if (!end) return;
    lua_pushlstring(L, at.source, (size_t)(end - at.source) + 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &folder_key);
}

/* core.set_error_metatable(table): called by errors.lua */
static int set_error_metatable(lua_State *L)
{
    note_folder(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
    return 0;
}

/* core.raise(value): like error(value), but readable on PUC 5.1 too, and without our place of a Ctrl-C. */
static int raise(lua_State *L)
{
    lua_settop(L, 1);
    leave_own_place_out(L);
    return par_lua_raise(L);
}

void par_lua_open_errors(lua_State *L)
{
    static const luaL_Reg functions[] = {{"set_error_metatable", set_error_metatable}, {"raise", raise}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
