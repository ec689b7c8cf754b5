/* Collectives of N processes: collectives N. bench/collectives.lua puts them beside MPI's.
 *
 * Rows: figures of collectives.h; one memcpy of 16 MB by all at once; CPU time of those who wait a second for one of them; how long
 * until all know of a death; memory of the group after 1 GB was reduced. */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "collectives.h"
#include "group/collect.h"
#include "os/os.h"

typedef struct member {
    par_board *board;
    double *data, *copy;
    double *told_us; /* shared: when each was told of the death */
} member;

static void expect(int rc, const par_error *err)
{
    if (rc == PAR_OK) return;
    fprintf(stderr, "collectives: %s\n", err->text);
    _exit(1);
}

static void call(void *context, const figure *what)
{
    par_error err;
    member *m = context;
    par_reduction r = {.type = PAR_DOUBLE, .n = (int64_t)what->doubles, .src = m->data, .dst = m->data};
    expect(what->doubles ? par_collect_allreduce(m->board, &r, PAR_NEVER, &err) : par_collect_barrier(m->board, PAR_NEVER, &err), &err);
}

static void call_memcpy(void *context, const figure *what)
{
    member *m = context;
    if (what->doubles) memcpy(m->copy, m->data, what->doubles * sizeof *m->data);
    else call(context, what);
}

static double cpu_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* The last one comes a second late. */
static double waiting_ms(member *m, bool late)
{
    static const figure barrier = {.name = "", .doubles = 0};
    call(m, &barrier);
    double before = cpu_ms();
    if (late) sleep(1);
    call(m, &barrier);
    return cpu_ms() - before;
}

static void wait_for_death(member *m, bool dies)
{
    par_error err;
    if (dies) {
        usleep(30000);
        m->told_us[par_board_rank(m->board)] = now_us();
        raise(SIGKILL);
    }
    while (par_collect_barrier(m->board, PAR_NEVER, &err) == PAR_OK) {}
    m->told_us[par_board_rank(m->board)] = now_us();
}

static void run(member *m)
{
    unsigned rank = par_board_rank(m->board), last = par_board_size(m->board) - 1;
    static const figure copies = {"memcpy 16MB", DOUBLES_MAX, 5};
    for (int i = 0; i < FIGURES; i++) {
        double us = measure(&figures[i], call, m);
        if (rank == 0) row(figures[i].name, us, "us");
    }
    double us = measure(&copies, call_memcpy, m);
    if (rank == 0) row(copies.name, us, "us");
    double ms = waiting_ms(m, rank == last);
    if (rank == 0 && last) row("waiting 1s: CPU", ms, "ms");
    fflush(stdout);
    if (last) wait_for_death(m, rank == last);
    _exit(0);
}

/* What the board takes up of memory. */
static double board_mib(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 ? (double)info.st_blocks * 512 / (1 << 20) : -1;
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 2;
    par_error err;
    int fd, seat_fd[256];
    double *told_us = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), last = 0;
    if (n < 1 || n > 256 || told_us == MAP_FAILED) return 2;
    expect(par_board_make(n, &fd, &err), &err);
    for (unsigned i = 0; i < n; i++) expect(par_board_seat_fd(fd, n, i, &seat_fd[i], &err), &err);
    for (unsigned i = 0; i < n; i++) {
        if (fork() == 0) {
            member m = {.data = malloc(16 << 20), .copy = malloc(16 << 20), .told_us = told_us};
            for (unsigned k = 0; k < n; k++)
                if (k != i) par_os_close(seat_fd[k]);
            memset(m.data, 0, 16 << 20);
            memset(m.copy, 0, 16 << 20);
            expect(par_board_join(&m.board, seat_fd[i], n, i, NULL, NULL, &err), &err);
            run(&m);
        }
    }
    for (unsigned i = 0; i < n; i++) par_os_close(seat_fd[i]);
    while (wait(NULL) > 0) {}
    for (unsigned i = 0; i + 1 < n; i++) last = told_us[i] > last ? told_us[i] : last;
    if (n > 1) row("death told", (last - told_us[n - 1]) / 1e3, "ms");
    row("memory", board_mib(fd), "MiB");
    return 0;
}
