/* How many elements lie in which part of a range: torch.histc, and torch.bhistc for each row by itself. */
#include <float.h>
#include <math.h>

#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"
#include "tensor/loop.h"

static double extreme(par_op op, const par_tensor *t)
{
    par_args args = {0};
    const par_tensor *const one[] = {t};
    par_loop(par_kernel_find(op, t->type), &args, 1, one);
    return args.a.d;
}

static bool is_endless(par_type type, double value) { return fabs(value) > (type == PAR_FLOAT ? (double)FLT_MAX : DBL_MAX); }

/* The bins and the range that are asked for; a range without extent is that of the elements. */
static int64_t take_range(par_call *c, double *low, double *high)
{
    int64_t bins = c->has_i[0] ? c->i[0] : 100;
    *low = c->n[0], *high = c->n[1];
    if (bins < 1) par_call_error(c, "bins must be > 0, got %s", par_lua_push_digits(c->L, bins));
    if (c->t[0]->ndim == 0) par_call_error(c, "empty Tensor");
    if (*low == *high) *low = extreme(PAR_OP_MIN, c->t[0]), *high = extreme(PAR_OP_MAX, c->t[0]);
    if (*low == *high) *low -= 1, *high += 1;
    if (is_endless(c->t[0]->type, *low) || is_endless(c->t[0]->type, *high))
        par_call_error(c, "min and max must be finite, got %f and %f", (lua_Number)*low, (lua_Number)*high);
    if (!(*high > *low)) par_call_error(c, "max must be larger than min, and neither NaN: %f and %f", (lua_Number)*low, (lua_Number)*high);
    return bins;
}

static void count(const par_tensor *t, double low, double high, int64_t bins, void *counts)
{
    par_args args = {.a = {.d = low}, .b = {.d = high}, .index = bins, .scratch = counts};
    const par_tensor *const one[] = {t};
    par_loop(par_kernel_find(PAR_OP_HISTC, t->type), &args, 1, one);
}

static int give(par_call *c, par_tensor *counts)
{
    par_call_result_as(c, counts);
    par_lua_copy(c->L, c->result, counts);
    return par_call_return(c);
}

/* torch.histc(t [, bins [, min, max]]) */
static int histc(par_call *c)
{
    double low, high;
    int64_t bins = take_range(c, &low, &high);
    par_tensor *counts = par_call_scratch(c, c->type, 1, &bins);
    par_lua_fill(counts, (par_value){.i = 0});
    count(c->t[0], low, high, bins, par_tensor_data(counts));
    return give(c, counts);
}

/* torch.bhistc(t [, bins [, min, max]]): a row of counts for each row of t */
static int bhistc(par_call *c)
{
    par_error err;
    double low, high;
    const par_tensor *t = c->t[0];
    if (t->ndim > 2) return par_call_error(c, "a vector or a matrix expected, got %s", par_lua_push_size(c->L, t));
    int64_t bins = take_range(c, &low, &high), sizes[2] = {t->ndim == 2 ? t->size[0] : 1, bins};
    par_tensor *counts = par_call_scratch(c, c->type, 2, sizes);
    par_lua_fill(counts, (par_value){.i = 0});
    for (int64_t i = 0; i < sizes[0]; i++) {
        par_tensor *row = par_lua_new_view(c->L, t);
        if (t->ndim == 2) par_lua_check_status(c->L, par_view_select(row, 0, i, &err), &err);
        count(row, low, high, bins, (char *)par_tensor_data(counts) + (size_t)(i * bins) * par_type_bytes(c->type));
        lua_pop(c->L, 1);
    }
    return give(c, counts);
}

static const par_function FUNCTIONS[] = {{"histc", "OTjmm", histc, 0, PAR_FOR_FLOATS, NULL},
                                         {"bhistc", "OTjmm", bhistc, 0, PAR_FOR_FLOATS, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_histogram(lua_State *L) { par_lua_call_register(L, FUNCTIONS); }
