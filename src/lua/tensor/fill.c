/* Making tensors by rule, and from the parts of others. */
#include <math.h>
#include <string.h>

#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"

static char *at(const par_tensor *t, int64_t i, int64_t j)
{
    int64_t place = i * t->stride[0] + (t->ndim > 1 ? j * t->stride[1] : 0);
    return (char *)par_tensor_data(t) + place * (int64_t)par_type_bytes(t->type);
}

/* --- made by rule --- */
static int filled(par_call *c)
{
    par_lua_resize(c->L, c->result, c->n_sizes, c->sizes);
    par_lua_fill(c->result, par_call_value(c, c->data));
    return par_call_return(c);
}

static int eye(par_call *c)
{
    int64_t size[2] = {c->i[0], c->i[1] > 0 ? c->i[1] : c->i[0]};
    if (size[0] < 1) return luaL_error(c->L, "invalid argument: the size must be positive");
    par_lua_resize(c->L, c->result, 2, size);
    par_lua_fill(c->result, par_call_value(c, 0));
    for (int64_t i = 0; i < size[0] && i < size[1]; i++) par_element_set(c->type, at(c->result, i, i), par_call_value(c, 1));
    return par_call_return(c);
}

static void put_series(par_call *c, int64_t n, double first, double step, double base)
{
    par_lua_resize(c->L, c->result, 1, &n);
    for (int64_t i = 0; i < n; i++) {
        double x = first + step * (double)i;
        par_element_set(c->type, at(c->result, i, 0), par_call_value(c, base > 0 ? pow(base, x) : x));
    }
}

static int range(par_call *c)
{
    double first = par_call_double(c, c->v[0]), last = par_call_double(c, c->v[1]), step = par_call_double(c, c->v[2]);
    if (!(step > 0 || step < 0)) return luaL_error(c->L, "step must be a non-null number");
    if (!((step > 0 && last >= first) || (step < 0 && last <= first))) {
        return luaL_error(c->L, "upper bound and larger bound incoherent with step sign");
    }
    double n = floor((last - first) / step) + 1;
    if (!(n < 9e18)) return luaL_error(c->L, "range: too many elements");
    put_series(c, (int64_t)n, first, step, 0);
    return par_call_return(c);
}

static int linspace(par_call *c)
{
    int64_t n = c->has_i[0] ? c->i[0] : 100;
    double first = par_call_double(c, c->v[0]), last = par_call_double(c, c->v[1]);
    if (n < 1 || (n == 1 && first != last)) return luaL_error(c->L, "invalid number of points");
    put_series(c, n, first, n > 1 ? (last - first) / (double)(n - 1) : 0, c->data);
    return par_call_return(c);
}

/* --- diagonals and triangles --- */
static int trace(par_call *c)
{
    const par_tensor *t = c->t[0];
    if (t->ndim != 2) return luaL_error(c->L, "matrix expected");
    par_value sum = {.i = 0};
    for (int64_t i = 0; i < t->size[0] && i < t->size[1]; i++) {
        par_value x = par_element_get(c->type, at(t, i, i));
        if (par_type_is_float(c->type)) sum.d += x.d;
        else sum.i = (int64_t)((uint64_t)sum.i + (uint64_t)x.i);
    }
    par_lua_push_value(c->L, c->type, sum);
    return 1;
}

/* The vector on the k-th diagonal of a matrix, or a matrix with this diagonal. */
static int diag(par_call *c)
{
    lua_State *L = c->L;
    const par_tensor *t = c->t[0];
    int64_t k = c->i[0];
    if (t->ndim != 1 && t->ndim != 2) return luaL_error(L, "matrix or a vector expected");
    if (k < -(INT64_C(1) << 31) || k > INT64_C(1) << 31) return luaL_error(L, "diagonal out of range");
    int64_t down = k < 0 ? -k : 0, right = k > 0 ? k : 0, n = t->size[0];
    if (t->ndim == 2) {
        int64_t rows = t->size[0] - down, columns = t->size[1] - right;
        n = rows < columns ? rows : columns;
        if (n < 1) return luaL_error(L, "diagonal out of range");
    }
    int64_t side[2] = {n + down + right, n + down + right};
    par_tensor *made = par_call_scratch(c, c->type, t->ndim == 1 ? 2 : 1, t->ndim == 1 ? side : &n);
    if (t->ndim == 1) par_lua_fill(made, par_call_value(c, 0));
    for (int64_t i = 0; i < n; i++) {
        if (t->ndim == 1)
            par_element_set(c->type, at(made, i + down, i + right), par_element_get(c->type, at(t, i, 0)));
        else par_element_set(c->type, at(made, i, 0), par_element_get(c->type, at(t, i + down, i + right)));
    }
    par_call_result_as(c, made);
    par_lua_copy(L, c->result, made);
    return par_call_return(c);
}

/* data 0: tril, 1: triu */
static int triangle(par_call *c)
{
    const par_tensor *t = c->t[0];
    int64_t k = c->i[0];
    if (t->ndim != 2) return luaL_error(c->L, "expected a matrix");
    par_tensor *made = par_call_scratch(c, c->type, 2, t->size);
    for (int64_t i = 0; i < t->size[0]; i++) {
        for (int64_t j = 0; j < t->size[1]; j++) {
            bool keep = c->data ? j - i >= k : j - i <= k;
            par_element_set(c->type, at(made, i, j), keep ? par_element_get(c->type, at(t, i, j)) : par_call_value(c, 0));
        }
    }
    par_call_result_as(c, made);
    par_lua_copy(c->L, c->result, made);
    return par_call_return(c);
}

/* --- joining --- */
static void check_joins(lua_State *L, const par_tensor *first, const par_tensor *t, int dim)
{
    char a[PAR_LUA_SIZE_TEXT], b[PAR_LUA_SIZE_TEXT];
    bool good = first->ndim == t->ndim;
    for (int d = 0; good && d < first->ndim; d++) good = d == dim || first->size[d] == t->size[d];
    if (!good)
        luaL_error(L, "inconsistent tensor sizes: %s and %s", par_lua_size_text(first, a), par_lua_size_text(t, b));
}

static par_tensor *listed(lua_State *L, int list, int i, par_type type)
{
    lua_rawgeti(L, list, i);
    par_tensor *t = par_lua_to_tensor(L, -1);
    if (!t || t->type != type) luaL_error(L, "torch.cat: element %d is not a torch.%sTensor", i, par_type_name(type));
    par_lua_check_sound(L, t);
    lua_pop(L, 1);
    return t;
}

/* Joins the tensors of the table at `list` along dim (-1: the last) into the tensor at `into`. Empty ones are left out.
 */
static void join(lua_State *L, int list, int into, int dim)
{
    par_error err;
    int n = (int)lua_rawlen(L, list);
    par_tensor *result = par_lua_to_tensor(L, into), *first = NULL;
    int64_t sizes[PAR_TENSOR_DIMS_MAX], total = 0, done = 0;
    for (int i = 1; i <= n; i++) {
        par_tensor *t = listed(L, list, i, result->type);
        if (t->ndim == 0) continue;
        if (!first) {
            first = t;
            if (dim < 0) dim = t->ndim - 1;
            if (dim >= t->ndim) luaL_error(L, "torch.cat: no dimension %d in a tensor of %d", dim + 1, t->ndim);
        }
        check_joins(L, first, t, dim);
        if (__builtin_add_overflow(total, t->size[dim], &total)) luaL_error(L, "torch.cat: too large");
    }
    par_tensor *made = par_lua_new_tensor(L, result->type);
    if (first) {
        memcpy(sizes, first->size, (size_t)first->ndim * sizeof *sizes);
        sizes[dim] = total;
        par_lua_resize(L, made, first->ndim, sizes);
    }
    for (int i = 1; i <= n; i++) {
        par_tensor *t = listed(L, list, i, result->type);
        if (t->ndim == 0) continue;
        par_tensor *part = par_lua_new_view(L, made);
        par_lua_check_status(L, par_view_narrow(part, dim, done, t->size[dim], &err), &err);
        par_lua_copy(L, part, t);
        done += t->size[dim];
        lua_pop(L, 1);
    }
    int status = par_tensor_set_view(result, made->storage, made->offset, made->ndim, made->size, made->stride, &err);
    par_lua_check_status(L, status, &err);
    lua_pushvalue(L, into);
}

static par_type type_of_list(lua_State *L, int list)
{
    lua_rawgeti(L, list, 1);
    par_tensor *t = par_lua_to_tensor(L, -1);
    lua_pop(L, 1);
    if (!t) par_lua_argument_error(L, list, "table of tensors expected");
    return t->type;
}

/* torch.cat([result,] a, b [, dim]) and torch.cat([result,] {a, b, c} [, dim]) */
static int cat(lua_State *L)
{
    int into = 0, list, next;
    if (lua_istable(L, 1)) {
        list = 1, next = 2;
    } else if (lua_istable(L, 2)) {
        par_lua_check_tensor(L, 1);
        into = 1, list = 2, next = 3;
    } else {
        bool given = par_lua_to_tensor(L, 3) != NULL;
        int first = given ? 2 : 1;
        par_lua_check_tensor(L, 1);
        par_lua_check_tensor(L, first + 1);
        lua_settop(L, first + 2);
        lua_createtable(L, 2, 0);
        lua_pushvalue(L, first);
        lua_rawseti(L, -2, 1);
        lua_pushvalue(L, first + 1);
        lua_rawseti(L, -2, 2);
        into = given, list = lua_gettop(L), next = first + 2;
    }
    int64_t dim = lua_isnoneornil(L, next) ? 0 : par_lua_check_i64(L, next);
    if (!lua_isnoneornil(L, next) && (dim < 1 || dim > PAR_TENSOR_DIMS_MAX))
        return par_lua_argument_error(L, next, "no such dimension");
    if (!into) {
        par_lua_new_tensor(L, type_of_list(L, list));
        into = lua_gettop(L);
    }
    join(L, list, into, (int)dim - 1);
    return 1;
}

#define FLOATS PAR_FOR_FLOATS
#define ALL PAR_FOR_ALL
static const par_function FUNCTIONS[] = {{"zeros", "RZ", filled, 0, ALL, NULL},
                                         {"ones", "RZ", filled, 1, ALL, NULL},
                                         {"eye", "Rij", eye, 0, ALL, NULL},
                                         {"range", "Rvvw", range, 0, ALL, NULL},
                                         {"linspace", "Rvvj", linspace, 0, FLOATS, NULL},
                                         {"logspace", "Rvvj", linspace, 10, FLOATS, NULL},
                                         {"trace", "T", trace, 0, ALL, NULL},
                                         {"diag", "OTj", diag, 0, ALL, NULL},
                                         {"tril", "OTj", triangle, 0, ALL, NULL},
                                         {"triu", "OTj", triangle, 1, ALL, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_fill(lua_State *L)
{
    static const luaL_Reg methods[] = {{"cat", cat}, {NULL, NULL}};
    par_lua_call_register(L, FUNCTIONS);
    luaL_setfuncs(L, methods, 0);
    par_lua_add_methods(L, methods);
}
