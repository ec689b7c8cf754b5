#include "cluster/queue.h"

#include <stdlib.h>
#include <string.h>

static void queued_free(par_queued *queued)
{
    for (uint32_t i = 0; i < queued->n_payloads; i++) par_blob_release(queued->payloads[i]);
    free(queued->payloads);
    free(queued);
}

int par_queue_push(par_queue *queue, uint32_t kind, const void *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads)
{
    par_queued *queued = malloc(sizeof *queued + len);
    par_blob **kept = n_payloads ? malloc(n_payloads * sizeof *kept) : NULL;
    if (!queued || (n_payloads && !kept)) {
        free(queued);
        free(kept);
        return PAR_E_NOMEM;
    }
    *queued = (par_queued){.kind = kind, .n_payloads = n_payloads, .payloads = kept, .len = len};
    if (len) memcpy(queued->bytes, bytes, len);
    for (uint32_t i = 0; i < n_payloads; i++) kept[i] = par_blob_retain(payloads[i]);
    if (!queue->first) queue->end = &queue->first;
    *queue->end = queued;
    queue->end = &queued->next;
    return PAR_OK;
}

void par_queue_pop(par_queue *queue)
{
    par_queued *first = queue->first;
    queue->first = first->next;
    queued_free(first);
}

void par_queue_fini(par_queue *queue)
{
    while (queue->first) par_queue_pop(queue);
}
