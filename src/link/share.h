/* Memory that processes share. */
#ifndef PAR_LINK_SHARE_H
#define PAR_LINK_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/status.h"

/* Memory of at least `bytes` (blob->bytes is what was asked for) that travels by reference: one reference, content undefined.
 * PAR_E_LIMIT, PAR_E_NOMEM, PAR_E_SYSTEM. */
int par_share_blob_new(size_t bytes, par_blob **out, par_error *err);
/* Where such memory lies, as it was made here or as it came: *fd is that of its segment, borrowed, *at the place in there. False: it is
 * other memory. */
bool par_share_place(const par_blob *blob, int *fd, uint64_t *at);
/* A descriptor as a payload of a control message, by reference: takes it over; NULL: no memory, and it is still the caller's. Once it is
 * sent, or released, it is closed here. */
par_blob *par_share_descriptor(int fd);
/* The descriptor of a payload that came, the caller's from now on; -1: it is none, or was taken. */
int par_share_take_descriptor(par_blob *blob);
/* Gives the memory back that is kept for large messages to come. */
void par_share_trim(void);

#endif
