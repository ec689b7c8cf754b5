/* Threads that are the members of a group, for ThreadSanitizer: all of them see the board at the same place, as it has to be for it to tell
 * which of them saw what another one stored. */
#ifndef PAR_TESTS_GROUP_THREADS_H
#define PAR_TESTS_GROUP_THREADS_H

#include <pthread.h>

#include "group/internal.h"
#include "members.h"

/* What a member does; `board` is left by who started it. */
typedef void thread_code(par_board *board);

typedef struct thread_member {
    par_board *board;
    par_board_page *page; /* its own, which it needs to leave */
    thread_code *code;
    pthread_t thread;
} thread_member;

static inline void *thread_member_run(void *context)
{
    thread_member *self = context;
    self->code(self->board);
    return NULL;
}

static inline void threads_as_members_of(unsigned n, thread_code *code)
{
    members m;
    thread_member member[MEMBERS_MAX];
    members_make(&m, n);
    for (unsigned seat = 0; seat < n; seat++) {
        par_board *board = member_join(m.seat_fd[seat], n, seat, NULL);
        member[seat] = (thread_member){.board = board, .page = board->page, .code = code};
        board->page = member[0].page;
    }
    for (unsigned seat = 0; seat < n; seat++) CHECK(pthread_create(&member[seat].thread, NULL, thread_member_run, &member[seat]) == 0);
    for (unsigned seat = 0; seat < n; seat++) pthread_join(member[seat].thread, NULL);
    for (unsigned seat = 0; seat < n; seat++) {
        member[seat].board->page = member[seat].page;
        par_board_leave(member[seat].board);
    }
    members_end(&m, 0);
}

#endif
