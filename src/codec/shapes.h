/* The shapes of records that the encoder knows: which keys were seen in a message, and where their names stand in it. */
#ifndef PAR_CODEC_SHAPES_H
#define PAR_CODEC_SHAPES_H

#include "codec/state.h"

void par_shapes_fini(par_shapes *shapes);
void par_shapes_begin(par_shapes *shapes); /* a message */
/* Addresses that were known may be others by now. */
void par_shapes_forget(par_shapes *shapes);

#endif
