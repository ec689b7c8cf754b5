/* Which integers a double holds, and which doubles an integer. */
#include "base/checked.h"
#include "tap.h"

#include <math.h>

enum { ROUNDS = 1000000 };

/* Rounded to a double in memory, whatever registers hold. */
static bool survives(int64_t i)
{
    volatile double rounded = (double)i;
    return par_double_fits_i64(rounded) && (int64_t)rounded == i;
}

static void integers_at_the_edges(void)
{
    static const int64_t fit[] = {0,
                                  1,
                                  -1,
                                  (int64_t)1 << 53,
                                  -((int64_t)1 << 53),
                                  ((int64_t)1 << 53) + 2,
                                  (int64_t)1 << 62,
                                  INT64_MIN,
                                  INT64_MIN + 1024,
                                  INT64_MAX - 1023,
                                  ((int64_t)1 << 60) + 256};
    static const int64_t no_fit[] = {((int64_t)1 << 53) + 1, -((int64_t)1 << 53) - 1, ((int64_t)1 << 56) + 1,   INT64_MAX,
                                     INT64_MIN + 1,          INT64_MAX - 511,         ((int64_t)1 << 60) + 128, ((int64_t)1 << 62) - 1};
    for (unsigned i = 0; i < sizeof fit / sizeof *fit; i++) CHECK(par_i64_fits_double(fit[i]));
    for (unsigned i = 0; i < sizeof no_fit / sizeof *no_fit; i++) CHECK(!par_i64_fits_double(no_fit[i]));
}

static void integers_of_every_length(void)
{
    uint64_t state = 1, fitting = 0;
    for (int n = 0; n < ROUNDS; n++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int64_t i = (int64_t)(state >> n % 16 << n / 16 % 16);
        bool fits = par_i64_fits_double(i);
        if (fits != survives(i)) {
            CHECK_INT(i, 0); /* says which */
            return;
        }
        fitting += fits;
    }
    CHECK(fitting > ROUNDS / 10 && fitting < ROUNDS - ROUNDS / 10);
}

static void doubles_at_the_edges(void)
{
    CHECK(par_double_fits_i64(-9223372036854775808.0) && par_double_fits_i64(9223372036854774784.0) && par_double_fits_i64(-0.0));
    CHECK(!par_double_fits_i64(9223372036854775808.0) && !par_double_fits_i64(-9223372036854777856.0));
    CHECK(!par_double_fits_i64(INFINITY) && !par_double_fits_i64(-INFINITY) && !par_double_fits_i64(NAN));
}

TAP_MAIN(TEST(integers_at_the_edges), TEST(integers_of_every_length), TEST(doubles_at_the_edges))
