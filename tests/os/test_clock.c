/* Moments: those that are a little old are no older than they may be. */
#include <pthread.h>

#include "os/os.h"
#include "tap.h"

#define MS INT64_C(1000000)

static void a_recent_moment_has_just_been(void)
{
    par_os_recent recent = {0};
    for (int i = 0; i < 200000; i++) {
        int64_t before = par_os_now_ns(), about = par_os_now_about(&recent), after = par_os_now_ns();
        CHECK(about <= after);
        CHECK(before - about < MS);
    }
    par_os_sleep_ns(MS);
    int64_t before = par_os_now_ns();
    CHECK(par_os_now_about(&recent) >= before); /* what was known is too old */
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;
static bool done;

static void *signal_it(void *unused)
{
    pthread_mutex_lock(&lock);
    done = true;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&lock);
    return unused;
}

static void a_condition_is_waited_for_until_its_moment(void)
{
    par_os_condition_init(&condition);
    pthread_mutex_lock(&lock);
    int64_t deadline_ns = par_os_now_ns() + 20 * MS;
    while (par_os_condition_wait(&condition, &lock, deadline_ns)) {} /* it may wake for nothing */
    CHECK(par_os_now_ns() >= deadline_ns);
    CHECK(!par_os_condition_wait(&condition, &lock, deadline_ns - 40 * MS)); /* which has been */
    pthread_t other;
    CHECK_INT(pthread_create(&other, NULL, signal_it, NULL), 0);
    bool signalled = true;
    while (!done && signalled) signalled = par_os_condition_wait(&condition, &lock, par_os_now_ns() + 60000 * MS);
    pthread_mutex_unlock(&lock);
    CHECK(signalled);
    CHECK_INT(pthread_join(other, NULL), 0);
    pthread_cond_destroy(&condition);
}

TAP_MAIN(TEST(a_recent_moment_has_just_been), TEST(a_condition_is_waited_for_until_its_moment))
