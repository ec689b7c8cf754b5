/* The end of a child's process: whether it has come, waiting for it, and bringing it about. For the files of this folder; link.h has
 * what others may call. */
#ifndef PAR_LINK_EXIT_H
#define PAR_LINK_EXIT_H

#include "link/link.h"

/* Reaps a child that has ended, and only that. */
void par_link_look_at_exit(par_link *link);
/* A process that was killed and has not ended in time, since the machine is busy or a disk does not answer: it is reaped when a child is
 * started or ended later, so that no zombie stays as long as the program goes on. */
void par_exit_reap_strays(void);
/* This one is another process now. */
void par_exit_forget_stray(pid_t pid);
/* The process has no socket any more, or a SIGKILL: it is ending. One that does not is put to an end after a while. */
void par_link_await_exit(par_link *link, int64_t deadline_ns);
/* In a child, by its life line: the parent is gone, and par_link_is_there says so from now on. */
void par_exit_orphan(void);

#endif
