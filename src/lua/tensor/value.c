#include "lua/tensor/value.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "tensor/loop.h"
#include "tensor/transpose.h"

par_value par_lua_value_of_double(double d, par_type type)
{
    return par_type_is_float(type) ? (par_value){.d = d} : (par_value){.i = par_double_to_i64(d)};
}

static double check_number(lua_State *L, int idx)
{
    if (!lua_isnumber(L, idx)) par_lua_arg_error(L, idx, "number expected, got %s", par_lua_push_kind(L, idx));
    return (double)lua_tonumber(L, idx);
}

par_value par_lua_check_value(lua_State *L, int idx, par_type type)
{
#if PAR_LUA_INTEGERS
    if (!par_type_is_float(type) && lua_isinteger(L, idx)) return (par_value){.i = (int64_t)lua_tointeger(L, idx)};
#endif
    return par_lua_value_of_double(check_number(L, idx), type);
}

void par_lua_push_i64(lua_State *L, int64_t i)
{
#if PAR_LUA_INTEGERS
    lua_pushinteger(L, (lua_Integer)i);
#else
    lua_pushnumber(L, (lua_Number)i);
#endif
}

void par_lua_push_value(lua_State *L, par_type type, par_value value)
{
    if (par_type_is_float(type)) lua_pushnumber(L, (lua_Number)value.d);
    else par_lua_push_i64(L, value.i);
}

int64_t par_lua_check_i64(lua_State *L, int idx)
{
#if PAR_LUA_INTEGERS
    if (lua_isinteger(L, idx)) return (int64_t)lua_tointeger(L, idx);
#endif
    double d = check_number(L, idx);
    if (!par_double_fits_i64(d)) par_lua_arg_error(L, idx, "number out of range of integers");
    return (int64_t)d;
}

int par_lua_check_dim(lua_State *L, int idx, const par_tensor *tensor)
{
    int64_t dim = par_lua_check_i64(L, idx);
    if (dim < 1 || dim > tensor->ndim) {
        par_lua_arg_error(L, idx, "dimension %s out of range of %dD tensor %s", lua_tostring(L, idx), tensor->ndim,
                          par_lua_push_size(L, tensor));
    }
    return (int)dim - 1;
}

static int sizes_of_storage(lua_State *L, const par_storage *storage, int64_t *sizes)
{
    if (storage->type != PAR_LONG) par_lua_error(L, "sizes: torch.LongStorage expected, got torch.%sStorage", par_type_name(storage->type));
    if (storage->size > PAR_TENSOR_DIMS_MAX) par_lua_error(L, "a tensor has at most %d dimensions", PAR_TENSOR_DIMS_MAX);
    memcpy(sizes, storage->data ? storage->data : sizes, (size_t)storage->size * sizeof *sizes);
    return (int)storage->size;
}

static int sizes_of_table(lua_State *L, int idx, int64_t *sizes)
{
    size_t n = lua_rawlen(L, idx);
    if (n > PAR_TENSOR_DIMS_MAX) par_lua_error(L, "a tensor has at most %d dimensions", PAR_TENSOR_DIMS_MAX);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, idx, (int)i + 1);
        if (!lua_isnumber(L, -1)) par_lua_arg_error(L, idx, "sizes: a table of numbers expected");
        sizes[i] = par_lua_check_i64(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    return (int)n;
}

int par_lua_check_sizes(lua_State *L, int first, int64_t *sizes)
{
    int top = lua_gettop(L);
    par_storage *storage = par_lua_to_storage(L, first);
    if (storage) return sizes_of_storage(L, storage, sizes);
    if (lua_istable(L, first)) return sizes_of_table(L, first, sizes);
    if (top - first + 1 > PAR_TENSOR_DIMS_MAX) par_lua_error(L, "a tensor has at most %d dimensions", PAR_TENSOR_DIMS_MAX);
    for (int i = first; i <= top; i++) {
        if (!lua_isnumber(L, i)) par_lua_arg_error(L, i, "size expected: a number or a torch.LongStorage");
        sizes[i - first] = par_lua_check_i64(L, i);
    }
    return top >= first ? top - first + 1 : 0;
}

void par_lua_check_same_elements(lua_State *L, const par_tensor *a, const char *a_name, const par_tensor *b, const char *b_name)
{
    int64_t n = par_tensor_elements(a), m = par_tensor_elements(b);
    if (n == m) return;
    par_lua_error(L,
                  "inconsistent tensor size, expected %s %s and %s %s to have the same number of elements, but got %s and %s elements "
                  "respectively",
                  a_name, par_lua_push_size(L, a), b_name, par_lua_push_size(L, b), par_lua_push_digits(L, n), par_lua_push_digits(L, m));
}

void par_lua_resize(lua_State *L, par_tensor *tensor, int ndim, const int64_t *size)
{
    par_error err;
    par_lua_check_status(L, par_tensor_resize(tensor, ndim, size, NULL, &err), &err);
}

void par_lua_resize_as(lua_State *L, par_tensor *tensor, const par_tensor *like) { par_lua_resize(L, tensor, like->ndim, like->size); }

void par_lua_fill(par_tensor *tensor, par_value value)
{
    const par_tensor *const one[] = {tensor};
    par_args args = {.a = value};
    par_loop(par_kernel_find(PAR_OP_FILL, tensor->type), &args, 1, one);
}

bool par_lua_same_memory(const par_tensor *a, const par_tensor *b)
{
    return a->storage && b->storage && a->storage->blob && a->storage->blob == b->storage->blob;
}

static bool overlap(const par_tensor *a, const par_tensor *b)
{
    int64_t a_first, a_last, b_first, b_last;
    if (!par_tensor_span(a, &a_first, &a_last) || !par_tensor_span(b, &b_first, &b_last)) return false;
    size_t a_bytes = par_type_bytes(a->type), b_bytes = par_type_bytes(b->type);
    const char *ad = a->storage->data, *bd = b->storage->data;
    return ad + (size_t)a_first * a_bytes < bd + (size_t)(b_last + 1) * b_bytes &&
           bd + (size_t)b_first * b_bytes < ad + (size_t)(a_last + 1) * a_bytes;
}

/* Matrices of one type, the rows of one being the columns of the other, that lie apart. */
static bool copy_turned(const par_tensor *to, const par_tensor *from)
{
    if (to->type != from->type || to->ndim != 2 || !par_tensor_same_size(to, from)) return false;
    size_t bytes = par_type_bytes(to->type);
    if (to->stride[1] == 1 && from->stride[0] == 1)
        par_transpose(bytes, to->size[1], to->size[0], par_tensor_data(from), from->stride[1], par_tensor_data(to), to->stride[0]);
    else if (to->stride[0] == 1 && from->stride[1] == 1)
        par_transpose(bytes, to->size[0], to->size[1], par_tensor_data(from), from->stride[0], par_tensor_data(to), to->stride[1]);
    else return false;
    return true;
}

void par_lua_copy(lua_State *L, par_tensor *to, const par_tensor *from)
{
    const par_tensor *pair[] = {to, from};
    par_lua_check_same_elements(L, to, "tensor", from, "src");
    if (to->ndim == 0) return;
    bool plain = to->type == from->type && par_tensor_is_contiguous(to) && par_tensor_is_contiguous(from);
    if (plain) {
        memmove(par_tensor_data(to), par_tensor_data(from), (size_t)par_tensor_elements(to) * par_type_bytes(to->type));
        return;
    }
    int top = lua_gettop(L);
    bool apart = !overlap(to, from);
    if (apart && copy_turned(to, from)) return;
    if (!apart) { /* by way of a copy: a transposed view copied onto itself must not read what it wrote */
        luaL_checkstack(L, 4, "tensors");
        par_tensor *clone = par_lua_new_tensor(L, from->type);
        par_lua_resize_as(L, clone, from);
        const par_tensor *const first[] = {clone, from};
        par_loop(par_kernel_copy(from->type, from->type), NULL, 2, first);
        pair[1] = clone;
    }
    par_loop(par_kernel_copy(to->type, from->type), NULL, 2, pair);
    lua_settop(L, top);
}
