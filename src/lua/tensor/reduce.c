/* One number for many elements, of a whole tensor or along a dimension; sorting and cumulating. */
#include <math.h>
#include <string.h>

#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"
#include "tensor/loop.h"

/* Below this many elements sums are taken one after the other, which gives Torch's result to the last bit; above it
 * in the order of memory and several at a time, as Torch itself used several threads then. */
#define EXACT_ORDER_ELEMENTS 100000

static void whole(par_op op, par_type type, par_args *args, const par_tensor *a, const par_tensor *b)
{
    const par_tensor *const both[] = {a, b};
    par_loop(par_kernel_find(op, type), args, b ? 2 : 1, both);
}

static void add_up(par_type type, par_args *args, const par_tensor *t)
{
    if (par_tensor_elements(t) > EXACT_ORDER_ELEMENTS) par_loop_any_order(par_kernel_find(PAR_OP_SUM_FAST, type), args, t);
    else whole(PAR_OP_SUM, type, args, t, NULL);
}

/* A result of size 1 along the dimension, and its places when there are such. */
static void result_of_dim(par_call *c, const par_tensor *t, int dim)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    memcpy(sizes, t->size, (size_t)t->ndim * sizeof *sizes);
    sizes[dim] = 1;
    par_lua_resize(c->L, c->result, t->ndim, sizes);
    if (c->places) par_lua_resize(c->L, c->places, t->ndim, sizes);
}

/* Results are written while the source is read: a result in the source's memory is made elsewhere first. */
static const par_tensor *source_apart(par_call *c)
{
    const par_tensor *t = c->t[0];
    if (!par_lua_same_memory(c->result, t) && !(c->places && par_lua_same_memory(c->places, t))) return t;
    par_tensor *copy = par_call_scratch(c, t->type, t->ndim, t->size);
    par_lua_copy(c->L, copy, t);
    return copy;
}

static int lines(par_call *c, par_op op, par_args *args, int dim)
{
    const par_tensor *t = source_apart(c);
    if (t->ndim == 0) return par_call_error(c, "the tensor is empty");
    result_of_dim(c, t, dim);
    const par_tensor *const all[] = {t, c->result, c->places};
    par_loop_lines(par_kernel_find(op, c->type), args, c->places ? 3 : 2, all, dim);
    if (!c->places) return par_call_return(c);
    lua_pushvalue(c->L, c->result_at);
    lua_pushvalue(c->L, c->places_at);
    return 2;
}

/* Lines that lie across memory are added up side by side: slice after slice onto the result, in the same order. Not for
 * Float, whose sums are kept in doubles. */
static bool sum_by_slices(const par_tensor *t, int dim)
{
    int last = t->ndim - 1;
    return t->type != PAR_FLOAT && dim != last && t->stride[last] == 1 && t->size[last] >= 16;
}

static int add_slices(par_call *c, int dim)
{
    par_error err;
    const par_tensor *t = source_apart(c);
    result_of_dim(c, t, dim);
    par_lua_fill(c->result, (par_value){.i = 0});
    par_args args = {.a = par_lua_value_of_double(1, c->type)};
    par_tensor *slice = par_lua_new_view(c->L, t);
    par_lua_check_status(c->L, par_view_narrow(slice, dim, 0, 1, &err), &err);
    const par_tensor *const all[] = {c->result, c->result, slice};
    for (int64_t i = 0; i < t->size[dim]; i++, slice->offset += t->stride[dim]) {
        par_loop(par_kernel_find(PAR_OP_CADD, c->type), &args, 3, all);
    }
    return par_call_return(c);
}

/* Lines that lie one behind the other in memory. */
static bool sum_by_rows(const par_tensor *t, int dim)
{
    return t->ndim > 1 && dim == t->ndim - 1 && t->size[dim] > 0 && par_tensor_is_contiguous(t);
}

static int add_rows(par_call *c, int dim, bool mean)
{
    const par_tensor *t = source_apart(c);
    int64_t length = t->size[dim], rows = par_tensor_elements(t) / length;
    result_of_dim(c, t, dim);
    if (!par_tensor_is_contiguous(c->result)) return lines(c, mean ? PAR_OP_MEAN_LINE : PAR_OP_SUM_LINE, NULL, dim);
    par_args args = {.index = length, .flag = mean};
    char *data[] = {par_tensor_data(t), par_tensor_data(c->result)};
    par_kernel_find(PAR_OP_SUM_ROWS, c->type)(rows, data, (int64_t[]){length, 1}, &args);
    return par_call_return(c);
}

static int sum(par_call *c)
{
    bool product = c->data != 0;
    if (c->form == 1 && !product && sum_by_slices(c->t[0], (int)c->i[0])) return add_slices(c, (int)c->i[0]);
    if (c->form == 1 && !product && sum_by_rows(c->t[0], (int)c->i[0])) return add_rows(c, (int)c->i[0], false);
    if (c->form == 1) return lines(c, product ? PAR_OP_PROD_LINE : PAR_OP_SUM_LINE, NULL, (int)c->i[0]);
    par_args args = {.sum = par_lua_value_of_double(product, c->type)};
    if (product) whole(PAR_OP_PROD, c->type, &args, c->t[0], NULL);
    else add_up(c->type, &args, c->t[0]);
    par_lua_push_value(c->L, c->type, args.sum);
    return 1;
}

static int mean(par_call *c)
{
    if (c->form == 1 && sum_by_rows(c->t[0], (int)c->i[0])) return add_rows(c, (int)c->i[0], true);
    if (c->form == 1) return lines(c, PAR_OP_MEAN_LINE, NULL, (int)c->i[0]);
    par_args args = {0};
    if (c->t[0]->ndim == 0) return par_call_error(c, "empty Tensor");
    add_up(c->type, &args, c->t[0]);
    lua_pushnumber(c->L, (lua_Number)(args.sum.d / (double)par_tensor_elements(c->t[0])));
    return 1;
}

/* Lines that lie across memory, many of them side by side: what is read lies together then. */
static bool lie_abreast(const par_tensor *t, int dim)
{
    int last = t->ndim - 1;
    return dim != last && t->size[dim] > 1 && t->stride[last] == 1 && t->size[last] >= 8;
}

static int abreast(par_call *c, par_op op, par_args *args, int dim)
{
    par_error err;
    const par_tensor *t = source_apart(c);
    result_of_dim(c, t, dim);
    args->index = t->size[dim];
    args->count = t->stride[dim];
    par_tensor *first = par_lua_new_view(c->L, t);
    par_lua_check_status(c->L, par_view_narrow(first, dim, 0, 1, &err), &err);
    const par_tensor *const all[] = {first, c->result, c->places};
    par_loop_lines(par_kernel_find(op, c->type), args, c->places ? 3 : 2, all, t->ndim - 1);
    lua_pushvalue(c->L, c->result_at);
    if (c->places) lua_pushvalue(c->L, c->places_at);
    return c->places ? 2 : 1;
}

/* data: 1 for std. The flag divides by n instead of n - 1. */
static int variance(par_call *c)
{
    if (c->form == 1) {
        par_args args = {.b = {.d = c->data}, .flag = c->flag};
        if (lie_abreast(c->t[0], (int)c->i[0])) return abreast(c, PAR_OP_VAR_ABREAST, &args, (int)c->i[0]);
        return lines(c, PAR_OP_VAR_LINE, &args, (int)c->i[0]);
    }
    int64_t n = par_tensor_elements(c->t[0]);
    par_args args = {0};
    if (n == 0) return par_call_error(c, "empty Tensor");
    add_up(c->type, &args, c->t[0]);
    par_args squares = {.b = {.d = args.sum.d / (double)n}};
    whole(PAR_OP_SQUARED_DEVIATIONS, c->type, &squares, c->t[0], NULL);
    double v = squares.sum.d / (double)(c->flag ? n : n - 1);
    lua_pushnumber(c->L, (lua_Number)(c->data ? sqrt(v) : v));
    return 1;
}

static int extreme(par_call *c)
{
    bool largest = c->data != 0;
    par_args args = {0};
    if (c->form == 1 && lie_abreast(c->t[0], (int)c->i[0]))
        return abreast(c, largest ? PAR_OP_MAX_ABREAST : PAR_OP_MIN_ABREAST, &args, (int)c->i[0]);
    if (c->form == 1) return lines(c, largest ? PAR_OP_MAX_LINE : PAR_OP_MIN_LINE, NULL, (int)c->i[0]);
    if (c->t[0]->ndim == 0) return par_call_error(c, "tensor must have one dimension");
    par_op op = largest ? PAR_OP_MAX : PAR_OP_MIN;
    par_loop_any_order(par_kernel_find(op, c->type), &args, c->t[0]);
    if (par_type_is_float(c->type) && (args.stop || args.a.d == 0)) { /* of NaN and of zeros it is the first, in the tensor's order */
        args = (par_args){0};
        whole(op, c->type, &args, c->t[0], NULL);
    }
    par_lua_push_value(c->L, c->type, args.a);
    return 1;
}

/* Torch names these all and any; they exist for ByteTensors. */
static int logical(par_call *c)
{
    par_args args = {0};
    bool any = c->data != 0;
    if (c->form == 1) return lines(c, any ? PAR_OP_ANY_LINE : PAR_OP_ALL_LINE, NULL, (int)c->i[0]);
    whole(any ? PAR_OP_ANY : PAR_OP_ALL, c->type, &args, c->t[0], NULL);
    lua_pushboolean(c->L, any ? args.stop : !args.stop);
    return 1;
}

static int norm(par_call *c)
{
    double p = c->has_n[0] ? c->n[0] : 2;
    par_args args = {.b = {.d = p}};
    if (c->form == 1) return lines(c, PAR_OP_NORM_LINE, &args, (int)c->i[0]);
    par_op op = p == 2 ? PAR_OP_SQUARES : p == 1 ? PAR_OP_NORM1 : p == 0 ? PAR_OP_NORM0 : PAR_OP_NORMP;
    whole(op, c->type, &args, c->t[0], NULL);
    lua_pushnumber(c->L, (lua_Number)(p == 2 ? sqrt(args.sum.d) : p == 1 || p == 0 ? args.sum.d : pow(args.sum.d, 1 / p)));
    return 1;
}

static int dist(par_call *c)
{
    double p = c->has_n[0] ? c->n[0] : 2;
    par_args args = {.b = {.d = p}};
    par_lua_check_same_elements(c->L, c->t[0], "tensor", c->t[1], "src");
    whole(PAR_OP_DISTP, c->type, &args, c->t[0], c->t[1]);
    lua_pushnumber(c->L, (lua_Number)pow(args.sum.d, 1 / p));
    return 1;
}

/* Each slice along the dimension whose p-norm is above the limit is scaled down to it. */
static int renorm(par_call *c)
{
    par_error err;
    int dim = (int)c->i[0];
    double p = c->n[0], limit = c->n[1];
    const par_tensor *t = c->t[0];
    if (!(p > 0)) return par_call_error(c, "non-positive-norm not supported, got %f", (lua_Number)p);
    if (t->ndim < 2) return par_call_error(c, "need at least 2 dimensions, got %s", par_lua_push_size(c->L, t));
    par_tensor *source = par_call_scratch(c, t->type, t->ndim, t->size);
    par_lua_copy(c->L, source, t);
    par_call_result_as(c, source);
    int top = lua_gettop(c->L);
    for (int64_t i = 0; i < source->size[dim]; i++) {
        par_tensor *from = par_lua_new_view(c->L, source), *to = par_lua_new_view(c->L, c->result);
        par_lua_check_status(c->L, par_view_select(from, dim, i, &err), &err);
        par_lua_check_status(c->L, par_view_select(to, dim, i, &err), &err);
        par_args args = {.b = {.d = p}};
        whole(PAR_OP_NORMP, c->type, &args, from, NULL);
        double length = pow(args.sum.d, 1 / p);
        par_args scale = {.a = {.d = length > limit ? limit / (length + 1e-7) : 1}};
        whole(PAR_OP_MULS, c->type, &scale, to, from);
        lua_settop(c->L, top);
    }
    return par_call_return(c);
}

/* --- results as large as the source --- */
static int cumulate(par_call *c)
{
    int dim = c->has_i[0] ? (int)c->i[0] : 0;
    const par_tensor *t = source_apart(c);
    if (t->ndim == 0) return par_call_error(c, "the tensor is empty");
    par_call_result_as(c, t);
    if (c->places) par_lua_resize_as(c->L, c->places, t);
    const par_tensor *const all[] = {t, c->result, c->places};
    par_loop_lines(par_kernel_find((par_op)c->data, c->type), NULL, c->places ? 3 : 2, all, dim);
    lua_pushvalue(c->L, c->result_at);
    if (c->places) lua_pushvalue(c->L, c->places_at);
    return c->places ? 2 : 1;
}

/* Room for the sorting of one line. */
static void add_scratch(par_call *c, par_args *args, int64_t line)
{
    int64_t n = 2 * line;
    args->scratch = par_tensor_data(par_call_scratch(c, c->type, 1, &n));
    args->scratch_index = par_tensor_data(par_call_scratch(c, PAR_LONG, 1, &n));
}

static int line_dim(par_call *c, int k)
{
    if (c->t[0]->ndim == 0) par_call_error(c, "the tensor is empty");
    return c->has_i[k] ? (int)c->i[k] : c->t[0]->ndim - 1;
}

static int sort(par_call *c)
{
    par_args args = {.flag = c->flag};
    int dim = line_dim(c, 0);
    const par_tensor *t = source_apart(c);
    par_call_result_as(c, t);
    par_lua_resize_as(c->L, c->places, t);
    add_scratch(c, &args, t->size[dim]);
    const par_tensor *const all[] = {t, c->result, c->places};
    par_loop_lines(par_kernel_find(PAR_OP_SORT_LINE, c->type), &args, 3, all, dim);
    lua_pushvalue(c->L, c->result_at);
    lua_pushvalue(c->L, c->places_at);
    return 2;
}

/* data 0: kthvalue(t, k [, dim]), 1: median, 2: mode */
static int order(par_call *c)
{
    par_args args = {0};
    int dim = line_dim(c, c->data == 0 ? 1 : 0);
    int64_t n = c->t[0]->size[dim];
    if (c->data == 0 && (c->i[0] < 1 || c->i[0] > n))
        return par_call_error(c, "selected index out of range: %s of %s", par_lua_push_digits(c->L, c->i[0]),
                              par_lua_push_size(c->L, c->t[0]));
    args.index = c->data == 0 ? c->i[0] - 1 : (n - 1) / 2;
    add_scratch(c, &args, n);
    return lines(c, c->data == 2 ? PAR_OP_MODE_LINE : PAR_OP_KTH_LINE, &args, dim);
}

/* torch.topk(t [, k [, dim [, largest]]]): always in order, the smallest ones unless `largest`. */
static int topk(par_call *c)
{
    par_error err;
    int64_t k = c->has_i[0] ? c->i[0] : 1;
    int dim = line_dim(c, 1);
    const par_tensor *t = c->t[0];
    if (k < 1 || k > t->size[dim])
        return par_call_error(c, "k not in range for dimension: %s of %s", par_lua_push_digits(c->L, k), par_lua_push_size(c->L, t));
    par_args args = {.flag = c->flag};
    par_tensor *values = par_call_scratch(c, c->type, t->ndim, t->size), *places = par_call_scratch(c, PAR_LONG, t->ndim, t->size);
    add_scratch(c, &args, t->size[dim]);
    const par_tensor *const all[] = {t, values, places};
    par_loop_lines(par_kernel_find(PAR_OP_SORT_LINE, c->type), &args, 3, all, dim);
    par_lua_check_status(c->L, par_view_narrow(values, dim, 0, k, &err), &err);
    par_lua_check_status(c->L, par_view_narrow(places, dim, 0, k, &err), &err);
    par_call_result_as(c, values);
    par_lua_resize_as(c->L, c->places, values);
    par_lua_copy(c->L, c->result, values);
    par_lua_copy(c->L, c->places, places);
    lua_pushvalue(c->L, c->result_at);
    lua_pushvalue(c->L, c->places_at);
    return 2;
}

#define FLOATS PAR_FOR_FLOATS
#define ALL PAR_FOR_ALL
static const par_function FUNCTIONS[] = {{"sum", "T|OTd", sum, 0, ALL, NULL},
                                         {"prod", "T|OTd", sum, 1, ALL, NULL},
                                         {"mean", "T|OTd", mean, 0, FLOATS, NULL},
                                         {"var", "Tb|OTdb", variance, 0, FLOATS, NULL},
                                         {"std", "Tb|OTdb", variance, 1, FLOATS, NULL},
                                         {"min", "T|OPTd", extreme, 0, ALL, NULL},
                                         {"max", "T|OPTd", extreme, 1, ALL, NULL},
                                         {"all", "T|OTd", logical, 0, PAR_FOR_BYTE, NULL},
                                         {"any", "T|OTd", logical, 1, PAR_FOR_BYTE, NULL},
                                         {"norm", "Tm|OTnd", norm, 0, FLOATS, NULL},
                                         {"dist", "TTm", dist, 0, FLOATS, NULL},
                                         {"renorm", "RSndn", renorm, 0, FLOATS, NULL},
                                         {"cumsum", "OTe", cumulate, PAR_OP_CUMSUM_LINE, ALL, NULL},
                                         {"cumprod", "OTe", cumulate, PAR_OP_CUMPROD_LINE, ALL, NULL},
                                         {"cummax", "OPTe", cumulate, PAR_OP_CUMMAX_LINE, ALL, NULL},
                                         {"cummin", "OPTe", cumulate, PAR_OP_CUMMIN_LINE, ALL, NULL},
                                         {"sort", "OPTeb", sort, 0, ALL, NULL},
                                         {"kthvalue", "OPTie", order, 0, ALL, NULL},
                                         {"median", "OPTe", order, 1, ALL, NULL},
                                         {"mode", "OPTe", order, 2, ALL, NULL},
                                         {"topk", "OPTjebb", topk, 0, ALL, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_reduce(lua_State *L) { par_lua_call_register(L, FUNCTIONS); }
