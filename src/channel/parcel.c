#include "channel/parcel.h"

#include <stdlib.h>

int par_payloads_reserve(par_payloads *list)
{
    if (list->n < list->room) return PAR_OK;
    uint32_t room = list->room ? list->room * 2 : 4;
    par_blob **blobs = realloc(list->blobs, room * sizeof *blobs);
    if (!blobs) return PAR_E_NOMEM;
    list->blobs = blobs;
    list->room = room;
    return PAR_OK;
}

int par_payloads_push(par_payloads *list, par_blob *blob)
{
    int rc = par_payloads_reserve(list);
    if (rc == PAR_OK) list->blobs[list->n++] = blob;
    return rc;
}

void par_payloads_fini(par_payloads *list)
{
    for (uint32_t i = 0; i < list->n; i++) par_blob_release(list->blobs[i]);
    free(list->blobs);
    *list = (par_payloads){0};
}

par_parcel *par_parcel_new(void) { return calloc(1, sizeof(par_parcel)); }

uint64_t par_parcel_bytes(const par_parcel *parcel)
{
    uint64_t bytes = par_heap_bytes(sizeof *parcel);
    if (parcel->bytes.data) bytes += par_heap_bytes(parcel->bytes.capacity);
    if (parcel->payloads.blobs) bytes += par_heap_bytes(parcel->payloads.room * sizeof *parcel->payloads.blobs);
    return bytes;
}

void par_parcel_free(par_parcel *parcel)
{
    if (!parcel) return;
    par_payloads_fini(&parcel->payloads);
    par_buffer_fini(&parcel->bytes);
    free(parcel);
}
