#include "base/siphash.h"

typedef struct state {
    uint64_t v[4];
} state;

static inline uint64_t rotate(uint64_t x, int n) { return x << n | x >> (64 - n); }

static inline void round_of(state *s)
{
    uint64_t *v = s->v;
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static inline void take(state *s, uint64_t word)
{
    s->v[3] ^= word;
    round_of(s);
    round_of(s);
    s->v[0] ^= word;
}

static uint64_t finish(state *s, uint64_t *v, uint64_t change)
{
    *v ^= change;
    for (int i = 0; i < 4; i++) round_of(s);
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

/* Written out, since compilers make one load of it then. */
static inline uint64_t whole_word(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
           (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

static uint64_t word_at(const uint8_t *at, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) word |= (uint64_t)at[i] << (8 * i);
    return word;
}

static state begin(const uint64_t key[2])
{
    return (state){{key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
                    key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)}};
}

/* `rest`: the bytes behind the last whole word. */
static void end(uint64_t out[2], state *s, const uint8_t *rest, size_t len)
{
    take(s, word_at(rest, len % 8) | (uint64_t)len << 56);
    out[0] = finish(s, &s->v[2], 0xee);
    out[1] = finish(s, &s->v[1], 0xdd);
}

void par_siphash(uint64_t out[2], const uint64_t key[2], const void *bytes, size_t len)
{
    const uint8_t *at = bytes, *last = at + len / 8 * 8;
    state s = begin(key);
    for (; at < last; at += 8) take(&s, whole_word(at));
    end(out, &s, at, len);
}

void par_siphash_four(uint64_t out[4][2], const uint64_t key[2], const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    state s[4] = {begin(key), begin(key), begin(key), begin(key)};
    for (size_t i = 0; i < len; i += 8) /* a round waits for the one before: those of others are made meanwhile */
        for (int k = 0; k < 4; k++) take(&s[k], whole_word(at + (size_t)k * len + i));
    for (int k = 0; k < 4; k++) end(out[k], &s[k], NULL, len);
}
