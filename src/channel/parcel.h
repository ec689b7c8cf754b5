/* A message in private memory: one that waits in the inbox, or one too long for the ring that is being put together. */
#ifndef PAR_CHANNEL_PARCEL_H
#define PAR_CHANNEL_PARCEL_H

#include "base/blob.h"
#include "base/buffer.h"
#include "base/status.h"

typedef struct par_payloads {
    par_blob **blobs;
    uint32_t n, room;
} par_payloads;

int par_payloads_reserve(par_payloads *list);              /* the next push cannot fail */
int par_payloads_push(par_payloads *list, par_blob *blob); /* takes the reference over; PAR_E_NOMEM: it stays the caller's */
void par_payloads_fini(par_payloads *list);                /* releases every blob */

typedef struct par_parcel par_parcel;
struct par_parcel {
    par_parcel *next;
    uint32_t kind;
    par_buffer bytes;
    par_payloads payloads;
};

/* What a block of so many bytes takes up in memory. */
static inline uint64_t par_heap_bytes(uint64_t bytes) { return bytes < 24 ? 32 : (bytes + 8 + 15) & ~(uint64_t)15; }

par_parcel *par_parcel_new(void);
/* What it takes up in memory without its payloads. */
uint64_t par_parcel_bytes(const par_parcel *parcel);
void par_parcel_free(par_parcel *parcel);

#endif
