/* allreduce, reduce and reduce_scatter: of tensors element by element, of numbers and booleans, and of any values by a function. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "codec/compat.h"
#include "group/collect.h"
#include "lua/error.h"
#include "lua/group/lent.h"
#include "lua/group/number.h"
#include "lua/group/parts.h"
#include "lua/group/shared.h"
#include "lua/group/values.h"
#include "tensor/shape.h"

typedef struct reducing {
    par_lua_group_call call;
    const char *name;
    par_call kind;
    unsigned size; /* of the group */
    unsigned root; /* of REDUCE */
    bool gets;     /* the result, or a part of it, is ours */
    int op;        /* par_reduce_op; -1: the function at index 3 */
} reducing;

static int read_op(lua_State *L, const char *name)
{
    if (lua_isnil(L, 3)) return PAR_REDUCE_SUM;
    if (lua_isfunction(L, 3)) return -1;
    int op = lua_type(L, 3) == LUA_TSTRING ? par_reduce_op_find(lua_tostring(L, 3)) : -1;
    if (op < 0)
        par_lua_misuse(L, "%s: the operation must be 'sum', 'prod', 'min', 'max', 'mean', 'and', 'or' or a function, got %s", name,
                       lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : luaL_typename(L, 3));
    return op;
}

/* Values at 2, operation at 3, options at `options`; the operation may be left out before options. */
static reducing read_arguments(lua_State *L, const char *name, par_call kind, int options)
{
    if (lua_istable(L, 3) && lua_isnone(L, 4) && kind != PAR_CALL_REDUCE) {
        lua_pushnil(L);
        lua_insert(L, 3);
    }
    lua_settop(L, options);
    reducing r = {.call = par_lua_group_options(L, options, name), .name = name, .kind = kind, .gets = true};
    r.size = par_board_size(r.call.self->board);
    if (kind == PAR_CALL_REDUCE) {
        r.root = par_lua_group_rank(L, r.call.self, 4, name);
        r.gets = r.root == par_board_rank(r.call.self->board);
    }
    r.op = read_op(L, name);
    return r;
}

/* memory: where the elements lie, if others can see it; else NULL. */
static int allreduce(lua_State *L, const par_lua_group_call *call, const par_reduction *what, par_blob *memory, par_error *err)
{
    bool done = false;
    int rc = par_lua_lent_allreduce(L, call, what, memory, &done, err);
    if (rc != PAR_OK || done) return rc;
    return par_collect_allreduce(call->self->board, what, call->deadline_ns, err);
}

/* Of a call that was begun. */
static int collect_all(lua_State *L, const reducing *r, const par_reduction *what, par_blob *memory, par_error *err)
{
    par_board *board = r->call.self->board;
    int64_t deadline_ns = r->call.deadline_ns;
    if (r->kind == PAR_CALL_ALLREDUCE) return allreduce(L, &r->call, what, memory, err);
    if (r->kind == PAR_CALL_REDUCE) return par_collect_reduce(board, r->root, what, deadline_ns, err);
    return par_collect_reduce_scatter(board, what, deadline_ns, err);
}

/* source: the tensor that it is about. */
static int collect(lua_State *L, reducing *r, const par_reduction *what, const par_tensor *source, par_error *err)
{
    int rc = par_lua_group_begin(L, &r->call, err);
    if (rc != PAR_OK) return rc;
    par_blob *blob = what->n ? par_blob_retain(source->storage->blob) : NULL; /* whatever hooks do to the tensor meanwhile */
    rc = collect_all(L, r, what, blob && source->storage->shared ? blob : NULL, err);
    par_blob_release(blob);
    par_lua_group_end(&r->call);
    return rc;
}

/* --- tensors --- */
/* Where the result goes: into the tensor itself, or into a new one. With a reference; raises. */
static par_tensor *result_for(lua_State *L, const reducing *r, par_tensor *tensor)
{
    if (r->call.inplace && par_tensor_is_contiguous(tensor)) return par_tensor_retain(tensor);
    par_tensor *copy = par_wire_contiguous(tensor);
    if (copy) return copy;
    par_tensor_release(tensor);
    luaL_error(L, "%s: not enough memory for a tensor", r->name);
    return NULL;
}

static void check_type(lua_State *L, const reducing *r, par_tensor *tensor)
{
    par_type type = tensor->type;
    if (par_reduce_has((par_reduce_op)r->op, type)) return;
    par_tensor_release(tensor);
    par_lua_reduce_check(L, r->name, (par_reduce_op)r->op, type);
}

/* The result replaces `tensor`'s elements, or is a new one; pushes it. */
static void finish(lua_State *L, const reducing *r, par_tensor *tensor, par_tensor *result)
{
    bool same = result == tensor;
    if (!same && r->call.inplace && r->gets) par_wire_copy(tensor, result);
    par_tensor_release(tensor);
    if (!r->gets) lua_pushnil(L);
    if (!r->gets || r->call.inplace) par_tensor_release(result);
    if (r->gets && r->call.inplace) lua_pushvalue(L, 2);
    if (r->gets && !r->call.inplace) par_wire_push_tensor(L, result);
}

static int reduce_tensor(lua_State *L, reducing *r, par_tensor *tensor)
{
    par_error err;
    check_type(L, r, tensor);
    par_tensor *result = result_for(L, r, tensor);
    par_reduction what = {.op = (par_reduce_op)r->op,
                          .type = result->type,
                          .n = par_tensor_elements(result),
                          .src = par_tensor_data(result),
                          .dst = par_tensor_data(result)};
    int rc = collect(L, r, &what, result, &err);
    bool spoiled = result == tensor && r->gets;
    if (rc != PAR_OK) {
        par_tensor_release(tensor);
        par_tensor_release(result);
        par_lua_group_settle(L, &r->call, rc, &err, spoiled ? "; the tensor that was given is in an undefined state" : NULL);
    }
    finish(L, r, tensor, result);
    return 1;
}

/* --- numbers --- */
/* all: those of all members, by rank */
static int show_number(lua_State *L, reducing *r, uint8_t type, const par_number *own, par_number *all, par_error *err)
{
    int rc = par_lua_group_begin(L, &r->call, err);
    if (rc != PAR_OK) return rc;
    par_board *board = r->call.self->board;
    rc = par_collect_show(board, r->kind, r->root, type, (uint8_t)r->op, own, sizeof *own, r->call.deadline_ns, err);
    for (unsigned rank = 0; rc == PAR_OK && rank < r->size; rank++) par_collect_shown(board, rank, &all[rank], sizeof *all);
    par_lua_group_end(&r->call);
    return rc;
}

static int reduce_number(lua_State *L, reducing *r)
{
    enum { ROOM = 64 };
    par_error err;
    par_number some[ROOM], *all = some, result;
    unsigned n = r->size;
    uint8_t type = lua_isboolean(L, 2) ? PAR_SAY_BOOLEAN : PAR_SAY_NUMBER;
    par_number own;
    memset(&own, 0, sizeof own);
    own = par_number_at(L, 2);
    if (n > ROOM) all = lua_newuserdata(L, n * sizeof *all);
    int rc = show_number(L, r, type, &own, all, &err);
    par_lua_group_settle(L, &r->call, rc, &err, NULL);
    if (!par_number_reduce((par_reduce_op)r->op, all, n, &result))
        return par_lua_misuse(L, "%s: there is no '%s' of %s", r->name, par_reduce_op_name((par_reduce_op)r->op),
                              type == PAR_SAY_BOOLEAN ? "booleans" : "numbers that are no integers");
    if (r->gets) par_number_push(L, result);
    else lua_pushnil(L);
    return 1;
}

/* --- by a function --- */
/* Calls it in the order of ranks: f(f(v1, v2), v3) ... */
static int reduce_by_function(lua_State *L, reducing *r)
{
    par_transfer what = {.call = r->kind == PAR_CALL_REDUCE ? PAR_CALL_GATHER : PAR_CALL_ALLGATHER,
                         .meant = r->kind,
                         .root = r->root,
                         .type = PAR_SAY_VALUE};
    par_values_gather(L, &r->call, 2, &what, r->name);
    if (!r->gets) return 1;
    int list = lua_gettop(L);
    lua_rawgeti(L, list, 1);
    for (unsigned rank = 1; rank < r->size; rank++) {
        lua_pushvalue(L, 3);
        lua_insert(L, -2);
        lua_rawgeti(L, list, (int)rank + 1);
        lua_call(L, 2, 1);
    }
    return 1;
}

static int reduce(lua_State *L, reducing *r)
{
    if (r->op < 0) return reduce_by_function(L, r);
    if (lua_type(L, 2) == LUA_TNUMBER || lua_isboolean(L, 2)) return reduce_number(L, r);
    if (r->kind == PAR_CALL_ALLREDUCE && par_lua_is_shared_list(L, 2)) return par_lua_reduce_shared(L, &r->call, (par_reduce_op)r->op);
    par_tensor *tensor = par_wire_tensor(L, 2);
    if (tensor) return reduce_tensor(L, r, tensor);
    return par_lua_misuse(L, "%s: '%s' of a %s: only tensors, numbers and booleans have that, other values are reduced by a function",
                          r->name, par_reduce_op_name((par_reduce_op)r->op), luaL_typename(L, 2));
}

/* group:allreduce(x [, op] [, {timeout=, inplace=}]); x may be a list of the shared tensors of all members */
static int group_allreduce(lua_State *L)
{
    reducing r = read_arguments(L, "allreduce", PAR_CALL_ALLREDUCE, 4);
    return reduce(L, &r);
}

/* group:reduce(x, op, root [, {timeout=, inplace=}]) -> the result at the root, nil elsewhere */
static int group_reduce(lua_State *L)
{
    reducing r = read_arguments(L, "reduce", PAR_CALL_REDUCE, 5);
    return reduce(L, &r);
}

/* --- reduce_scatter --- */
/* The part of the result that is ours: along the first dimension, which the members share out evenly. */
static par_tensor *new_part(lua_State *L, const reducing *r, par_tensor *tensor)
{
    par_error ignored;
    par_tensor *part = NULL;
    int64_t size[PAR_TENSOR_DIMS_MAX], stride[PAR_TENSOR_DIMS_MAX], n = r->size;
    int64_t first = tensor->ndim ? tensor->size[0] : 0;
    if (first % n) {
        par_tensor_release(tensor);
        par_lua_misuse(L, "reduce_scatter: the first dimension has %d elements, which %d members cannot share evenly", (int)first, (int)n);
    }
    par_storage *storage = par_storage_new(tensor->type, par_tensor_elements(tensor) / n);
    memcpy(size, tensor->size, (size_t)tensor->ndim * sizeof *size);
    if (tensor->ndim) size[0] = first / n;
    par_tensor_contiguous_strides(tensor->ndim, size, stride);
    if (storage) par_tensor_new_view(tensor->type, storage, 0, tensor->ndim, size, stride, &part, &ignored);
    par_storage_release(storage);
    if (part) return part;
    par_tensor_release(tensor);
    luaL_error(L, "reduce_scatter: not enough memory for a tensor");
    return NULL;
}

/* group:reduce_scatter(t [, op] [, {timeout=}]) -> our part of the result: a new tensor */
static int group_reduce_scatter(lua_State *L)
{
    par_error err;
    reducing r = read_arguments(L, "reduce_scatter", PAR_CALL_REDUCE_SCATTER, 4);
    par_tensor *tensor = r.op < 0 ? NULL : par_wire_tensor(L, 2);
    if (!tensor)
        return par_lua_misuse(L, "reduce_scatter: a tensor and an operation by its name expected, got %s",
                              luaL_typename(L, r.op < 0 ? 3 : 2));
    check_type(L, &r, tensor);
    par_tensor *part = new_part(L, &r, tensor),
               *source = par_tensor_is_contiguous(tensor) ? par_tensor_retain(tensor) : par_wire_contiguous(tensor);
    par_tensor_release(tensor);
    if (!source) {
        par_tensor_release(part);
        return luaL_error(L, "reduce_scatter: not enough memory for a tensor");
    }
    par_reduction what = {.op = (par_reduce_op)r.op,
                          .type = part->type,
                          .n = par_tensor_elements(part),
                          .src = par_tensor_data(source),
                          .dst = par_tensor_data(part)};
    int rc = collect(L, &r, &what, source, &err);
    par_tensor_release(source);
    if (rc != PAR_OK) par_tensor_release(part);
    par_lua_group_settle(L, &r.call, rc, &err, NULL);
    par_wire_push_tensor(L, part);
    return 1;
}

void par_lua_open_group_reduce(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"allreduce", group_allreduce}, {"reduce", group_reduce}, {"reduce_scatter", group_reduce_scatter}, {NULL, NULL}};
    par_lua_group_methods(L, methods);
}
