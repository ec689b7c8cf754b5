#include "link/share.h"

#include "channel/pool.h"

int par_share_blob_new(size_t bytes, par_blob **out, par_error *err) { return par_pool_blob_new(bytes, out, err); }

void par_share_trim(void) { par_pool_trim(); }
