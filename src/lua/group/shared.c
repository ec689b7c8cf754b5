/* allreduce of tensors that all members see: each has the list of them all, by rank. */
#include <lauxlib.h>

#include "codec/compat.h"
#include "group/collect.h"
#include "lua/error.h"
#include "lua/group/shared.h"
#include "lua/group/wire.h"
#include "tensor/shape.h"

void par_lua_reduce_check(lua_State *L, const char *what, par_reduce_op op, par_type type)
{
    if (par_reduce_has(op, type)) return;
    par_lua_misuse(L, "%s: there is no '%s' of a torch.%sTensor%s", what, par_reduce_op_name(op), par_type_name(type),
                   op == PAR_REDUCE_MEAN ? ": convert it to float or double first" : "");
}

bool par_lua_is_shared_list(lua_State *L, int idx)
{
    if (!lua_istable(L, idx)) return false;
    lua_rawgeti(L, idx, 1);
    par_tensor *first = par_wire_tensor(L, lua_gettop(L));
    lua_pop(L, 1);
    par_tensor_release(first);
    return first != NULL;
}

/* Why it cannot be reduced where it lies; NULL: it can. */
static const char *trouble(const par_tensor *tensor)
{
    if (!tensor) return "is no tensor";
    if (!tensor->storage || !tensor->storage->shared) return "is not shared (t:share(), sent to the other members)";
    return par_tensor_is_contiguous(tensor) ? NULL : "is not contiguous";
}

/* The tensor of this rank, from the list at 2. Its storage is kept, whatever hooks do to the list meanwhile. */
static void take(lua_State *L, const char *name, unsigned rank, par_incoming *in)
{
    lua_rawgeti(L, 2, (int)rank + 1);
    par_tensor *tensor = par_wire_tensor(L, lua_gettop(L));
    const char *why = trouble(tensor);
    if (!why) {
        in->storage = par_storage_retain(tensor->storage);
        in->target = par_tensor_data(tensor);
        in->target_type = tensor->type;
        in->target_elements = par_tensor_elements(tensor);
    }
    par_tensor_release(tensor);
    lua_pop(L, 1);
    if (why) par_lua_misuse(L, "%s: element %d of the list %s", name, (int)rank + 1, why);
}

static void check_pair(lua_State *L, const char *name, const par_exchange *x, unsigned a, unsigned b)
{
    const par_incoming *one = &x->in[a], *other = &x->in[b];
    if (one->target_type != other->target_type || one->target_elements != other->target_elements)
        par_lua_misuse(L, "%s: elements %d and %d of the list differ in type or size", name, (int)a + 1, (int)b + 1);
    uintptr_t bytes = (uintptr_t)one->target_elements * par_type_bytes(one->target_type), at = (uintptr_t)one->target;
    if (at < (uintptr_t)other->target + bytes && (uintptr_t)other->target < at + bytes)
        par_lua_misuse(L, "%s: elements %d and %d of the list are the same memory", name, (int)a + 1, (int)b + 1);
}

static par_exchange *take_all(lua_State *L, const char *name, unsigned n)
{
    if (lua_rawlen(L, 2) != n)
        par_lua_misuse(L, "%s: a list of %d shared tensors expected, one for each member, got %d", name, (int)n, (int)lua_rawlen(L, 2));
    par_exchange *x = par_exchange_new(L, 0, n);
    for (unsigned rank = 0; rank < n; rank++) take(L, name, rank, &x->in[rank]);
    for (unsigned a = 0; a < n; a++)
        for (unsigned b = a + 1; b < n; b++) check_pair(L, name, x, a, b);
    return x;
}

int par_lua_reduce_shared(lua_State *L, par_lua_group_call *call, par_reduce_op op)
{
    par_error err;
    unsigned n = par_board_size(call->self->board), rank = par_board_rank(call->self->board);
    if (!call->inplace) par_lua_misuse(L, "%s: shared tensors are reduced in place", call->what);
    par_exchange *x = take_all(L, call->what, n);
    const par_incoming *own = &x->in[rank];
    par_lua_reduce_check(L, call->what, op, own->target_type);
    void **elements = lua_newuserdata(L, n * sizeof *elements);
    for (unsigned i = 0; i < n; i++) elements[i] = x->in[i].target;
    par_reduction what = {.op = op, .type = own->target_type, .n = own->target_elements};
    int rc = par_lua_group_begin(L, call, &err);
    if (rc == PAR_OK) {
        rc = par_collect_allreduce_shared(call->self->board, &what, elements, call->deadline_ns, &err);
        par_lua_group_end(call);
    }
    par_lua_group_settle(L, call, rc, &err, "; the shared tensors are in an undefined state");
    lua_rawgeti(L, 2, (int)rank + 1);
    return 1;
}
