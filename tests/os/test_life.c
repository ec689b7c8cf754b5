/* Signs of life: seen by others until the last process that holds one is gone, reaped or not. */
#include "os/os.h"
#include "tap.h"

static par_error err;

static int memory(void)
{
    int fd;
    CHECK_INT(par_os_memory_open(par_os_page_bytes(), &fd, &err), PAR_OK);
    return fd;
}

/* Opens one, or ends the test well where there are none. */
static int sign(int fd, uint64_t at)
{
    int life, rc = par_os_life_open(fd, at, &life, &err);
    if (rc == PAR_E_UNSUPPORTED) {
        CHECK(par_os_life_seen(fd, at)); /* nobody can tell */
        _exit(0);
    }
    CHECK_INT(rc, PAR_OK);
    return life;
}

static void it_is_seen_until_it_is_closed(void)
{
    int fd = memory(), life = sign(fd, 3), other = sign(fd, 4);
    CHECK(par_os_life_seen(fd, 3));
    CHECK(par_os_life_seen(other, 3) && par_os_life_seen(life, 4));
    CHECK(!par_os_life_seen(life, 3)); /* one's own is not */
    CHECK(!par_os_life_seen(fd, 2) && !par_os_life_seen(fd, 5));
    CHECK_INT(par_os_life_open(fd, 3, &other, &err), PAR_E_INVALID);
    par_os_close(life);
    CHECK(!par_os_life_seen(fd, 3) && par_os_life_seen(fd, 4));
    life = sign(fd, 3);
    CHECK(par_os_life_seen(fd, 3));
}

static void it_may_stand_behind_the_end_of_the_memory(void)
{
    int fd = memory(), life = sign(fd, (uint64_t)1 << 62);
    CHECK(par_os_life_seen(fd, (uint64_t)1 << 62));
    par_os_close(life);
    CHECK(!par_os_life_seen(fd, (uint64_t)1 << 62));
}

static void closing_other_descriptors_is_no_end(void)
{
    int fd = memory(), life = sign(fd, 0), copy;
    CHECK_INT(par_os_copy_fd(fd, &copy, &err), PAR_OK);
    par_os_close(copy);
    CHECK(par_os_life_seen(fd, 0));
    CHECK_INT(par_os_copy_fd(life, &copy, &err), PAR_OK);
    par_os_close(life);
    CHECK(par_os_life_seen(fd, 0)); /* there is still one of the same */
    par_os_close(copy);
    CHECK(!par_os_life_seen(fd, 0));
}

static void it_ends_with_its_process(void)
{
    int fd = memory(), life = sign(fd, 7), status;
    pid_t pid = fork();
    if (pid == 0)
        for (;;) pause();
    par_os_close(life);
    CHECK(par_os_life_seen(fd, 7));
    CHECK(par_os_process_there(pid));
    kill(pid, SIGKILL);
    while (par_os_life_seen(fd, 7)) par_os_sleep_ns(100000); /* nobody has reaped it */
    while (par_os_process_there(pid)) par_os_sleep_ns(100000);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(!par_os_process_there(pid));
    CHECK(par_os_process_there(0) && par_os_process_there(-1)); /* not known */
}

TAP_MAIN(TEST(it_is_seen_until_it_is_closed), TEST(it_may_stand_behind_the_end_of_the_memory), TEST(closing_other_descriptors_is_no_end),
         TEST(it_ends_with_its_process))
