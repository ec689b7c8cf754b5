#include "base/blob.h"

par_blob *par_blob_retain(par_blob *blob)
{
    blob->refs++;
    return blob;
}

void par_blob_release(par_blob *blob)
{
    if (blob && --blob->refs == 0) blob->free(blob);
}
