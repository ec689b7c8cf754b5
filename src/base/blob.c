#include "base/blob.h"

#include "base/assert.h"

par_blob *par_blob_retain(par_blob *blob)
{
    PAR_ASSERT(blob->refs > 0);
    blob->refs++;
    return blob;
}

void par_blob_release(par_blob *blob)
{
    PAR_ASSERT(!blob || blob->refs > 0);
    if (blob && --blob->refs == 0) blob->free(blob);
}
