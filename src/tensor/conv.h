/* Convolutions and cross-correlations of volumes; an image is a volume of depth 1. */
#ifndef PAR_TENSOR_CONV_H
#define PAR_TENSOR_CONV_H

#include "tensor/tensor.h"

typedef struct par_conv {
    par_type type;
    int64_t input[3], kernel[3]; /* depth, rows, columns; all dense */
    int64_t step[3];             /* between positions of the kernel (full: of the results of two inputs next to each other) */
    bool full;                   /* else valid: only where the kernel lies inside the input */
    bool flipped;                /* a convolution; else a cross-correlation */
} par_conv;

/* Sizes of the result; all positive unless the kernel is larger than the input of a valid one, or a size overflows. */
bool par_conv_sizes(const par_conv *conv, int64_t output[3]);
/* Adds input * kernel to output, whose sizes are these. The three lie apart. */
void par_conv_add(const par_conv *conv, void *output, const void *input, const void *kernel);

#endif
