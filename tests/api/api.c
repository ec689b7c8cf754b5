/* The C API as its users have it: this program and, as its children, itself. Linked with the library alone. */
#include <parallel/parallel.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define SECOND INT64_C(1000000000)
#define PATIENCE (60 * SECOND)

static parallel_error error;

#define GOOD(call) CHECK_INT(call, PARALLEL_OK)

/* --- children --- */
static parallel_process *attach(void)
{
    parallel_process *parent;
    GOOD(parallel_attach(&parent, &error));
    return parent;
}

static void child_that_echoes(void)
{
    parallel_process *parent = attach();
    parallel_message message;
    while (parallel_receive(parent, &message, PARALLEL_FOREVER, &error) == PARALLEL_OK)
        GOOD(parallel_send(parent, message.bytes, message.length, message.buffer, PATIENCE, &error));
    CHECK_INT(error.code, PARALLEL_E_CLOSED);
}

static void child_that_sends_first(void)
{
    static char bytes[3000000];
    parallel_process *parent = attach();
    memset(bytes, 'c', sizeof bytes);
    GOOD(parallel_send(parent, bytes, sizeof bytes, NULL, PATIENCE, &error));
    parallel_message message;
    GOOD(parallel_receive(parent, &message, PATIENCE, &error));
    CHECK_INT(message.length, sizeof bytes);
    exit(7);
}

static void child_that_counts_in_a_buffer(void)
{
    parallel_process *parent = attach();
    parallel_message message;
    GOOD(parallel_receive(parent, &message, PATIENCE, &error));
    CHECK(message.buffer != NULL);
    parallel_buffer *buffer = parallel_buffer_keep(message.buffer);
    parallel_release(parent);
    CHECK_INT(parallel_buffer_bytes(buffer), 1 << 20);
    for (int i = 0; i < 1 << 20; i++) ((unsigned char *)parallel_buffer_data(buffer))[i]++;
    GOOD(parallel_send(parent, "done", 4, NULL, PATIENCE, &error));
    parallel_buffer_drop(buffer);
}

static void child_without_a_variable(void)
{
    parallel_process *parent = attach();
    CHECK(getenv("PARALLEL_SOCKET") == NULL); /* what it starts is no child of its parent */
    CHECK(attach() == parent);
}

static void child_that_waits(void)
{
    attach();
    pause();
}

static const struct {
    const char *name;
    void (*run)(void);
} roles[] = {{"echo", child_that_echoes},
             {"first", child_that_sends_first},
             {"buffer", child_that_counts_in_a_buffer},
             {"variable", child_without_a_variable},
             {"wait", child_that_waits}};

/* --- parents --- */
static char self[4096];

static parallel_process *start(const char *role)
{
    const char *emulator = getenv("PARALLEL_EMULATOR");
    char words[256];
    const char *arguments[8];
    int n = 0;
    snprintf(words, sizeof words, "%s", emulator ? emulator : "");
    const char *program = strtok(words, " ");
    for (char *word = program ? strtok(NULL, " ") : NULL; word; word = strtok(NULL, " ")) arguments[n++] = word;
    if (program) arguments[n++] = self;
    arguments[n++] = role;
    arguments[n] = NULL;
    parallel_process *child;
    parallel_start_options options = {.program = program ? program : self, .arguments = arguments};
    GOOD(parallel_start(&child, &options, &error));
    return child;
}

static void bytes_of_every_length_come_back(void)
{
    static unsigned char bytes[5000000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 31 >> 3);
    static const size_t lengths[] = {0, 1, 7, 8, 4096, 65536, 1000001, sizeof bytes};
    parallel_process *child = start("echo");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        parallel_message message;
        GOOD(parallel_send(child, bytes, lengths[i], NULL, PATIENCE, &error));
        GOOD(parallel_receive(child, &message, PATIENCE, &error));
        CHECK_INT(message.length, lengths[i]);
        CHECK(((uintptr_t)message.bytes & 7) == 0);
        CHECK(memcmp(message.bytes, bytes, lengths[i]) == 0);
        CHECK(message.buffer == NULL);
        if (i % 2) parallel_release(child);
    }
    CHECK(parallel_pid(child) > 0);
    parallel_end(child);
}

static void both_may_send_first(void)
{
    static char bytes[3000000];
    parallel_process *child = start("first");
    parallel_message message;
    parallel_end_status end;
    GOOD(parallel_send(child, bytes, sizeof bytes, NULL, PATIENCE, &error));
    GOOD(parallel_wait(child, &end, PATIENCE, &error));
    CHECK_INT(end.status, 7);
    CHECK_INT(end.signal, 0);
    GOOD(parallel_receive(child, &message, PATIENCE, &error)); /* what was sent before the end */
    CHECK_INT(message.length, sizeof bytes);
    CHECK_INT(parallel_receive(child, &message, PATIENCE, &error), PARALLEL_E_CLOSED);
    CHECK_INT(parallel_send(child, "x", 1, NULL, PATIENCE, &error), PARALLEL_E_CLOSED);
    CHECK(!parallel_signal(child, SIGTERM));
    parallel_end(child);
}

static void a_buffer_is_seen_by_both(void)
{
    parallel_process *child = start("buffer");
    parallel_message message;
    parallel_buffer *buffer = parallel_buffer_new(1 << 20, &error);
    CHECK(buffer != NULL);
    memset(parallel_buffer_data(buffer), 41, 1 << 20);
    GOOD(parallel_send(child, "here", 4, buffer, PATIENCE, &error));
    GOOD(parallel_receive(child, &message, PATIENCE, &error));
    for (int i = 0; i < 1 << 20; i++) CHECK_INT(((unsigned char *)parallel_buffer_data(buffer))[i], 42);
    parallel_buffer_drop(buffer);
    parallel_end(child);
}

static void a_descriptor_tells_of_messages(void)
{
    int fd;
    parallel_message message;
    parallel_process *child = start("echo");
    CHECK_INT(parallel_receive(child, &message, 0, &error), PARALLEL_E_TIMEOUT);
    GOOD(parallel_descriptor(child, &fd, &error));
    GOOD(parallel_send(child, "x", 1, NULL, PATIENCE, &error));
    while (parallel_receive(child, &message, 0, &error) == PARALLEL_E_TIMEOUT)
        CHECK(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 60000) == 1);
    CHECK_INT(message.length, 1);
    parallel_end(child);
}

static void ends_are_told(void)
{
    parallel_end_status end;
    parallel_process *child = start("wait");
    CHECK_INT(parallel_wait(child, &end, SECOND / 20, &error), PARALLEL_E_TIMEOUT);
    CHECK(parallel_signal(child, SIGTERM));
    GOOD(parallel_wait(child, &end, PATIENCE, &error));
    CHECK_INT(end.signal, SIGTERM);
    parallel_end(child);
    child = start("wait");
    pid_t pid = (pid_t)parallel_pid(child);
    parallel_end(child);
    CHECK(kill(pid, 0) != 0); /* ended and reaped */
    parallel_end(NULL);
}

/* --- a host that leaves no child to be waited for --- */
static void reap_everything(int number)
{
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
}

static bool goes(pid_t pid)
{
    for (int i = 0; i < 6000 && kill(pid, 0) == 0; i++) poll(NULL, 0, 10);
    return kill(pid, 0) != 0;
}

static void messages_and_ends_come_where_others_reap(void)
{
    static void (*const handlers[])(int) = {SIG_IGN, reap_everything};
    static char bytes[3000000];
    for (size_t i = 0; i < 2; i++) {
        parallel_message message;
        parallel_end_status end;
        signal(SIGCHLD, handlers[i]);
        parallel_process *child = start("first");
        GOOD(parallel_send(child, bytes, sizeof bytes, NULL, PATIENCE, &error));
        GOOD(parallel_wait(child, &end, PATIENCE, &error));
        CHECK(end.status == -1 || (handlers[i] == reap_everything && end.status == 7)); /* not known, or we came first */
        CHECK_INT(end.signal, 0);
        GOOD(parallel_receive(child, &message, PATIENCE, &error));
        CHECK_INT(message.length, sizeof bytes);
        CHECK_INT(parallel_receive(child, &message, PATIENCE, &error), PARALLEL_E_CLOSED);
        parallel_end(child);
        child = start("wait");
        pid_t pid = (pid_t)parallel_pid(child);
        parallel_end(child);
        CHECK(goes(pid));
    }
    signal(SIGCHLD, SIG_DFL);
}

/* --- a host with very many threads --- */
enum { THREADS = 2000 };
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *idle(void *context)
{
    (void)context;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return NULL;
}

/* As many as the system gives: 2000 where it does not limit them. */
static int start_threads(pthread_t *threads)
{
    pthread_attr_t attributes;
    int n = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 << 10);
    while (n < THREADS && pthread_create(&threads[n], &attributes, idle, NULL) == 0) n++;
    pthread_attr_destroy(&attributes);
    return n;
}

static void thousands_of_threads_are_no_hindrance(void)
{
    static pthread_t threads[THREADS];
    parallel_message message;
    pthread_mutex_lock(&gate);
    int n = start_threads(threads);
    for (int i = 0; i < 5 && n == THREADS; i++) { /* a system that gives fewer has no room for a child either */
        parallel_process *child = start("echo");
        GOOD(parallel_send(child, "x", 1, NULL, PATIENCE, &error));
        GOOD(parallel_receive(child, &message, PATIENCE, &error));
        CHECK_INT(message.length, 1);
        parallel_end(child);
    }
    pthread_mutex_unlock(&gate);
    while (n > 0) pthread_join(threads[--n], NULL);
}

static void what_is_wrong_is_said(void)
{
    parallel_process *child;
    parallel_start_options options = {.program = "/no/such/program"};
    if (tap_emulated()) return; /* there the program that is missing is a child that ends at once */
    CHECK_INT(parallel_start(&child, &options, &error), PARALLEL_E_SYSTEM);
    CHECK(strstr(error.text, "/no/such/program") != NULL);
    options.program = "";
    CHECK_INT(parallel_start(&child, &options, &error), PARALLEL_E_INVALID);
    options = (parallel_start_options){.program = "true", .directory = "/no/such/folder"};
    CHECK_INT(parallel_start(&child, &options, &error), PARALLEL_E_SYSTEM);
    CHECK_INT(parallel_attach(&child, &error), PARALLEL_E_INVALID);
    CHECK(strstr(error.text, "no other process") != NULL);
    CHECK(parallel_buffer_new(SIZE_MAX, &error) == NULL);
    CHECK(error.code != PARALLEL_OK && error.text[0]);
    child = start("variable");
    parallel_end_status end;
    GOOD(parallel_wait(child, &end, PATIENCE, &error));
    CHECK_INT(end.status, 0);
    parallel_end(child);
}

int tests_main(int argc, char **argv);
#define main tests_main
TAP_MAIN(TEST(bytes_of_every_length_come_back), TEST(both_may_send_first), TEST(a_buffer_is_seen_by_both),
         TEST(a_descriptor_tells_of_messages), TEST(ends_are_told), TEST(messages_and_ends_come_where_others_reap),
         TEST(thousands_of_threads_are_no_hindrance), TEST(what_is_wrong_is_said))
#undef main

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++)
        if (strcmp(argv[1], roles[i].name) == 0) {
            roles[i].run();
            return 0;
        }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return 77;
    return tests_main(argc, argv);
}
