/* The program that starts the agent of a host (ssh, srun, ...): its pipes, what it says when it fails, its end. */
#ifndef PAR_CLUSTER_LAUNCHER_H
#define PAR_CLUSTER_LAUNCHER_H

#include "cluster/frame.h"
#include "cluster/loop.h"

#define PAR_STDERR_KEEP_BYTES 4096u /* of what it says last */

typedef struct par_launcher {
    par_loop *loop;
    char *command; /* for people */
    pid_t pid;     /* 0: it was not started */
    par_os_exit exit;
    int in, out, err; /* our ends of its pipes; -1: none, or somebody else's by now */
    par_source err_source;
    char said[PAR_STDERR_KEEP_BYTES + 1]; /* on its standard error, and where the agent should have spoken */
    size_t said_len;
} par_launcher;

/* PAR_OK, or a code with err: then par_launcher_close gives back what was made. */
int par_launcher_start(par_launcher *launcher, par_loop *loop, par_frame_texts words, par_error *err);
void par_launcher_close_pipes(par_launcher *launcher); /* but for its standard error */
void par_launcher_signal(par_launcher *launcher, int number);
/* Has it ended? */
bool par_launcher_ended(par_launcher *launcher);
/* It said this where the agent should have spoken. */
void par_launcher_heard(par_launcher *launcher, const void *bytes, size_t len);
/* The last lines of what it said. */
const char *par_launcher_last_lines(const par_launcher *launcher);
/* Kills one that has not ended. */
void par_launcher_close(par_launcher *launcher);

#endif
