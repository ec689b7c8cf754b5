/* Constructing tensors: from numbers, sizes, tables, storages and other tensors. */
#include "base/limits.h"
#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

/* --- torch.Tensor{...} --- */
typedef struct nested {
    int ndim;
    int64_t size[PAR_TENSOR_DIMS_MAX];
    par_type type;
    char *next; /* where the next number goes */
} nested;

static void measure(lua_State *L, int idx, nested *n)
{
    lua_pushvalue(L, idx);
    while (lua_istable(L, -1) && lua_rawlen(L, -1) > 0) {
        if (n->ndim == PAR_TENSOR_DIMS_MAX) luaL_error(L, "invalid tensor definition: more than %d levels", PAR_TENSOR_DIMS_MAX);
        luaL_checkstack(L, 4, "tensor from a table");
        n->size[n->ndim++] = (int64_t)lua_rawlen(L, -1);
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, idx);
}

static void read_level(lua_State *L, nested *n, int depth)
{
    int table = lua_gettop(L);
    if (!lua_istable(L, table)) luaL_error(L, "invalid tensor definition: table expected at level %d", depth + 1);
    if ((int64_t)lua_rawlen(L, table) != n->size[depth]) {
        luaL_error(L, "invalid tensor sizes: %d elements at level %d, not %d", (int)lua_rawlen(L, table), depth + 1, (int)n->size[depth]);
    }
    luaL_checkstack(L, 4, "tensor from a table");
    for (int64_t i = 1; i <= n->size[depth]; i++) {
        lua_rawgeti(L, table, (int)i);
        if (depth + 1 < n->ndim) {
            read_level(L, n, depth + 1);
        } else {
            if (!lua_isnumber(L, -1)) luaL_error(L, "invalid element (not a number)");
            par_element_set(n->type, n->next, par_lua_check_value(L, table + 1, n->type));
            n->next += par_type_bytes(n->type);
        }
        lua_settop(L, table);
    }
}

static void from_table(lua_State *L, par_type type)
{
    nested n = {.type = type};
    lua_settop(L, 1);
    measure(L, 1, &n);
    par_tensor *tensor = par_lua_new_tensor(L, type);
    if (n.ndim == 0) return;
    par_lua_resize(L, tensor, n.ndim, n.size);
    n.next = par_tensor_data(tensor);
    lua_pushvalue(L, 1);
    read_level(L, &n, 0);
    lua_settop(L, 2);
}

/* --- tensors on a storage: (storage [, offset [, sizes [, strides]]]) or (storage, offset, size1, stride1, ...) --- */
static int read_pairs(lua_State *L, int first, int64_t *size, int64_t *stride)
{
    int n = 0;
    for (int i = first; !lua_isnone(L, i); i += 2, n++) {
        if (n == PAR_TENSOR_DIMS_MAX) luaL_error(L, "a tensor has at most %d dimensions", PAR_TENSOR_DIMS_MAX);
        size[n] = par_lua_check_i64(L, i);
        stride[n] = lua_isnone(L, i + 1) ? -1 : par_lua_check_i64(L, i + 1);
    }
    return n;
}

static void view_storage(lua_State *L, int idx, par_tensor *tensor)
{
    par_error err;
    par_storage *storage = par_lua_check_storage(L, idx);
    int64_t size[PAR_TENSOR_DIMS_MAX + 1], stride[PAR_TENSOR_DIMS_MAX + 1];
    int64_t start = lua_isnoneornil(L, idx + 1) ? 1 : par_lua_check_i64(L, idx + 1), offset = start > 0 ? start - 1 : -1;
    int ndim;
    if (lua_isnoneornil(L, idx + 2)) {
        if (offset < 0 || offset > storage->size) par_lua_arg_error(L, idx + 1, "storage offset out of range");
        size[0] = storage->size - offset;
        stride[0] = 1;
        ndim = size[0] > 0;
    } else if (lua_type(L, idx + 2) == LUA_TNUMBER) {
        ndim = read_pairs(L, idx + 2, size, stride);
    } else {
        ndim = par_lua_check_sizes(L, idx + 2, size);
        for (int d = 0; d < ndim; d++) stride[d] = -1;
        if (!lua_isnoneornil(L, idx + 3) && par_lua_check_sizes(L, idx + 3, stride) != ndim) {
            par_lua_arg_error(L, idx + 3, "as many strides as sizes expected");
        }
    }
    for (int d = 0; d < ndim; d++)
        if (size[d] == 0) ndim = d;
    par_tensor_complete_strides(ndim, size, stride);
    if (offset < 0) par_lua_arg_error(L, idx + 1, "storage offset out of range");
    par_lua_check_status(L, par_tensor_set_view(tensor, storage, offset, ndim, size, stride, &err), &err);
}

/* Makes `tensor` what the arguments from idx on describe, the first of which is `argument` to the caller. */
static void set_from_arguments(lua_State *L, int idx, par_tensor *tensor, int last, int argument)
{
    par_error err;
    par_tensor *other = par_lua_to_tensor(L, idx);
    par_storage *storage = par_lua_to_storage(L, idx);
    int64_t size[PAR_TENSOR_DIMS_MAX];
    if (last < idx || (last == idx && lua_isnil(L, idx))) return;
    if (other && other->type == tensor->type) {
        int status = par_tensor_set_view(tensor, other->storage, other->offset, other->ndim, other->size, other->stride, &err);
        par_lua_check_status(L, status, &err);
    } else if (storage && storage->type == tensor->type) {
        view_storage(L, idx, tensor);
    } else if ((storage && storage->type == PAR_LONG) || lua_type(L, idx) == LUA_TNUMBER) {
        int ndim = par_lua_check_sizes(L, idx, size);
        par_lua_resize(L, tensor, ndim, size);
    } else {
        par_lua_arg_error(L, argument, "expecting number or torch.%sTensor or torch.%sStorage, got %s", par_type_name(tensor->type),
                          par_type_name(tensor->type), par_lua_push_kind(L, idx));
    }
}

int par_lua_tensor_construct(lua_State *L, par_type type)
{
    if (lua_istable(L, 1)) {
        from_table(L, type);
        return 1;
    }
    int top = lua_gettop(L);
    par_tensor *tensor = par_lua_new_tensor(L, type);
    lua_insert(L, 1); /* out of the way of a list of sizes that ends at the top */
    set_from_arguments(L, 2, tensor, top + 1, 1);
    lua_settop(L, 1);
    return 1;
}

int par_lua_tensor_set(lua_State *L)
{
    par_error err;
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int top = lua_gettop(L);
    if (top == 1) par_lua_check_status(L, par_tensor_set_view(tensor, NULL, 0, 0, NULL, NULL, &err), &err);
    else if (par_lua_to_storage(L, 2) && par_lua_to_storage(L, 2)->type != tensor->type) {
        return par_lua_arg_error(L, 2, "torch.%sStorage expected", par_type_name(tensor->type));
    } else set_from_arguments(L, 2, tensor, top, 2);
    lua_settop(L, 1);
    return 1;
}
