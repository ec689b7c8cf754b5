#include "base/sha256.h"

#include <string.h>

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turned(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static void mix(par_sha256 *hash)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) w[i] = big_endian(hash->block + 4 * i);
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, hash->state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t one = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] +
                       w[i];
        uint32_t two = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) hash->state[i] += s[i];
}

void par_sha256_begin(par_sha256 *hash)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, first, sizeof first);
    hash->len = 0;
}

void par_sha256_add(par_sha256 *hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        hash->block[hash->len++ % 64] = at[i];
        if (hash->len % 64 == 0) mix(hash);
    }
}

void par_sha256_end(par_sha256 *hash, uint8_t out[PAR_SHA256_BYTES])
{
    uint64_t bits = hash->len * 8;
    uint8_t tail[8];
    for (int i = 0; i < 8; i++) tail[i] = (uint8_t)(bits >> (56 - 8 * i));
    par_sha256_add(hash, "\x80", 1);
    while (hash->len % 64 != 56) par_sha256_add(hash, "", 1);
    par_sha256_add(hash, tail, sizeof tail);
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void par_hmac_sha256(uint8_t out[PAR_SHA256_BYTES], const void *key, size_t key_len, const void *bytes, size_t len)
{
    uint8_t pad[64] = {0};
    par_sha256 hash;
    memcpy(pad, key, key_len < sizeof pad ? key_len : sizeof pad);
    for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36;
    par_sha256_begin(&hash);
    par_sha256_add(&hash, pad, sizeof pad);
    par_sha256_add(&hash, bytes, len);
    par_sha256_end(&hash, out);
    for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36 ^ 0x5c;
    par_sha256_begin(&hash);
    par_sha256_add(&hash, pad, sizeof pad);
    par_sha256_add(&hash, out, PAR_SHA256_BYTES);
    par_sha256_end(&hash, out);
}

bool par_same_secret(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile uint8_t differ = 0;
    for (size_t i = 0; i < len; i++) differ |= a[i] ^ b[i];
    return differ == 0;
}
