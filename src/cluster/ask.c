#include "cluster/ask.h"

#include <string.h>

#define MAGIC UINT32_C(0x72627061)

int par_ask_next(const par_buffer *in, size_t at, par_ask *out, const uint8_t **body)
{
    if (in->len - at < sizeof *out) return PAR_E_AGAIN;
    memcpy(out, in->data + at, sizeof *out);
    if (out->magic != MAGIC || out->len > PAR_ASK_MAX_BYTES || out->n_fds > PAR_ASK_FDS_MAX) return PAR_E_CORRUPT;
    if (in->len - at - sizeof *out < out->len) return PAR_E_AGAIN;
    *body = in->data + at + sizeof *out;
    return PAR_OK;
}

int par_ask_put(par_buffer *out, uint32_t type, uint32_t host, uint32_t id, uint32_t n_fds, const void *body, size_t len)
{
    par_ask ask = {MAGIC, type, host, id, n_fds, (uint32_t)len};
    if (len > PAR_ASK_MAX_BYTES) return PAR_E_LIMIT;
    if (par_buffer_reserve(out, sizeof ask + len) != PAR_OK) return PAR_E_NOMEM;
    par_buffer_append(out, &ask, sizeof ask);
    return par_buffer_append(out, body, len);
}
