/* Reading what is left of a message. Its memory may be one that the peer can still write: every byte is read once. */
#ifndef PAR_CODEC_INPUT_H
#define PAR_CODEC_INPUT_H

#include <string.h>

#include "codec/state.h"

static inline size_t par_input_left(const par_decoder *d) { return (size_t)(d->end - d->p); }

static inline bool par_get_u8(par_decoder *d, uint8_t *out)
{
    if (d->p == d->end) return false;
    *out = *(const volatile uint8_t *)d->p++;
    return true;
}

static inline bool par_get_bytes(par_decoder *d, void *out, size_t len)
{
    if (par_input_left(d) < len) return false;
    memcpy(out, d->p, len);
    d->p += len;
    return true;
}

/* Before anything is called that may let the message's memory go: continues on a copy. */
int par_input_own(par_decoder *d);
/* The same, before code is loaded for `what`. PAR_E_LIMIT: no file can be opened; nothing was done, the message can be decoded later. */
int par_input_own_to_load(par_decoder *d, const char *what);
void par_input_let_go(par_decoder *d); /* of the payloads that it copied then */
/* PAR_E_CORRUPT, saying where. */
int par_corrupt(par_decoder *d, const char *what);
bool par_get_varint(par_decoder *d, uint64_t *out);
bool par_get_zigzag(par_decoder *d, int64_t *out);
/* Length and bytes without a tag, in place. */
bool par_get_block(par_decoder *d, const uint8_t **bytes, size_t *len);

#endif
