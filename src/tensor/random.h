/* Random numbers: Torch7's generator and distributions, number for number. */
#ifndef PAR_TENSOR_RANDOM_H
#define PAR_TENSOR_RANDOM_H

#include "tensor/tensor.h"

#define PAR_RANDOM_WORDS 624

typedef struct par_random {
    uint32_t state[PAR_RANDOM_WORDS]; /* Mersenne Twister MT19937 */
    uint32_t next;                    /* next word to use; PAR_RANDOM_WORDS: all are used up */
    uint64_t initial_seed;
    double normal_x, normal_rho; /* a normal number has a partner, which is kept here */
    bool normal_is_valid;
} par_random;

void par_random_seed(par_random *random, uint64_t seed);
uint64_t par_random_seed_from_system(par_random *random); /* returns the seed it used */
uint32_t par_random_next(par_random *random);

double par_random_uniform(par_random *random, double low, double high);
/* n of them */
void par_random_uniform_doubles(par_random *random, double low, double high, int64_t n, double *r);
/* The distributions; the caller checked the parameters. */
double par_random_normal(par_random *random, double mean, double deviation);
double par_random_exponential(par_random *random, double lambda);
double par_random_cauchy(par_random *random, double median, double sigma);
double par_random_log_normal(par_random *random, double mean, double deviation); /* of the logarithm */
int64_t par_random_geometric(par_random *random, double p);
int par_random_bernoulli(par_random *random, double p);

/* The state as bytes and back. Load is safe on any bytes: false when they are no state. */
size_t par_random_state_bytes(void);
void par_random_save(const par_random *random, void *bytes);
bool par_random_load(par_random *random, const void *bytes);

#endif
