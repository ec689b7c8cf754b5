#include "lua/group/handle.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <stdio.h>

#include "codec/compat.h"
#include "group/collect.h"
#include "lua/child/arguments.h"
#include "lua/error.h"
#include "lua/group/lent.h"
#include "lua/group/parts.h"
#include "lua/object.h"

#define GROUP_MAGIC UINT64_C(0x6a5b70e1c3f4928d)

static const char fallback_key; /* registry: metatable of every fields table */

/* --- making and finding --- */
static int group_gc(lua_State *L);
static int group_tostring(lua_State *L);

static const par_lua_object_kind kind = {
    .name = "parallel.group", .bytes = sizeof(par_lua_group), .fallback = &fallback_key, .gc = group_gc, .tostring = group_tostring};

par_lua_group *par_lua_group_new(lua_State *L)
{
    luaL_checkstack(L, 6, "no room for a group");
    par_lua_group *self = par_lua_object_new(L, &kind);
    *self = (par_lua_group){.magic = GROUP_MAGIC};
    self->codec = par_codec_of(L);
    self->waiting = par_lua_waiting_of(L);
    return self;
}

static par_lua_group *to_group(lua_State *L, int idx)
{
    par_lua_group *self = lua_touserdata(L, idx);
    return self && lua_rawlen(L, idx) == sizeof *self && self->magic == GROUP_MAGIC ? self : NULL;
}

#define LEFT "%s: this member has left the group, or it was made anew by regroup"

void par_lua_group_look_again(lua_State *L, const par_lua_group *self, const char *what)
{
    if (!self->board) par_lua_misuse(L, LEFT, what);
}

par_lua_group *par_lua_group_check(lua_State *L, int idx, const char *what)
{
    par_lua_group *self = to_group(L, idx);
    if (!self) par_lua_misuse(L, "%s: a group expected, got %s (call it as group:%s(), with a colon)", what, luaL_typename(L, idx), what);
    par_lua_group_look_again(L, self, what);
    if (self->busy) par_lua_misuse(L, "%s: this group is in the middle of another call", what);
    return self;
}

unsigned par_lua_group_decode_flags(const par_lua_group *self, unsigned rank)
{
    return self->decode_flags[par_board_place(self->board, rank)];
}

/* --- calls that wait --- */
par_lua_group_call par_lua_group_options(lua_State *L, int options, const char *what)
{
    static const char *const names[] = {"timeout", "inplace", NULL};
    par_lua_group_call call = {.self = par_lua_group_check(L, 1, what), .what = what, .deadline_ns = INT64_MAX, .inplace = true};
    if (lua_isnoneornil(L, options)) return call;
    par_lua_check_options(L, options, what, names);
    call.deadline_ns = par_lua_deadline(L, options);
    lua_getfield(L, options, "inplace");
    call.inplace = lua_isnil(L, -1) || lua_toboolean(L, -1);
    lua_pop(L, 1);
    par_lua_group_check(L, 1, what); /* a table of options may run code */
    return call;
}

int par_lua_group_begin(lua_State *L, par_lua_group_call *call, par_error *err)
{
    if (!call->self->board) return par_error_set(err, PAR_E_CLOSED, LEFT, call->what);
    call->self->busy = true;
    call->outer = call->self->waiting->L;
    call->self->waiting->L = L;
    return PAR_OK;
}

void par_lua_group_end(par_lua_group_call *call)
{
    call->self->busy = false;
    call->self->waiting->L = call->outer;
}

static const char *code_of(const par_board_failure *failure, int rc)
{
    if (rc == PAR_E_CLOSED && failure->kind == PAR_FAILURE_DIED) return "died";
    return rc == PAR_E_INVALID ? "invalid" : par_lua_code_name(rc);
}

void par_lua_group_settle(lua_State *L, const par_lua_group_call *call, int rc, par_error *err, const char *note)
{
    char text[sizeof err->text + 100];
    if (rc == PAR_OK) return;
    if (!call->self->board) par_lua_misuse(L, "%s", err->text); /* begin said so */
    par_board_failure failure = par_board_last_failure(call->self->board);
    const char *code = code_of(&failure, rc);
    bool about_one = rc == PAR_E_CLOSED && (failure.kind == PAR_FAILURE_DIED || failure.kind == PAR_FAILURE_LEFT);
    err->code = rc;
    if (rc == PAR_E_INTERRUPTED || !code) {
        par_lua_throw_status(L, 0, err);
        return;
    }
    snprintf(text, sizeof text, "%s%s", err->text, note && rc != PAR_E_INVALID ? note : "");
    par_lua_push_error(L, code, about_one ? failure.id : 0, text);
    lua_pushstring(L, text); /* what tostring shows: it says itself whom it is about */
    lua_setfield(L, -2, "summary");
    if (about_one) {
        lua_pushinteger(L, (lua_Integer)failure.rank + 1);
        lua_setfield(L, -2, "rank");
    }
    par_lua_raise(L);
}

unsigned par_lua_group_rank(lua_State *L, const par_lua_group *self, int idx, const char *what)
{
    unsigned size = par_board_size(self->board);
    lua_Number rank = lua_tonumber(L, idx);
    if (lua_type(L, idx) != LUA_TNUMBER)
        par_lua_misuse(L, "%s: a rank from 1 to %d expected, got %s", what, (int)size, luaL_typename(L, idx));
    if (!(rank >= 1 && rank <= size) || rank != (lua_Number)(unsigned)rank)
        par_lua_misuse(L, "%s: there is no member %s, ranks are 1 to %d", what, lua_tostring(L, idx), (int)size);
    return (unsigned)rank - 1;
}

/* --- its end --- */
static void let_go(par_lua_group *self)
{
    par_board *board = self->board;
    self->board = NULL;
    par_board_leave(board);
    par_lua_lent_close(self);
    free(self->decode_flags);
    self->decode_flags = NULL;
}

static int group_gc(lua_State *L)
{
    par_lua_group *self = to_group(L, 1);
    if (self && !self->busy) let_go(self);
    return 0;
}

/* core.group.leave(group): whoever waits for this member is told. */
static int group_leave(lua_State *L)
{
    par_lua_group *self = to_group(L, 1);
    if (!self) return par_lua_misuse(L, "leave: a group expected, got %s", luaL_typename(L, 1));
    if (self->busy) return par_lua_misuse(L, "leave: this group is in the middle of a call");
    let_go(self);
    return 0;
}

/* --- what is known --- */
static int group_tostring(lua_State *L)
{
    par_lua_group *self = to_group(L, 1);
    if (!self) return luaL_argerror(L, 1, "group expected");
    if (!self->board) lua_pushliteral(L, "parallel.group (left)");
    else
        lua_pushfstring(L, "parallel.group (member %d of %d%s)", (int)par_board_rank(self->board) + 1, (int)par_board_size(self->board),
                        par_board_is_broken(self->board) ? ", broken" : "");
    return 1;
}

/* group:alive() -> ranks of the members that have neither left nor died, as far as can be told now */
static int group_alive(lua_State *L)
{
    lua_newtable(L);
    par_lua_group *self = par_lua_group_check(L, 1, "alive");
    for (unsigned rank = 0, n = 0; rank < par_board_size(self->board); rank++) {
        if (!par_board_is_alive(self->board, rank)) continue;
        lua_pushinteger(L, (lua_Integer)rank + 1);
        lua_rawseti(L, -2, (int)++n);
    }
    return 1;
}

/* core.group.fate(group, rank) -> 'alive', 'left' or 'died' */
static int group_fate(lua_State *L)
{
    static const char *const names[] = {"alive", "left", "died"};
    par_lua_group *self = par_lua_group_check(L, 1, "fate");
    lua_pushstring(L, names[par_board_fate_of(self->board, par_lua_group_rank(L, self, 2, "fate"))]);
    return 1;
}

/* core.group.position(group) -> rank, ids of the members */
static int group_position(lua_State *L)
{
    lua_settop(L, 1);
    lua_newtable(L);
    par_lua_group *self = par_lua_group_check(L, 1, "group");
    lua_pushinteger(L, (lua_Integer)par_board_rank(self->board) + 1);
    lua_insert(L, 2);
    for (unsigned rank = 0; rank < par_board_size(self->board); rank++) {
        lua_pushinteger(L, (lua_Integer)par_board_id(self->board, rank));
        lua_rawseti(L, -2, (int)rank + 1);
    }
    return 2;
}

/* core.group.fields(group) -> the table behind group.rank and the rest */
static int group_fields(lua_State *L)
{
    if (!to_group(L, 1)) return luaL_argerror(L, 1, "group expected");
    luaL_getmetafield(L, 1, "__index");
    return 1;
}

static int group_is(lua_State *L)
{
    lua_pushboolean(L, to_group(L, 1) != NULL);
    return 1;
}

/* core.group.in_place(group) -> how many reductions of single tensors were done in place */
static int group_in_place(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)par_lua_lent_count(par_lua_group_check(L, 1, "in_place")));
    return 1;
}

/* --- calls without values --- */
/* group:barrier([{timeout=}]) */
static int group_barrier(lua_State *L)
{
    par_error err;
    par_lua_group_call call = par_lua_group_options(L, 2, "barrier");
    int rc = par_lua_group_begin(L, &call, &err);
    if (rc == PAR_OK) {
        rc = par_collect_barrier(call.self->board, call.deadline_ns, &err);
        par_lua_group_end(&call);
    }
    par_lua_group_settle(L, &call, rc, &err, NULL);
    return 0;
}

/* core.group.regroup(group [, {timeout=}]) -> a handle of the new group, its fields; the old one is left */
static int group_regroup(lua_State *L)
{
    par_error err;
    par_lua_group_call call = par_lua_group_options(L, 2, "regroup");
    lua_settop(L, 2);
    par_lua_group *next = par_lua_group_new(L), *self = call.self;
    int rc = par_lua_group_begin(L, &call, &err);
    if (rc == PAR_OK) {
        rc = par_board_regroup(self->board, call.deadline_ns, &err);
        par_lua_group_end(&call);
    }
    par_lua_group_settle(L, &call, rc, &err, NULL);
    next->board = self->board;
    next->encode_flags = self->encode_flags;
    next->decode_flags = self->decode_flags;
    self->board = NULL;
    self->decode_flags = NULL;
    par_lua_lent_move(L, self, next);
    return 2;
}

void par_lua_group_methods(lua_State *L, const luaL_Reg *methods)
{
    lua_getfield(L, -1, "methods");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}

void par_lua_open_group_handle(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"position", group_position}, {"fields", group_fields}, {"is_group", group_is},       {"regroup", group_regroup},
        {"fate", group_fate},         {"leave", group_leave},   {"in_place", group_in_place}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"barrier", group_barrier}, {"alive", group_alive}, {NULL, NULL}};
    lua_newtable(L); /* for users: group:barrier(...) */
    par_lua_object_open(L, &kind);
    lua_setfield(L, -2, "methods");
    luaL_setfuncs(L, functions, 0);
    par_lua_group_methods(L, methods);
}
