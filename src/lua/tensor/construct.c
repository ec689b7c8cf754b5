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
        if (n->ndim == PAR_TENSOR_DIMS_MAX) par_lua_error(L, "invalid tensor definition: more than %d levels", PAR_TENSOR_DIMS_MAX);
        luaL_checkstack(L, 4, "tensor from a table");
        n->size[n->ndim++] = (int64_t)lua_rawlen(L, -1);
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, idx);
}

static void read_level(lua_State *L, nested *n, int depth)
{
    int table = lua_gettop(L);
    if (!lua_istable(L, table)) par_lua_error(L, "invalid tensor definition: table expected at level %d", depth + 1);
    if ((int64_t)lua_rawlen(L, table) != n->size[depth]) {
        par_lua_error(L, "invalid tensor sizes: %d elements at level %d, not %d", (int)lua_rawlen(L, table), depth + 1,
                      (int)n->size[depth]);
    }
    luaL_checkstack(L, 4, "tensor from a table");
    for (int64_t i = 1; i <= n->size[depth]; i++) {
        lua_rawgeti(L, table, (int)i);
        if (depth + 1 < n->ndim) {
            read_level(L, n, depth + 1);
        } else {
            if (!lua_isnumber(L, -1)) par_lua_error(L, "invalid element (not a number)");
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

/* What arguments say that a tensor is to become. They are read before there is a new tensor on the stack: a list of sizes ends at its top. */
typedef struct description {
    enum { NOTHING, SIZES, VIEW } what;
    par_storage *storage; /* of a view; an argument holds it */
    int64_t offset;
    int ndim;
    int64_t size[PAR_TENSOR_DIMS_MAX], stride[PAR_TENSOR_DIMS_MAX];
} description;

static int read_pairs(lua_State *L, int first, description *d)
{
    int n = 0;
    for (int i = first; !lua_isnone(L, i); i += 2, n++) {
        if (n == PAR_TENSOR_DIMS_MAX) par_lua_error(L, "a tensor has at most %d dimensions", PAR_TENSOR_DIMS_MAX);
        d->size[n] = par_lua_check_i64(L, i);
        d->stride[n] = lua_isnone(L, i + 1) ? -1 : par_lua_check_i64(L, i + 1);
    }
    return n;
}

/* The sizes and strides of a view of the storage at idx, from idx + 2 on. */
static int read_sizes(lua_State *L, int idx, description *d)
{
    if (lua_isnoneornil(L, idx + 2)) {
        d->size[0] = d->storage->size - d->offset;
        d->stride[0] = 1;
        return d->size[0] > 0;
    }
    if (lua_type(L, idx + 2) == LUA_TNUMBER) return read_pairs(L, idx + 2, d);
    int ndim = par_lua_check_sizes(L, idx + 2, d->size);
    for (int k = 0; k < ndim; k++) d->stride[k] = -1;
    if (!lua_isnoneornil(L, idx + 3) && par_lua_check_sizes(L, idx + 3, d->stride) != ndim)
        par_lua_arg_error(L, idx + 3, "as many strides as sizes expected");
    return ndim;
}

static void read_view(lua_State *L, int idx, description *d)
{
    d->what = VIEW;
    d->storage = par_lua_check_storage(L, idx);
    int64_t start = lua_isnoneornil(L, idx + 1) ? 1 : par_lua_check_i64(L, idx + 1);
    d->offset = start > 0 ? start - 1 : -1;
    if (d->offset < 0 || (lua_isnoneornil(L, idx + 2) && d->offset > d->storage->size))
        par_lua_arg_error(L, idx + 1, "storage offset out of range");
    d->ndim = read_sizes(L, idx, d);
    for (int k = 0; k < d->ndim; k++)
        if (d->size[k] == 0) d->ndim = k;
    par_tensor_complete_strides(d->ndim, d->size, d->stride);
}

static void describe_tensor(const par_tensor *other, description *d)
{
    *d = (description){.what = VIEW, .storage = other->storage, .offset = other->offset, .ndim = other->ndim};
    for (int k = 0; k < other->ndim; k++) d->size[k] = other->size[k], d->stride[k] = other->stride[k];
}

/* What the arguments from idx on describe, for a tensor of this type. */
static void read_arguments(lua_State *L, int idx, par_type type, description *d)
{
    par_tensor *other = par_lua_to_tensor(L, idx);
    par_storage *storage = par_lua_to_storage(L, idx);
    int last = lua_gettop(L);
    d->what = NOTHING;
    if (last < idx || (last == idx && lua_isnil(L, idx))) return;
    if (other && other->type == type) {
        describe_tensor(other, d);
    } else if (storage && storage->type == type) {
        read_view(L, idx, d);
    } else if ((storage && storage->type == PAR_LONG) || lua_type(L, idx) == LUA_TNUMBER) {
        d->what = SIZES;
        d->ndim = par_lua_check_sizes(L, idx, d->size);
    } else {
        par_lua_arg_error(L, idx, "expecting number or torch.%sTensor or torch.%sStorage, got %s", par_type_name(type), par_type_name(type),
                          par_lua_push_kind(L, idx));
    }
}

static void become(lua_State *L, par_tensor *tensor, const description *d)
{
    par_error err;
    int status = PAR_OK;
    if (d->what == VIEW) status = par_tensor_set_view(tensor, d->storage, d->offset, d->ndim, d->size, d->stride, &err);
    if (d->what == SIZES) status = par_tensor_resize(tensor, d->ndim, d->size, NULL, &err);
    par_lua_check_status(L, status, &err);
}

int par_lua_tensor_construct(lua_State *L, par_type type)
{
    description d;
    par_tensor *other = par_lua_to_tensor(L, 1);
    if (other && other->type == type) {
        par_lua_new_view(L, other);
        return 1;
    }
    if (lua_istable(L, 1)) {
        from_table(L, type);
        return 1;
    }
    read_arguments(L, 1, type, &d);
    become(L, par_lua_new_tensor(L, type), &d);
    return 1;
}

int par_lua_tensor_set(lua_State *L)
{
    par_error err;
    description d;
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    if (lua_gettop(L) == 1) {
        par_lua_check_status(L, par_tensor_set_view(tensor, NULL, 0, 0, NULL, NULL, &err), &err);
        return 1;
    }
    if (par_lua_to_storage(L, 2) && par_lua_to_storage(L, 2)->type != tensor->type)
        return par_lua_arg_error(L, 2, "torch.%sStorage expected", par_type_name(tensor->type));
    read_arguments(L, 2, tensor->type, &d);
    become(L, tensor, &d);
    lua_settop(L, 1);
    return 1;
}
