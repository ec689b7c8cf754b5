/* A parent and children that say what they should not, or end while things are under way. Each child is this program once
 * more, with the name of what it does. */
#include "link/start.h"

#include <pthread.h>

#include "channel/state.h"
#include "link/exit.h"
#include "peers.h"

/* --- children --- */
static par_link *attach(void)
{
    par_link *parent;
    par_error err;
    CHECK_INT(par_link_attach(&parent, PAR_CHILD_SOCKET_FD, &err), PAR_OK);
    return parent;
}

static void say(par_link *link, uint32_t kind, const void *bytes, size_t len)
{
    par_error err;
    CHECK_INT(par_channel_send(link->channel, kind, bytes, len, NULL, 0, SECONDS(60), &err), PAR_OK);
}

static void child_with_a_long_hello(void)
{
    static char name[10000];
    par_link *parent = attach();
    memset(name, 'x', sizeof name);
    say(parent, PAR_KIND_HELLO, name, sizeof name);
    pause();
}

static void child_that_ends_twice(void)
{
    par_link *parent = attach();
    say(parent, PAR_KIND_RESULT, "first", 5);
    say(parent, PAR_KIND_FAILED, "second", 6);
    say(parent, PAR_KIND_YIELD, "", 0);
    say(parent, PAR_KIND_DATA, "data", 4);
    par_link_free(parent);
}

static void child_that_commands(void)
{
    par_link *parent = attach();
    for (uint32_t kind = PAR_KIND_JOIN; kind <= PAR_KIND_MAX; kind++) say(parent, kind, "now", 3);
    say(parent, PAR_KIND_DATA, "data", 4);
    pause();
}

static void child_that_scribbles(void)
{
    par_link *parent = attach();
    atomic_store(&parent->channel->out.words->head, 12345);
    pause();
}

static void child_that_waits(void)
{
    attach();
    pause();
}

/* It has a moment to see that it is an orphan, before its life line ends it. */
static void child_that_sees_an_end(void)
{
    par_link *parent = attach();
    CHECK(par_link_is_there(parent));
    say(parent, PAR_KIND_DATA, "data", 4);
    while (par_link_is_there(parent)) par_os_sleep_ns(100000);
    atomic_store(&par_channel_words(parent->channel)[0], 7); /* read once this process has ended */
    pause();
}

/* Tells which of the messages it was given it kept. */
static void child_that_counts_controls(void)
{
    par_error err;
    par_kept *kept;
    par_link *parent = attach();
    uint64_t n = 0;
    CHECK_INT(par_link_wait_control(parent, PAR_KIND_EXEC, SECONDS(60), &kept, &err), PAR_OK);
    par_kept_free(kept);
    for (kept = parent->controls; kept; kept = kept->next) n++;
    say(parent, PAR_KIND_DATA, &n, sizeof n);
    pause();
}

/* --- parents --- */
/* The words that start this program again: behind those of an emulator, where it is for another processor. */
static void own_command(char *argv[8], const char *child)
{
    static char path[4096], emulator[256];
    int n = 0;
    snprintf(emulator, sizeof emulator, "%s", getenv("PARALLEL_EMULATOR") ? getenv("PARALLEL_EMULATOR") : "");
    for (char *word = strtok(emulator, " "); word && n < 5; word = strtok(NULL, " ")) argv[n++] = word;
    CHECK(par_os_program_path(path, sizeof path) > 0);
    argv[n++] = path;
    argv[n++] = (char *)(uintptr_t)child;
    argv[n] = NULL;
}

static par_link *start(const char *child)
{
    par_error err;
    par_link *link;
    char *argv[8];
    par_start_options options = {.id = 1, .ring_bytes = 65536};
    own_command(argv, child);
    options.spawn.program = argv[0];
    options.spawn.argv = argv;
    CHECK_INT(par_link_start(&link, &options, &err), PAR_OK);
    return link;
}

/* Takes in what comes, up to a message of data, which is received. */
static size_t receive_data(par_link *link, void *out, size_t room)
{
    par_error err;
    par_message message;
    int rc;
    do rc = par_channel_receive(link->channel, &message, SECONDS(60), &err);
    while (rc == PAR_NOTICE);
    CHECK_INT(rc, PAR_OK);
    CHECK(message.len <= room);
    memcpy(out, message.bytes, message.len);
    size_t len = message.len;
    par_channel_release(link->channel, &message);
    return len;
}

static void a_hello_longer_than_its_place(void)
{
    par_error err;
    par_link *link = start("child_with_a_long_hello");
    CHECK_INT(par_link_wait_hello(link, SECONDS(60), &err), PAR_OK);
    CHECK_INT(strlen(link->fingerprint), sizeof link->fingerprint - 1);
    CHECK(link->interrupted == NULL && link->host == NULL);
    par_link_free(link);
}

static void only_the_first_end_counts(void)
{
    par_error err;
    char data[8];
    par_link *link = start("child_that_ends_twice");
    CHECK_INT(par_link_wait(link, SECONDS(60), &err), PAR_OK);
    CHECK_INT(receive_data(link, data, sizeof data), 4);
    CHECK_INT(link->state, PAR_LINK_RETURNED);
    CHECK_INT(link->final->kind, PAR_KIND_RESULT);
    CHECK_INT(link->final->len, 5);
    CHECK(memcmp(link->final->bytes, "first", 5) == 0);
    par_link_free(link);
}

static void a_child_cannot_command_its_parent(void)
{
    char data[8];
    par_link *link = start("child_that_commands");
    CHECK_INT(receive_data(link, data, sizeof data), 4);
    CHECK_INT(link->state, PAR_LINK_RUNNING);
    CHECK(link->controls == NULL && link->final == NULL && !link->hello);
    par_link_free(link);
}

static void a_child_keeps_only_what_a_parent_may_say(void)
{
    uint64_t n = 0;
    par_link *link = start("child_that_counts_controls");
    for (uint32_t kind = PAR_KIND_CONTROL; kind <= PAR_KIND_MAX; kind++)
        if (kind != PAR_KIND_EXEC && kind != PAR_KIND_JOIN && kind != PAR_KIND_GROUP && kind != PAR_KIND_MODULE) say(link, kind, "x", 1);
    say(link, PAR_KIND_JOIN, "join", 4);
    say(link, PAR_KIND_GROUP, "group", 5);
    say(link, PAR_KIND_EXEC, "code", 4);
    CHECK_INT(receive_data(link, &n, sizeof n), sizeof n);
    CHECK_INT(n, 2); /* the join and the group, which nobody has asked for yet */
    par_link_free(link);
}

static void one_that_scribbles_is_cut_off(void)
{
    par_error err;
    par_link *link = start("child_that_scribbles");
    CHECK_INT(par_link_wait(link, SECONDS(60), &err), PAR_OK);
    CHECK_INT(link->state, PAR_LINK_DIED);
    CHECK(link->corrupt && link->exit.ended);
    CHECK_INT(link->exit.signal, SIGKILL);
    par_link_free(link);
}

static void a_link_is_not_retired_before_all_is_received(void)
{
    par_error err;
    char data[8];
    par_link *link = start("child_that_ends_twice");
    CHECK(!par_link_retire(link));
    CHECK_INT(par_link_wait(link, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_link_reap(link, SECONDS(60), &err), PAR_OK);
    CHECK(link->exit.ended);
    CHECK(!par_link_retire(link));
    CHECK_INT(receive_data(link, data, sizeof data), 4);
    CHECK(par_link_retire(link));
    CHECK(link->channel == NULL);
    CHECK(par_link_retire(link));
    CHECK(!par_link_is_there(link));
    par_link_free(link);
}

static void a_link_that_goes_takes_its_child_along(void)
{
    par_link *link = start("child_that_waits");
    pid_t pid = link->pid;
    par_link_free(link);
    CHECK(kill(pid, 0) != 0); /* reaped, too */
}

/* On a busy machine not each of them sees it in time. */
static void an_orphan_knows_that_nobody_is_there(void)
{
    bool seen = false;
    for (int i = 0; i < 20 && !seen; i++) {
        char data[8];
        par_link *link = start("child_that_sees_an_end");
        CHECK_INT(receive_data(link, data, sizeof data), 4);
        par_os_socket_end(par_channel_socket(link->channel)); /* as when this process ends */
        par_link_await_exit(link, PAR_NEVER);
        CHECK(link->exit.ended);
        seen = atomic_load(&par_channel_words(link->channel)[0]) == 7;
        par_link_free(link);
    }
    CHECK(seen);
}

/* A copy of the process that ends must not end what is not its own. */
static void a_forked_copy_leaves_the_children_alone(void)
{
    par_error err;
    int status;
    par_link *link = start("child_with_a_long_hello");
    CHECK_INT(par_link_wait_hello(link, SECONDS(60), &err), PAR_OK);
    fflush(stdout);
    pid_t copy = fork();
    if (copy == 0) exit(0); /* with all exit handlers */
    CHECK(waitpid(copy, &status, 0) == copy && status == 0);
    CHECK_INT(par_link_wait(link, MILLISECONDS(50), &err), PAR_E_TIMEOUT);
    par_os_reap(link->pid, &link->exit);
    CHECK(!link->exit.ended);
    CHECK(par_link_is_there(link));
    par_link_free(link);
}

/* --- what the messages look like --- */
static bool parses(uint32_t message, uint32_t traceback, size_t len, par_failure *out)
{
    static uint8_t body[64];
    const par_failure_header header = {.message_bytes = message, .traceback_bytes = traceback};
    memcpy(body, &header, sizeof header);
    return par_failure_parse(body, len, out);
}

static void failures_whose_lengths_do_not_fit(void)
{
    par_failure out;
    CHECK(parses(10, 5, 8 + 15, &out));
    CHECK(out.message_len == 10 && out.traceback_len == 5 && out.value == NULL && out.value_len == 0);
    CHECK(parses(10, 5, 8 + 16, &out));
    CHECK(out.value_len == 1 && (const char *)out.value == out.traceback + 5);
    CHECK(parses(0, 0, 8, &out));
    CHECK(!parses(0, 0, 7, &out));
    CHECK(!parses(11, 0, 8 + 10, &out));
    CHECK(!parses(10, 6, 8 + 15, &out));
    CHECK(!parses(UINT32_MAX, 0, 8 + 15, &out));
    CHECK(!parses(10, UINT32_MAX, 8 + 15, &out));
    CHECK(!parses(10, UINT32_MAX - 9, 8 + 15, &out));
}

static void output_is_kept_up_to_its_limit(void)
{
    enum { MORE = 100000 };
    par_error err;
    par_relay *relay;
    int fds[2];
    char *bytes;
    size_t len;
    uint64_t dropped;
    static char block[1 << 20];
    CHECK_INT(par_relay_open(&relay, PAR_RELAY_CAPTURE, "", fds, &err), PAR_OK);
    for (size_t i = 0; i < PAR_RELAY_KEEP_BYTES / sizeof block; i++) CHECK(par_os_write_all(fds[0], block, sizeof block) >= 0);
    CHECK(par_os_write_all(fds[0], block, MORE) >= 0);
    par_os_close(fds[0]);
    par_os_close(fds[1]);
    par_relay_finish(relay, SECONDS(60));
    CHECK_INT(par_relay_take(relay, 0, &bytes, &len, &dropped), PAR_OK);
    CHECK_INT(len, PAR_RELAY_KEEP_BYTES);
    CHECK_INT(dropped, MORE);
    free(bytes);
    par_relay_close(relay);
}

/* A child is this program with the name of one of the first as its argument: with none, all the others run. */
static const tap_test children[] = {TEST(child_with_a_long_hello), TEST(child_that_ends_twice), TEST(child_that_commands),
                                    TEST(child_that_scribbles),    TEST(child_that_waits),      TEST(child_that_counts_controls),
                                    TEST(child_that_sees_an_end)};

static void be_a_child(const char *name)
{
    for (size_t i = 0; i < sizeof children / sizeof *children; i++)
        if (strcmp(name, children[i].name) == 0) {
            children[i].run();
            exit(0);
        }
}

static void *sleep_long(void *unused)
{
    pause();
    return unused;
}

static void a_host_of_many_threads(void)
{
    enum { THREADS = 3000 };
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    int n = 0;
    for (pthread_t thread; n < THREADS && pthread_create(&thread, &small, sleep_long, NULL) == 0;) n++;
    printf("# %d threads\n", n);
    for (int i = 0; i < 3; i++) {
        par_error err;
        char data[8];
        par_link *link = start("child_that_ends_twice");
        CHECK_INT(par_link_wait(link, SECONDS(60), &err), PAR_OK);
        CHECK_INT(receive_data(link, data, sizeof data), 4);
        CHECK_INT(par_link_reap(link, SECONDS(60), &err), PAR_OK);
        par_link_free(link);
    }
}

int tests_main(int argc, char **argv);
#define main tests_main
TAP_MAIN(TEST(a_hello_longer_than_its_place), TEST(only_the_first_end_counts), TEST(a_child_cannot_command_its_parent),
         TEST(a_child_keeps_only_what_a_parent_may_say), TEST(one_that_scribbles_is_cut_off),
         TEST(a_link_is_not_retired_before_all_is_received), TEST(a_link_that_goes_takes_its_child_along),
         TEST(an_orphan_knows_that_nobody_is_there), TEST(a_forked_copy_leaves_the_children_alone), TEST(failures_whose_lengths_do_not_fit),
         TEST(output_is_kept_up_to_its_limit), TEST(a_host_of_many_threads))
#undef main

int main(int argc, char **argv)
{
    if (argc > 1) be_a_child(argv[1]);
    if (access("/proc/self/exe", X_OK) != 0) return 77;
    return tests_main(argc, argv);
}
