/* Every system call on the way to a running child fails in turn: a clear error, and nothing is left of the attempt. */
#include <dirent.h>
#include <errno.h>

#include "os/fault.h"
#include "link/start.h"
#include "tap.h"
#include "view/view.h"

static int count_descriptors(void)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return -1;
    while (readdir(folder)) n++;
    closedir(folder);
    return n;
}

static int children_left(void)
{
    int status;
    return waitpid(-1, &status, WNOHANG) >= 0; /* ECHILD: there is none */
}

static par_start_options child(const char *output)
{
    static char *const argv[] = {"sh", "-c", "exit 0", NULL};
    par_start_options options = {.id = 1, .ring_bytes = 65536, .output = output, .prefix = "x "};
    options.spawn.program = "sh";
    options.spawn.argv = argv;
    return options;
}

/* The relay's thread lets go of its descriptors a moment after the child has ended. */
static void wait_for_descriptors(int want)
{
    for (int i = 0; i < 60000 && count_descriptors() != want; i++) par_os_sleep_ns(1000000);
    CHECK_INT(count_descriptors(), want);
}

static void each_call_fails(const char *output, int error)
{
    par_error err;
    par_view_show_own(); /* the memory of a process that has children stays open */
    int before = count_descriptors();
    for (long nth = 1; nth < 500; nth++) {
        par_link *link = NULL;
        par_start_options options = child(output);
        err = (par_error){0};
        par_fault_set(nth, error, false);
        int rc = par_link_start(&link, &options, &err);
        bool reached = par_fault_count() >= nth;
        par_fault_set(0, 0, false);
        if (rc != PAR_OK) {
            CHECK(reached);
            CHECK(err.text[0] != 0);
            CHECK(link == NULL);
        } else {
            par_link_free(link);
        }
        wait_for_descriptors(before);
        CHECK(!children_left());
        if (!reached) return; /* there are fewer calls than nth: all have had their turn */
    }
    CHECK(!"the start makes an end of its calls");
}

static void plain_emfile(void) { each_call_fails(NULL, EMFILE); }
static void plain_enomem(void) { each_call_fails(NULL, ENOMEM); }
static void plain_eagain(void) { each_call_fails(NULL, EAGAIN); }
static void plain_eintr(void) { each_call_fails(NULL, EINTR); }
static void captured_emfile(void) { each_call_fails("capture", EMFILE); }
static void prefixed_enomem(void) { each_call_fails("prefix", ENOMEM); }
static void dropped_emfile(void) { each_call_fails("null", EMFILE); }

TAP_MAIN(TEST(plain_emfile), TEST(plain_enomem), TEST(plain_eagain), TEST(plain_eintr), TEST(captured_emfile), TEST(prefixed_enomem),
         TEST(dropped_emfile))
