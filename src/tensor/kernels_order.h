/* Included after kernels_reduce.h with the same names: sorting of lines, and what needs sorted ones. NaN sorts as the largest. */
static inline bool K(before)(T x, T y) { return x < y || (x == x && y != y); }

/* Runs of a few, put in by insertion. */
#define RUN 8
static inline __attribute__((always_inline)) void K(sort_runs)(T *keys, int64_t *places, int64_t n, bool descending, bool any_nan)
{
    for (int64_t low = 0; low < n; low += RUN) {
        int64_t high = low + RUN < n ? low + RUN : n;
        for (int64_t i = low + 1; i < high; i++) {
            T key = keys[i];
            int64_t place = places[i], k = i;
            for (; k > low; k--) {
                T other = keys[k - 1];
                bool moves = any_nan      ? (descending ? K(before)(other, key) : K(before)(key, other))
                             : descending ? other < key
                                          : key < other;
                if (!moves) break;
                keys[k] = other;
                places[k] = places[k - 1];
            }
            keys[k] = key;
            places[k] = place;
        }
    }
}

/* Two runs, from low and from middle on, become one: without branches that depend on the keys. */
static inline __attribute__((always_inline)) void K(merge)(const T *from, const int64_t *from_place, T *to, int64_t *to_place, int64_t low,
                                                           int64_t middle, int64_t high, bool descending, bool any_nan)
{
    int64_t l = low, h = middle, k = low;
    while (l < middle && h < high) {
        T x = from[l], y = from[h];
        bool right = any_nan ? (descending ? K(before)(x, y) : K(before)(y, x)) : descending ? x < y : y < x;
        int64_t take = right ? h : l;
        to[k] = from[take];
        to_place[k++] = from_place[take];
        h += right;
        l += !right;
    }
    int64_t rest = l < middle ? l : h;
    memcpy(to + k, from + rest, (size_t)(high - k) * sizeof *to);
    memcpy(to_place + k, from_place + rest, (size_t)(high - k) * sizeof *to_place);
}

/* With a stable order. keys and places have 2n entries each; the answer ends in the first n. */
static inline __attribute__((always_inline)) void K(merge_runs)(T *keys, int64_t *places, int64_t n, bool descending, bool any_nan)
{
    T *from = keys, *to = keys + n;
    int64_t *from_place = places, *to_place = places + n;
    K(sort_runs)(keys, places, n, descending, any_nan);
    for (int64_t width = RUN; width < n; width *= 2) {
        for (int64_t low = 0; low < n; low += 2 * width) {
            int64_t middle = low + width < n ? low + width : n, high = low + 2 * width < n ? low + 2 * width : n;
            K(merge)(from, from_place, to, to_place, low, middle, high, descending, any_nan);
        }
        T *keys_swap = from;
        int64_t *place_swap = from_place;
        from = to, to = keys_swap;
        from_place = to_place, to_place = place_swap;
    }
    if (from == keys) return;
    memcpy(keys, from, (size_t)n * sizeof *keys);
    memcpy(places, from_place, (size_t)n * sizeof *places);
}
#undef RUN

static void K(merge_sort)(T *keys, int64_t *places, int64_t n, bool descending)
{
    bool any_nan = false;
    for (int64_t i = 0; i < n; i++) any_nan |= keys[i] != keys[i];
    if (any_nan) K(merge_runs)(keys, places, n, descending, true);
    else if (descending) K(merge_runs)(keys, places, n, true, false);
    else K(merge_runs)(keys, places, n, false, false);
}

/* A number in the order of the keys: both zeros are one, and so are all NaN. */
static inline uint64_t K(rank)(T x, bool descending)
{
    uint64_t rank;
#if FLOATING
    double wide = (double)x + 0.0;
    memcpy(&rank, &wide, sizeof rank);
    rank ^= (uint64_t)((int64_t)rank >> 63) | UINT64_C(1) << 63;
    if (x != x) rank = UINT64_MAX;
#else
    rank = (T)-1 < 0 ? (uint64_t)(int64_t)x ^ UINT64_C(1) << 63 : (uint64_t)x;
#endif
    return descending ? ~rank : rank;
}

/* Words (see below) whose upper halves are in order get into that of the whole ranks, by insertion. false: there is too much to move. */
static bool K(settle)(const T *keys, uint64_t *words, int64_t n, bool descending)
{
    int64_t moves = 0;
    for (int64_t i = 1; i < n; i++) {
        uint64_t word = words[i];
        if (words[i - 1] >> 32 != word >> 32) continue;
        uint64_t rank = K(rank)(keys[(uint32_t)word], descending);
        int64_t k = i;
        for (; k > 0 && words[k - 1] >> 32 == word >> 32 && K(rank)(keys[(uint32_t)words[k - 1]], descending) > rank; k--)
            words[k] = words[k - 1];
        words[k] = word;
        moves += i - k;
        if (moves > 8 * n) return false;
    }
    return true;
}

/* By the digits in which ranks differ first, as many as so many keys need: words hold them above the place of the key. Leaves keys
 * alone and the order in places, which have room for 2n. false: the digits told too little, places are undefined. */
#define FEW_KEYS 4096
static bool K(radix_sort)(const T *keys, int64_t *places, int64_t n, bool descending)
{
    uint64_t *words = (uint64_t *)places, *room = words + n, differ = 0;
    for (int64_t i = 0; i < n; i++) room[i] = K(rank)(keys[i], descending);
    for (int64_t i = 1; i < n; i++) differ |= room[i] ^ room[0];
    int digits = n < FEW_KEYS ? 3 : PAR_RADIX_DIGITS_MAX, bits = differ ? 64 - __builtin_clzll(differ) : 0;
    int shift = bits > 8 * digits ? bits - 8 * digits : 0;
    for (int64_t i = 0; i < n; i++) words[i] = (room[i] >> shift) << 32 | (uint64_t)i;
    words = par_radix_sort(words, room, n, digits);
    if (shift && !K(settle)(keys, words, n, descending)) return false;
    for (int64_t i = 0; i < n; i++) places[i] = (uint32_t)words[i];
    return true;
}
#undef FEW_KEYS

/* keys and places have room for 2n; the answer ends in the first n. */
#define RADIX_FROM 256
static void K(sort)(T *keys, int64_t *places, int64_t n, bool descending)
{
    if (n < RADIX_FROM || n > PAR_RADIX_WORDS_MAX || !K(radix_sort)(keys, places, n, descending)) {
        for (int64_t i = 0; i < n; i++) places[i] = i;
        K(merge_sort)(keys, places, n, descending);
        return;
    }
    memcpy(keys + n, keys, (size_t)n * sizeof *keys);
    for (int64_t i = 0; i < n; i++) keys[i] = keys[n + places[i]];
}
#undef RADIX_FROM

static void K(load_sorted)(int64_t n, char *const *data, const int64_t *step, par_args *args)
{
    T *keys = args->scratch;
    for (int64_t i = 0; i < n; i++) keys[i] = SOURCE(0);
    K(sort)(keys, args->scratch_index, n, args->flag);
}

KERNEL(SORT_LINE)
{
    par_args *args = arg;
    const T *keys = args->scratch;
    K(load_sorted)(n, data, step, args);
    for (int64_t i = 0; i < n; i++) ((T *)data[1])[i * step[1]] = keys[i];
    for (int64_t i = 0; i < n; i++) ((int64_t *)data[2])[i * step[2]] = args->scratch_index[i] + 1;
}

KERNEL(KTH_LINE) /* index: which one, from 0 */
{
    par_args *args = arg;
    K(load_sorted)(n, data, step, args);
    RESULT(T, 1) = ((const T *)args->scratch)[args->index];
    RESULT(int64_t, 2) = args->scratch_index[args->index] + 1;
}

KERNEL(MODE_LINE) /* the most frequent value, the smallest of equals, and its last place */
{
    par_args *args = arg;
    const T *keys = args->scratch;
    K(load_sorted)(n, data, step, args);
    int64_t best = 0, best_length = 0;
    for (int64_t i = 0, start = 0; i < n; i++) {
        if (i > 0 && (K(before)(keys[i - 1], keys[i]))) start = i;
        if (i - start + 1 > best_length) {
            best = i;
            best_length = i - start + 1;
        }
    }
    RESULT(T, 1) = keys[best];
    RESULT(int64_t, 2) = args->scratch_index[best] + 1;
}
