/* Making tensors by rule; diagonals and triangles of others. */
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
    if (size[0] < 1) return par_call_error(c, "invalid argument: the size must be positive, got %s", par_lua_push_digits(c->L, size[0]));
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
    if (!(step > 0 || step < 0)) return par_call_error(c, "step must be a non-null number, got %f", (lua_Number)step);
    if (!((step > 0 && last >= first) || (step < 0 && last <= first))) {
        return par_call_error(c, "upper bound and larger bound incoherent with step sign: from %f to %f by %f", (lua_Number)first,
                              (lua_Number)last, (lua_Number)step);
    }
    double n = floor((last - first) / step) + 1;
    if (!(n < 9e18)) return par_call_error(c, "too many elements");
    put_series(c, (int64_t)n, first, step, 0);
    return par_call_return(c);
}

static int linspace(par_call *c)
{
    int64_t n = c->has_i[0] ? c->i[0] : 100;
    double first = par_call_double(c, c->v[0]), last = par_call_double(c, c->v[1]);
    if (n < 1 || (n == 1 && first != last)) return par_call_error(c, "invalid number of points: %s", par_lua_push_digits(c->L, n));
    put_series(c, n, first, n > 1 ? (last - first) / (double)(n - 1) : 0, c->data);
    return par_call_return(c);
}

/* --- diagonals and triangles --- */
static int trace(par_call *c)
{
    const par_tensor *t = c->t[0];
    if (t->ndim != 2) return par_call_error(c, "matrix expected, got %s", par_lua_push_size(c->L, t));
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
    if (t->ndim != 1 && t->ndim != 2) return par_call_error(c, "matrix or a vector expected, got %s", par_lua_push_size(L, t));
    if (k < -(INT64_C(1) << 31) || k > INT64_C(1) << 31)
        return par_call_error(c, "diagonal out of range: %s of %s", par_lua_push_digits(L, k), par_lua_push_size(L, t));
    int64_t down = k < 0 ? -k : 0, right = k > 0 ? k : 0, n = t->size[0];
    if (t->ndim == 2) {
        int64_t rows = t->size[0] - down, columns = t->size[1] - right;
        n = rows < columns ? rows : columns;
        if (n < 1) return par_call_error(c, "diagonal out of range: %s of %s", par_lua_push_digits(L, k), par_lua_push_size(L, t));
    }
    int64_t side[2] = {n + down + right, n + down + right};
    par_tensor *made = par_call_scratch(c, c->type, t->ndim == 1 ? 2 : 1, t->ndim == 1 ? side : &n);
    if (t->ndim == 1) par_lua_fill(made, par_call_value(c, 0));
    for (int64_t i = 0; i < n; i++) {
        if (t->ndim == 1) par_element_set(c->type, at(made, i + down, i + right), par_element_get(c->type, at(t, i, 0)));
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
    if (t->ndim != 2) return par_call_error(c, "expected a matrix, got %s", par_lua_push_size(c->L, t));
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

void par_lua_tensor_add_fill(lua_State *L) { par_lua_call_register(L, FUNCTIONS); }
