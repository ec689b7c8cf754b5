/* One message to many children. */
#include "codec/compat.h"
#include "link/message.h"
#include "lua/child/arguments.h"
#include "lua/child/ends.h"
#include "lua/child/parts.h"
#include "lua/error.h"
#include "lua/tensor/box.h"

typedef struct par_lua_target {
    par_lua_link *child;
    par_lua_use use;
    int rc;    /* PAR_OK, or why it could not be reached */
    bool open; /* it was not closed meanwhile */
} par_lua_target;

typedef struct par_lua_broadcast {
    par_lua_target *targets;
    par_link **links; /* of those of one kind that are there */
    int *results, *places;
    int n;
    unsigned flags;
    int64_t deadline_ns;
    int first_failed; /* in the order in which they were tried; -1: none */
    int n_failed;
    par_error err; /* why the first one did */
} par_lua_broadcast;

static void *new_array(lua_State *L, int n, size_t size) { return lua_newuserdata(L, ((size_t)n + 1) * size); }

/* The children of the list at 1, which is copied into a table that is pushed: hooks may change the list. */
static void collect(lua_State *L, par_lua_broadcast *b)
{
    b->n = (int)lua_rawlen(L, 1);
    b->targets = new_array(L, b->n, sizeof *b->targets);
    b->links = new_array(L, b->n, sizeof *b->links);
    b->results = new_array(L, b->n, sizeof *b->results);
    b->places = new_array(L, b->n, sizeof *b->places);
    lua_createtable(L, b->n, 0);
    for (int i = 0; i < b->n; i++) {
        lua_rawgeti(L, 1, i + 1);
        b->targets[i] = (par_lua_target){.child = par_lua_link_check(L, -1)};
        if (b->targets[i].child->raw)
            luaL_error(L, "parallel: child %d is a program: what it is to get has to be sent to it alone", (int)b->targets[i].child->id);
        lua_rawseti(L, -2, i + 1);
    }
}

static void failed(par_lua_broadcast *b, int i, int rc, const par_error *err)
{
    b->targets[i].rc = rc;
    b->n_failed++;
    if (b->first_failed >= 0) return;
    b->first_failed = i;
    b->err = *err;
    b->err.code = rc;
}

/* Those of this kind who are there, into links. Returns how many. */
static uint32_t choose(par_lua_broadcast *b, unsigned kind)
{
    uint32_t count = 0;
    for (int i = 0; i < b->n; i++) {
        par_error err;
        if (b->targets[i].child->encode_flags != kind) continue;
        if (!par_link_is_there(b->targets[i].use.of_link.link)) {
            failed(b, i, par_error_set(&err, PAR_E_CLOSED, "it has ended"), &err);
            continue;
        }
        b->places[count] = i;
        b->links[count++] = b->targets[i].use.of_link.link;
    }
    return count;
}

/* Children of one kind of Lua can share one encoding. PAR_OK, or why the value cannot travel to them. */
static int send_to_kind(lua_State *L, par_lua_broadcast *b, unsigned kind, par_error *err)
{
    par_encoded encoded;
    par_error other;
    uint32_t count = choose(b, kind);
    if (count == 0) return PAR_OK;
    par_lua_link *first = b->targets[b->places[0]].child;
    int rc = par_codec_encode(L, first->codec, 2, 1, "message", kind | b->flags, NULL, 0, &encoded, err);
    if (rc != PAR_OK) return rc;
    first->waiting->L = L;
    par_link_broadcast(b->links, count, PAR_KIND_DATA, encoded.bytes, encoded.len, encoded.payloads, encoded.n_payloads, b->deadline_ns,
                       b->results, &other);
    par_codec_sent(L, &encoded);
    for (uint32_t i = 0; i < count; i++)
        if (b->results[i] != PAR_OK) failed(b, b->places[i], b->results[i], &other);
    return PAR_OK;
}

/* What can travel to those who take least can travel to all: so a refusal comes before anything is sent. */
static int send_to_all(lua_State *L, par_lua_broadcast *b, par_error *err)
{
    static const unsigned kinds[] = {PAR_ENCODE_FOREIGN | PAR_ENCODE_FLOATS, PAR_ENCODE_FOREIGN, 0};
    int rc = PAR_OK;
    for (int i = 0; i < 3 && rc == PAR_OK; i++) rc = send_to_kind(L, b, kinds[i], err);
    return rc;
}

/* (broadcast, number of a target): raises why it could not be reached. */
static int throw_one(lua_State *L)
{
    const par_lua_broadcast *b = lua_touserdata(L, 1);
    const par_lua_target *target = &b->targets[lua_tointeger(L, 2)];
    par_error err = b->err;
    if (target->rc != b->err.code) par_error_set(&err, target->rc, "it could not be reached");
    par_lua_link_settle(L, target->child, target->open, target->rc, &err, "send to");
    return 0;
}

/* Pushes why this target could not be reached. */
static void push_why(lua_State *L, par_lua_broadcast *b, int i)
{
    lua_pushcfunction(L, throw_one);
    lua_pushlightuserdata(L, b);
    lua_pushinteger(L, i);
    par_lua_catch(L, 2, 0);
}

/* Raises why the first could not be reached, and in its `others` the rest. */
static int throw_failed(lua_State *L, par_lua_broadcast *b)
{
    int n = 0;
    push_why(L, b, b->first_failed);
    if (b->n_failed == 1 || !par_lua_is_error(L, -1)) return par_lua_raise(L);
    lua_createtable(L, b->n_failed - 1, 0);
    for (int i = 0; i < b->n; i++) {
        if (b->targets[i].rc == PAR_OK || i == b->first_failed) continue;
        push_why(L, b, i);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "others");
    return par_lua_raise(L);
}

/* core.broadcast(list of children, value [, {timeout=, lossy=}]) */
static int broadcast(lua_State *L)
{
    par_error err;
    par_lua_broadcast b = {.first_failed = -1};
    luaL_checktype(L, 1, LUA_TTABLE);
    par_lua_give_back(L);
    b.deadline_ns = par_lua_deadline(L, 3);
    b.flags = par_lua_send_flags(L, 3);
    lua_settop(L, 2);
    collect(L, &b);
    for (int i = 0; i < b.n; i++) b.targets[i].use = par_lua_enter(L, b.targets[i].child);
    int rc = send_to_all(L, &b, &err);
    for (int i = b.n - 1; i >= 0; i--) /* each restores who waited before it was entered */
        b.targets[i].open = par_lua_leave(b.targets[i].child, b.targets[i].use);
    if (rc != PAR_OK) return par_lua_throw_status(L, 0, &err);
    return b.first_failed < 0 ? 0 : throw_failed(L, &b);
}

void par_lua_open_broadcast(lua_State *L)
{
    static const luaL_Reg functions[] = {{"broadcast", broadcast}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
