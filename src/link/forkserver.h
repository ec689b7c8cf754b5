/* The fork server: a clean interpreter, started once, which makes children by fork on request. Its children are siblings of
 * it, our own children, so that we reap them as any other. Linux only. */
#ifndef PAR_LINK_FORKSERVER_H
#define PAR_LINK_FORKSERVER_H

#include "os/os.h"

typedef struct par_forkserver {
    int socket; /* our end; -1 when it does not run */
    pid_t pid;
    int64_t answer_ns;               /* a request may take so long; the first one waits for the modules that are preloaded */
    bool (*interrupted)(void *host); /* asked while a request waits: leave? NULL: never */
    void *host;
} par_forkserver;

#define PAR_FORKSERVER_ANSWER_NS INT64_C(30000000000)

/* Starts it, with the usual patience and no hook; spawn's program and arguments must lead to par_forkserver_serve on descriptor
 * PAR_CHILD_SOCKET_FD. */
int par_forkserver_open(par_forkserver *server, const par_os_spawn_options *spawn, par_error *err);
void par_forkserver_close(par_forkserver *server);
/* Asks for a child with this socket and this output and error (-1: the server's own). Whatever fails closes the server, which
 * ends it: an answer that came after that would be taken for the next request's. PAR_E_CLOSED: it was gone. PAR_E_TIMEOUT,
 * PAR_E_INTERRUPTED, PAR_E_SYSTEM. */
int par_forkserver_start(par_forkserver *server, int child_socket, const int output[2], pid_t *pid, par_error *err);
/* The server's side: serves until our end closes, then ends the process. Returns only in the children that it makes, where
 * PAR_CHILD_SOCKET_FD is their own socket. */
int par_forkserver_serve(par_error *err);

#endif
