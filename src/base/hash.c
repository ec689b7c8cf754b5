#include "base/hash.h"

#include <string.h>

#define ODD UINT64_C(0x9e3779b97f4a7c15) /* 2^64 divided by the golden ratio */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * ODD;
    return hash ^ hash >> 29;
}

/* Eight bytes at a time, as little-endian machines have them; the length sets apart what ends with zeros. */
uint64_t par_hash(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t hash = mix(ODD, len), word;
    for (; len >= 8; len -= 8, at += 8) {
        memcpy(&word, at, 8);
        hash = mix(hash, word);
    }
    word = 0;
    if (len > 0) memcpy(&word, at, len);
    return mix(mix(hash, word), ODD);
}
