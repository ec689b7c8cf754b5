#include "process/forkserver.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "process/protocol.h"

#define ANSWER_NS INT64_C(30000000000) /* preloading modules may take a while */
#define MAGIC UINT32_C(0x70667376)

typedef struct request {
    uint32_t magic;
    uint32_t has_output; /* two more descriptors come along: output and error */
} request;

typedef struct answer {
    int64_t pid; /* or the negative errno of fork */
} answer;

/* --- our side --- */

int par_forkserver_open(par_forkserver *server, const par_os_spawn_options *spawn, par_error *err)
{
    int fd[2];
    int rc = par_os_socketpair(fd, err);
    if (rc != PAR_OK) return rc;
    par_os_spawn_options options = *spawn;
    for (int i = 0; i < PAR_CHILD_SOCKET_FD; i++) options.fds[i] = -1;
    options.fds[PAR_CHILD_SOCKET_FD] = fd[1];
    options.n_fds = PAR_CHILD_SOCKET_FD + 1;
    rc = par_os_spawn(&options, &server->pid, err);
    par_os_close(fd[1]);
    if (rc != PAR_OK) {
        par_os_close(fd[0]);
        return rc;
    }
    server->socket = fd[0];
    return PAR_OK;
}

void par_forkserver_close(par_forkserver *server)
{
    if (server->socket < 0) return;
    par_os_close(server->socket);
    server->socket = -1;
    par_os_kill(server->pid, SIGKILL);
    par_os_exit end = {0};
    for (int i = 0; i < 1000 && !end.ended; i++) {
        par_os_reap(server->pid, &end);
        if (!end.ended) par_os_sleep_ns(100000);
    }
}

static int read_answer(par_forkserver *server, answer *out, par_error *err)
{
    size_t got = 0;
    int64_t deadline_ns = par_os_now_ns() + ANSWER_NS;
    while (got < sizeof *out) {
        int n_fds = 0;
        int n = par_os_socket_read(server->socket, (char *)out + got, sizeof *out - got, NULL, 0, &n_fds);
        if (n > 0) got += (size_t)n;
        else if (n == PAR_E_AGAIN) {
            int events = par_os_wait_fd(server->socket, PAR_OS_READABLE, deadline_ns);
            if (events == PAR_E_TIMEOUT) return par_error_set(err, PAR_E_TIMEOUT, "the fork server does not answer");
        } else return par_error_set(err, PAR_E_CLOSED, "the fork server has ended");
    }
    return PAR_OK;
}

int par_forkserver_start(par_forkserver *server, int child_socket, const int output[2], pid_t *pid, par_error *err)
{
    bool has_output = output[0] >= 0;
    request ask = {MAGIC, has_output};
    int fds[3] = {child_socket, output[0], output[1] >= 0 ? output[1] : output[0]};
    int n = par_os_socket_write(server->socket, &ask, sizeof ask, fds, has_output ? 3 : 1);
    if (n == PAR_E_CLOSED) return par_error_set(err, PAR_E_CLOSED, "the fork server has ended");
    if (n != (int)sizeof ask) return par_error_set(err, PAR_E_SYSTEM, "cannot reach the fork server");
    answer got;
    int rc = read_answer(server, &got, err);
    if (rc != PAR_OK) return rc;
    if (got.pid <= 0) return par_error_set(err, PAR_E_SYSTEM, "the fork server cannot fork: %s", strerror((int)-got.pid));
    *pid = (pid_t)got.pid;
    return PAR_OK;
}

/* --- the server's side --- */

/* One whole request with its descriptors. PAR_E_CLOSED: our maker is gone. */
static int read_request(request *out, int fds[3], int *n_fds)
{
    size_t got = 0;
    *n_fds = 0;
    while (got < sizeof *out) {
        int more = 0;
        int n = par_os_socket_read(PAR_CHILD_SOCKET_FD, (char *)out + got, sizeof *out - got, fds + *n_fds, 3 - *n_fds, &more);
        *n_fds += more;
        if (n > 0) got += (size_t)n;
        else if (n == PAR_E_AGAIN) par_os_wait_fd(PAR_CHILD_SOCKET_FD, PAR_OS_READABLE, INT64_MAX);
        else return PAR_E_CLOSED;
    }
    int wanted = out->has_output ? 3 : 1;
    return out->magic == MAGIC && *n_fds == wanted ? PAR_OK : PAR_E_CORRUPT;
}

static int become_child(const int fds[3], int n_fds, par_error *err)
{
    int rc = PAR_OK;
    if (n_fds == 3) {
        rc = par_os_move_fd(fds[1], 1, err);
        if (rc == PAR_OK) rc = par_os_move_fd(fds[2], 2, err);
    }
    return rc == PAR_OK ? par_os_move_fd(fds[0], PAR_CHILD_SOCKET_FD, err) : rc;
}

int par_forkserver_serve(par_error *err)
{
    int rc = par_os_socket_prepare(PAR_CHILD_SOCKET_FD, err);
    if (rc != PAR_OK) return rc;
    for (;;) {
        request ask;
        int fds[3], n_fds;
        rc = read_request(&ask, fds, &n_fds);
        if (rc != PAR_OK) exit(rc == PAR_E_CLOSED ? 0 : 1);
        answer reply = {par_os_fork_sibling()};
        if (reply.pid == 0) return become_child(fds, n_fds, err);
        for (int i = 0; i < n_fds; i++) par_os_close(fds[i]);
        if (par_os_socket_write(PAR_CHILD_SOCKET_FD, &reply, sizeof reply, NULL, 0) != (int)sizeof reply) exit(1);
    }
}
