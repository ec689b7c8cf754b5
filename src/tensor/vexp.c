/* exp and tanh as straight-line code, which compilers turn into vector instructions.
 *
 * x = n ln2 + r with |r| <= ln2/2; exp(r) is 1 + r + r^2 P(r), P of least error times r^2; 2^n is added to the
 * exponent's bits. That holds for normal results; blocks with anything else in them (results that overflow or vanish,
 * NaN) take the C library's way. At most 0.9 units in the last place off. */
#include <math.h>
#include <string.h>

#include "tensor/kernels.h"
#include "tensor/vector.h"

#define BLOCK 256

/* exp(x) = 2^n exp(r): returns exp(r) - 1, and *exponent becomes the bits of n, which lie lowest. */
static inline __attribute__((always_inline)) double exp_parts(double x, uint64_t *exponent)
{
    const double magic = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer, kept in the low bits */
    double shifted = x * 1.4426950408889634074 + magic, whole = shifted - magic;
    double high = x - whole * 6.93147180369123816490e-01, low = whole * 1.90821492927058770002e-10;
    double r = high - low, rest = (high - r) - low; /* what rounding took from r */
    double p = 2.51179951531434133170e-08;
    p = p * r + 2.76312727501835796539e-07;
    p = p * r + 2.75572158897660029382e-06;
    p = p * r + 2.48014899613975667216e-05;
    p = p * r + 1.98412699178248443663e-04;
    p = p * r + 1.38888889469993351278e-03;
    p = p * r + 8.33333333330701399311e-03;
    p = p * r + 4.16666666665154727944e-02;
    p = p * r + 1.66666666666666990482e-01;
    p = p * r + 5.00000000000001221245e-01;
    memcpy(exponent, &shifted, sizeof *exponent);
    return r + (r * r * p + rest);
}

static inline __attribute__((always_inline)) double exp_double(double x)
{
    uint64_t exponent, bits;
    double p = 1.0 + exp_parts(x, &exponent);
    memcpy(&bits, &p, sizeof bits);
    bits += exponent << 52;
    memcpy(&p, &bits, sizeof p);
    return p;
}

static inline __attribute__((always_inline)) float exp_float(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23 */
    float shifted = x * 1.44269504f + magic, whole = shifted - magic;
    float high = x - whole * 0.693145751953125f, low = whole * 1.42860677e-06f;
    float r = high - low, rest = (high - r) - low;
    float p = 1.39261818e-03f;
    p = p * r + 8.36317763e-03f;
    p = p * r + 4.16665546e-02f;
    p = p * r + 1.66665770e-01f;
    p = p * r + 0.5f;
    p = 1.0f + (r + (r * r * p + rest));
    uint32_t exponent, bits;
    memcpy(&exponent, &shifted, sizeof exponent);
    memcpy(&bits, &p, sizeof bits);
    bits += exponent << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}

/* The range that the polynomial's way serves; NaN lies outside. */
#define VEXP(name, T, one, library, low, high)                                               \
    WIDE(, name, (int64_t n, T * r, const T *x), (n, r, x))                                  \
    {                                                                                        \
        for (int64_t done = 0; done < n; done += BLOCK, r += BLOCK, x += BLOCK) {            \
            int64_t m = n - done < BLOCK ? n - done : BLOCK;                                 \
            int outside = 0;                                                                 \
            for (int64_t i = 0; i < m; i++) outside |= !(x[i] >= (low)) | !(x[i] <= (high)); \
            if (outside) {                                                                   \
                for (int64_t i = 0; i < m; i++) r[i] = library(x[i]);                        \
            } else {                                                                         \
                VECTOR for (int64_t i = 0; i < m; i++) r[i] = one(x[i]);                     \
            }                                                                                \
        }                                                                                    \
    }
VEXP(par_vexp_double, double, exp_double, exp, -708.0, 709.0)
VEXP(par_vexp_float, float, exp_float, expf, -87.0f, 88.0f)

/* tanh x = e / (e + 2) with e = exp(2 |x|) - 1, which keeps all digits near 0: 2^n (exp(r) - 1) + (2^n - 1). Beyond 22 it is 1. A NaN
 * goes through: nothing is compared true with it. */
static inline __attribute__((always_inline)) double tanh_double(double x)
{
    uint64_t exponent, bits = UINT64_C(0x3ff0000000000000);
    double power, y = fabs(x) * 2;
    y = y > 44.0 ? 44.0 : y;
    double p = exp_parts(y, &exponent);
    bits += exponent << 52;
    memcpy(&power, &bits, sizeof power);
    double e = power * p + (power - 1);
    return copysign(e / (e + 2), x);
}

WIDE(, par_vtanh_double, (int64_t n, double *r, const double *x), (n, r, x))
{
    VECTOR for (int64_t i = 0; i < n; i++) r[i] = tanh_double(x[i]);
}

WIDE(, par_vtanh_float, (int64_t n, float *r, const float *x), (n, r, x))
{
    VECTOR for (int64_t i = 0; i < n; i++) r[i] = (float)tanh_double((double)x[i]);
}
