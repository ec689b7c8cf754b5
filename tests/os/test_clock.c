/* Moments: those that are a little old are no older than they may be. */
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

TAP_MAIN(TEST(a_recent_moment_has_just_been))
