/* Copies of a few bytes, for which a call of memcpy takes longer than the copy. */
#ifndef PAR_CODEC_COPY_H
#define PAR_CODEC_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Up to 32 bytes: the first ones and the last ones, which may be the same. */
static inline void par_copy_short(uint8_t *to, const uint8_t *from, size_t len)
{
    if (len >= 16) {
        memcpy(to, from, 16);
        memcpy(to + len - 16, from + len - 16, 16);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else if (len) {
        to[0] = from[0];
        to[len / 2] = from[len / 2];
        to[len - 1] = from[len - 1];
    }
}

#endif
