#include "tensor/loop.h"

#include "tensor/shape.h"

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

void par_loop_lines(par_kernel *kernel, void *arg, int count, const par_tensor *const *tensors, int dim)
{
    int64_t step[PAR_LOOP_MAX], index[PAR_TENSOR_DIMS_MAX] = {0};
    char *data[PAR_LOOP_MAX];
    const par_tensor *first = tensors[0];
    if (first->ndim == 0) return;
    for (int k = 0; k < count; k++) data[k] = par_tensor_data(tensors[k]);
    for (int k = 0; k < count; k++) step[k] = tensors[k]->stride[dim];
    for (;;) {
        kernel(first->size[dim], data, step, arg);
        int d = first->ndim - 1;
        for (; d >= 0; d--) {
            if (d == dim) continue;
            bool more = ++index[d] < first->size[d];
            int64_t move = more ? 1 : 1 - first->size[d];
            for (int k = 0; k < count; k++) {
                data[k] += move * tensors[k]->stride[d] * (int64_t)par_type_bytes(tensors[k]->type);
            }
            if (more) break;
            index[d] = 0;
        }
        if (d < 0) return;
    }
}
