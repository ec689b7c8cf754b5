#include "link/kept.h"

#include <stdlib.h>
#include <string.h>

void par_kept_free(par_kept *kept)
{
    if (!kept) return;
    for (uint32_t i = 0; i < kept->n_payloads; i++) par_blob_release(kept->payloads[i]);
    free(kept->payloads);
    free(kept);
}

par_kept *par_kept_new(const par_message *message)
{
    par_kept *kept = malloc(sizeof *kept + message->len);
    if (!kept) return NULL;
    *kept = (par_kept){.kind = message->kind, .len = message->len};
    if (message->len) memcpy(kept->bytes, message->bytes, message->len);
    if (message->n_payloads) {
        kept->payloads = malloc(message->n_payloads * sizeof *kept->payloads);
        if (!kept->payloads) {
            free(kept);
            return NULL;
        }
        kept->n_payloads = message->n_payloads;
        for (uint32_t i = 0; i < message->n_payloads; i++) kept->payloads[i] = par_blob_retain(message->payloads[i]);
    }
    return kept;
}

int64_t par_kept_bytes(const par_kept *kept)
{
    int64_t bytes = (int64_t)(sizeof *kept + kept->len);
    for (uint32_t i = 0; i < kept->n_payloads; i++) bytes += (int64_t)kept->payloads[i]->bytes;
    return bytes;
}
