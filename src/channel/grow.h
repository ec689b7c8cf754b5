/* A block that grows with the bytes that arrive, up to a size that the peer only claims. */
#ifndef PAR_CHANNEL_GROW_H
#define PAR_CHANNEL_GROW_H

#include "base/blob.h"
#include "base/status.h"

typedef struct par_growing {
    par_blob *blob; /* NULL: none is under way */
    size_t goal;    /* what it will hold */
    size_t len;     /* what it holds */
} par_growing;

/* PAR_OK or PAR_E_NOMEM. */
int par_growing_begin(par_growing *growing, size_t goal);
/* In memory that is there: a blob of at least `goal` bytes, whose reference goes over. */
void par_growing_begin_in(par_growing *growing, par_blob *blob, size_t goal);
/* Room for `more` bytes behind len, or NULL. */
uint8_t *par_growing_room(par_growing *growing, size_t more);
/* The finished blob, one reference. */
par_blob *par_growing_take(par_growing *growing);
void par_growing_fini(par_growing *growing);

#endif
