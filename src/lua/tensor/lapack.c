/* torch.gesv, svd, symeig and the others that LAPACK does. */
#include "tensor/lapack.h"

#include <string.h>

#include "lua/tensor/parts.h"
#include "lua/tensor/solve.h"
#include "tensor/kernels.h"

/* --- linear systems --- */

static int gesv(par_solve *s)
{
    int n = par_solve_square(s, 1);
    const par_tensor *b = par_solve_right_side(s, s->source[0], s->source[1]);
    int k = par_solve_extent(s, b, 1);
    par_tensor *x = par_solve_columns(s, 0, b, n), *a = par_solve_columns(s, 1, s->source[1], n);
    par_solve_check(s, par_lapack_gesv(s->type, n, k, par_tensor_data(a), par_tensor_data(x), &s->err));
    par_solve_give_columns(s, 0, x, n, k);
    par_solve_give_columns(s, 1, a, n, n);
    return 2;
}

static int gels(par_solve *s)
{
    const par_tensor *t = par_solve_matrix(s, 1, "A should have 2 dimensions"), *b = par_solve_right_side(s, s->source[0], t);
    int m = par_solve_extent(s, t, 0), n = par_solve_extent(s, t, 1), k = par_solve_extent(s, b, 1);
    par_tensor *x = par_solve_columns(s, 0, b, m > n ? m : n), *a = par_solve_columns(s, 1, t, m);
    par_solve_check(s, par_lapack_gels(s->type, m, n, k, par_tensor_data(a), par_tensor_data(x), &s->err));
    par_solve_give_columns(s, 0, x, n, k);
    par_solve_give_columns(s, 1, a, m, n);
    return 2;
}

static int trtrs(par_solve *s)
{
    int n = par_solve_square(s, 1);
    const par_tensor *b = par_solve_right_side(s, s->source[0], s->source[1]);
    int k = par_solve_extent(s, b, 1);
    par_tensor *x = par_solve_columns(s, 0, b, n), *a = par_solve_columns(s, 1, s->source[1], n);
    par_solve_check(
        s, par_lapack_trtrs(s->type, s->option[0], s->option[1], s->option[2], n, k, par_tensor_data(a), par_tensor_data(x), &s->err));
    par_solve_give_columns(s, 0, x, n, k);
    par_solve_give_columns(s, 1, a, n, n);
    return 2;
}

static int inverse(par_solve *s)
{
    int n = par_solve_square(s, 0);
    par_tensor *a = par_solve_columns(s, 0, s->source[0], n);
    par_solve_check(s, par_lapack_inverse(s->type, n, par_tensor_data(a), &s->err));
    par_solve_give_columns(s, 0, a, n, n);
    return 1;
}

/* --- Cholesky --- */

/* What is not of this half of a square matrix becomes 0. */
static void clear_other_half(const par_tensor *columns, par_type type, char half)
{
    size_t bytes = par_type_bytes(type), n = (size_t)columns->size[0];
    char *data = par_tensor_data(columns);
    for (size_t column = 0; column < n; column++) {
        size_t first = half == 'U' ? column + 1 : 0, count = half == 'U' ? n - first : column;
        memset(data + (column * n + first) * bytes, 0, count * bytes);
    }
}

/* ... or what the half says. */
static void mirror_half(const par_tensor *columns, par_type type, char half)
{
    size_t bytes = par_type_bytes(type), n = (size_t)columns->size[0];
    char *data = par_tensor_data(columns);
    for (size_t k = 1; k < n; k++) { /* of column k what is above the diagonal, of row k what is left of it */
        char *above = data + k * n * bytes, *left = data + k * bytes;
        char *pair[2] = {half == 'U' ? left : above, half == 'U' ? above : left};
        int64_t step[2] = {half == 'U' ? (int64_t)n : 1, half == 'U' ? 1 : (int64_t)n};
        par_kernel_copy(type, type)((int64_t)k, pair, step, NULL);
    }
}

static int potrf(par_solve *s)
{
    int n = par_solve_square(s, 0);
    par_tensor *a = par_solve_half(s, 0, s->source[0], s->option[0]);
    par_solve_check(s, par_lapack_potrf(s->type, s->option[0], n, par_tensor_data(a), &s->err));
    par_solve_give_columns(s, 0, a, n, n);
    return 1;
}

static int potri(par_solve *s)
{
    int n = par_solve_square(s, 0);
    par_tensor *a = par_solve_columns(s, 0, s->source[0], n);
    par_solve_check(s, par_lapack_potri(s->type, s->option[0], n, par_tensor_data(a), &s->err));
    mirror_half(a, s->type, s->option[0]);
    par_solve_give_columns(s, 0, a, n, n);
    return 1;
}

static int potrs(par_solve *s)
{
    int n = par_solve_square(s, 1);
    const par_tensor *b = par_solve_right_side(s, s->source[0], s->source[1]);
    int k = par_solve_extent(s, b, 1);
    par_tensor *x = par_solve_columns(s, 0, b, n), *a = par_solve_columns_seen(s, 1);
    par_solve_check(s, par_lapack_potrs(s->type, s->option[0], n, k, par_tensor_data(a), par_tensor_data(x), &s->err));
    par_solve_give_columns(s, 0, x, n, k);
    return 1;
}

static int pstrf(par_solve *s)
{
    int n = par_solve_square(s, 0);
    int64_t count = n;
    par_tensor *a = par_solve_columns(s, 0, s->source[0], n), *pivots = par_lua_new_tensor(s->L, PAR_INT);
    par_lua_resize(s->L, pivots, 1, &count);
    par_solve_check(s, par_lapack_pstrf(s->type, s->option[0], n, par_tensor_data(a), par_tensor_data(pivots), s->number, &s->err));
    clear_other_half(a, s->type, s->option[0]);
    par_solve_give_columns(s, 0, a, n, n);
    par_lua_resize(s->L, s->result[1], 1, &count);
    par_lua_copy(s->L, s->result[1], pivots);
    return 2;
}

/* --- eigenvalues and singular values --- */

static int symeig(par_solve *s)
{
    int n = par_solve_square(s, 0);
    par_tensor *a = par_solve_columns(s, 1, s->source[0], n), *values = par_solve_scratch(s, n, 0);
    par_solve_check(s, par_lapack_syev(s->type, s->option[0], s->option[1], n, par_tensor_data(a), par_tensor_data(values), &s->err));
    par_solve_give_vector(s, 0, values, n);
    par_solve_give_columns(s, 1, a, n, n);
    return 2;
}

/* The values are rows of two: real and imaginary part. */
static int eig(par_solve *s)
{
    par_error err;
    int n = par_solve_square(s, 0);
    bool vectors = s->option[0] == 'V';
    par_tensor *a = par_solve_columns_beside(s, s->source[0], n), *parts = par_solve_scratch(s, 2, n), *values = par_solve_scratch(s, n, 2);
    par_tensor *v = vectors ? par_solve_room(s, 1, n, n) : par_solve_scratch(s, 1, 0);
    par_solve_check_finite(s, a, false);
    char *real = par_tensor_data(parts);
    par_solve_check(s, par_lapack_geev(s->type, s->option[0], n, par_tensor_data(a), real, real + (size_t)n * par_type_bytes(s->type),
                                       par_tensor_data(v), &s->err));
    par_lua_check_status(s->L, par_view_transpose(parts, 0, 1, &err), &err);
    par_lua_copy(s->L, values, parts);
    par_solve_give_rows(s, 0, values, n, 2);
    if (vectors) par_solve_give_columns(s, 1, v, n, n);
    return 2;
}

static int svd(par_solve *s)
{
    const par_tensor *t = par_solve_matrix(s, 0, "A should be 2 dimensional");
    int m = par_solve_extent(s, t, 0), n = par_solve_extent(s, t, 1), k = m < n ? m : n;
    int u_columns = s->option[0] == 'A' ? m : k, v_columns = s->option[0] == 'A' ? n : k;
    par_tensor *a = par_solve_columns_beside(s, t, m), *values = par_solve_scratch(s, k, 0);
    par_tensor *u = par_solve_room(s, 0, m, u_columns), *vt = par_solve_room(s, 2, v_columns, n);
    par_solve_check_finite(s, a, true);
    par_solve_check(s, par_lapack_gesvd(s->type, s->option[0], m, n, par_tensor_data(a), par_tensor_data(values), par_tensor_data(u),
                                        par_tensor_data(vt), &s->err));
    par_solve_give_columns(s, 0, u, m, u_columns);
    par_solve_give_vector(s, 1, values, k);
    par_solve_give_rows(s, 2, vt, n, v_columns);
    return 3;
}

/* --- orthogonal factors --- */

static int geqrf(par_solve *s)
{
    const par_tensor *t = par_solve_matrix(s, 0, "A should be 2 dimensional");
    int m = par_solve_extent(s, t, 0), n = par_solve_extent(s, t, 1), k = m < n ? m : n;
    par_tensor *a = par_solve_columns(s, 0, t, m), *tau = par_solve_scratch(s, k, 0);
    par_solve_check(s, par_lapack_geqrf(s->type, m, n, par_tensor_data(a), par_tensor_data(tau), &s->err));
    par_solve_give_columns(s, 0, a, m, n);
    par_solve_give_vector(s, 1, tau, k);
    return 2;
}

/* The upper triangle of the first k rows of a factored matrix, row by row. */
static par_tensor *upper_rows(par_solve *s, const par_tensor *columns, int k, int n)
{
    size_t bytes = par_type_bytes(s->type);
    par_tensor *r = par_solve_room(s, 1, n, k), *rows = par_lua_new_view(s->L, columns);
    par_solve_check(s, par_view_transpose(rows, 0, 1, &s->err));
    par_solve_check(s, par_view_narrow(rows, 0, 0, k, &s->err));
    par_lua_copy(s->L, r, rows);
    for (int64_t row = 1; row < k; row++) memset((char *)par_tensor_data(r) + (size_t)(row * n) * bytes, 0, (size_t)row * bytes);
    return r;
}

static int qr(par_solve *s)
{
    const par_tensor *t = par_solve_matrix(s, 0, "A should be 2 dimensional");
    int m = par_solve_extent(s, t, 0), n = par_solve_extent(s, t, 1), k = m < n ? m : n;
    par_tensor *a = par_solve_columns(s, 0, t, m), *tau = par_solve_scratch(s, k, 0);
    par_solve_check(s, par_lapack_geqrf(s->type, m, n, par_tensor_data(a), par_tensor_data(tau), &s->err));
    par_tensor *r = upper_rows(s, a, k, n);
    par_solve_check(s, par_lapack_orgqr(s->type, m, k, k, par_tensor_data(a), par_tensor_data(tau), &s->err));
    par_solve_give_columns(s, 0, a, m, k);
    par_solve_give_rows(s, 1, r, k, n);
    return 2;
}

/* tau as it lies in memory, and how many reflectors there are: no more than the matrix has columns. */
static par_tensor *reflectors(par_solve *s, int k, const par_tensor *a, int *count)
{
    const par_tensor *tau = s->source[k];
    *count = par_solve_extent(s, tau, 0);
    if (tau->ndim != 1 || *count > a->size[1] || *count > a->size[0]) par_solve_fail(s, "as many factors as geqrf gives expected", tau);
    par_tensor *dense = par_solve_scratch(s, *count, 0);
    par_lua_copy(s->L, dense, tau);
    return dense;
}

static int orgqr(par_solve *s)
{
    const par_tensor *t = par_solve_matrix(s, 0, "A should be 2 dimensional");
    int m = par_solve_extent(s, t, 0), k;
    par_tensor *tau = reflectors(s, 1, t, &k), *a = par_solve_columns(s, 0, t, m);
    par_solve_check(s, par_lapack_orgqr(s->type, m, k, k, par_tensor_data(a), par_tensor_data(tau), &s->err));
    par_solve_give_columns(s, 0, a, m, k);
    return 1;
}

static int ormqr(par_solve *s)
{
    const par_tensor *t = par_solve_matrix(s, 0, "A should be 2 dimensional"), *c = par_solve_matrix(s, 2, "C should be 2 dimensional");
    int rows = par_solve_extent(s, t, 0), m = par_solve_extent(s, c, 0), n = par_solve_extent(s, c, 1), k;
    par_tensor *tau = reflectors(s, 1, t, &k);
    if (rows != (s->option[0] == 'L' ? m : n))
        par_lua_error(s->L, "size mismatch, Q: %s, C: %s", par_lua_push_size(s->L, t), par_lua_push_size(s->L, c));
    par_tensor *a = par_solve_columns_beside(s, t, rows), *made = par_solve_columns(s, 0, c, m);
    par_solve_check(s, par_lapack_ormqr(s->type, s->option[0], s->option[1], m, n, k, par_tensor_data(a), par_tensor_data(tau),
                                        par_tensor_data(made), &s->err));
    par_solve_give_columns(s, 0, made, m, n);
    return 1;
}

static const par_solver SOLVERS[] = {{"gesv", 2, 2, "", gesv, false, false},           {"gels", 2, 2, "", gels, false, false},
                                     {"trtrs", 2, 2, "UL,NT,NU", trtrs, false, false}, {"inverse", 1, 1, "", inverse, false, false},
                                     {"potrf", 1, 1, "UL", potrf, false, false},       {"potri", 1, 1, "UL", potri, false, false},
                                     {"potrs", 1, 2, "UL", potrs, false, false},       {"pstrf", 2, 1, "UL", pstrf, true, true},
                                     {"symeig", 2, 1, "NV,UL", symeig, false, false},  {"eig", 2, 1, "NV", eig, false, false},
                                     {"svd", 3, 1, "SA", svd, false, false},           {"qr", 2, 1, "", qr, false, false},
                                     {"geqrf", 2, 1, "", geqrf, false, false},         {"orgqr", 1, 2, "", orgqr, false, false},
                                     {"ormqr", 1, 3, "LR,NT", ormqr, false, false}};

void par_lua_tensor_add_lapack(lua_State *L)
{
    for (size_t i = 0; i < sizeof SOLVERS / sizeof *SOLVERS; i++) {
        lua_pushlightuserdata(L, (void *)&SOLVERS[i]);
        lua_pushstring(L, SOLVERS[i].name); /* for errors */
        lua_pushcclosure(L, par_solve_call, 2);
        lua_setfield(L, -2, SOLVERS[i].name);
    }
}
