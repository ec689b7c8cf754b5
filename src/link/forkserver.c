#include "link/forkserver.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "link/protocol.h"

#define LINGER_NS INT64_C(2000000000) /* a process that was killed is gone by then */
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
    int rc = par_os_spawn_server(spawn, PAR_CHILD_SOCKET_FD, &server->pid, &server->socket, err);
    if (rc != PAR_OK) return rc;
    server->answer_ns = PAR_FORKSERVER_ANSWER_NS;
    server->interrupted = NULL;
    return PAR_OK;
}

/* Kills a child of ours and waits for its end. */
static void end_process(pid_t pid)
{
    int64_t patience_ns = par_os_now_ns() + LINGER_NS;
    par_os_exit end;
    for (par_os_reap(pid, &end); !end.ended && par_os_now_ns() < patience_ns; par_os_reap(pid, &end)) {
        if (end.status < 0) return; /* alive, and no child of ours */
        par_os_kill(pid, SIGKILL);
        par_os_sleep_ns(100000);
    }
}

/* An answer that nobody waits for any more: its child was made for nothing, and nobody else would reap it. */
static void end_strays(par_forkserver *server)
{
    answer late;
    int n_fds = 0;
    while (par_os_socket_read(server->socket, &late, sizeof late, NULL, 0, &n_fds) == (int)sizeof late)
        if (late.pid > 0) end_process((pid_t)late.pid);
}

void par_forkserver_close(par_forkserver *server)
{
    if (server->socket < 0) return;
    end_process(server->pid);
    end_strays(server);
    par_os_close(server->socket);
    server->socket = -1;
}

static int no_answer(const par_forkserver *server, par_error *err)
{
    return par_error_set(err, PAR_E_TIMEOUT,
                         "the fork server gave no answer for %g s and was ended (is it stopped, or does a module of "
                         "parallel.preload take that long to load?); the next child starts a new one",
                         (double)server->answer_ns * 1e-9);
}

/* Waits for bytes. In slices, since a signal may come just before the sleep. */
static int await_answer(par_forkserver *server, int64_t deadline_ns, par_error *err)
{
    if (server->interrupted && server->interrupted(server->host)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
    int64_t now_ns = par_os_now_ns(), slice_ns = now_ns + PAR_OS_SLICE_NS;
    if (now_ns >= deadline_ns) return no_answer(server, err);
    par_os_wait_fd(server->socket, PAR_OS_READABLE, deadline_ns < slice_ns ? deadline_ns : slice_ns);
    return PAR_OK;
}

static int read_answer(par_forkserver *server, answer *out, par_error *err)
{
    size_t got = 0;
    int64_t deadline_ns = par_os_now_ns() + server->answer_ns;
    while (got < sizeof *out) {
        int n_fds = 0;
        int n = par_os_socket_read(server->socket, (char *)out + got, sizeof *out - got, NULL, 0, &n_fds);
        if (n > 0) got += (size_t)n;
        else if (n != PAR_E_AGAIN) return par_error_set(err, PAR_E_CLOSED, "the fork server has ended");
        else {
            int rc = await_answer(server, deadline_ns, err);
            if (rc != PAR_OK) return rc;
        }
    }
    return PAR_OK;
}

static int request_child(par_forkserver *server, int child_socket, const int output[2], pid_t *pid, par_error *err)
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

int par_forkserver_start(par_forkserver *server, int child_socket, const int output[2], pid_t *pid, par_error *err)
{
    if (server->socket < 0) return par_error_set(err, PAR_E_CLOSED, "the fork server has ended");
    int rc = request_child(server, child_socket, output, pid, err);
    if (rc != PAR_OK) par_forkserver_close(server);
    return rc;
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
