/* Products of vectors, matrices and batches of them. */
#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"
#include "tensor/blas.h"
#include "tensor/loop.h"

static par_matrix as_matrix(const par_tensor *t)
{
    return (par_matrix){par_tensor_data(t), t->size[0], t->ndim > 1 ? t->size[1] : 1, t->stride[0], t->ndim > 1 ? t->stride[1] : 1};
}

static void size_mismatch(par_call *c, const char *a_name, const par_tensor *a, const char *b_name, const par_tensor *b)
{
    par_call_error(c, "size mismatch, %s: %s, %s: %s", a_name, par_lua_push_size(c->L, a), b_name, par_lua_push_size(c->L, b));
}

static void want_dims(par_call *c, const par_tensor *t, int ndim, const char *name)
{
    static const char *const names[] = {"vector", "matrix", "3D tensor"};
    if (t->ndim != ndim) par_call_error(c, "%s expected, %s is %s", names[ndim - 1], name, par_lua_push_size(c->L, t));
}

/* r = beta * r + alpha * a * b for tensors whose sizes were checked. */
static void product(par_call *c, par_tensor *r, double beta, double alpha, par_matrix a, par_matrix b)
{
    par_error err;
    par_matrix m = as_matrix(r);
    par_lua_check_status(c->L, par_blas_product(c->type, &m, beta, alpha, &a, &b, &err), &err);
}

static par_matrix turned(par_matrix m) { return (par_matrix){m.data, m.columns, m.rows, m.column_stride, m.row_stride}; }

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

static void run_product(par_call *c, int what, par_tensor *r, double beta, double alpha, const par_tensor *a, const par_tensor *b)
{
    par_matrix second = as_matrix(b);
    product(c, r, beta, alpha, as_matrix(a), what == GER ? turned(second) : second);
}

/* torch.mv, mm, ger */
static int multiply(par_call *c)
{
    int64_t size[2];
    const par_tensor *a = c->t[0], *b = c->t[1];
    check_product(c, c->data, a, b);
    int ndim = product_sizes(c->data, a, b, size);
    bool shares = par_lua_same_memory(c->result, a) || par_lua_same_memory(c->result, b);
    par_tensor *r = shares ? par_call_scratch(c, c->type, ndim, size) : c->result;
    par_lua_resize(c->L, r, ndim, size);
    run_product(c, c->data, r, 0, 1, a, b);
    if (shares) {
        par_call_result_as(c, r);
        par_lua_copy(c->L, c->result, r);
    }
    return par_call_return(c);
}

/* The tensor that a product is added to is not of its size. */
static void addend_mismatch(par_call *c, int ndim, const int64_t *size)
{
    par_call_error(c, "size mismatch, t: %s, the product of %s and %s: %s", par_lua_push_size(c->L, c->t[0]),
                   par_lua_push_size(c->L, c->t[1]), par_lua_push_size(c->L, c->t[2]), par_lua_push_sizes(c->L, ndim, size));
}

/* r = beta * t + alpha * a * b. Functions: ([r,] [beta,] t, [alpha,] a, b); methods: ([beta,] [t,] [alpha,] a, b),
 * where a single number is alpha, as in Torch. */
static int add_product(par_call *c)
{
    double beta = par_call_double(c, c->v[0]), alpha = par_call_double(c, c->v[1]);
    if (c->n_v == 1) alpha = beta, beta = 1;
    int64_t size[2];
    const par_tensor *t = c->t[0], *a = c->t[1], *b = c->t[2];
    check_product(c, c->data, a, b);
    int ndim = product_sizes(c->data, a, b, size);
    bool fits = t->ndim == ndim;
    for (int d = 0; fits && d < ndim; d++) fits = t->size[d] == size[d];
    if (!fits) addend_mismatch(c, ndim, size);
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
static void batch_product(par_call *c, par_tensor *r, double beta, double alpha, const par_tensor *a, const par_tensor *b)
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
    double beta = par_call_double(c, c->v[0]), alpha = par_call_double(c, c->v[1]);
    if (c->n_v == 1) alpha = beta, beta = 1;
    const par_tensor *t = c->t[0], *a = c->t[1], *b = c->t[2];
    check_batches(c, a, b);
    int64_t size[3] = {a->size[0], a->size[1], b->size[2]};
    par_tensor *r = par_call_scratch(c, c->type, c->data ? 2 : 3, c->data ? size + 1 : size);
    if (!par_tensor_same_size(r, t)) addend_mismatch(c, r->ndim, r->size);
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
        par_value aj = par_element_get(type, data[0] + j * step[0] * bytes), ak = par_element_get(type, data[0] + k * step[0] * bytes);
        par_value bj = par_element_get(type, data[1] + j * step[1] * bytes), bk = par_element_get(type, data[1] + k * step[1] * bytes);
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
    if (dim >= a->ndim || a->size[dim] != 3) return par_call_error(c, "no dimension of size 3 in %s", par_lua_push_size(c->L, a));
    par_tensor *r = par_call_scratch(c, c->type, a->ndim, a->size);
    const par_tensor *const all[] = {a, b, r};
    par_loop_lines(cross_run, &c->type, 3, all, dim);
    par_call_result_as(c, r);
    par_lua_copy(c->L, c->result, r);
    return par_call_return(c);
}

/* torch.match(m1, m2 [, gain]): gain times the squared distance of each row of m1 to each row of m2. */
static int match(par_call *c)
{
    const par_tensor *a = c->t[0], *b = c->t[1];
    double gain = par_call_double(c, c->v[0]);
    int64_t n = a->ndim ? a->size[0] : 0, m = b->ndim ? b->size[0] : 0, size[2] = {n, m};
    if (n == 0 || m == 0 || par_tensor_elements(a) / n != par_tensor_elements(b) / m)
        return par_call_error(c, "m1 and m2 must have the same number of elements in each row: %s and %s", par_lua_push_size(c->L, a),
                              par_lua_push_size(c->L, b));
    int64_t width = par_tensor_elements(a) / n;
    par_tensor *x = par_call_scratch(c, PAR_DOUBLE, a->ndim, a->size), *y = par_call_scratch(c, PAR_DOUBLE, b->ndim, b->size);
    par_tensor *r = par_call_scratch(c, c->type, 2, size);
    par_lua_copy(c->L, x, a);
    par_lua_copy(c->L, y, b);
    const double *xs = par_tensor_data(x), *ys = par_tensor_data(y);
    for (int64_t i = 0; i < n * m; i++) {
        double sum = 0;
        for (int64_t k = 0; k < width; k++) {
            double d = xs[i / m * width + k] - ys[i % m * width + k];
            sum += d * d;
        }
        par_element_set(c->type, (char *)par_tensor_data(r) + (size_t)i * par_type_bytes(c->type), par_call_value(c, gain * sum));
    }
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

#define ALL PAR_FOR_ALL
#define ADD_FORMS "RwTwTT"
#define ADD_METHODS "RvSvTT|RSvTT|RSwTT"
static const par_function FUNCTIONS[] = {{"dot", "TT", dot, 0, ALL, NULL},
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
                                         {"match", "RTTw", match, 0, ALL, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_products(lua_State *L)
{
    par_lua_call_register(L, FUNCTIONS);
    lua_pushcfunction(L, blas);
    lua_setfield(L, -2, "blas");
}
