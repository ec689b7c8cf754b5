/* Messages that wait, oldest first, in private memory. */
#ifndef PAR_CLUSTER_QUEUE_H
#define PAR_CLUSTER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/status.h"

typedef struct par_queued par_queued;
struct par_queued {
    par_queued *next; /* first: a queue's end points to it */
    uint32_t kind, n_payloads;
    par_blob **payloads; /* a reference each */
    size_t len;
    uint8_t bytes[];
};

typedef struct par_queue {
    par_queued *first, **end;
} par_queue;

static inline bool par_queue_is_empty(const par_queue *queue) { return queue->first == NULL; }

/* Copies the bytes and retains the payloads. PAR_OK or PAR_E_NOMEM. */
int par_queue_push(par_queue *queue, uint32_t kind, const void *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads);
void par_queue_pop(par_queue *queue); /* forgets the first */
/* The one that was pushed last; NULL: it is empty. */
static inline par_queued *par_queue_last(const par_queue *queue) { return queue->first ? (par_queued *)(void *)queue->end : NULL; }
void par_queue_fini(par_queue *queue);

#endif
