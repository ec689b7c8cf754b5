/* Tensors and storages as text, in Torch7's column format. */
#ifndef PAR_TENSOR_PRINT_H
#define PAR_TENSOR_PRINT_H

#include "base/buffer.h"
#include "tensor/tensor.h"

/* Appends the text; PAR_E_NOMEM on failure. The tensor must be sound. */
int par_print_tensor(par_buffer *out, const par_tensor *tensor);
int par_print_storage(par_buffer *out, const par_storage *storage);

#endif
