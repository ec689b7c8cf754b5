/* Elements chosen by positions or masks, calls of Lua functions for each element, conversions of type and to tables. */
#include <string.h>

#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"
#include "tensor/loop.h"

/* --- positions: LongTensors that count from 1 --- */
static const int64_t *position(const par_tensor *longs, int64_t i)
{
    return (const int64_t *)par_tensor_data(longs) + i * longs->stride[0];
}

/* Read once: a shared storage may change under us. */
static int64_t check_position(par_call *c, const par_tensor *longs, int64_t i, int64_t size)
{
    int64_t at = *(const volatile int64_t *)position(longs, i);
    if (at < 1 || at > size)
        par_call_error(c, "index out of range: %s, the dimension has %s", par_lua_push_digits(c->L, at), par_lua_push_digits(c->L, size));
    return at - 1;
}

static void check_vector(par_call *c)
{
    if (c->longs->ndim != 1)
        par_call_error(c, "Index is supposed to be a vector, got %s for a tensor of %s", par_lua_push_size(c->L, c->longs),
                       par_lua_push_size(c->L, c->n_t ? c->t[0] : c->result));
}

/* A view of the i-th slice along dim (a vector's slice has one element), pushed. */
static par_tensor *push_slice(par_call *c, const par_tensor *t, int dim, int64_t i)
{
    par_error err;
    par_tensor *view = par_lua_new_view(c->L, t);
    int status = t->ndim > 1 ? par_view_select(view, dim, i, &err) : par_view_narrow(view, 0, i, 1, &err);
    par_lua_check_status(c->L, status, &err);
    return view;
}

/* What Torch leaves on its stack: the last argument, unless the result was made. */
static int return_last(const par_call *c)
{
    lua_pushvalue(c->L, c->given);
    return 1;
}

/* Slices of any shape. */
static void take_slices(par_call *c, const par_tensor *t, int dim, const par_tensor *made)
{
    int top = lua_gettop(c->L);
    for (int64_t i = 0; i < made->size[dim]; i++, lua_settop(c->L, top)) {
        par_tensor *from = push_slice(c, t, dim, check_position(c, c->longs, i, t->size[dim]));
        par_lua_copy(c->L, push_slice(c, made, dim, i), from);
    }
}

/* Blocks at positions, which are read once. Returns how many were taken before a position that is out of range. */
static inline __attribute__((always_inline)) int64_t take_each(const par_tensor *longs, int64_t n, int64_t size, const char *from, char *to,
                                                               size_t block)
{
    const volatile int64_t *at = position(longs, 0);
    int64_t step = longs->stride[0];
    for (int64_t i = 0; i < n; i++) {
        uint64_t place = (uint64_t)at[i * step] - 1;
        if (place >= (uint64_t)size) return i;
        memcpy(to + (size_t)i * block, from + place * block, block);
    }
    return n;
}

/* The same where both are dense: blocks of memory. */
static void take_blocks(par_call *c, const par_tensor *t, int dim, const par_tensor *made)
{
    int64_t n = made->size[dim], size = t->size[dim], outer = 1;
    size_t block = par_type_bytes(t->type);
    for (int d = 0; d < t->ndim; d++) {
        if (d < dim) outer *= t->size[d];
        if (d > dim) block *= (size_t)t->size[d];
    }
    char *to = par_tensor_data(made);
    const char *from = par_tensor_data(t);
    for (int64_t o = 0; o < outer; o++, from += (size_t)size * block, to += (size_t)n * block) {
        int64_t taken = block == 8   ? take_each(c->longs, n, size, from, to, 8)
                        : block == 4 ? take_each(c->longs, n, size, from, to, 4)
                                     : take_each(c->longs, n, size, from, to, block);
        if (taken < n) check_position(c, c->longs, taken, size);
    }
}

/* Does the result lie apart from what is read, so that it can be written at once? It gets its size then. */
static bool result_is_apart(par_call *c, const par_tensor *t, const int64_t *sizes)
{
    if (par_lua_same_memory(c->result, t) || par_lua_same_memory(c->result, c->longs)) return false;
    par_lua_resize(c->L, c->result, t->ndim, sizes);
    return true;
}

static int index_select(par_call *c)
{
    const par_tensor *t = c->t[0];
    int dim = (int)c->i[0];
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    check_vector(c);
    memcpy(sizes, t->size, (size_t)t->ndim * sizeof *sizes);
    sizes[dim] = par_tensor_elements(c->longs);
    bool apart = result_is_apart(c, t, sizes);
    par_tensor *made = apart ? c->result : par_call_scratch(c, c->type, t->ndim, sizes);
    if (par_tensor_is_contiguous(t) && par_tensor_is_contiguous(made)) take_blocks(c, t, dim, made);
    else take_slices(c, t, dim, made);
    if (!apart) {
        par_call_result_as(c, made);
        par_lua_copy(c->L, c->result, made);
    }
    return c->result_given ? return_last(c) : par_call_return(c);
}

enum { INDEX_COPY, INDEX_ADD, INDEX_FILL };

/* A slice of the source for each position, as large as those of the tensor. */
static void check_slices(par_call *c, const par_tensor *r, const par_tensor *source, int dim)
{
    lua_State *L = c->L;
    int64_t n = par_tensor_elements(c->longs);
    if (dim >= source->ndim || source->size[dim] != n)
        par_call_error(c, "Number of indices should be equal to source:size(dim): %s and %s, dimension %d", par_lua_push_size(L, c->longs),
                       par_lua_push_size(L, source), dim + 1);
    int64_t to = r->size[dim] ? par_tensor_elements(r) / r->size[dim] : 0, from = n ? par_tensor_elements(source) / n : to;
    if (to != from)
        par_call_error(c,
                       "inconsistent tensor size, expected tensor %s and src %s to have the same number of elements in each slice along "
                       "dimension %d, but got %s and %s elements respectively",
                       par_lua_push_size(L, r), par_lua_push_size(L, source), dim + 1, par_lua_push_digits(L, to),
                       par_lua_push_digits(L, from));
}

/* t:indexCopy(dim, positions, source), indexAdd, and indexFill with a number. */
static int index_write(par_call *c)
{
    par_tensor *r = c->result;
    int dim = (int)c->i[0];
    int64_t n = par_tensor_elements(c->longs);
    check_vector(c);
    if (c->n_t) check_slices(c, r, c->t[0], dim);
    int top = lua_gettop(c->L);
    for (int64_t i = 0; i < n; i++, lua_settop(c->L, top)) {
        par_tensor *to = push_slice(c, r, dim, check_position(c, c->longs, i, r->size[dim]));
        if (c->data == INDEX_FILL) {
            par_lua_fill(to, c->v[0]);
            continue;
        }
        par_tensor *from = push_slice(c, c->t[0], dim, i);
        if (c->data == INDEX_COPY) {
            par_lua_copy(c->L, to, from);
        } else {
            const par_tensor *const all[] = {to, to, from};
            par_args args = {.a = par_lua_value_of_double(1, c->type)};
            par_loop(par_kernel_find(PAR_OP_CADD, c->type), &args, 3, all);
        }
    }
    return return_last(c);
}

/* --- gather and scatter: one position for each element of the result --- */
typedef struct gather_job {
    par_type type;
    int64_t size; /* of the line that positions point into */
    bool bad;     /* a position was out of range; nothing was touched there */
    bool add;
    const par_value *fill;
} gather_job;

static void copy_element(par_type type, char *to, const char *from) { memcpy(to, from, par_type_bytes(type)); }

/* data: positions, results, source */
static void gather_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    gather_job *job = arg;
    int64_t bytes = (int64_t)par_type_bytes(job->type);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = ((const volatile int64_t *)data[0])[i * step[0]];
        if (at < 1 || at > job->size) job->bad = true;
        else copy_element(job->type, data[1] + i * step[1] * bytes, data[2] + (at - 1) * step[2] * bytes);
    }
}

/* data: positions, tensor to write, source (or none when filling) */
static void scatter_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    gather_job *job = arg;
    int64_t bytes = (int64_t)par_type_bytes(job->type);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = ((const volatile int64_t *)data[0])[i * step[0]];
        if (at < 1 || at > job->size) {
            job->bad = true;
            continue;
        }
        char *to = data[1] + (at - 1) * step[1] * bytes;
        if (job->fill) {
            par_element_set(job->type, to, *job->fill);
        } else if (job->add) {
            par_value x = par_element_get(job->type, to), y = par_element_get(job->type, data[2] + i * step[2] * bytes);
            if (par_type_is_float(job->type)) x.d += y.d;
            else x.i = (int64_t)((uint64_t)x.i + (uint64_t)y.i);
            par_element_set(job->type, to, x);
        } else {
            copy_element(job->type, to, data[2] + i * step[2] * bytes);
        }
    }
}

/* Positions may be smaller than the tensor except along dim: the sizes that are walked must lie inside both. */
static void check_inside(par_call *c, const par_tensor *longs, const par_tensor *t, int dim)
{
    bool good = longs->ndim == t->ndim;
    for (int d = 0; good && d < t->ndim; d++) good = d == dim || longs->size[d] <= t->size[d];
    if (!good)
        par_call_error(c, "Index tensor must have same dimensions as input tensor: %s and %s", par_lua_push_size(c->L, longs),
                       par_lua_push_size(c->L, t));
}

static int check_gathered(par_call *c, const gather_job *job)
{
    if (job->bad) return par_call_error(c, "Invalid index in %s: out of range 1 to %s", c->name, par_lua_push_digits(c->L, job->size));
    return par_call_return(c);
}

static int gather(par_call *c)
{
    const par_tensor *t = c->t[0];
    int dim = (int)c->i[0];
    check_inside(c, c->longs, t, dim);
    gather_job job = {.type = c->type, .size = t->size[dim]};
    par_tensor *made = par_call_scratch(c, c->type, c->longs->ndim, c->longs->size);
    par_lua_fill(made, (par_value){.i = 0});
    const par_tensor *const all[] = {c->longs, made, t};
    par_loop_lines(gather_run, &job, 3, all, dim);
    check_gathered(c, &job);
    par_call_result_as(c, made);
    par_lua_copy(c->L, c->result, made);
    return par_call_return(c);
}

/* data 1: scatterAdd; form 1 fills with a number */
static int scatter(par_call *c)
{
    par_tensor *r = c->result;
    int dim = (int)c->i[0];
    check_inside(c, c->longs, r, dim);
    gather_job job = {.type = c->type, .size = r->size[dim], .add = c->data == 1, .fill = c->n_v ? &c->v[0] : NULL};
    if (c->n_t) check_inside(c, c->longs, c->t[0], -1);
    const par_tensor *const all[] = {c->longs, r, c->t[0]};
    par_loop_lines(scatter_run, &job, c->n_t ? 3 : 2, all, dim);
    return check_gathered(c, &job);
}

/* --- masks: ByteTensors of 0 and 1 --- */
typedef struct mask_job {
    par_type type;
    const char *from; /* maskedCopy: dense elements that are still to be taken */
    char *to;         /* maskedSelect: where the next one goes */
    int64_t left;     /* of either */
    bool bad, short_of;
} mask_job;

static void count_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    mask_job *job = arg;
    for (int64_t i = 0; i < n; i++) {
        uint8_t m = ((const volatile uint8_t *)data[0])[i * step[0]];
        job->left += m == 1;
        job->bad = job->bad || m > 1;
    }
}

static void select_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    mask_job *job = arg;
    int64_t bytes = (int64_t)par_type_bytes(job->type);
    for (int64_t i = 0; i < n && job->left > 0; i++) {
        if (((const volatile uint8_t *)data[0])[i * step[0]] != 1) continue;
        copy_element(job->type, job->to, data[1] + i * step[1] * bytes);
        job->to += bytes;
        job->left--;
    }
}

static void copy_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    mask_job *job = arg;
    int64_t bytes = (int64_t)par_type_bytes(job->type);
    for (int64_t i = 0; i < n; i++) {
        if (((const volatile uint8_t *)data[0])[i * step[0]] != 1) continue;
        if (job->left-- <= 0) {
            job->short_of = true;
            return;
        }
        copy_element(job->type, data[1] + i * step[1] * bytes, job->from);
        job->from += bytes;
    }
}

static int64_t count_mask(par_call *c, const par_tensor *t)
{
    mask_job job = {0};
    const par_tensor *const one[] = {c->bytes};
    par_lua_check_same_elements(c->L, t, "tensor", c->bytes, "mask");
    par_loop(count_run, &job, 1, one);
    if (job.bad) par_call_error(c, "Mask tensor can take 0 and 1 values only");
    return job.left;
}

static int masked_fill(par_call *c)
{
    par_args args = {.a = c->v[0]};
    count_mask(c, c->result);
    const par_tensor *const both[] = {c->result, c->bytes};
    par_loop(par_kernel_find(PAR_OP_MASKED_FILL, c->type), &args, 2, both);
    return return_last(c);
}

static int masked_select(par_call *c)
{
    int64_t n = count_mask(c, c->t[0]);
    par_tensor *made = par_call_scratch(c, c->type, 1, &n);
    mask_job job = {.type = c->type, .to = par_tensor_data(made), .left = n};
    const par_tensor *const both[] = {c->bytes, c->t[0]};
    par_loop(select_run, &job, 2, both);
    par_call_result_as(c, made);
    par_lua_copy(c->L, c->result, made);
    return c->result_given ? return_last(c) : par_call_return(c);
}

static int masked_copy(par_call *c)
{
    int64_t n = count_mask(c, c->result);
    if (par_tensor_elements(c->t[0]) < n)
        return par_call_error(c, "Number of elements of src < number of ones in mask: src is %s, mask %s", par_lua_push_size(c->L, c->t[0]),
                              par_lua_push_size(c->L, c->bytes));
    par_tensor *dense = par_call_scratch(c, c->type, c->t[0]->ndim, c->t[0]->size);
    par_lua_copy(c->L, dense, c->t[0]);
    mask_job job = {.type = c->type, .from = par_tensor_data(dense), .left = par_tensor_elements(dense)};
    const par_tensor *const both[] = {c->bytes, c->result};
    par_loop(copy_run, &job, 2, both);
    if (job.short_of)
        return par_call_error(c, "Number of elements of src < number of ones in mask: src is %s, mask %s", par_lua_push_size(c->L, c->t[0]),
                              par_lua_push_size(c->L, c->bytes));
    return par_call_return(c);
}

/* A row of positions for each element that is not 0. */
static void put_positions(const par_tensor *t, int64_t flat, int64_t *row)
{
    for (int d = t->ndim; d-- > 0; flat /= t->size[d]) row[d] = flat % t->size[d] + 1;
}

static int nonzero(par_call *c)
{
    const par_tensor *t = c->t[0];
    int64_t elements = par_tensor_elements(t), found = 0;
    par_tensor *mask = par_call_scratch(c, PAR_BYTE, 1, &elements);
    const par_tensor *const both[] = {mask, t};
    par_args args = {.a = par_lua_value_of_double(0, c->type)};
    par_loop(par_kernel_find(PAR_OP_NES, c->type), &args, 2, both);
    const uint8_t *m = par_tensor_data(mask);
    for (int64_t i = 0; i < elements; i++) found += m[i];
    int64_t size[2] = {found, t->ndim};
    par_tensor *made = par_call_scratch(c, PAR_LONG, found ? 2 : 0, size);
    int64_t *row = par_tensor_data(made);
    for (int64_t i = 0; i < elements && found; i++) {
        if (!m[i]) continue;
        put_positions(t, i, row);
        row += t->ndim;
    }
    par_lua_resize_as(c->L, c->places, made);
    par_lua_copy(c->L, c->places, made);
    lua_pushvalue(c->L, c->places_at);
    return 1;
}

#define ALL PAR_FOR_ALL
static const par_function FUNCTIONS[] = {{"index", "", index_select, 0, ALL, "OTdL"},
                                         {"indexSelect", "", index_select, 0, ALL, "OTdL"},
                                         {"indexCopy", "", index_write, INDEX_COPY, ALL, "RdLT"},
                                         {"indexAdd", "", index_write, INDEX_ADD, ALL, "RdLT"},
                                         {"indexFill", "", index_write, INDEX_FILL, ALL, "RdLv"},
                                         {"gather", "OTdL", gather, 0, ALL, NULL},
                                         {"scatter", "WdLT|WdLv", scatter, 0, ALL, NULL},
                                         {"scatterAdd", "", scatter, 1, ALL, "RdLT"},
                                         {"maskedFill", "", masked_fill, 0, ALL, "RBv"},
                                         {"maskedSelect", "", masked_select, 0, ALL, "OTB"},
                                         {"maskedCopy", "", masked_copy, 0, ALL, "RBT"},
                                         {"nonzero", "PT", nonzero, 0, ALL, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_select(lua_State *L) { par_lua_call_register(L, FUNCTIONS); }
