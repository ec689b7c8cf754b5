#include "tensor/random.h"

#include <math.h>
#include <string.h>

#include "os/os.h"

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif
#define N PAR_RANDOM_WORDS
#define M 397

void par_random_seed(par_random *random, uint64_t seed)
{
    memset(random, 0, sizeof *random);
    random->initial_seed = seed;
    random->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < N; i++) {
        uint32_t before = random->state[i - 1];
        random->state[i] = 1812433253u * (before ^ (before >> 30)) + i;
    }
    random->next = N;
}

uint64_t par_random_seed_from_system(par_random *random)
{
    uint64_t seed;
    par_error ignored;
    if (par_os_random(&seed, sizeof seed, &ignored) != PAR_OK)
        seed = (uint64_t)par_os_wall_ns() * 0x9E3779B97F4A7C15u ^ (uint64_t)(uintptr_t)random;
    seed >>= 11; /* a Lua number holds it */
    par_random_seed(random, seed);
    return seed;
}

static inline uint32_t mixed(uint32_t high, uint32_t low, uint32_t far)
{
    uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
    return far ^ (y >> 1) ^ ((0u - (y & 1)) & 0x9908b0dfu);
}

static void refill(par_random *random)
{
    uint32_t *s = random->state;
    int i = 0;
    for (; i < N - M; i++) s[i] = mixed(s[i], s[i + 1], s[i + M]);
    for (; i < N - 1; i++) s[i] = mixed(s[i], s[i + 1], s[i + M - N]);
    s[i] = mixed(s[i], s[0], s[i + M - N]);
    random->next = 0;
}

static inline uint32_t tempered(uint32_t y)
{
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

uint32_t par_random_next(par_random *random)
{
    if (random->next >= N) refill(random);
    return tempered(random->state[random->next++]);
}

static double unit(par_random *random) { return (double)par_random_next(random) * (1.0 / 4294967296.0); }

double par_random_uniform(par_random *random, double low, double high) { return unit(random) * (high - low) + low; }

void par_random_uniform_doubles(par_random *random, double low, double high, int64_t n, double *r)
{
    while (n > 0) {
        if (random->next >= N) refill(random);
        int64_t m = N - random->next < n ? N - random->next : n;
        const uint32_t *words = random->state + random->next;
        for (int64_t i = 0; i < m; i++) r[i] = (double)tempered(words[i]) * (1.0 / 4294967296.0) * (high - low) + low;
        random->next += (uint32_t)m;
        r += m;
        n -= m;
    }
}

double par_random_normal(par_random *random, double mean, double deviation)
{
    random->normal_is_valid = !random->normal_is_valid;
    if (!random->normal_is_valid) return random->normal_rho * sin(2. * M_PI * random->normal_x) * deviation + mean;
    random->normal_x = unit(random);
    random->normal_rho = sqrt(-2. * log(1.0 - unit(random)));
    return random->normal_rho * cos(2. * M_PI * random->normal_x) * deviation + mean;
}

double par_random_exponential(par_random *random, double lambda) { return -1. / lambda * log(1 - unit(random)); }

double par_random_cauchy(par_random *random, double median, double sigma) { return median + sigma * tan(M_PI * (unit(random) - 0.5)); }

double par_random_log_normal(par_random *random, double mean, double deviation) { return exp(par_random_normal(random, mean, deviation)); }

int64_t par_random_geometric(par_random *random, double p) { return (int64_t)(log(1 - unit(random)) / log(p)) + 1; }

int par_random_bernoulli(par_random *random, double p) { return unit(random) <= p; }

/* --- the state as bytes: words, then position, seed and the kept normal number --- */
#define TAIL_BYTES (4 + 8 + 8 + 8 + 1)

size_t par_random_state_bytes(void) { return 4 * (size_t)N + TAIL_BYTES; }

void par_random_save(const par_random *random, void *bytes)
{
    uint8_t *out = bytes, *tail = out + 4 * N;
    memcpy(out, random->state, 4 * (size_t)N);
    memcpy(tail, &random->next, 4);
    memcpy(tail + 4, &random->initial_seed, 8);
    memcpy(tail + 12, &random->normal_x, 8);
    memcpy(tail + 20, &random->normal_rho, 8);
    tail[28] = random->normal_is_valid;
}

bool par_random_load(par_random *random, const void *bytes)
{
    const uint8_t *in = bytes, *tail = in + 4 * N;
    par_random loaded;
    memcpy(loaded.state, in, 4 * (size_t)N);
    memcpy(&loaded.next, tail, 4);
    memcpy(&loaded.initial_seed, tail + 4, 8);
    memcpy(&loaded.normal_x, tail + 12, 8);
    memcpy(&loaded.normal_rho, tail + 20, 8);
    loaded.normal_is_valid = tail[28] == 1;
    if (loaded.next > N || tail[28] > 1) return false;
    *random = loaded;
    return true;
}
