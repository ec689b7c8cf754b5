/* Making tensors by rule, and linear algebra. */
#include <math.h>
#include <string.h>

#include "lua/lua_tensor_call.h"
#include "tensor/blas.h"
#include "tensor/loop.h"

static char *at(const par_tensor *t, int64_t i, int64_t j)
{
    int64_t place = i * t->stride[0] + (t->ndim > 1 ? j * t->stride[1] : 0);
    return (char *)par_tensor_data(t) + place * (int64_t)par_type_bytes(t->type);
}

static par_value number(const par_call *c, double d) { return par_lua_value_of_double(d, c->type); }
static double as_double(const par_call *c, par_value v) { return par_type_is_float(c->type) ? v.d : (double)v.i; }

/* --- made by rule --- */
static int filled(par_call *c)
{
    par_lua_resize(c->L, c->result, c->n_sizes, c->sizes);
    par_lua_fill(c->result, number(c, c->data));
    return par_call_return(c);
}

static int eye(par_call *c)
{
    int64_t size[2] = {c->i[0], c->i[1] > 0 ? c->i[1] : c->i[0]};
    if (size[0] < 1) return luaL_error(c->L, "invalid argument: the size must be positive");
    par_lua_resize(c->L, c->result, 2, size);
    par_lua_fill(c->result, number(c, 0));
    for (int64_t i = 0; i < size[0] && i < size[1]; i++) par_element_set(c->type, at(c->result, i, i), number(c, 1));
    return par_call_return(c);
}

static void put_series(par_call *c, int64_t n, double first, double step, double base)
{
    par_lua_resize(c->L, c->result, 1, &n);
    for (int64_t i = 0; i < n; i++) {
        double x = first + step * (double)i;
        par_element_set(c->type, at(c->result, i, 0), number(c, base > 0 ? pow(base, x) : x));
    }
}

static int range(par_call *c)
{
    double first = as_double(c, c->v[0]), last = as_double(c, c->v[1]), step = as_double(c, c->v[2]);
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
    double first = as_double(c, c->v[0]), last = as_double(c, c->v[1]);
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
    if (t->ndim == 1) par_lua_fill(made, number(c, 0));
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
            par_element_set(c->type, at(made, i, j), keep ? par_element_get(c->type, at(t, i, j)) : number(c, 0));
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

/* --- products --- */
static par_matrix as_matrix(const par_tensor *t)
{
    return (par_matrix){par_tensor_data(t), t->size[0], t->ndim > 1 ? t->size[1] : 1, t->stride[0],
                        t->ndim > 1 ? t->stride[1] : 1};
}

static void size_mismatch(par_call *c, const char *a_name, const par_tensor *a, const char *b_name, const par_tensor *b)
{
    char a_size[PAR_LUA_SIZE_TEXT], b_size[PAR_LUA_SIZE_TEXT];
    luaL_error(c->L, "size mismatch, %s: %s, %s: %s", a_name, par_lua_size_text(a, a_size), b_name,
               par_lua_size_text(b, b_size));
}

static void want_dims(par_call *c, const par_tensor *t, int ndim, const char *name)
{
    char size[PAR_LUA_SIZE_TEXT];
    if (t->ndim != ndim)
        luaL_error(c->L, "%s: %s expected, %s is %s", c->name,
                   ndim == 1   ? "vector"
                   : ndim == 2 ? "matrix"
                               : "3D tensor",
                   name, par_lua_size_text(t, size));
}

/* r = beta * r + alpha * a * b for tensors whose sizes were checked. */
static void product(par_call *c, par_tensor *r, double beta, double alpha, par_matrix a, par_matrix b)
{
    par_error err;
    par_matrix m = as_matrix(r);
    par_lua_check_status(c->L, par_blas_product(c->type, &m, beta, alpha, &a, &b, &err), &err);
}

static par_matrix turned(par_matrix m)
{
    return (par_matrix){m.data, m.columns, m.rows, m.column_stride, m.row_stride};
}

enum { MV, MM, GER };

static void check_product(par_call *c, int what, const par_tensor *a, const par_tensor *b)
{
    want_dims(c, a, what == GER ? 1 : 2, "the first");
    want_dims(c, b, what == MM ? 2 : 1, "the second");
    if (what == MM && a->size[1] != b->size[0]) size_mismatch(c, "m1", a, "m2", b);
    if (what == MV && a->size[1] != b->size[0]) size_mismatch(c, "mat", a, "vec", b);
}

static int product_sizes(int what, const par_tensor *a, const par_tensor *b, int64_t *size)
{
    size[0] = a->size[0];
    if (what == MV) return 1;
    size[1] = what == MM ? b->size[1] : b->size[0];
    return 2;
}

static void run_product(par_call *c, int what, par_tensor *r, double beta, double alpha, const par_tensor *a,
                        const par_tensor *b)
{
    par_matrix second = as_matrix(b);
    product(c, r, beta, alpha, as_matrix(a), what == GER ? turned(second) : second);
}

static bool shares(const par_tensor *r, const par_tensor *t) { return r->storage && r->storage == t->storage; }

/* torch.mv, mm, ger */
static int multiply(par_call *c)
{
    int64_t size[2];
    const par_tensor *a = c->t[0], *b = c->t[1];
    check_product(c, c->data, a, b);
    int ndim = product_sizes(c->data, a, b, size);
    bool apart = shares(c->result, a) || shares(c->result, b);
    par_tensor *r = apart ? par_call_scratch(c, c->type, ndim, size) : c->result;
    par_lua_resize(c->L, r, ndim, size);
    run_product(c, c->data, r, 0, 1, a, b);
    if (apart) {
        par_call_result_as(c, r);
        par_lua_copy(c->L, c->result, r);
    }
    return par_call_return(c);
}

/* r = beta * t + alpha * a * b. Functions: ([r,] [beta,] t, [alpha,] a, b); methods: ([beta,] [t,] [alpha,] a, b),
 * where a single number is alpha, as in Torch. */
static int add_product(par_call *c)
{
    double beta = as_double(c, c->v[0]), alpha = as_double(c, c->v[1]);
    if (c->n_v == 1) alpha = beta, beta = 1;
    int64_t size[2];
    const par_tensor *t = c->t[0], *a = c->t[1], *b = c->t[2];
    check_product(c, c->data, a, b);
    int ndim = product_sizes(c->data, a, b, size);
    bool fits = t->ndim == ndim;
    for (int d = 0; fits && d < ndim; d++) fits = t->size[d] == size[d];
    if (!fits) {
        par_tensor *wanted = par_call_scratch(c, c->type, ndim, size);
        size_mismatch(c, "t", t, "the product", wanted);
    }
    par_tensor *r = par_call_scratch(c, c->type, ndim, size);
    par_lua_copy(c->L, r, t);
    run_product(c, c->data, r, beta, alpha, a, b);
    par_call_result_as(c, r);
    par_lua_copy(c->L, c->result, r);
    return par_call_return(c);
}

static int dot(par_call *c)
{
    par_args args = {0};
    const par_tensor *const both[] = {c->t[0], c->t[1]};
    par_lua_check_same_elements(c->L, c->t[0], "tensor", c->t[1], "src");
    par_loop(par_kernel_find(PAR_OP_DOT, c->type), &args, 2, both);
    par_lua_push_value(c->L, c->type, args.sum);
    return 1;
}

static void check_batches(par_call *c, const par_tensor *a, const par_tensor *b)
{
    want_dims(c, a, 3, "the first");
    want_dims(c, b, 3, "the second");
    if (a->size[0] != b->size[0] || a->size[2] != b->size[1]) size_mismatch(c, "batch1", a, "batch2", b);
}

static par_matrix slice(const par_tensor *t, int64_t i)
{
    char *data = (char *)par_tensor_data(t) + i * t->stride[0] * (int64_t)par_type_bytes(t->type);
    return (par_matrix){data, t->size[1], t->size[2], t->stride[1], t->stride[2]};
}

/* r[i] = beta * r[i] + alpha * a[i] * b[i], or all added up into one matrix. */
static void batch_product(par_call *c, par_tensor *r, double beta, double alpha, const par_tensor *a,
                          const par_tensor *b)
{
    par_error err;
    for (int64_t i = 0; i < a->size[0]; i++) {
        par_matrix m = r->ndim == 3 ? slice(r, i) : as_matrix(r), x = slice(a, i), y = slice(b, i);
        double scale = r->ndim == 3 || i == 0 ? beta : 1;
        par_lua_check_status(c->L, par_blas_product(c->type, &m, scale, alpha, &x, &y, &err), &err);
    }
}

static int bmm(par_call *c)
{
    const par_tensor *a = c->t[0], *b = c->t[1];
    check_batches(c, a, b);
    int64_t size[3] = {a->size[0], a->size[1], b->size[2]};
    par_tensor *r = par_call_scratch(c, c->type, 3, size);
    batch_product(c, r, 0, 1, a, b);
    par_call_result_as(c, r);
    par_lua_copy(c->L, c->result, r);
    return par_call_return(c);
}

/* data 0: baddbmm, 1: addbmm (all products are added to one matrix) */
static int add_batches(par_call *c)
{
    double beta = as_double(c, c->v[0]), alpha = as_double(c, c->v[1]);
    if (c->n_v == 1) alpha = beta, beta = 1;
    const par_tensor *t = c->t[0], *a = c->t[1], *b = c->t[2];
    check_batches(c, a, b);
    int64_t size[3] = {a->size[0], a->size[1], b->size[2]};
    par_tensor *r = par_call_scratch(c, c->type, c->data ? 2 : 3, c->data ? size + 1 : size);
    if (!par_tensor_same_size(r, t)) size_mismatch(c, "t", t, "the product", r);
    par_lua_copy(c->L, r, t);
    batch_product(c, r, beta, alpha, a, b);
    par_call_result_as(c, r);
    par_lua_copy(c->L, c->result, r);
    return par_call_return(c);
}

/* The cross product along a dimension of size 3 (the first such, unless given). */
static void cross_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    par_type type = *(const par_type *)arg;
    int64_t bytes = (int64_t)par_type_bytes(type);
    (void)n;
    for (int i = 0; i < 3; i++) {
        int64_t j = (i + 1) % 3, k = (i + 2) % 3;
        par_value aj = par_element_get(type, data[0] + j * step[0] * bytes),
                  ak = par_element_get(type, data[0] + k * step[0] * bytes);
        par_value bj = par_element_get(type, data[1] + j * step[1] * bytes),
                  bk = par_element_get(type, data[1] + k * step[1] * bytes);
        par_value r;
        if (par_type_is_float(type)) r.d = aj.d * bk.d - ak.d * bj.d;
        else r.i = (int64_t)((uint64_t)aj.i * (uint64_t)bk.i - (uint64_t)ak.i * (uint64_t)bj.i);
        par_element_set(type, data[2] + i * step[2] * bytes, r);
    }
}

static int cross(par_call *c)
{
    const par_tensor *a = c->t[0], *b = c->t[1];
    int dim = c->has_i[0] ? (int)c->i[0] : 0;
    if (!par_tensor_same_size(a, b)) size_mismatch(c, "a", a, "b", b);
    while (!c->has_i[0] && dim < a->ndim && a->size[dim] != 3) dim++;
    if (dim >= a->ndim || a->size[dim] != 3) return luaL_error(c->L, "torch.cross: no dimension of size 3");
    par_tensor *r = par_call_scratch(c, c->type, a->ndim, a->size);
    const par_tensor *const all[] = {a, b, r};
    par_loop_lines(cross_run, &c->type, 3, all, dim);
    par_call_result_as(c, r);
    par_lua_copy(c->L, c->result, r);
    return par_call_return(c);
}

/* torch.blas(): the library that products use, by name, or nil; torch.blas(false) does without, torch.blas(true) again
 * with. */
static int blas(lua_State *L)
{
    if (lua_isboolean(L, 1)) par_blas_use(lua_toboolean(L, 1) != 0);
    lua_pushstring(L, par_blas_name());
    return 1;
}

#define FLOATS PAR_FOR_FLOATS
#define ALL PAR_FOR_ALL
#define ADD_FORMS "RwTwTT"
#define ADD_METHODS "RvSvTT|RSvTT|RSwTT"
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
                                         {"dot", "TT", dot, 0, ALL, NULL},
                                         {"mv", "RTT", multiply, MV, ALL, NULL},
                                         {"mm", "RTT", multiply, MM, ALL, NULL},
                                         {"ger", "RTT", multiply, GER, ALL, NULL},
                                         {"addmv", ADD_FORMS, add_product, MV, ALL, ADD_METHODS},
                                         {"addmm", ADD_FORMS, add_product, MM, ALL, ADD_METHODS},
                                         {"addr", ADD_FORMS, add_product, GER, ALL, ADD_METHODS},
                                         {"bmm", "RTT", bmm, 0, ALL, NULL},
                                         {"baddbmm", ADD_FORMS, add_batches, 0, ALL, ADD_METHODS},
                                         {"addbmm", ADD_FORMS, add_batches, 1, ALL, ADD_METHODS},
                                         {"cross", "OTTe", cross, 0, ALL, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_matrix(lua_State *L)
{
    par_lua_call_register(L, FUNCTIONS);
    lua_pushcfunction(L, cat);
    lua_setfield(L, -2, "cat");
    lua_pushcfunction(L, blas);
    lua_setfield(L, -2, "blas");
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        par_lua_push_metatable(L, (par_type)type, false);
        lua_pushcfunction(L, cat);
        lua_setfield(L, -2, "cat");
        lua_pop(L, 1);
    }
}
