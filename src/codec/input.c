/* Numbers and lengths off the wire, each checked against what is left. */
#include <stdlib.h>

#include "codec/decoder.h"
#include "os/os.h"

int par_corrupt(par_decoder *d, const char *what)
{
    return par_error_set(d->err, PAR_E_CORRUPT, "the message is corrupt at byte %zu: %s", (size_t)(d->p - d->start), what);
}

void par_input_let_go(par_decoder *d)
{
    for (uint32_t i = 0; i < d->n_own_payloads; i++)
        if (d->own_payloads[i]) par_blob_release(d->own_payloads[i]);
    d->n_own_payloads = 0;
}

/* Of the payloads only those that are strings are still asked for. */
static int own_payloads(par_decoder *d)
{
    if (d->n_payloads == 0) return PAR_OK;
    par_blob **own = par_codec_grow(d->own_payloads, &d->own_payloads_capacity, d->n_payloads, sizeof *own);
    if (!own) return par_error_set(d->err, PAR_E_NOMEM, "no memory for the payloads of a message");
    d->own_payloads = own;
    for (uint32_t i = 0; i < d->n_payloads; i++) own[i] = d->payloads[i] ? par_blob_retain(d->payloads[i]) : NULL;
    d->n_own_payloads = d->n_payloads;
    d->payloads = own;
    return PAR_OK;
}

int par_input_own(par_decoder *d)
{
    if (d->owned) return PAR_OK;
    int rc = own_payloads(d);
    if (rc != PAR_OK) return rc;
    size_t at = (size_t)(d->p - d->start), len = (size_t)(d->end - d->start);
    d->own.len = 0;
    if (par_buffer_append(&d->own, d->start, len) != PAR_OK)
        return par_error_set(d->err, PAR_E_NOMEM, "no memory for a copy of a message of %zu bytes", len);
    d->start = d->own.data;
    d->p = d->start + at;
    d->end = d->start + len;
    d->owned = true;
    if (d->origin && d->origin->taken) d->origin->taken(d->origin->context);
    return PAR_OK;
}

int par_input_own_to_load(par_decoder *d, const char *what)
{
    if (par_os_has_descriptor()) return par_input_own(d);
    return par_error_set(d->err, PAR_E_LIMIT,
                         "%s came, for which files have to be loaded, and this process may have no more descriptors: close files "
                         "or raise the limit (ulimit -n), then try again",
                         what);
}

bool par_get_varint(par_decoder *d, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (!par_get_u8(d, &byte)) return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool par_get_zigzag(par_decoder *d, int64_t *out)
{
    uint64_t value;
    if (!par_get_varint(d, &value)) return false;
    *out = (int64_t)((value >> 1) ^ (~(value & 1) + 1));
    return true;
}

bool par_get_block(par_decoder *d, const uint8_t **bytes, size_t *len)
{
    uint64_t n;
    if (!par_get_varint(d, &n) || n > par_input_left(d)) return false;
    *bytes = d->p;
    *len = (size_t)n;
    d->p += n;
    return true;
}
