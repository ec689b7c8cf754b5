/* Included once for each type by kernels.c, with T the element, U its unsigned partner (for wrap-around), ACC the type
 * of sums, NAME the type's name and FLOATING 1 or 0. Elementwise kernels; kernels_reduce.h has the others. */

#define VALUE(v) ((T)PICK(v))
#if FLOATING
#define PICK(v) ((v).d)
#define PLUS(x, y) ((x) + (y))
#define TIMES(x, y) ((x) * (y))
#else
#define PICK(v) ((v).i)
#define PLUS(x, y) ((T)((U)(x) + (U)(y)))
#define TIMES(x, y) ((T)((U)(x) * (U)(y)))
#endif

#define KERNEL(op) static void K(op)(int64_t n, char *const *data, const int64_t *step, void *arg)
#if FLOATING /* what most programs do most */
#define WIDE_KERNEL(op) WIDE_AS(K(op), (int64_t n, char *const *data, const int64_t *step, void *arg), (n, data, step, arg))
#else
#define WIDE_KERNEL(op) KERNEL(op)
#endif
#define USE_ARGS                        \
    par_args *args = arg;               \
    T a = args ? VALUE(args->a) : (T)0; \
    T b = args ? VALUE(args->b) : (T)0; \
    (void)a, (void)b;
/* The elements of one place: r is assigned by expr. */
#define LOOP1(R, expr)                                                      \
    R *out = (R *)data[0];                                                  \
    int64_t rs = step[0];                                                   \
    if (rs == 1) VECTOR for (int64_t i = 0; i < n; i++) out[i] = (R)(expr); \
    else                                                                    \
        for (int64_t i = 0; i < n; i++) out[i * rs] = (R)(expr);
#define LOOP2(R, expr)                                             \
    R *out = (R *)data[0];                                         \
    const T *xp = (const T *)data[1];                              \
    int64_t rs = step[0], xs = step[1];                            \
    if (rs == 1 && xs == 1) VECTOR for (int64_t i = 0; i < n; i++) \
        {                                                          \
            T x = xp[i];                                           \
            out[i] = (R)(expr);                                    \
        }                                                          \
    else                                                           \
        for (int64_t i = 0; i < n; i++) {                          \
            T x = xp[i * xs];                                      \
            out[i * rs] = (R)(expr);                               \
        }
#define LOOP3(R, expr)                                                        \
    R *out = (R *)data[0];                                                    \
    const T *xp = (const T *)data[1], *yp = (const T *)data[2];               \
    int64_t rs = step[0], xs = step[1], ys = step[2];                         \
    if (rs == 1 && xs == 1 && ys == 1) VECTOR for (int64_t i = 0; i < n; i++) \
        {                                                                     \
            T x = xp[i], y = yp[i];                                           \
            out[i] = (R)(expr);                                               \
        }                                                                     \
    else                                                                      \
        for (int64_t i = 0; i < n; i++) {                                     \
            T x = xp[i * xs], y = yp[i * ys];                                 \
            out[i * rs] = (R)(expr);                                          \
        }
#define LOOP4(R, expr)                                                                    \
    R *out = (R *)data[0];                                                                \
    const T *xp = (const T *)data[1], *yp = (const T *)data[2], *zp = (const T *)data[3]; \
    int64_t rs = step[0], xs = step[1], ys = step[2], zs = step[3];                       \
    if (rs == 1 && xs == 1 && ys == 1 && zs == 1) VECTOR for (int64_t i = 0; i < n; i++)  \
        {                                                                                 \
            T x = xp[i], y = yp[i], z = zp[i];                                            \
            out[i] = (R)(expr);                                                           \
        }                                                                                 \
    else                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                 \
            T x = xp[i * xs], y = yp[i * ys], z = zp[i * zs];                             \
            out[i * rs] = (R)(expr);                                                      \
        }
#define MAP1(op, expr) \
    KERNEL(op) { USE_ARGS LOOP2(T, expr) }
#define MAP2(op, expr) \
    KERNEL(op) { USE_ARGS LOOP3(T, expr) }
#define MAP3(op, expr) \
    KERNEL(op) { USE_ARGS LOOP4(T, expr) }
#define WIDE1(op, expr) \
    WIDE_KERNEL(op) { USE_ARGS LOOP2(T, expr) }
#define WIDE2(op, expr) \
    WIDE_KERNEL(op) { USE_ARGS LOOP3(T, expr) }
#define WIDE3(op, expr) \
    WIDE_KERNEL(op) { USE_ARGS LOOP4(T, expr) }
#define TEST1(op, expr) \
    KERNEL(op) { USE_ARGS LOOP2(uint8_t, expr) }
#define TEST2(op, expr) \
    KERNEL(op) { USE_ARGS LOOP3(uint8_t, expr) }

WIDE_KERNEL(FILL){USE_ARGS LOOP1(T, a)} WIDE1(ADDS, PLUS(x, a)) WIDE1(MULS, TIMES(x, a)) WIDE2(CADD, PLUS(x, TIMES(a, y)))
    WIDE2(CMUL, TIMES(x, y)) WIDE3(ADDCMUL, PLUS(x, TIMES(TIMES(a, y), z))) WIDE2(CMAX, x > y ? x : y) WIDE2(CMIN, x < y ? x : y)
        MAP1(CMAXS, x > a ? x : a) MAP1(CMINS, x < a ? x : a) MAP1(SIGN, (x > 0) - (x < 0)) WIDE1(CLAMP, x<a ? a : x> b ? b : x)
            TEST1(LTS, x < a) TEST1(LES, x <= a) TEST1(GTS, x > a) TEST1(GES, x >= a) TEST1(EQS, x == a) TEST1(NES, x != a)
                TEST2(CLT, x < y) TEST2(CLE, x <= y) TEST2(CGT, x > y) TEST2(CGE, x >= y) TEST2(CEQ, x == y) TEST2(CNE, x != y)

#if FLOATING
#define F(name) (sizeof(T) == sizeof(float) ? (T)name##f((float)x) : (T)name((double)x))
#define F2(name, x, y) (sizeof(T) == sizeof(float) ? (T)name##f((float)(x), (float)(y)) : (T)name((double)(x), (double)(y)))
                    WIDE1(DIVS, x / a) WIDE2(CDIV, x / y) MAP3(ADDCDIV, x + a * y / z) MAP1(FMODS, F2(fmod, x, a))
                        MAP2(CFMOD, F2(fmod, x, y)) MAP1(REMS, a == 0 ? (T)NAN : x - a * F2(floor_quotient, x, a))
                            MAP2(CREM, y == 0 ? (T)NAN : x - y * F2(floor_quotient, x, y)) MAP1(NEG, -x) WIDE1(ABS, F(fabs))
                                MAP1(TPOW, F2(pow, a, x)) MAP2(CPOW, F2(pow, x, y)) KERNEL(POWS)
{
    USE_ARGS
    if (a == 2) {
        LOOP2(T, x * x)
    } else if (a == 3) {
        LOOP2(T, x * x * x)
    } else if (a == (T)0.5) {
        LOOP2(T, F(sqrt))
    } else if (a == 1) {
        LOOP2(T, x)
    } else {
        LOOP2(T, F2(pow, x, a))
    }
}
MAP1(LOG, F(log))
MAP1(LOG1P, F(log1p))
WIDE1(SQRT, F(sqrt))
MAP1(RSQRT, 1 / F(sqrt))
MAP1(SIN, F(sin))
MAP1(COS, F(cos))
MAP1(TAN, F(tan))
MAP1(ASIN, F(asin))
MAP1(ACOS, F(acos))
MAP1(ATAN, F(atan))
MAP1(SINH, F(sinh))
MAP1(COSH, F(cosh))
WIDE1(CEIL, F(ceil))
WIDE1(FLOOR, F(floor))
MAP1(ROUND, F(round))
MAP1(TRUNC, F(trunc))
MAP1(FRAC, x - F(trunc))
MAP1(SIGMOID, 1 / (1 + F(exp_negative)))
WIDE1(CINV, 1 / x)
MAP2(ATAN2, F2(atan2, x, y))
MAP2(LERP, x + a * (y - x))
/* In vectors, by way of a dense piece where elements lie apart. */
#define PIECE 128
#define VECTOR1(op, function)                                                   \
    KERNEL(op)                                                                  \
    {                                                                           \
        (void)arg;                                                              \
        T *r = (T *)data[0], piece[PIECE];                                      \
        const T *x = (const T *)data[1];                                        \
        if (step[0] == 1 && step[1] == 1) {                                     \
            GLUE(function, CTYPE)(n, r, x);                                     \
            return;                                                             \
        }                                                                       \
        for (int64_t done = 0; done < n; done += PIECE) {                       \
            int64_t m = n - done < PIECE ? n - done : PIECE;                    \
            for (int64_t i = 0; i < m; i++) piece[i] = x[(done + i) * step[1]]; \
            GLUE(function, CTYPE)(m, piece, piece);                             \
            for (int64_t i = 0; i < m; i++) r[(done + i) * step[0]] = piece[i]; \
        }                                                                       \
    }
VECTOR1(EXP, par_vexp_)
VECTOR1(TANH, par_vtanh_)
#undef VECTOR1
#undef PIECE
#undef F
#undef F2
#else
    /* C leaves x/0 and MIN/-1 undefined. */
    static inline T K(divide)(T x, T y, bool *zero)
{
    if (y == 0) {
        *zero = true;
        return 0;
    }
    return y == (T)-1 && (T)-1 < 0 ? (T)(0 - (U)x) : (T)(x / y);
}
static inline T K(modulo)(T x, T y, bool *zero) { return (T)((U)x - (U)TIMES(K(divide)(x, y, zero), y)); }
/* The remainder with the divisor's sign. */
static inline T K(floor_modulo)(T x, T y, bool *zero)
{
    T m = K(modulo)(x, y, zero);
    return m != 0 && ((m < 0) != (y < 0)) ? PLUS(m, y) : m;
}
#define ZERO &args->divided_by_zero
MAP1(DIVS, K(divide)(x, a, ZERO))
MAP2(CDIV, K(divide)(x, y, ZERO))
MAP3(ADDCDIV, PLUS(x, K(divide)(TIMES(a, y), z, ZERO)))
MAP1(FMODS, K(modulo)(x, a, ZERO))
MAP2(CFMOD, K(modulo)(x, y, ZERO))
MAP1(REMS, K(floor_modulo)(x, a, ZERO))
MAP2(CREM, K(floor_modulo)(x, y, ZERO))
#undef ZERO
MAP1(NEG, 0 - (U)x)
MAP1(ABS, x < 0 ? 0 - (U)x : (U)x)
MAP1(TPOW, par_double_to_i64(pow((double)a, (double)x)))
MAP1(POWS, par_double_to_i64(pow((double)x, (double)a)))
MAP2(CPOW, par_double_to_i64(pow((double)x, (double)y)))
#define BITS ((U)sizeof(T) * 8)
#define LEFT(x, y) ((U)(y) < BITS ? (U)(x) << (U)(y) : 0)
#define RIGHT(x, y) ((U)(y) < BITS ? (x) >> (U)(y) : (x) < 0 ? -1 : 0)
MAP2(BITAND, x &y)
MAP2(BITOR, x | y)
MAP2(BITXOR, x ^ y)
MAP2(LSHIFT, LEFT(x, y))
MAP2(RSHIFT, RIGHT(x, y))
MAP1(BITANDS, x &a)
MAP1(BITORS, x | a)
MAP1(BITXORS, x ^ a)
MAP1(LSHIFTS, LEFT(x, a))
MAP1(RSHIFTS, RIGHT(x, a))
#undef BITS
#undef LEFT
#undef RIGHT
#endif

/* data: the tensor, the mask. index counts the mask's bytes that are neither 0 nor 1. */
KERNEL(MASKED_FILL)
{
    USE_ARGS
    T *r = (T *)data[0];
    const uint8_t *mask = (const uint8_t *)data[1];
    for (int64_t i = 0; i < n; i++) {
        uint8_t m = mask[i * step[1]];
        if (m > 1) args->index++;
        if (m == 1) r[i * step[0]] = a;
    }
}
