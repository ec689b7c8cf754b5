/* Starting a child, and being one. */
#ifndef PAR_LINK_START_H
#define PAR_LINK_START_H

#include "link/forkserver.h"
#include "link/link.h"

typedef struct par_start_options {
    uint32_t id;
    size_t ring_bytes;
    const char *output;         /* NULL: it writes to ours; "prefix", "capture" or "null" */
    const char *prefix;         /* for "prefix" */
    par_os_spawn_options spawn; /* fds are filled in here */
    par_forkserver *server;     /* makes the child instead of a spawn; NULL for none */
    /* Has the child made on another machine instead: it gets these descriptors. NULL for none. */
    int (*place)(void *context, int child_socket, const int output[2], par_error *err);
    void *place_context;
} par_start_options;

/* A process with our end of a transport to it, before anybody knows what is said on it. */
typedef struct par_process {
    struct par_channel *channel;
    par_relay *relay; /* of its output; NULL when it writes to ours */
    pid_t pid;        /* 0: not known yet, of one on another machine */
} par_process;

/* Starts a process of which `owner` hears. On failure nothing is left. */
int par_start_process(par_process *out, const par_start_options *options, const par_transport_owner *owner, par_error *err);
/* Starts a child: process, link, place in the family. */
int par_link_start(par_link **out, const par_start_options *options, par_error *err);
/* In a child: the link to the parent, over the inherited socket, with the life line that ends this process soon after
 * its parent. */
int par_link_attach(par_link **out, int socket_fd, par_error *err);

#endif
