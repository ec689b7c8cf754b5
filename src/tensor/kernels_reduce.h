/* Included after kernels_body.h with the same names: kernels that give one number for many elements, and those that
 * work on lines (one call for each line along a dimension: data[0] is the line, the others are results). */

#define SOURCE(k) (((const T *)data[k])[i * step[k]])
#define REDUCE(op, start, each, end)      \
    KERNEL(op)                            \
    {                                     \
        USE_ARGS                          \
        ACC sum = (ACC)PICK(args->sum);   \
        start;                            \
        for (int64_t i = 0; i < n; i++) { \
            T x = SOURCE(0);              \
            each;                         \
        }                                 \
        PICK(args->sum) = sum;            \
        end;                              \
    }
#if FLOATING
#define ACC_PLUS(x, y) ((x) + (y))
#define ACC_TIMES(x, y) ((x) * (y))
#else /* sums of integers wrap */
#define ACC_PLUS(x, y) ((ACC)((uint64_t)(x) + (uint64_t)(y)))
#define ACC_TIMES(x, y) ((ACC)((uint64_t)(x) * (uint64_t)(y)))
#endif

/* One after the other, as Torch adds: the same sum to the last bit. */
REDUCE(SUM, , sum = ACC_PLUS(sum, (ACC)x), )
REDUCE(PROD, , sum = ACC_TIMES(sum, (ACC)x), )
/* Sixteen sums side by side for large tensors. */
#define PARTS 16
WIDE_KERNEL(SUM_FAST)
{
    par_args *args = arg;
    const T *x = (const T *)data[0];
    ACC part[PARTS] = {0}, sum = (ACC)PICK(args->sum);
    int64_t i = 0;
    if (step[0] == 1)
        for (; i + PARTS <= n; i += PARTS)
            for (int k = 0; k < PARTS; k++) part[k] = ACC_PLUS(part[k], (ACC)x[i + k]);
    for (; i < n; i++) sum = ACC_PLUS(sum, (ACC)x[i * step[0]]);
    for (int k = 0; k < PARTS; k++) sum = ACC_PLUS(sum, part[k]);
    PICK(args->sum) = sum;
}

WIDE_KERNEL(DOT)
{
    par_args *args = arg;
    const T *x = (const T *)data[0], *y = (const T *)data[1];
    ACC part[PARTS] = {0}, sum = (ACC)PICK(args->sum);
    int64_t i = 0;
    if (step[0] == 1 && step[1] == 1)
        for (; i + PARTS <= n; i += PARTS)
            for (int k = 0; k < PARTS; k++) part[k] = ACC_PLUS(part[k], ACC_TIMES((ACC)x[i + k], (ACC)y[i + k]));
    for (; i < n; i++) sum = ACC_PLUS(sum, ACC_TIMES((ACC)x[i * step[0]], (ACC)y[i * step[1]]));
    for (int k = 0; k < PARTS; k++) sum = ACC_PLUS(sum, part[k]);
    PICK(args->sum) = sum;
}

/* A NaN stays, once it is there. */
#define TAKE(best, y, beats)                    \
    do {                                        \
        T better_ = (y)beats best ? (y) : best; \
        best = (y) == (y) ? better_ : (y);      \
    } while (0)
/* Enough for the compiler to see a loop over them. The older x86 cannot compare 64-bit integers side by side. */
#define LANES (FLOATING || sizeof(T) < 8 ? 128 : 16)

/* The best so far is in a; count: elements seen before this call. A NaN wins, and stops the search. Of NaNs and of zeros
 * (which may differ in sign) it is the first, as in Torch; the lanes forget the order. */
#define EXTREME(op, beats)                                                          \
    WIDE_KERNEL(op)                                                                 \
    {                                                                               \
        par_args *args = arg;                                                       \
        const T *x = (const T *)data[0];                                            \
        if (args->stop || n == 0) return;                                           \
        T before = args->count ? VALUE(args->a) : x[0], best = before, lane[LANES]; \
        int64_t i = 0;                                                              \
        if (step[0] == 1 && n >= 4 * LANES) {                                       \
            for (int k = 0; k < LANES; k++) lane[k] = best;                         \
            for (; i + LANES <= n; i += LANES)                                      \
                for (int k = 0; k < LANES; k++) TAKE(lane[k], x[i + k], beats);     \
            for (int k = 0; k < LANES; k++) TAKE(best, lane[k], beats);             \
        }                                                                           \
        for (; i < n; i++) TAKE(best, x[i * step[0]], beats);                       \
        args->stop = best != best;                                                  \
        if (FLOATING && (args->stop || (best == 0 && before != 0)))                 \
            for (i = 0; i < n; i++) {                                               \
                T y = x[i * step[0]];                                               \
                if (args->stop ? y == y : y != 0) continue;                         \
                best = y;                                                           \
                break;                                                              \
            }                                                                       \
        PICK(args->a) = best;                                                       \
        args->count += n;                                                           \
    }
EXTREME(MIN, <)
EXTREME(MAX, >)

KERNEL(EQUAL) /* stop: a pair differs */
{
    par_args *args = arg;
    for (int64_t i = 0; i < n && !args->stop; i++) args->stop = !(SOURCE(0) == SOURCE(1));
}

KERNEL(ANY_NAN)
{
    par_args *args = arg;
    for (int64_t i = 0; i < n && !args->stop; i++) args->stop = SOURCE(0) != SOURCE(0);
}

KERNEL(ALL)
{
    par_args *args = arg;
    for (int64_t i = 0; i < n && !args->stop; i++) args->stop = SOURCE(0) == 0;
}

KERNEL(ANY)
{
    par_args *args = arg;
    for (int64_t i = 0; i < n && !args->stop; i++) args->stop = SOURCE(0) != 0;
}

/* These keep a double in sum.d whatever the type is: norms of integers are not integers. */
#define MEASURE(op, each)                        \
    KERNEL(op)                                   \
    {                                            \
        par_args *args = arg;                    \
        double sum = args->sum.d, p = args->b.d; \
        (void)p;                                 \
        for (int64_t i = 0; i < n; i++) {        \
            double x = (double)SOURCE(0);        \
            sum += each;                         \
        }                                        \
        args->sum.d = sum;                       \
    }
MEASURE(SQUARES, x *x)
MEASURE(NORM0, x != 0.0)
MEASURE(NORM1, fabs(x))
MEASURE(NORMP, pow(fabs(x), p))
MEASURE(DISTP, pow(fabs(x - (double)SOURCE(1)), p))
MEASURE(SQUARED_DEVIATIONS, (x - p) * (x - p))

/* --- lines --- */
#define RESULT(type, k) (*(type *)data[k])

KERNEL(SUM_LINE)
{
    (void)arg;
    ACC sum = 0;
    for (int64_t i = 0; i < n; i++) sum = ACC_PLUS(sum, (ACC)SOURCE(0));
    RESULT(T, 1) = (T)sum;
}

/* Rows of `index` elements, the i-th at i * step[0]: eight sums at once, each in the order of SUM_LINE. flag: the mean. */
#define ROWS 8
KERNEL(SUM_ROWS)
{
    const par_args *args = arg;
    int64_t length = args->index, row = 0;
    for (; row < n; row += ROWS) {
        int64_t rows = n - row < ROWS ? n - row : ROWS;
        const T *at[ROWS];
        ACC sum[ROWS] = {0};
        for (int64_t k = 0; k < ROWS; k++) at[k] = (const T *)data[0] + (row + (k < rows ? k : 0)) * step[0];
        for (int64_t i = 0; i < length; i++)
            for (int k = 0; k < ROWS; k++) sum[k] = ACC_PLUS(sum[k], (ACC)at[k][i]);
        for (int64_t k = 0; k < rows; k++) ((T *)data[1])[(row + k) * step[1]] = (T)(args->flag ? sum[k] / (ACC)length : sum[k]);
    }
}

KERNEL(PROD_LINE)
{
    (void)arg;
    ACC product = 1;
    for (int64_t i = 0; i < n; i++) product = ACC_TIMES(product, (ACC)SOURCE(0));
    RESULT(T, 1) = (T)product;
}

KERNEL(ALL_LINE)
{
    (void)arg;
    bool all = true;
    for (int64_t i = 0; i < n; i++) all = all && SOURCE(0) != 0;
    RESULT(T, 1) = (T)all;
}

KERNEL(ANY_LINE)
{
    (void)arg;
    bool any = false;
    for (int64_t i = 0; i < n; i++) any = any || SOURCE(0) != 0;
    RESULT(T, 1) = (T)any;
}

#define EXTREME_LINE(op, better)                          \
    KERNEL(op)                                            \
    {                                                     \
        (void)arg;                                        \
        T best = *(const T *)data[0];                     \
        int64_t place = 0;                                \
        for (int64_t i = 0; i < n && best == best; i++) { \
            T x = SOURCE(0);                              \
            if (x better best) continue;                  \
            best = x;                                     \
            place = i;                                    \
        }                                                 \
        RESULT(T, 1) = best;                              \
        RESULT(int64_t, 2) = place + 1;                   \
    }
EXTREME_LINE(MIN_LINE, >=)
EXTREME_LINE(MAX_LINE, <=)

#define CUMULATE(op, begin, plus)                 \
    KERNEL(op)                                    \
    {                                             \
        (void)arg;                                \
        ACC sum = begin;                          \
        for (int64_t i = 0; i < n; i++) {         \
            sum = plus(sum, (ACC)SOURCE(0));      \
            ((T *)data[1])[i * step[1]] = (T)sum; \
        }                                         \
    }
CUMULATE(CUMSUM_LINE, 0, ACC_PLUS)
CUMULATE(CUMPROD_LINE, 1, ACC_TIMES)

#define CUMULATE_EXTREME(op, better)                       \
    KERNEL(op)                                             \
    {                                                      \
        (void)arg;                                         \
        T best = *(const T *)data[0];                      \
        int64_t place = 0;                                 \
        for (int64_t i = 0; i < n; i++) {                  \
            T x = SOURCE(0);                               \
            if (best == best && !(x better best)) {        \
                best = x;                                  \
                place = i;                                 \
            }                                              \
            ((T *)data[1])[i * step[1]] = best;            \
            ((int64_t *)data[2])[i * step[2]] = place + 1; \
        }                                                  \
    }
CUMULATE_EXTREME(CUMMAX_LINE, <)
CUMULATE_EXTREME(CUMMIN_LINE, >)

KERNEL(NORM_LINE) /* b.d is the power */
{
    par_args *args = arg;
    double sum = 0, p = args->b.d;
    if (p == 0) {
        for (int64_t i = 0; i < n; i++) sum += SOURCE(0) != 0;
    } else if (p == 2) {
        for (int64_t i = 0; i < n; i++) sum += (double)SOURCE(0) * (double)SOURCE(0);
        sum = sqrt(sum);
    } else {
        for (int64_t i = 0; i < n; i++) sum += pow(fabs((double)SOURCE(0)), p);
        sum = pow(sum, 1 / p);
    }
    RESULT(T, 1) = FROM_DOUBLE(sum);
}

/* n lines side by side: elements of a line are args->count apart and args->index in number; step[1] and step[2] lie between results. */
#define ABREAST 256
#define EXTREME_ABREAST(op, beats)                                                                      \
    WIDE_KERNEL(op)                                                                                     \
    {                                                                                                   \
        par_args *args = arg;                                                                           \
        T best[ABREAST];                                                                                \
        int64_t place[ABREAST];                                                                         \
        for (int64_t first = 0; first < n; first += ABREAST) {                                          \
            const T *row = (const T *)data[0] + first;                                                  \
            int64_t m = n - first < ABREAST ? n - first : ABREAST;                                      \
            for (int64_t l = 0; l < m; l++) best[l] = row[l], place[l] = 0;                             \
            for (int64_t i = 1; i < args->index; i++) {                                                 \
                row += args->count;                                                                     \
                VECTOR for (int64_t l = 0; l < m; l++)                                                  \
                {                                                                                       \
                    T x = row[l];                                                                       \
                    bool take = (x beats best[l]) | ((x != x) & (best[l] == best[l]));                  \
                    best[l] = take ? x : best[l];                                                       \
                    place[l] = take ? i : place[l];                                                     \
                }                                                                                       \
            }                                                                                           \
            for (int64_t l = 0; l < m; l++) ((T *)data[1])[(first + l) * step[1]] = best[l];            \
            for (int64_t l = 0; l < m; l++) ((int64_t *)data[2])[(first + l) * step[2]] = place[l] + 1; \
        }                                                                                               \
    }
EXTREME_ABREAST(MIN_ABREAST, <)
EXTREME_ABREAST(MAX_ABREAST, >)

#if FLOATING
KERNEL(MEAN_LINE)
{
    (void)arg;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)SOURCE(0);
    RESULT(T, 1) = (T)(sum / (double)n);
}

/* Of m lines side by side, n elements of each, which are `along` apart: the mean, as distance from the line's first element, then the
 * squares of the distances from it. */
static inline __attribute__((always_inline)) void K(block_moments)(const T *first, const T *block, int64_t n, int64_t along, int64_t m,
                                                                   double *mean, double *squares)
{
    for (int64_t l = 0; l < m; l++) mean[l] = squares[l] = 0;
    for (int64_t i = 0; i < n; i++) VECTOR for (int64_t l = 0; l < m; l++) mean[l] += (double)block[i * along + l] - (double)first[l];
    for (int64_t l = 0; l < m; l++) mean[l] /= (double)n;
    for (int64_t i = 0; i < n; i++) VECTOR for (int64_t l = 0; l < m; l++)
        {
            double distance = (double)block[i * along + l] - (double)first[l] - mean[l];
            squares[l] += distance * distance;
        }
}

/* Block after block, each twice while it is in the cache, and then joined to those before it, as Chan, Golub and LeVeque do.
 * Since all counts from the first element, equal ones have a variance of 0 whatever rounding does. */
#define MOMENTS_BLOCK 64
static inline __attribute__((always_inline)) void K(moments)(const T *first, int64_t n, int64_t along, int64_t m, double *squares)
{
    double mean[ABREAST], block_mean[ABREAST], block_squares[ABREAST];
    for (int64_t l = 0; l < m; l++) mean[l] = squares[l] = 0;
    for (int64_t done = 0; done < n; done += MOMENTS_BLOCK) {
        int64_t now = n - done < MOMENTS_BLOCK ? n - done : MOMENTS_BLOCK;
        double share = (double)now / (double)(done + now);
        K(block_moments)(first, first + done * along, now, along, m, block_mean, block_squares);
        VECTOR for (int64_t l = 0; l < m; l++)
        {
            double distance = block_mean[l] - mean[l];
            mean[l] += distance * share;
            squares[l] += block_squares[l] + distance * distance * (share * (double)done);
        }
    }
}

/* flag: divide by n; b.d = 1: the square root of it. */
static inline T K(variance)(double squares, int64_t n, const par_args *args)
{
    double variance = args->flag ? squares / (double)n : n > 1 ? squares / (double)(n - 1) : NAN;
    return (T)(args->b.d == 1 ? sqrt(variance) : variance);
}

KERNEL(VAR_LINE)
{
    double squares;
    K(moments)((const T *)data[0], n, step[0], 1, &squares);
    RESULT(T, 1) = K(variance)(squares, n, arg);
}

/* The same of n lines side by side (see MIN_ABREAST). Not wider: contracted additions would end in another last bit. */
KERNEL(VAR_ABREAST)
{
    const par_args *args = arg;
    double squares[ABREAST];
    for (int64_t first = 0; first < n; first += ABREAST) {
        int64_t m = n - first < ABREAST ? n - first : ABREAST;
        K(moments)((const T *)data[0] + first, args->index, args->count, m, squares);
        for (int64_t l = 0; l < m; l++) ((T *)data[1])[(first + l) * step[1]] = K(variance)(squares[l], args->index, args);
    }
}

/* a..b in `index` bins that scratch points at. */
KERNEL(HISTC)
{
    USE_ARGS
    T *bins = args->scratch;
    double scale = isinf((double)b - (double)a) ? 0.5 : 1, low = (double)a * scale; /* the largest numbers are too far apart */
    double width = ((double)b * scale - low) / (double)args->index;
    for (int64_t i = 0; i < n; i++) {
        T x = SOURCE(0);
        if (!(x >= a && x <= b)) continue;
        int64_t bin = width > 0 ? (int64_t)(((double)x * scale - low) / width) : 0;
        bins[bin < args->index ? bin : args->index - 1] += 1;
    }
}
#endif
