#include "tensor/loop.h"

#include <stdlib.h>

#include "tensor/shape.h"
#include "tensor/transpose.h"

void par_walk_init(par_walk *walk, const par_tensor *tensor)
{
    int n = 0;
    walk->bytes = par_type_bytes(tensor->type);
    walk->at = par_tensor_data(tensor);
    for (int d = 0; d < tensor->ndim; d++) {
        int64_t size = tensor->size[d], stride = tensor->stride[d];
        if (size == 1) continue;
        if (n > 0 && walk->stride[n - 1] == size * stride) { /* the last one kept continues this one */
            walk->size[n - 1] *= size;
            walk->stride[n - 1] = stride;
        } else {
            walk->size[n] = size;
            walk->stride[n++] = stride;
        }
    }
    walk->run = walk->left = n > 0 ? walk->size[n - 1] : 1;
    walk->step = n > 0 ? walk->stride[n - 1] : 1;
    walk->ndim = n > 0 ? n - 1 : 0;
    for (int d = 0; d < walk->ndim; d++) walk->index[d] = 0;
}

static void next_run(par_walk *walk)
{
    int64_t move = -walk->run * walk->step;
    for (int d = walk->ndim; d-- > 0;) {
        move += walk->stride[d];
        if (++walk->index[d] < walk->size[d]) break;
        walk->index[d] = 0;
        move -= walk->size[d] * walk->stride[d];
    }
    walk->at += move * (int64_t)walk->bytes;
    walk->left = walk->run;
}

void par_walk_advance(par_walk *walk, int64_t n)
{
    walk->at += n * walk->step * (int64_t)walk->bytes;
    walk->left -= n;
    if (walk->left == 0) next_run(walk);
}

void par_loop(par_kernel *kernel, void *arg, int count, const par_tensor *const *tensors)
{
    par_walk walk[PAR_LOOP_MAX];
    char *data[PAR_LOOP_MAX];
    int64_t step[PAR_LOOP_MAX], total = par_tensor_elements(tensors[0]);
    if (total == 0) return;
    for (int k = 0; k < count; k++) par_walk_init(&walk[k], tensors[k]);
    for (int k = 0; k < count; k++) step[k] = walk[k].step;
    while (total > 0) {
        int64_t n = walk[0].left;
        for (int k = 1; k < count; k++)
            if (walk[k].left < n) n = walk[k].left;
        for (int k = 0; k < count; k++) data[k] = walk[k].at;
        kernel(n, data, step, arg);
        for (int k = 0; k < count; k++) par_walk_advance(&walk[k], n);
        total -= n;
    }
}

void par_loop_any_order(par_kernel *kernel, void *arg, const par_tensor *tensor)
{
    int64_t size[PAR_TENSOR_DIMS_MAX], stride[PAR_TENSOR_DIMS_MAX];
    for (int d = 0; d < tensor->ndim; d++) { /* put in by insertion: the largest strides first */
        int k = d;
        for (; k > 0 && stride[k - 1] < tensor->stride[d]; k--) size[k] = size[k - 1], stride[k] = stride[k - 1];
        size[k] = tensor->size[d], stride[k] = tensor->stride[d];
    }
    par_tensor sorted = *tensor;
    sorted.size = size, sorted.stride = stride;
    par_loop(kernel, arg, 1, (const par_tensor *const[]){&sorted});
}

/* Lines that lie across memory, side by side: so many at a time are copied into a block where each is dense, within the cache. */
#define BLOCK_LINES 8
#define BLOCK_BYTES (1 << 20)

/* The dimension along which such lines are neighbours, or -1. */
static int neighbours(const par_tensor *first, int dim)
{
    int64_t bytes = (int64_t)par_type_bytes(first->type) * BLOCK_LINES;
    if (first->stride[dim] == 1 || first->size[dim] < 8 || first->size[dim] > BLOCK_BYTES / bytes) return -1;
    for (int d = first->ndim - 1; d >= 0; d--)
        if (d != dim && first->stride[d] == 1 && first->size[d] >= BLOCK_LINES) return d;
    return -1;
}

/* To the next lines: one further, or `jump` along `wide`. false: there are none. */
static bool next_lines(int count, const par_tensor *const *tensors, int dim, int wide, int64_t jump, int64_t *index, char **data)
{
    const par_tensor *first = tensors[0];
    for (int d = first->ndim - 1; d >= 0; d--) {
        if (d == dim) continue;
        int64_t before = index[d];
        index[d] += d == wide ? jump : 1;
        bool more = index[d] < first->size[d];
        if (!more) index[d] = 0;
        for (int k = 0; k < count; k++) data[k] += (index[d] - before) * tensors[k]->stride[d] * (int64_t)par_type_bytes(tensors[k]->type);
        if (more) return true;
    }
    return false;
}

/* The lines of one block. */
static void run_block(par_kernel *kernel, void *arg, int count, const par_tensor *const *tensors, int dim, int wide, int64_t lines,
                      char *const *data, char *block)
{
    int64_t step[PAR_LOOP_MAX], n = tensors[0]->size[dim];
    size_t bytes = par_type_bytes(tensors[0]->type);
    par_transpose(bytes, n, lines, data[0], tensors[0]->stride[dim], block, n);
    for (int k = 0; k < count; k++) step[k] = k ? tensors[k]->stride[dim] : 1;
    for (int64_t line = 0; line < lines; line++) {
        char *at[PAR_LOOP_MAX] = {block + (size_t)(line * n) * bytes};
        for (int k = 1; k < count; k++) at[k] = data[k] + line * tensors[k]->stride[wide] * (int64_t)par_type_bytes(tensors[k]->type);
        kernel(n, at, step, arg);
    }
}

static bool loop_blocks(par_kernel *kernel, void *arg, int count, const par_tensor *const *tensors, int dim)
{
    const par_tensor *first = tensors[0];
    int wide = neighbours(first, dim);
    char *block = wide < 0 ? NULL : malloc((size_t)first->size[dim] * BLOCK_LINES * par_type_bytes(first->type)), *data[PAR_LOOP_MAX];
    if (!block) return false;
    int64_t index[PAR_TENSOR_DIMS_MAX] = {0};
    for (int k = 0; k < count; k++) data[k] = par_tensor_data(tensors[k]);
    do {
        int64_t left = first->size[wide] - index[wide];
        run_block(kernel, arg, count, tensors, dim, wide, left < BLOCK_LINES ? left : BLOCK_LINES, data, block);
    } while (next_lines(count, tensors, dim, wide, BLOCK_LINES, index, data));
    free(block);
    return true;
}

void par_loop_lines(par_kernel *kernel, void *arg, int count, const par_tensor *const *tensors, int dim)
{
    int64_t step[PAR_LOOP_MAX], index[PAR_TENSOR_DIMS_MAX] = {0};
    char *data[PAR_LOOP_MAX];
    if (tensors[0]->ndim == 0 || loop_blocks(kernel, arg, count, tensors, dim)) return;
    for (int k = 0; k < count; k++) data[k] = par_tensor_data(tensors[k]);
    for (int k = 0; k < count; k++) step[k] = tensors[k]->stride[dim];
    do {
        kernel(tensors[0]->size[dim], data, step, arg);
    } while (next_lines(count, tensors, dim, -1, 0, index, data));
}
