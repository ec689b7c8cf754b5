/* A hash of bytes that tells changed data from unchanged. It is no defence against somebody who wants two to be equal. */
#ifndef PAR_BASE_HASH_H
#define PAR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t par_hash(const void *bytes, size_t len);

#endif
