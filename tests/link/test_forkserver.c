/* Requests to the fork server that come to nothing: its answer may not be taken for that of the next one. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "link/forkserver.h"
#include "link/protocol.h"
#include "tap.h"

#define SHORT_NS INT64_C(200000000)

static const int no_output[2] = {-1, -1};
static par_error err;

/* Has the system what the server needs? Emulators of processors have not, whatever they are made for. */
static bool can_fork_siblings(void)
{
    int status = 1;
    pid_t pid = fork();
    if (pid == 0) {
        int64_t sibling = par_os_fork_sibling();
        _exit(sibling < 0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    if (status == 0) waitpid(-1, NULL, 0);
    return status == 0;
}

/* The server is a copy of this process; its children say who they are and wait for the end of their socket. */
static void serve(int socket)
{
    CHECK_INT(par_os_move_fd(socket, PAR_CHILD_SOCKET_FD, &err), PAR_OK);
    CHECK_INT(par_forkserver_serve(&err), PAR_OK);
    pid_t pid = (pid_t)syscall(SYS_getpid); /* what the C library remembers is the number of the server */
    CHECK_INT(par_os_socket_write(PAR_CHILD_SOCKET_FD, &pid, sizeof pid, NULL, 0), sizeof pid);
    par_os_wait_fd(PAR_CHILD_SOCKET_FD, 0, INT64_MAX);
    _exit(0);
}

static par_forkserver open_server(void)
{
    int fd[2];
    CHECK_INT(par_os_socketpair(fd, &err), PAR_OK);
    pid_t pid = fork();
    if (pid == 0) {
        par_os_close(fd[0]);
        serve(fd[1]);
    }
    par_os_close(fd[1]);
    return (par_forkserver){.socket = fd[0], .pid = pid, .answer_ns = PAR_FORKSERVER_ANSWER_NS};
}

/* A child is the one whose number was given. Returns its socket. */
static int start_child(par_forkserver *server, pid_t *pid)
{
    int fd[2], n_fds;
    pid_t said = 0;
    CHECK_INT(par_os_socketpair(fd, &err), PAR_OK);
    CHECK_INT(par_forkserver_start(server, fd[1], no_output, pid, &err), PAR_OK);
    par_os_close(fd[1]);
    CHECK(par_os_wait_fd(fd[0], PAR_OS_READABLE, INT64_MAX) > 0);
    CHECK_INT(par_os_socket_read(fd[0], &said, sizeof said, NULL, 0, &n_fds), sizeof said);
    CHECK_INT(said, *pid);
    return fd[0];
}

static int fail_to_start(par_forkserver *server)
{
    int fd[2];
    pid_t pid;
    CHECK_INT(par_os_socketpair(fd, &err), PAR_OK);
    int rc = par_forkserver_start(server, fd[1], no_output, &pid, &err);
    par_os_close(fd[0]);
    par_os_close(fd[1]);
    return rc;
}

static void start_and_end_child(par_forkserver *server)
{
    pid_t pid;
    int socket = start_child(server, &pid);
    par_os_close(socket);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static void check_no_child_left(void)
{
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(errno, ECHILD);
}

static void one_that_does_not_answer_is_ended(void)
{
    if (!can_fork_siblings()) return;
    par_forkserver server = open_server();
    start_and_end_child(&server);
    kill(server.pid, SIGSTOP);
    server.answer_ns = SHORT_NS;
    CHECK_INT(fail_to_start(&server), PAR_E_TIMEOUT);
    CHECK(strstr(err.text, "0.2 s") != NULL);
    CHECK_INT(server.socket, -1);
    check_no_child_left();
    CHECK_INT(fail_to_start(&server), PAR_E_CLOSED);
    server = open_server();
    start_and_end_child(&server);
    par_forkserver_close(&server);
    check_no_child_left();
}

static bool leave(void *host)
{
    ++*(int *)host;
    return true;
}

/* The answer comes before it is asked for again: the child that it names is ours to end. */
static bool leave_late(void *host)
{
    const par_forkserver *server = host;
    CHECK(par_os_wait_fd(server->socket, PAR_OS_READABLE, INT64_MAX) > 0);
    return true;
}

static void a_request_can_be_interrupted(void)
{
    if (!can_fork_siblings()) return;
    int asked = 0;
    par_forkserver server = open_server();
    kill(server.pid, SIGSTOP);
    server.interrupted = leave;
    server.host = &asked;
    CHECK_INT(fail_to_start(&server), PAR_E_INTERRUPTED);
    CHECK(asked > 0);
    CHECK_INT(server.socket, -1);
    check_no_child_left();
}

static void a_child_that_comes_too_late_is_ended(void)
{
    if (!can_fork_siblings()) return;
    par_forkserver server = open_server();
    server.interrupted = leave_late;
    server.host = &server;
    while (fail_to_start(&server) == PAR_OK) { /* the answer was there at the first look */
        waitpid(-1, NULL, 0);
    }
    CHECK_INT(err.code, PAR_E_INTERRUPTED);
    CHECK_INT(server.socket, -1);
    check_no_child_left();
}

TAP_MAIN(TEST(one_that_does_not_answer_is_ended), TEST(a_request_can_be_interrupted), TEST(a_child_that_comes_too_late_is_ended))
