/* torch.cat: tensors joined along a dimension. */
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

/* What is joined: the tensors of the table at `list`, which are n. */
typedef struct joining {
    lua_State *L;
    int list, n, dim;
    par_type type;
} joining;

static const par_tensor *part(const joining *j, int i)
{
    lua_rawgeti(j->L, j->list, i);
    const par_tensor *t = par_lua_to_tensor(j->L, -1);
    if (!t || t->type != j->type)
        par_lua_error(j->L, "element %d is not a torch.%sTensor but %s", i, par_type_name(j->type), par_lua_push_kind(j->L, -1));
    par_lua_check_sound(j->L, t);
    lua_pop(j->L, 1); /* the table holds it */
    return t;
}

/* Beyond its dimensions a tensor has the size 1. */
static int64_t size_at(const par_tensor *t, int d) { return d < t->ndim ? t->size[d] : 1; }

static int most_dims(const joining *j)
{
    int most = 0;
    for (int i = 1; i <= j->n; i++) {
        int ndim = part(j, i)->ndim;
        if (ndim > most) most = ndim;
    }
    return most;
}

static void inconsistent(const joining *j, const par_tensor *first, const par_tensor *t)
{
    par_lua_error(j->L, "inconsistent tensor sizes: %s and %s, joined along dimension %d", par_lua_push_size(j->L, first),
                  par_lua_push_size(j->L, t), j->dim + 1);
}

/* The sizes of the result; returns their number, 0 when all parts are empty. Empty ones count for nothing. */
static int result_sizes(joining *j, int64_t *sizes)
{
    const par_tensor *first = NULL;
    int ndim = most_dims(j);
    if (j->dim < 0) j->dim = ndim > 0 ? ndim - 1 : 0;
    if (ndim == 0) return 0;
    if (j->dim >= ndim) ndim = j->dim + 1;
    for (int i = 1; i <= j->n; i++) {
        const par_tensor *t = part(j, i);
        if (t->ndim == 0) continue;
        for (int d = 0; d < ndim; d++) {
            if (!first) sizes[d] = size_at(t, d);
            else if (d != j->dim && sizes[d] != size_at(t, d)) inconsistent(j, first, t);
            else if (d == j->dim && !par_checked_add_i64(sizes[d], size_at(t, d), &sizes[d])) par_lua_error(j->L, "too large");
        }
        if (!first) first = t;
    }
    return ndim;
}

/* A part in the result, both dense: a block of memory for each place in the dimensions before. */
static void copy_blocks(const joining *j, const par_tensor *made, const par_tensor *t, int64_t done)
{
    int64_t outer = 1;
    size_t inner = par_type_bytes(j->type);
    for (int d = 0; d < made->ndim; d++) {
        if (d < j->dim) outer *= made->size[d];
        if (d > j->dim) inner *= (size_t)made->size[d];
    }
    size_t block = (size_t)size_at(t, j->dim) * inner, row = (size_t)made->size[j->dim] * inner;
    char *to = (char *)par_tensor_data(made) + (size_t)done * inner;
    const char *from = par_tensor_data(t);
    for (int64_t o = 0; o < outer; o++, to += row, from += block) memcpy(to, from, block);
}

static void copy_view(const joining *j, const par_tensor *made, const par_tensor *t, int64_t done)
{
    par_error err;
    par_tensor *place = par_lua_new_view(j->L, made);
    par_lua_check_status(j->L, par_view_narrow(place, j->dim, done, size_at(t, j->dim), &err), &err);
    par_lua_copy(j->L, place, t);
    lua_pop(j->L, 1);
}

static void copy_parts(const joining *j, const par_tensor *made)
{
    int64_t done = 0;
    bool dense = par_tensor_is_contiguous(made);
    for (int i = 1; i <= j->n; i++) {
        const par_tensor *t = part(j, i);
        if (t->ndim == 0) continue;
        if (dense && par_tensor_is_contiguous(t)) copy_blocks(j, made, t, done);
        else copy_view(j, made, t, done);
        done += size_at(t, j->dim);
    }
}

/* Does the result have memory of its own, which no part sees? */
static bool lies_apart(const joining *j, const par_tensor *result)
{
    bool apart = result->storage != NULL;
    for (int i = 1; apart && i <= j->n; i++) {
        const par_tensor *t = part(j, i);
        apart = !par_lua_same_memory(t, result);
    }
    return apart;
}

/* Joins into the tensor at `into`, which may be one of the parts: the result is made beside it then. */
static void join(joining *j, int into)
{
    par_error err;
    int64_t sizes[PAR_TENSOR_DIMS_MAX + 1];
    par_tensor *result = par_lua_to_tensor(j->L, into);
    int ndim = result_sizes(j, sizes);
    if (ndim == 0) return;
    if (lies_apart(j, result)) {
        par_lua_resize(j->L, result, ndim, sizes);
        copy_parts(j, result);
        return;
    }
    par_tensor *made = par_lua_new_tensor(j->L, j->type);
    par_lua_resize(j->L, made, ndim, sizes);
    copy_parts(j, made);
    if (result->storage) { /* it keeps its own, which others may see */
        par_lua_resize(j->L, result, ndim, sizes);
        par_lua_copy(j->L, result, made);
    } else {
        par_lua_check_status(j->L, par_tensor_set_view(result, made->storage, 0, ndim, sizes, NULL, &err), &err);
    }
}

static par_type type_of_list(lua_State *L, int list)
{
    lua_rawgeti(L, list, 1);
    const par_tensor *t = par_lua_to_tensor(L, -1);
    lua_pop(L, 1);
    if (!t) par_lua_arg_error(L, list, "table of tensors expected");
    return t->type;
}

/* Leaves in the place of the arguments from `first` on, two tensors, a table of them. */
static void list_two(lua_State *L, int first)
{
    lua_createtable(L, 2, 0);
    for (int i = 0; i < 2; i++) {
        par_lua_check_tensor(L, first + i);
        lua_pushvalue(L, first + i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_replace(L, first);
    lua_remove(L, first + 1);
}

static int no_dimension(lua_State *L, int list, int argument, int64_t dim)
{
    lua_rawgeti(L, list, 1);
    const par_tensor *first = par_lua_to_tensor(L, -1);
    return par_lua_arg_error(L, argument, "no such dimension: %s, of tensors such as %s", par_lua_push_digits(L, dim),
                             first ? par_lua_push_size(L, first) : "?");
}

/* torch.cat([result,] a, b [, dim]) and torch.cat([result,] {a, b, c} [, dim]) */
static int cat(lua_State *L)
{
    int list = lua_istable(L, 1) ? 1 : lua_istable(L, 2) || par_lua_to_tensor(L, 3) ? 2 : 1;
    if (list == 2) par_lua_check_tensor(L, 1);
    bool two = !lua_istable(L, list);
    if (two) list_two(L, list);
    bool given = !lua_isnoneornil(L, list + 1);
    int64_t dim = given ? par_lua_check_i64(L, list + 1) : -1;
    if (given && dim != -1 && (dim < 1 || dim > PAR_TENSOR_DIMS_MAX)) return no_dimension(L, list, list + 1 + two, dim);
    joining j = {.L = L, .list = list, .n = (int)lua_rawlen(L, list), .dim = dim < 0 ? -1 : (int)dim - 1};
    j.type = list == 2 ? par_lua_to_tensor(L, 1)->type : type_of_list(L, list);
    lua_settop(L, list);
    if (list == 1) par_lua_new_tensor(L, j.type);
    int into = list == 2 ? 1 : 2;
    join(&j, into);
    lua_pushvalue(L, into);
    return 1;
}

void par_lua_tensor_add_cat(lua_State *L)
{
    static const luaL_Reg methods[] = {{"cat", cat}, {NULL, NULL}};
    par_lua_add_functions(L, methods);
    par_lua_add_methods(L, methods);
}
