/* SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104): the proof that somebody knows a key, without saying it. */
#ifndef PAR_BASE_SHA256_H
#define PAR_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAR_SHA256_BYTES 32u

typedef struct par_sha256 {
    uint32_t state[8];
    uint64_t len; /* bytes so far */
    uint8_t block[64];
} par_sha256;

void par_sha256_begin(par_sha256 *hash);
void par_sha256_add(par_sha256 *hash, const void *bytes, size_t len);
void par_sha256_end(par_sha256 *hash, uint8_t out[PAR_SHA256_BYTES]);

/* A key may have up to 64 bytes. */
void par_hmac_sha256(uint8_t out[PAR_SHA256_BYTES], const void *key, size_t key_len, const void *bytes, size_t len);
/* Takes the same time whatever they are. */
bool par_same_secret(const uint8_t *a, const uint8_t *b, size_t len);

#endif
