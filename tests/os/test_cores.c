/* A thread that looks for a core with less to do. */
#include <sched.h>

#include "os/os.h"
#include "tap.h"

enum { CORES = 1024 };

#ifdef __linux__
static cpu_set_t usable_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0);
    return set;
}

static void load_all(unsigned *load, unsigned value)
{
    for (int i = 0; i < CORES; i++) load[i] = value;
}

/* The system may move us meanwhile: then there is nothing to do, and it is tried again. */
static void a_core_with_less_to_do(void)
{
    static unsigned load[CORES];
    cpu_set_t before = usable_cores(), after;
    int own = -1, moves = 0;
    if (CPU_COUNT(&before) < 2) return;
    for (int i = 0; i < 1000 && moves < 10; i++) {
        load_all(load, 1);
        own = par_os_core();
        CHECK(own >= 0 && own < CORES && CPU_ISSET(own, &before));
        load[own] = 3;
        moves += par_os_take_core(load, CORES);
        after = usable_cores();
        CHECK(CPU_EQUAL(&before, &after)); /* it may still run everywhere */
    }
    CHECK_INT(moves, 10);
}

static void no_core_is_better(void)
{
    static unsigned load[CORES];
    cpu_set_t before = usable_cores(), after;
    load_all(load, 2);
    CHECK(!par_os_take_core(load, CORES));
    load[0] = 1; /* one less would be as much there then as it is here now */
    CHECK(!par_os_take_core(load, CORES));
    load_all(load, 0);
    CHECK(!par_os_take_core(load, 0)); /* none that is known */
    after = usable_cores();
    CHECK(CPU_EQUAL(&before, &after));
}

static void a_thread_with_one_core(void)
{
    static unsigned load[CORES];
    par_error err;
    int own = par_os_core();
    CHECK_INT(par_os_set_affinity(&own, 1, &err), PAR_OK);
    load[own] = 100;
    CHECK(!par_os_take_core(load, CORES));
    CHECK_INT(par_os_core(), own);
}
#else
static void a_core_with_less_to_do(void)
{
    unsigned load[1] = {100};
    CHECK_INT(par_os_core(), -1);
    CHECK(!par_os_take_core(load, 1));
}
static void no_core_is_better(void) {}
static void a_thread_with_one_core(void) {}
#endif

TAP_MAIN(TEST(a_core_with_less_to_do), TEST(no_core_is_better), TEST(a_thread_with_one_core))
