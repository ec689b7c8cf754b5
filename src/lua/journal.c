/* core.journal: journals (journal/journal.h) for Lua. What is to be kept, and when, is decided in lua/parallel/pool/journal.lua. */
#include "journal/journal.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/hash.h"
#include "codec/compat.h"
#include "lua/error.h"
#include "lua/parts.h"

#define METATABLE "parallel.journal"

static par_journal *check(lua_State *L)
{
    par_journal **box = luaL_checkudata(L, 1, METATABLE);
    if (!*box) luaL_error(L, "this journal was closed");
    return *box;
}

static void must(lua_State *L, int rc, const par_error *err)
{
    if (rc != PAR_OK) par_lua_throw(L, "journal", 0, err->text);
}

/* core.journal.open(path, read_only) -> journal */
static int journal_open(lua_State *L)
{
    par_error err;
    const char *path = luaL_checkstring(L, 1);
    bool read_only = lua_toboolean(L, 2);
    par_journal **box = lua_newuserdata(L, sizeof *box);
    *box = NULL;
    luaL_getmetatable(L, METATABLE);
    lua_setmetatable(L, -2);
    must(L, par_journal_open(path, read_only, box, &err), &err);
    return 1;
}

/* journal:close(); idempotent */
static int journal_close(lua_State *L)
{
    par_journal **box = luaL_checkudata(L, 1, METATABLE), *journal = *box;
    *box = NULL;
    par_journal_close(journal);
    return 0;
}

/* journal:note(name, text); journal:note(name) -> text or nil */
static int journal_note(lua_State *L)
{
    par_error err;
    size_t len;
    par_journal *journal = check(L);
    const char *name = luaL_checkstring(L, 2), *text;
    if (lua_gettop(L) >= 3) {
        text = luaL_checklstring(L, 3, &len);
        must(L, par_journal_note(journal, name, text, len, &err), &err);
        return 0;
    }
    must(L, par_journal_read_note(journal, name, &text, &len, &err), &err);
    if (text) lua_pushlstring(L, text, len);
    else lua_pushnil(L);
    return 1;
}

/* journal:put(number, item, failed, bytes, message) */
static int journal_put(lua_State *L)
{
    par_error err;
    par_journal *journal = check(L);
    par_journal_row row = {.number = (int64_t)luaL_checknumber(L, 2), .state = lua_toboolean(L, 4) ? PAR_JOURNAL_FAILED : PAR_JOURNAL_DONE};
    row.item = luaL_checklstring(L, 3, &row.item_len);
    row.bytes = luaL_checklstring(L, 5, &row.bytes_len);
    row.message = luaL_optlstring(L, 6, NULL, &row.message_len);
    must(L, par_journal_put(journal, &row, &err), &err);
    return 0;
}

/* number, "done" or "failed", item, bytes, message, time; nothing when there is no row */
static int push_row(lua_State *L, const par_journal_row *row, bool found)
{
    if (!found) return 0;
    lua_pushnumber(L, (lua_Number)row->number);
    lua_pushstring(L, row->state == PAR_JOURNAL_DONE ? "done" : "failed");
    lua_pushlstring(L, row->item, row->item_len);
    lua_pushlstring(L, row->bytes, row->bytes_len);
    lua_pushlstring(L, row->message, row->message_len);
    lua_pushnumber(L, row->at_seconds);
    return 6;
}

/* journal:find(number) -> a row, as above */
static int journal_find(lua_State *L)
{
    par_error err;
    par_journal_row row;
    bool found;
    must(L, par_journal_find(check(L), (int64_t)luaL_checknumber(L, 2), &row, &found, &err), &err);
    return push_row(L, &row, found);
}

/* journal:next('done' or 'failed', number) -> the first such row behind this number */
static int journal_next(lua_State *L)
{
    static const char *const names[] = {"done", "failed", NULL};
    par_error err;
    par_journal_row row;
    bool found;
    par_journal *journal = check(L);
    int64_t state = PAR_JOURNAL_DONE + luaL_checkoption(L, 2, NULL, names), after = (int64_t)luaL_checknumber(L, 3);
    must(L, par_journal_next(journal, state, after, &row, &found, &err), &err);
    return push_row(L, &row, found);
}

/* journal:commit(sync) */
static int journal_commit(lua_State *L)
{
    par_error err;
    must(L, par_journal_commit(check(L), lua_toboolean(L, 2), &err), &err);
    return 0;
}

/* journal:count() -> tasks done, failed, time of the first, of the last */
static int journal_count(lua_State *L)
{
    par_error err;
    par_journal_counts counts;
    must(L, par_journal_count(check(L), &counts, &err), &err);
    lua_pushnumber(L, (lua_Number)counts.done);
    lua_pushnumber(L, (lua_Number)counts.failed);
    lua_pushnumber(L, counts.first_seconds);
    lua_pushnumber(L, counts.last_seconds);
    return 4;
}

/* journal:clear() */
static int journal_clear(lua_State *L)
{
    par_error err;
    must(L, par_journal_clear(check(L), &err), &err);
    return 0;
}

/* core.journal.hash(text) -> 16 hexadecimal digits */
static int hash(lua_State *L)
{
    size_t len;
    char digits[17];
    const char *text = luaL_checklstring(L, 1, &len);
    snprintf(digits, sizeof digits, "%016" PRIx64, par_hash(text, len));
    lua_pushlstring(L, digits, 16);
    return 1;
}

void par_lua_open_journal(lua_State *L)
{
    static const luaL_Reg functions[] = {{"open", journal_open}, {"hash", hash}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"close", journal_close}, {"note", journal_note},   {"put", journal_put},
                                       {"find", journal_find},   {"next", journal_next},   {"commit", journal_commit},
                                       {"count", journal_count}, {"clear", journal_clear}, {NULL, NULL}};
    luaL_newmetatable(L, METATABLE);
    lua_pushcfunction(L, journal_close);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "journal");
}
