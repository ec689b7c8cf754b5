/* Our storages seen as Torch's. The th_storage's allocator holds our storage; there is one th_storage for each of ours, as long as
 * both live. */
#ifndef PAR_TORCH_LEND_H
#define PAR_TORCH_LEND_H

#include "tensor/shape.h"
#include "torch/th.h"

/* Takes over our reference; the result has one of Torch's. Its type was found (find.h). NULL: no memory. */
th_storage *par_torch_lend(par_storage *storage);
/* Ours, for which a storage of Torch stands as it is; or NULL. So what is shared stays shared when it is sent on. Not counted. */
par_storage *par_torch_lent_as(const th_storage *of);
/* Moves the elements into shared memory, where they stay: it can be resized no more. */
int par_torch_share_storage(th_storage *of, par_type type, par_segment_maker *make, par_error *err);

#endif
