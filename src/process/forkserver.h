/* The fork server: a clean interpreter, started once, which makes children by fork on request. Its children are siblings of
 * it, our own children, so that we reap them as any other. Linux only. */
#ifndef PAR_PROCESS_FORKSERVER_H
#define PAR_PROCESS_FORKSERVER_H

#include "os/os.h"

typedef struct par_forkserver {
    int socket; /* our end; -1 when it does not run */
    pid_t pid;
} par_forkserver;

/* Starts it; spawn's program and arguments must lead to par_forkserver_serve on descriptor PAR_CHILD_SOCKET_FD. */
int par_forkserver_open(par_forkserver *server, const par_os_spawn_options *spawn, par_error *err);
void par_forkserver_close(par_forkserver *server);
/* Asks for a child with this socket and this output and error (-1: the server's own). PAR_E_CLOSED: the server is gone. */
int par_forkserver_start(par_forkserver *server, int child_socket, const int output[2], pid_t *pid, par_error *err);
/* The server's side: serves until our end closes, then ends the process. Returns only in the children that it makes, where
 * PAR_CHILD_SOCKET_FD is their own socket. */
int par_forkserver_serve(par_error *err);

#endif
