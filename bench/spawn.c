/* What a start costs at least: build/release/bench/spawn ROUNDS PROGRAM [args] starts a program by the library's own
 * posix_spawn, waits until it has ended, and prints the median of all rounds in milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "os/os.h"

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double start_ms(char **argv)
{
    par_os_spawn_options options = {.program = argv[0], .argv = argv};
    par_error err;
    pid_t pid;
    int status, rc;
    int64_t before_ns = par_os_now_ns();
    if ((rc = par_os_spawn(&options, &pid, &err)) != PAR_OK) {
        fprintf(stderr, "spawn: %s\n", err.text);
        exit(1);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "spawn: '%s' failed\n", argv[0]);
        exit(1);
    }
    return (double)(par_os_now_ns() - before_ns) * 1e-6;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[1]) : 0;
    if (rounds < 1) {
        fprintf(stderr, "usage: spawn ROUNDS PROGRAM [args]\n");
        return 2;
    }
    double *times_ms = calloc((size_t)rounds, sizeof *times_ms);
    if (!times_ms) return 1;
    for (int i = 0; i < rounds; i++) times_ms[i] = start_ms(argv + 2);
    qsort(times_ms, (size_t)rounds, sizeof *times_ms, by_value);
    printf("%.4f\n", times_ms[rounds / 2]);
    free(times_ms);
    return 0;
}
