/* t[i], t[{...}], t[mask] and assignment through them. */
#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"
#include "tensor/loop.h"

static char *element(const par_tensor *tensor, int64_t i)
{
    return (char *)tensor->storage->data + (tensor->offset + i * tensor->stride[0]) * (int64_t)par_type_bytes(tensor->type);
}

/* The position that stack index idx means in a dimension of `size`; negative ones count from the end. `what` begins the error,
 * which is that of argument 2 of t[...]. */
static int64_t check_position(lua_State *L, int idx, int64_t size, const char *what)
{
    int64_t i = par_lua_check_i64(L, idx);
    int64_t at = i < 0 ? i + size : i - 1; /* neither overflows: size is not negative */
    if (at < 0 || at >= size)
        par_lua_arg_error(L, 2, "%s: %s is out of range, the dimension has %s elements", what, par_lua_push_digits(L, i),
                          par_lua_push_digits(L, size));
    return at;
}

static void check_element(lua_State *L, const par_tensor *tensor, int64_t i)
{
    int64_t place = tensor->offset + i * tensor->stride[0];
    if (!tensor->storage || place < 0 || place >= tensor->storage->size) par_lua_check_sound(L, tensor);
}

static void select_in_place(lua_State *L, par_tensor *tensor, int dim, int64_t index)
{
    par_error err;
    par_lua_check_status(L, par_view_select(tensor, dim, index, &err), &err);
}

/* {}, {i} or {first, last} at stack index idx narrows dimension dim. */
static void narrow_by_table(lua_State *L, par_tensor *tensor, int dim, int idx)
{
    par_error err;
    size_t n = lua_rawlen(L, idx);
    if (n == 0) return;
    if (n > 2) par_lua_arg_error(L, 2, "invalid range: {}, {i} or {first, last} expected");
    lua_rawgeti(L, idx, 1);
    lua_rawgeti(L, idx, (int)n);
    int top = lua_gettop(L);
    int64_t first = check_position(L, top - 1, tensor->size[dim], "start index out of bound");
    int64_t last = check_position(L, top, tensor->size[dim], "end index out of bound");
    if (last < first) par_lua_arg_error(L, 2, "end index must be greater or equal to start index");
    par_lua_check_status(L, par_view_narrow(tensor, dim, first, last - first + 1, &err), &err);
    lua_pop(L, 2);
}

/* Applies the table at idx to the view. true: a number for each dimension was given; *at is then the one element. */
static bool apply_table(lua_State *L, par_tensor *view, int idx, int64_t *at)
{
    int n = (int)lua_rawlen(L, idx), dim = 0;
    if (n > view->ndim) par_lua_arg_error(L, 2, "too many indices provided: %d for a tensor of %d dimensions", n, view->ndim);
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, idx, i);
        if (lua_istable(L, -1)) {
            narrow_by_table(L, view, dim++, lua_gettop(L));
        } else if (lua_type(L, -1) == LUA_TNUMBER) {
            int64_t position = check_position(L, lua_gettop(L), view->size[dim], "index out of bound");
            if (view->ndim == 1) {
                *at = position;
                return true;
            }
            select_in_place(L, view, dim, position);
        } else {
            par_lua_arg_error(L, 2, "invalid index: number or {first, last} expected, got %s", luaL_typename(L, -1));
        }
        lua_pop(L, 1);
    }
    return false;
}

/* t[LongStorage{i, j}]: the element there. */
static char *check_place(lua_State *L, const par_tensor *tensor, const par_storage *where)
{
    int64_t place = tensor->offset;
    if (where->type != PAR_LONG) par_lua_arg_error(L, 2, "torch.LongStorage expected");
    if (where->size != tensor->ndim) par_lua_arg_error(L, 2, "invalid size: %d indices expected", tensor->ndim);
    for (int d = 0; d < tensor->ndim; d++) {
        int64_t i = ((const int64_t *)where->data)[d];
        if (i < 1 || i > tensor->size[d]) par_lua_arg_error(L, 2, "index out of bound in dimension %d", d + 1);
        place += (i - 1) * tensor->stride[d];
    }
    return (char *)tensor->storage->data + place * (int64_t)par_type_bytes(tensor->type);
}

/* Calls the method `name` of the tensor with the arguments that were pushed last, and leaves one result. */
static void call_method(lua_State *L, const char *name, int args)
{
    lua_getfield(L, 1, name);
    lua_insert(L, -args - 1);
    lua_pushvalue(L, 1);
    lua_insert(L, -args - 1);
    lua_call(L, args + 1, 1);
}

static int bad_index(lua_State *L)
{
    return par_lua_arg_error(L, 2, "invalid index: number, table, torch.LongStorage or torch.ByteTensor expected, got %s",
                             luaL_typename(L, 2));
}

static int index_other(lua_State *L, par_tensor *tensor)
{
    par_tensor *mask = par_lua_to_tensor(L, 2);
    par_storage *where = par_lua_to_storage(L, 2);
    int64_t at;
    par_lua_check_sound(L, tensor);
    if (mask) {
        lua_pushvalue(L, 2);
        call_method(L, "maskedSelect", 1);
    } else if (where) {
        if (tensor->ndim == 0) return par_lua_arg_error(L, 1, "empty tensor");
        par_lua_push_value(L, tensor->type, par_element_get(tensor->type, check_place(L, tensor, where)));
    } else if (lua_istable(L, 2)) {
        par_tensor *view = par_lua_new_view(L, tensor);
        int result = lua_gettop(L);
        if (apply_table(L, view, 2, &at)) par_lua_push_value(L, view->type, par_element_get(view->type, element(view, at)));
        else lua_pushvalue(L, result);
    } else {
        return bad_index(L);
    }
    return 1;
}

int par_lua_tensor_index(lua_State *L)
{
    par_tensor *tensor = par_lua_to_tensor(L, 1);
    int kind = lua_type(L, 2);
    if (kind == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        return 1;
    }
    if (!tensor) tensor = par_lua_check_tensor(L, 1);
    if (kind != LUA_TNUMBER) return index_other(L, tensor);
    if (tensor->ndim == 0) return par_lua_arg_error(L, 1, "empty tensor");
    int64_t at = check_position(L, 2, tensor->size[0], "out of range");
    if (tensor->ndim == 1) {
        check_element(L, tensor, at);
        par_lua_push_value(L, tensor->type, par_element_get(tensor->type, element(tensor, at)));
    } else {
        select_in_place(L, par_lua_new_view(L, tensor), 0, at);
    }
    return 1;
}

/* The value at stack index 3, a number or a tensor, goes to every element of view. */
static void assign(lua_State *L, par_tensor *view)
{
    par_tensor *source = par_lua_to_tensor(L, 3);
    par_storage *storage = par_lua_to_storage(L, 3);
    par_lua_check_sound(L, view);
    if (source) {
        par_lua_check_sound(L, source);
        par_lua_copy(L, view, source);
    } else if (storage) {
        par_error err;
        par_tensor *all = par_lua_new_tensor(L, storage->type);
        par_lua_check_status(L, par_tensor_set_view(all, storage, 0, 1, &storage->size, NULL, &err), &err);
        par_lua_copy(L, view, all);
    } else {
        par_lua_fill(view, par_lua_check_value(L, 3, view->type));
    }
}

static int newindex_other(lua_State *L, par_tensor *tensor)
{
    par_storage *where = par_lua_to_storage(L, 2);
    int64_t at;
    par_lua_check_sound(L, tensor);
    if (par_lua_to_tensor(L, 2)) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        call_method(L, par_lua_to_tensor(L, 3) ? "maskedCopy" : "maskedFill", 2);
    } else if (where) {
        if (tensor->ndim == 0) return par_lua_arg_error(L, 1, "empty tensor");
        par_value value = par_lua_check_value(L, 3, tensor->type);
        par_element_set(tensor->type, check_place(L, tensor, where), value);
    } else if (lua_istable(L, 2)) {
        par_tensor *view = par_lua_new_view(L, tensor);
        if (!apply_table(L, view, 2, &at)) assign(L, view);
        else par_element_set(view->type, element(view, at), par_lua_check_value(L, 3, view->type));
    } else {
        return bad_index(L);
    }
    return 0;
}

int par_lua_tensor_newindex(lua_State *L)
{
    par_tensor *tensor = par_lua_to_tensor(L, 1);
    if (!tensor) tensor = par_lua_check_tensor(L, 1);
    if (lua_type(L, 2) != LUA_TNUMBER) return newindex_other(L, tensor);
    if (tensor->ndim == 0) return par_lua_arg_error(L, 1, "empty tensor");
    int64_t at = check_position(L, 2, tensor->size[0], "out of range");
    if (tensor->ndim == 1 && lua_type(L, 3) == LUA_TNUMBER) {
        check_element(L, tensor, at);
        par_element_set(tensor->type, element(tensor, at), par_lua_check_value(L, 3, tensor->type));
    } else if (tensor->ndim == 1) {
        par_error err;
        par_tensor *view = par_lua_new_view(L, tensor);
        par_lua_check_status(L, par_view_narrow(view, 0, at, 1, &err), &err);
        assign(L, view);
    } else {
        par_tensor *view = par_lua_new_view(L, tensor);
        select_in_place(L, view, 0, at);
        assign(L, view);
    }
    return 0;
}
