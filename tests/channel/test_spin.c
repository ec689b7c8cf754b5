/* When a wait spins, yields or sleeps at once: what each has earned. */
#include "channel/spin.h"
#include "tap.h"

/* Waits until the next trial. */
static unsigned waits_before_trial(par_spin *spin)
{
    unsigned n = 0;
    while (!par_spin_may(spin)) n++;
    return n;
}

static void failing_trials_get_rare(void)
{
    par_spin spin = {0};
    unsigned last = 0;
    for (int i = 0; i < 20; i++) {
        unsigned n = waits_before_trial(&spin);
        CHECK(n >= last && n <= PAR_SPIN_SKIP_MAX);
        last = n;
        par_spin_settle(&spin, PAR_SPIN_FAILED);
    }
    CHECK_INT(last, PAR_SPIN_SKIP_MAX);
}

static void success_is_credit(void)
{
    par_spin spin = {0};
    for (int i = 0; i < 100; i++) {
        CHECK(par_spin_may(&spin));
        par_spin_settle(&spin, PAR_SPIN_DONE);
    }
    CHECK_INT(par_spin_limit_ns(&spin), PAR_SPIN_NS);
    par_spin_settle(&spin, PAR_SPIN_FAILED); /* once is nothing */
    CHECK(par_spin_may(&spin));
    par_spin_settle(&spin, PAR_SPIN_FAILED);
    CHECK(!par_spin_may(&spin));
}

/* Two ends that have come to sleep, each of which the other has to wake, come to spin again. */
static void two_sleepers_wake_each_other_up(void)
{
    par_spin a = {.skip = 300, .skip_now = 512}, b = {.skip = 512, .skip_now = 512};
    unsigned round = 0;
    for (; round < 3 * PAR_SPIN_SKIP_MAX && (a.credit < 8 || b.credit < 8); round++) {
        bool a_spins = par_spin_may(&a), b_spins = par_spin_may(&b);
        if (a_spins) par_spin_settle(&a, b_spins ? PAR_SPIN_DONE : PAR_SPIN_LATE);
        if (b_spins) par_spin_settle(&b, a_spins ? PAR_SPIN_DONE : PAR_SPIN_LATE);
    }
    CHECK_INT(a.credit, 8);
    CHECK_INT(b.credit, 8);
}

/* A peer that always takes its time gets no more than a small part of our core. */
static void patience_ends(void)
{
    par_spin spin = {0};
    unsigned spun = 0, waits = 0;
    for (; waits < 20 * PAR_SPIN_SKIP_RARE; waits++) {
        if (!par_spin_may(&spin)) continue;
        par_spin_settle(&spin, PAR_SPIN_LATE);
        spun++;
    }
    CHECK(spun < waits / 8);
}

static void yields_that_cost_more_than_they_gain_end(void)
{
    par_spin yield = {0};
    unsigned slow = 0;
    for (unsigned waits = 0; waits < 4 * PAR_YIELD_BAN_MAX; waits++) { /* every third one goes to a stranger */
        if (!par_spin_may(&yield)) continue;
        slow += waits % 3 == 0;
        par_yield_settle(&yield, true, waits % 3 ? 600 : 3000000);
    }
    CHECK(slow > 0 && slow < 20);
}

static void rare_slow_yields_do_no_harm(void)
{
    par_spin yield = {0};
    unsigned tried = 0;
    for (unsigned waits = 1; waits <= 100000; waits++) {
        if (!par_spin_may(&yield)) continue;
        tried++;
        par_yield_settle(&yield, true, waits % 20000 ? 600 : 3000000);
    }
    CHECK(tried > 99000);
}

TAP_MAIN(TEST(failing_trials_get_rare), TEST(success_is_credit), TEST(two_sleepers_wake_each_other_up), TEST(patience_ends),
         TEST(yields_that_cost_more_than_they_gain_end), TEST(rare_slow_yields_do_no_harm))
