/* broadcast, scatter, gather and allgather of any values. */
#include <lauxlib.h>

#include "codec/compat.h"
#include "group/collect.h"
#include "lua/error.h"
#include "lua/group/parts.h"
#include "lua/group/values.h"
#include "lua/group/wire.h"
#include "tensor/shape.h"

/* group:broadcast(value, root [, options]) -> the root's value. A tensor of the same type and size that another member gives as
 * its value takes over the elements. */
static int group_broadcast(lua_State *L)
{
    lua_settop(L, 4);
    par_lua_group_call call = par_lua_group_options(L, 4, "broadcast");
    unsigned root = par_lua_group_rank(L, call.self, 3, "broadcast");
    bool ours = root == par_board_rank(call.self->board);
    par_exchange *x = par_exchange_new(L, 1, par_board_size(call.self->board));
    if (ours) par_wire_pack(L, call.self, &x->out[0], 2, "broadcast");
    par_tensor *target = ours ? NULL : par_wire_tensor(L, 2);
    bool fills = target && par_tensor_is_contiguous(target) && par_tensor_elements(target);
    par_blob *blob = fills ? par_blob_retain(target->storage->blob) : NULL; /* whatever hooks do to the tensor meanwhile */
    if (fills) {
        x->in[root].target = par_tensor_data(target);
        x->in[root].target_type = target->type;
        x->in[root].target_elements = par_tensor_elements(target);
    }
    par_error err;
    par_transfer what = {.call = PAR_CALL_BROADCAST, .root = root, .type = PAR_SAY_VALUE};
    int rc = par_values_move(L, &call, x, &what, &err);
    par_blob_release(blob);
    par_tensor_release(target);
    par_lua_group_settle(L, &call, rc, &err, fills ? "; the tensor that was given is in an undefined state" : NULL);
    if (ours || x->in[root].given) lua_pushvalue(L, 2);
    else par_wire_push(L, call.self, &x->in[root], root, "broadcast");
    return 1;
}

/* Element i of the list at 2 is for member i + 1; rank: our own. */
static void pack_list(lua_State *L, const par_lua_group *self, par_exchange *x, unsigned rank)
{
    unsigned n = x->n_out;
    if (!lua_istable(L, 2)) par_lua_misuse(L, "scatter: a list with a value for each member expected, got %s", luaL_typename(L, 2));
    lua_getfield(L, 2, "n");
    bool counted = lua_type(L, -1) == LUA_TNUMBER;
    int length = counted ? (int)lua_tointeger(L, -1) : (int)lua_rawlen(L, 2);
    lua_pop(L, 1);
    if (length != (int)n) par_lua_misuse(L, "scatter: the list has %d elements for %d members", length, (int)n);
    for (unsigned to = 0; to < n; to++) {
        lua_rawgeti(L, 2, (int)to + 1);
        if (to != rank) par_wire_pack(L, self, &x->out[to], lua_gettop(L), "scatter");
        lua_pop(L, 1);
    }
}

/* group:scatter(list, root [, options]) -> element `rank` of the root's list */
static int group_scatter(lua_State *L)
{
    par_error err;
    lua_settop(L, 4);
    par_lua_group_call call = par_lua_group_options(L, 4, "scatter");
    unsigned root = par_lua_group_rank(L, call.self, 3, "scatter"), rank = par_board_rank(call.self->board);
    par_exchange *x = par_exchange_new(L, par_board_size(call.self->board), par_board_size(call.self->board));
    if (root == rank) pack_list(L, call.self, x, rank);
    par_transfer what = {.call = PAR_CALL_SCATTER, .root = root, .type = PAR_SAY_VALUE};
    int rc = par_values_move(L, &call, x, &what, &err);
    par_lua_group_settle(L, &call, rc, &err, NULL);
    if (root == rank) lua_rawgeti(L, 2, (int)rank + 1);
    else par_wire_push(L, call.self, &x->in[root], root, "scatter");
    return 1;
}

/* group:gather(value, root [, options]) -> list of all members' values; nil but for the root */
static int group_gather(lua_State *L)
{
    lua_settop(L, 4);
    par_lua_group_call call = par_lua_group_options(L, 4, "gather");
    unsigned root = par_lua_group_rank(L, call.self, 3, "gather");
    par_transfer what = {.call = PAR_CALL_GATHER, .root = root, .type = PAR_SAY_VALUE};
    par_values_gather(L, &call, 2, &what, "gather");
    return 1;
}

/* group:allgather(value [, options]) -> list of all members' values */
static int group_allgather(lua_State *L)
{
    lua_settop(L, 3);
    par_lua_group_call call = par_lua_group_options(L, 3, "allgather");
    par_transfer what = {.call = PAR_CALL_ALLGATHER, .type = PAR_SAY_VALUE};
    par_values_gather(L, &call, 2, &what, "allgather");
    return 1;
}

void par_lua_open_group_move(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"broadcast", group_broadcast}, {"scatter", group_scatter}, {"gather", group_gather}, {"allgather", group_allgather}, {NULL, NULL}};
    par_lua_group_methods(L, methods);
}
