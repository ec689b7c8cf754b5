/* Where the encoder writes: room, then scalars and strings on the wire. */
#ifndef PAR_CODEC_OUTPUT_H
#define PAR_CODEC_OUTPUT_H

#include <string.h>

#include "codec/state.h"

bool par_output_grow(par_encoder *e, size_t want);
int par_output_full(par_encoder *e); /* sets PAR_E_NOMEM */
/* Before anything is called that may use the span for another message. */
bool par_output_leave_span(par_encoder *e);
/* The dictionary starts over: whatever was called may have let objects go, whose addresses come back with others. */
void par_output_forget(par_encoder *e);

static inline bool par_output_room(par_encoder *e, size_t want)
{
    return (size_t)(e->end - e->p) >= want || par_output_grow(e, want);
}

static inline size_t par_output_at(const par_encoder *e) { return (size_t)(e->p - e->start); }

/* These write without a look at the room. */
static inline void par_put_u8(par_encoder *e, unsigned value) { *e->p++ = (uint8_t)value; }

static inline void par_put_bytes(par_encoder *e, const void *bytes, size_t len)
{
    if (len) memcpy(e->p, bytes, len);
    e->p += len;
}

static inline void par_put_varint(par_encoder *e, uint64_t value) /* at most 10 bytes */
{
    for (; value >= 0x80; value >>= 7) *e->p++ = (uint8_t)(value | 0x80);
    *e->p++ = (uint8_t)value;
}

static inline void par_put_zigzag(par_encoder *e, int64_t value)
{
    par_put_varint(e, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

#define PAR_NUMBER_MAX 9 /* bytes of any number */
void par_put_integer(par_encoder *e, int64_t value);
void par_put_float(par_encoder *e, double value);
/* Runs of n numbers; the integers as narrow as they all are. */
void par_put_floats(par_encoder *e, const double *values, unsigned n);
void par_put_integers(par_encoder *e, const int64_t *values, unsigned n);
int par_put_string(par_encoder *e, const char *s, size_t len);
int par_put_plain_string(par_encoder *e, const char *s, size_t len); /* past the dictionary */
/* Something travels beside the message. */
int par_output_payload(par_encoder *e, const par_payload *payload);
/* Length and bytes without a tag. */
int par_put_block(par_encoder *e, const void *bytes, size_t len);

#endif
