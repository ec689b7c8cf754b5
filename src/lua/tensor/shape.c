/* Sizes of tensors, views of them and copies. */
#include <string.h>

#include "base/limits.h"
#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

/* --- asking --- */
static int numbers_or_one(lua_State *L, const par_tensor *tensor, const int64_t *list)
{
    if (!lua_isnoneornil(L, 2)) {
        par_lua_push_i64(L, list[par_lua_check_dim(L, 2, tensor)]);
        return 1;
    }
    par_storage *storage = par_lua_new_storage(L, PAR_LONG, tensor->ndim);
    if (tensor->ndim) memcpy(storage->data, list, (size_t)tensor->ndim * sizeof *list);
    return 1;
}

static int size(lua_State *L)
{
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    return numbers_or_one(L, tensor, tensor->size);
}

static int length(lua_State *L)
{
    lua_settop(L, 1);
    return size(L);
}

static int stride(lua_State *L)
{
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    return numbers_or_one(L, tensor, tensor->stride);
}

static int dim(lua_State *L)
{
    par_lua_push_i64(L, par_lua_check_any_tensor(L, 1)->ndim);
    return 1;
}

static int elements(lua_State *L)
{
    par_lua_push_i64(L, par_tensor_elements(par_lua_check_any_tensor(L, 1)));
    return 1;
}

static int element_size(lua_State *L)
{
    par_lua_push_i64(L, (int64_t)par_type_bytes(par_lua_check_any_tensor(L, 1)->type));
    return 1;
}

static int storage(lua_State *L)
{
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    if (tensor->storage) par_lua_push_storage(L, par_storage_retain(tensor->storage));
    else lua_pushnil(L);
    return 1;
}

static int storage_offset(lua_State *L)
{
    par_lua_push_i64(L, par_lua_check_any_tensor(L, 1)->offset + 1);
    return 1;
}

static int is_contiguous(lua_State *L)
{
    lua_pushboolean(L, par_tensor_is_contiguous(par_lua_check_any_tensor(L, 1)));
    return 1;
}

static int is_same_size_as(lua_State *L)
{
    lua_pushboolean(L, par_tensor_same_size(par_lua_check_any_tensor(L, 1), par_lua_check_any_tensor(L, 2)));
    return 1;
}

static int is_size(lua_State *L)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int ndim = par_lua_check_sizes(L, 2, sizes);
    bool same = ndim == tensor->ndim;
    for (int d = 0; same && d < ndim; d++) same = sizes[d] == tensor->size[d];
    lua_pushboolean(L, same);
    return 1;
}

static int is_set_to(lua_State *L)
{
    par_tensor *a = par_lua_check_any_tensor(L, 1), *b = par_lua_check_any_tensor(L, 2);
    bool same = a->storage && a->storage == b->storage && a->offset == b->offset && par_tensor_same_size(a, b);
    for (int d = 0; same && d < a->ndim; d++) same = a->stride[d] == b->stride[d];
    lua_pushboolean(L, same);
    return 1;
}

/* --- copies --- */
static int clone(lua_State *L)
{
    par_tensor *tensor = par_lua_check_tensor(L, 1), *copy = par_lua_new_tensor(L, tensor->type);
    par_lua_resize_as(L, copy, tensor);
    par_lua_copy(L, copy, tensor);
    return 1;
}

static int contiguous(lua_State *L)
{
    par_tensor *tensor = par_lua_check_tensor(L, 1);
    if (!par_tensor_is_contiguous(tensor)) return clone(L);
    par_lua_new_view(L, tensor);
    return 1;
}

static int copy(lua_State *L)
{
    par_tensor *to = par_lua_check_tensor(L, 1);
    par_storage *from = par_lua_to_storage(L, 2);
    if (from) {
        par_error err;
        par_tensor *all = par_lua_new_tensor(L, from->type);
        par_lua_check_status(L, par_tensor_set_view(all, from, 0, 1, &from->size, NULL, &err), &err);
        par_lua_copy(L, to, all);
    } else {
        par_lua_copy(L, to, par_lua_check_tensor(L, 2));
    }
    lua_settop(L, 1);
    return 1;
}

static int fill(lua_State *L)
{
    par_tensor *tensor = par_lua_check_tensor(L, 1);
    par_lua_fill(tensor, par_lua_check_value(L, 2, tensor->type));
    lua_settop(L, 1);
    return 1;
}

static int zero(lua_State *L)
{
    par_lua_fill(par_lua_check_tensor(L, 1), (par_value){.i = 0});
    lua_settop(L, 1);
    return 1;
}

/* --- resizing --- */
static int resize(lua_State *L)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX], strides[PAR_TENSOR_DIMS_MAX];
    par_error err;
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int ndim = par_lua_check_sizes(L, 2, sizes);
    bool strided = par_lua_to_storage(L, 2) && par_lua_to_storage(L, 3);
    if (strided && par_lua_check_sizes(L, 3, strides) != ndim) return par_lua_arg_error(L, 3, "as many strides as sizes expected");
    if (strided) par_tensor_complete_strides(ndim, sizes, strides);
    par_lua_check_status(L, par_tensor_resize(tensor, ndim, sizes, strided ? strides : NULL, &err), &err);
    lua_settop(L, 1);
    return 1;
}

static int resize_as(lua_State *L)
{
    par_lua_resize_as(L, par_lua_check_any_tensor(L, 1), par_lua_check_any_tensor(L, 2));
    lua_settop(L, 1);
    return 1;
}

/* --- views --- */

/* "out of range: " and what is, with the tensor's sizes. */
static int out_of_range(lua_State *L, int argument, const par_tensor *tensor, const char *what, int64_t value)
{
    return par_lua_arg_error(L, argument, "out of range: %s %s of a tensor of %s", what, par_lua_push_digits(L, value),
                             par_lua_push_size(L, tensor));
}

/* Raises what a function of views says, and of which tensor. */
static void check_view(lua_State *L, const par_tensor *tensor, int status, const par_error *err)
{
    if (status != PAR_OK) par_lua_error(L, "%s, of a tensor of %s", err->text, par_lua_push_size(L, tensor));
}

static int narrow(lua_State *L)
{
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int64_t d = par_lua_check_i64(L, 2), first = par_lua_check_i64(L, 3), count = par_lua_check_i64(L, 4);
    if (d < 1 || d > tensor->ndim) return out_of_range(L, 2, tensor, "dimension", d);
    int64_t extent = tensor->size[d - 1];
    if (first < 1 || first > extent) return out_of_range(L, 3, tensor, "first index", first);
    if (count < 1 || count > extent - (first - 1)) return out_of_range(L, 4, tensor, "number of elements", count);
    par_error err;
    par_tensor *view = par_lua_new_view(L, tensor);
    par_lua_check_status(L, par_view_narrow(view, (int)d - 1, first - 1, count, &err), &err);
    return 1;
}

static int select_(lua_State *L)
{
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int64_t d = par_lua_check_i64(L, 2), at = par_lua_check_i64(L, 3);
    if (tensor->ndim == 0) return par_lua_arg_error(L, 1, "empty tensor");
    if (d < 1 || d > tensor->ndim) return out_of_range(L, 2, tensor, "dimension", d);
    if (at < 1 || at > tensor->size[d - 1]) return out_of_range(L, 3, tensor, "index", at);
    if (tensor->ndim == 1) {
        par_lua_push_i64(L, at);
        lua_replace(L, 2);
        lua_settop(L, 2);
        return par_lua_tensor_index(L);
    }
    par_error err;
    par_tensor *view = par_lua_new_view(L, tensor);
    par_lua_check_status(L, par_view_select(view, (int)d - 1, at - 1, &err), &err);
    return 1;
}

static int sub(lua_State *L)
{
    par_error err;
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int top = lua_gettop(L);
    par_tensor *view = par_lua_new_view(L, tensor);
    for (int i = 2, d = 0; i == 2 || i <= top; i += 2, d++) {
        int64_t first = par_lua_check_i64(L, i),
                last = i + 1 > top ? par_lua_arg_error(L, i + 1, "end expected") : par_lua_check_i64(L, i + 1);
        if (d >= tensor->ndim) return out_of_range(L, i, tensor, "dimension", d + 1);
        if (first < 0) first += tensor->size[d] + 1;
        if (last < 0) last += tensor->size[d] + 1;
        if (first < 1 || first > tensor->size[d]) return out_of_range(L, i, tensor, "first index", first);
        if (last < 1 || last > tensor->size[d]) return out_of_range(L, i + 1, tensor, "last index", last);
        if (last < first) return out_of_range(L, i + 1, tensor, "last index before the first:", last);
        par_lua_check_status(L, par_view_narrow(view, d, first - 1, last - first + 1, &err), &err);
    }
    return 1;
}

static int transpose(lua_State *L)
{
    par_error err;
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int d1 = par_lua_check_dim(L, 2, tensor), d2 = par_lua_check_dim(L, 3, tensor);
    par_lua_check_status(L, par_view_transpose(par_lua_new_view(L, tensor), d1, d2, &err), &err);
    return 1;
}

static int t(lua_State *L)
{
    par_error err;
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    if (tensor->ndim != 2) return par_lua_arg_error(L, 1, "Tensor must have 2 dimensions, not %s", par_lua_push_size(L, tensor));
    par_lua_check_status(L, par_view_transpose(par_lua_new_view(L, tensor), 0, 1, &err), &err);
    return 1;
}

static int unfold(lua_State *L)
{
    par_error err;
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int d = par_lua_check_dim(L, 2, tensor);
    int64_t window = par_lua_check_i64(L, 3), step = par_lua_check_i64(L, 4);
    check_view(L, tensor, par_view_unfold(par_lua_new_view(L, tensor), d, window, step, &err), &err);
    return 1;
}

static int squeeze(lua_State *L)
{
    par_error err;
    bool named = par_lua_to_tensor(L, 2) != NULL; /* torch.squeeze(result, tensor [, dim]) */
    par_tensor *tensor = par_lua_check_any_tensor(L, named ? 2 : 1);
    int at = named ? 3 : 2, d = lua_isnoneornil(L, at) ? -1 : par_lua_check_dim(L, at, tensor);
    par_tensor *view = par_lua_new_view(L, tensor);
    if (d < 0) par_view_squeeze(view);
    else par_lua_check_status(L, par_view_squeeze_dim(view, d, &err), &err);
    if (!named && view->ndim == 1 && view->size[0] == 1 && (d < 0 || tensor->ndim == 1)) { /* Torch gives the number itself */
        par_lua_check_sound(L, view);
        par_lua_push_value(L, view->type, par_element_get(view->type, par_tensor_data(view)));
        return 1;
    }
    if (!named) return 1;
    par_tensor *into = par_lua_check_tensor_type(L, 1, tensor->type);
    int status = par_tensor_set_view(into, view->storage, view->offset, view->ndim, view->size, view->stride, &err);
    par_lua_check_status(L, status, &err);
    lua_settop(L, 1);
    return 1;
}

static int expand_to(lua_State *L, const par_tensor *tensor, int ndim, const int64_t *sizes)
{
    par_error err;
    int status = par_view_expand(par_lua_new_view(L, tensor), ndim, sizes, &err);
    if (status == PAR_OK) return 1;
    return par_lua_error(L, "%s: %s to %s", err.text, par_lua_push_size(L, tensor), par_lua_push_sizes(L, ndim, sizes));
}

static int expand(lua_State *L)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    par_tensor *tensor = par_lua_check_any_tensor(L, 1);
    int ndim = par_lua_check_sizes(L, 2, sizes);
    return expand_to(L, tensor, ndim, sizes);
}

static int expand_as(lua_State *L)
{
    par_tensor *tensor = par_lua_check_any_tensor(L, 1), *like = par_lua_check_any_tensor(L, 2);
    return expand_to(L, tensor, like->ndim, like->size);
}

/* Sizes among which one -1 stands for what is left of the tensor's elements. */
static void infer_size(lua_State *L, int ndim, int64_t *sizes, const par_tensor *of)
{
    int open = -1;
    int64_t known = 1, total = par_tensor_elements(of);
    for (int d = 0; d < ndim; d++) {
        if (sizes[d] == -1 && open < 0) open = d;
        else if (sizes[d] < 0 || __builtin_mul_overflow(known, sizes[d], &known))
            par_lua_error(L, "invalid size in a view: %s of %s", par_lua_push_sizes(L, ndim, sizes), par_lua_push_size(L, of));
    }
    if (open >= 0 && known > 0 && total % known == 0) sizes[open] = total / known;
    else if (open >= 0 || known != total)
        par_lua_error(L, "Wrong size for view. Input size: %s, output size: %s", par_lua_push_size(L, of),
                      par_lua_push_sizes(L, ndim, sizes));
}

static int view_sizes(lua_State *L, par_tensor *tensor, int ndim, int64_t *sizes)
{
    par_error err;
    if (!par_tensor_is_contiguous(tensor))
        return par_lua_error(L, "expecting a contiguous tensor, got %s with other strides", par_lua_push_size(L, tensor));
    infer_size(L, ndim, sizes, tensor);
    par_tensor *view = par_lua_new_tensor(L, tensor->type);
    par_lua_check_status(L, par_tensor_set_view(view, tensor->storage, tensor->offset, ndim, sizes, NULL, &err), &err);
    return 1;
}

/* t:view(sizes) and torch.view(result, t, sizes). */
static int view(lua_State *L)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    bool named = par_lua_to_tensor(L, 2) != NULL;
    par_tensor *tensor = par_lua_check_any_tensor(L, named ? 2 : 1);
    int ndim = par_lua_check_sizes(L, named ? 3 : 2, sizes);
    view_sizes(L, tensor, ndim, sizes);
    if (!named) return 1;
    par_error err;
    par_tensor *made = par_lua_to_tensor(L, -1), *into = par_lua_check_tensor_type(L, 1, tensor->type);
    par_lua_check_status(L, par_tensor_set_view(into, made->storage, made->offset, made->ndim, made->size, NULL, &err), &err);
    lua_settop(L, 1);
    return 1;
}

static int view_as(lua_State *L)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    par_tensor *tensor = par_lua_check_any_tensor(L, 1), *like = par_lua_check_any_tensor(L, 2);
    memcpy(sizes, like->size, (size_t)like->ndim * sizeof *sizes);
    return view_sizes(L, tensor, like->ndim, sizes);
}

/* torch.reshape([result,] t, sizes): always a copy. */
static int reshape(lua_State *L)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    bool named = par_lua_to_tensor(L, 2) != NULL;
    par_tensor *tensor = par_lua_check_tensor(L, named ? 2 : 1);
    int ndim = par_lua_check_sizes(L, named ? 3 : 2, sizes);
    par_tensor *into = named ? par_lua_check_tensor_type(L, 1, tensor->type) : par_lua_new_tensor(L, tensor->type);
    infer_size(L, ndim, sizes, tensor);
    par_lua_resize(L, into, ndim, sizes);
    par_lua_copy(L, into, tensor);
    if (named) lua_settop(L, 1);
    return 1;
}

/* Both t:name(...) and torch.name(t, ...), as in Torch; the others are methods alone. */
static const luaL_Reg SHARED[] = {{"numel", elements},     {"fill", fill}, {"zero", zero},      {"squeeze", squeeze},
                                  {"expand", expand},      {"view", view}, {"viewAs", view_as}, {"reshape", reshape},
                                  {"expandAs", expand_as}, {NULL, NULL}};
static const luaL_Reg METHODS[] = {{"size", size},
                                   {"stride", stride},
                                   {"dim", dim},
                                   {"nDimension", dim},
                                   {"nElement", elements},
                                   {"elementSize", element_size},
                                   {"storage", storage},
                                   {"storageOffset", storage_offset},
                                   {"isContiguous", is_contiguous},
                                   {"isSameSizeAs", is_same_size_as},
                                   {"isSize", is_size},
                                   {"isSetTo", is_set_to},
                                   {"clone", clone},
                                   {"contiguous", contiguous},
                                   {"copy", copy},
                                   {"resize", resize},
                                   {"resizeAs", resize_as},
                                   {"set", par_lua_tensor_set},
                                   {"narrow", narrow},
                                   {"select", select_},
                                   {"sub", sub},
                                   {"transpose", transpose},
                                   {"t", t},
                                   {"unfold", unfold},
                                   {"share", par_lua_share},
                                   {"isShared", par_lua_is_shared},
                                   {"__len", length},
                                   {NULL, NULL}};

void par_lua_tensor_add_shape(lua_State *L)
{
    par_lua_add_functions(L, SHARED);
    par_lua_add_methods(L, SHARED);
    par_lua_add_methods(L, METHODS);
    lua_pushliteral(L, "data"); /* what uses it */
    lua_pushcclosure(L, par_lua_address, 1);
    lua_setfield(L, -2, "_address");
}
