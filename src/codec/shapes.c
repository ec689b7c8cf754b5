/* The shapes of records that the encoder knows, as a message begins and ends. */
#include "codec/shapes.h"

#include <stdlib.h>
#include <string.h>

void par_shapes_fini(par_shapes *shapes)
{
    free(shapes->known);
    free(shapes->keys);
}

void par_shapes_forget(par_shapes *shapes)
{
    if (++shapes->epoch != 0) return;
    memset(shapes->sightings, 0, sizeof shapes->sightings);
    for (uint32_t i = 0; i < shapes->n; i++) shapes->known[i].epoch = 0;
    shapes->epoch = 1;
}

void par_shapes_begin(par_shapes *shapes)
{
    shapes->n = 0;
    shapes->n_keys = 0;
    shapes->tables = 0;
    par_shapes_forget(shapes);
}
