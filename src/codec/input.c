/* Numbers and lengths off the wire, each checked against what is left. */
#include <stdlib.h>

#include "codec/decoder.h"

int par_corrupt(par_decoder *d, const char *what)
{
    return par_error_set(d->err, PAR_E_CORRUPT, "the message is corrupt at byte %zu: %s", (size_t)(d->p - d->start), what);
}

int par_input_own(par_decoder *d)
{
    if (d->owned) return PAR_OK;
    size_t at = (size_t)(d->p - d->start), len = (size_t)(d->end - d->start);
    d->own.len = 0;
    if (par_buffer_append(&d->own, d->start, len) != PAR_OK)
        return par_error_set(d->err, PAR_E_NOMEM, "no memory for a copy of a message of %zu bytes", len);
    d->start = d->own.data;
    d->p = d->start + at;
    d->end = d->start + len;
    d->owned = true;
    return PAR_OK;
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
