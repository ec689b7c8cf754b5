/* The user's process as the client of its bridge: the process that stands between it and the agents on other machines. */
#ifndef PAR_CLUSTER_CLIENT_H
#define PAR_CLUSTER_CLIENT_H

#include "base/buffer.h"
#include "cluster/launch.h"
#include "os/os.h"

typedef enum par_host_state { PAR_HOST_NONE, PAR_HOST_LAUNCHING, PAR_HOST_UP, PAR_HOST_DOWN } par_host_state;

typedef struct par_client_host {
    par_host_state state;
    par_buffer said; /* UP: the body of its HELLO; DOWN: why, as text */
} par_client_host;

typedef struct par_client {
    int socket; /* -1: no bridge runs */
    pid_t pid;
    pid_t owner;            /* who has started it; a forked copy of that has no bridge */
    par_client_host *hosts; /* by number */
    uint32_t n_hosts;
    par_buffer in;
    uint32_t grouped; /* the group of which an answer came last: */
    par_error group_err;
    bool (*interrupted)(void *host);
    void *host;
} par_client;

/* Starts the bridge: program and arguments of spawn lead to par_bridge_serve on descriptor PAR_CHILD_SOCKET_FD. */
int par_client_open(par_client *client, const par_os_spawn_options *spawn, par_error *err);
/* Ends the bridge, and so all agents and their children. Waits a moment for that. In a forked copy of its owner: lets go of it. */
void par_client_close(par_client *client);
/* Has the agent of host number `host` started. Its answer comes later. */
int par_client_launch(par_client *client, uint32_t host, const par_launch *launch, par_error *err);
/* Waits until it is known whether the host is up: PAR_OK; PAR_E_CLOSED: it is down, and err says why; PAR_E_TIMEOUT, ... */
int par_client_await(par_client *client, uint32_t host, int64_t deadline_ns, par_error *err);
/* What is known of it now. */
par_host_state par_client_state(par_client *client, uint32_t host);
int par_client_hello(par_client *client, uint32_t host, par_frame_hello *out, par_error *err);
/* Asks for a child on a host that is up. How that went is said on the child's channel. */
int par_client_start(par_client *client, uint32_t host, uint32_t id, const par_frame_start *start, const char *const *env, int child_socket,
                     const int output[2], par_error *err);
/* Modules of these templates may be sent to children there. */
int par_client_set_paths(par_client *client, uint32_t host, const char *path, const char *cpath, par_error *err);
int par_client_drop(par_client *client, uint32_t host, par_error *err);

/* --- a group of which children on other hosts are members: group, then bells and peers, then done --- */
typedef struct par_client_member {
    uint32_t host, id; /* 0: it is on this host; number of the child */
} par_client_member;
/* key: from 1; no other group of this process has it. board_fd: of the members on this host, borrowed; -1: all are on one other host. */
int par_client_group(par_client *client, uint32_t key, const par_client_member *members, unsigned n, bool channels, uint64_t ring_bytes,
                     int board_fd, par_error *err);
int par_client_group_bell(par_client *client, uint32_t key, uint32_t seat, int fd, par_error *err);
/* A channel from a member here to one elsewhere: fd is the latter's end, borrowed. */
int par_client_group_peer(par_client *client, uint32_t key, uint32_t seat, uint32_t other, uint32_t host, uint64_t ring_bytes, int fd,
                          par_error *err);
/* PAR_OK: the agents have been asked before anything that is sent to their children from now on. Else why there is no such group. */
int par_client_group_done(par_client *client, uint32_t key, par_error *err);

#endif
