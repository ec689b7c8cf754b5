/* Descriptors that are close-on-exec from the first moment: another thread may be about to start a program. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/system.h"

int par_os_make_pipe(int fd[2]) { return PAR_TRY(pipe2(fd, O_CLOEXEC)); }

int par_os_make_socket(int family, int type) { return PAR_TRY(socket(family, type | SOCK_CLOEXEC, 0)); }

int par_os_make_socketpair(int fd[2]) { return PAR_TRY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)); }

int par_os_take_connection(int listen_fd, struct sockaddr *from, socklen_t *len)
{
    return PAR_TRY(accept4(listen_fd, from, len, SOCK_CLOEXEC));
}
