/* A small TAP runner. Each test is a function that runs in a process of its own with a time limit, so a crash or a hang
 * is one failed test (TAP_SECONDS in the environment: another limit). A file ends with TAP_MAIN(TEST(a), TEST(b), ...).
 * `program name` runs one test without the fork. */
#ifndef PAR_TESTS_TAP_H
#define PAR_TESTS_TAP_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What gcc says by itself. */
#ifdef __clang__
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#elif __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define TAP_SECONDS 300 /* sanitizers take their time */
#else
#define TAP_SECONDS 200
#endif

typedef struct tap_test {
    const char *name;
    void (*run)(void);
} tap_test;

#define TEST(function)      \
    {                       \
#function, function \
    }

/* Ends the test as failed. Works in forked helpers too: they exit with 1, which the test has to look at. */
#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            printf("# %s:%d: %s: not true: %s\n", __FILE__, __LINE__, __func__, #condition); \
            fflush(stdout);                                                                  \
            _exit(1);                                                                        \
        }                                                                                    \
    } while (0)
#define CHECK_INT(got, want)                                                                                      \
    do {                                                                                                          \
        long long tap_got = (long long)(got), tap_want = (long long)(want);                                       \
        if (tap_got != tap_want) {                                                                                \
            printf("# %s:%d: %s: %s is %lld, not %lld\n", __FILE__, __LINE__, __func__, #got, tap_got, tap_want); \
            fflush(stdout);                                                                                       \
            _exit(1);                                                                                             \
        }                                                                                                         \
    } while (0)

/* Is this processor an emulated one? That of qemu lets a load pass a sequentially consistent store before it, does nothing for
 * MADV_REMOVE, keeps no RLIMIT_AS, and takes more descriptors from a socket than it was asked to. */
static inline int tap_emulated(void)
{
    const char *emulator = getenv("PARALLEL_EMULATOR");
    return emulator && *emulator;
}

static inline int tap_run(const tap_test *test, int number)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        const char *seconds = getenv("TAP_SECONDS");
        alarm(seconds ? (unsigned)atoi(seconds) : TAP_SECONDS);
        test->run();
        fflush(stdout);
        exit(0); /* not _exit: sanitizers report at exit */
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        printf("not ok %d - %s # fork failed\n", number, test->name);
        return 1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        printf("ok %d - %s\n", number, test->name);
        return 0;
    }
    if (WIFSIGNALED(status)) {
        int sig = WTERMSIG(status);
        printf("# %s\n", sig == SIGALRM ? "time limit" : strsignal(sig));
    }
    printf("not ok %d - %s\n", number, test->name);
    return 1;
}

#define TAP_MAIN(...)                                                    \
    int main(int argc, char **argv)                                      \
    {                                                                    \
        const tap_test tests[] = {__VA_ARGS__};                          \
        int n = (int)(sizeof tests / sizeof *tests), failed = 0;         \
        for (int i = 0; argc > 1 && i < n; i++)                          \
            if (strcmp(argv[1], tests[i].name) == 0) {                   \
                tests[i].run();                                          \
                return 0;                                                \
            }                                                            \
        printf("1..%d\n", n);                                            \
        for (int i = 0; i < n; i++) failed += tap_run(&tests[i], i + 1); \
        return failed != 0;                                              \
    }

#endif
