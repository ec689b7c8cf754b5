/* Processes that are the members of a group, for tests. */
#ifndef PAR_TESTS_MEMBERS_H
#define PAR_TESTS_MEMBERS_H

#include <sys/mman.h>

#include "base/limits.h"
#include "group/board.h"
#include "os/os.h"
#include "tap.h"

#define SECONDS(n) (par_os_now_ns() + (int64_t)(n)*1000000000)
#define MILLISECONDS(n) (par_os_now_ns() + (int64_t)(n)*1000000)

enum { MEMBERS_MAX = 64 };

typedef struct members {
    unsigned n;
    int board_fd, seat_fd[MEMBERS_MAX]; /* -1: given away */
    pid_t pid[MEMBERS_MAX];
} members;

/* What a member does; its process ends with the status that this returns. */
typedef int member_code(par_board *board, void *context);

static inline uint32_t member_id(unsigned seat) { return seat + 101; }

static inline par_board *member_join(int seat_fd, unsigned n, unsigned seat, const par_board_owner *owner)
{
    uint32_t ids[MEMBERS_MAX];
    par_board *board;
    par_error err;
    for (unsigned i = 0; i < n; i++) ids[i] = member_id(i);
    CHECK_INT(par_board_join(&board, seat_fd, n, seat, ids, owner, &err), PAR_OK);
    return board;
}

static inline void members_make(members *m, unsigned n)
{
    par_error err;
    *m = (members){.n = n};
    CHECK_INT(par_board_make(n, &m->board_fd, &err), PAR_OK);
    for (unsigned seat = 0; seat < n; seat++) CHECK_INT(par_board_seat_fd(m->board_fd, n, seat, &m->seat_fd[seat], &err), PAR_OK);
}

/* In the member nobody else's sign of life is left, in us not this one's. */
static inline void member_start(members *m, unsigned seat, member_code *code, void *context)
{
    fflush(stdout);
    m->pid[seat] = fork();
    CHECK(m->pid[seat] >= 0);
    if (m->pid[seat] == 0) {
        alarm(TAP_SECONDS);
        for (unsigned i = 0; i < m->n; i++)
            if (i != seat) par_os_close(m->seat_fd[i]);
        int status = code(member_join(m->seat_fd[seat], m->n, seat, NULL), context);
        fflush(stdout);
        _exit(status);
    }
    par_error err;
    CHECK_INT(par_board_seat_pid(m->board_fd, m->n, seat, m->pid[seat], &err), PAR_OK);
    par_os_close(m->seat_fd[seat]);
    m->seat_fd[seat] = -1;
}

static inline void members_start(members *m, unsigned n, member_code *code, void *context)
{
    members_make(m, n);
    for (unsigned seat = 0; seat < n; seat++) member_start(m, seat, code, context);
}

static inline bool has_signs_of_life(int fd)
{
    par_error err;
    int life;
    if (par_os_life_open(fd, 1 << 30, &life, &err) != PAR_OK) return false;
    par_os_close(life);
    return true;
}

/* Where there are none only those that were reaped are known to be dead. */
static inline void members_kill(members *m, unsigned seat)
{
    kill(m->pid[seat], SIGKILL);
    if (has_signs_of_life(m->board_fd)) return;
    CHECK(waitpid(m->pid[seat], NULL, 0) == m->pid[seat]);
    m->pid[seat] = 0;
}

/* All have ended; those with a bit in `killed` by SIGKILL, the others with status 0. */
static inline void members_end(members *m, uint64_t killed)
{
    for (unsigned seat = 0; seat < m->n; seat++) {
        int status;
        if (m->pid[seat] == 0) continue;
        CHECK(waitpid(m->pid[seat], &status, 0) == m->pid[seat]);
        if (killed >> seat & 1) continue;
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 0);
    }
    par_os_close(m->board_fd);
}

/* Memory that all processes started from now on share with us. */
static inline void *shared_memory(size_t bytes)
{
    void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(data != MAP_FAILED);
    return data;
}

/* A random number that differs from process to process. */
static inline uint32_t chance(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

#endif
