/* The doorbell socket: a stream socketpair whose bytes mean "look", whose end of file means "gone", and which carries
 * descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

#ifdef MSG_NOSIGNAL
#define QUIET MSG_NOSIGNAL
#else
#define QUIET 0 /* macOS: SO_NOSIGPIPE is set on the socket instead */
#endif

typedef union fd_room {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * PAR_OS_FDS_MAX)];
} fd_room;

static int close_on_exec(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    return flags < 0 ? -1 : fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

int par_os_socket_prepare(int fd, par_error *err)
{
    struct timeval slice = {.tv_sec = 0, .tv_usec = PAR_OS_SLICE_NS / 1000};
    int failed = PAR_TRY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice));
#ifdef SO_NOSIGPIPE
    int on = 1;
    if (failed == 0) failed = setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    if (failed == 0) failed = PAR_TRY(close_on_exec(fd));
    return failed ? par_error_system(err, "cannot prepare descriptor %d as a channel's socket", fd) : PAR_OK;
}

int par_os_socketpair(int fd[2], par_error *err)
{
    if (par_os_make_socketpair(fd) != 0) return par_error_system(err, "cannot make a socket pair");
    for (int i = 0; i < 2; i++)
        if (par_os_socket_prepare(fd[i], err) != PAR_OK) {
            close(fd[0]);
            close(fd[1]);
            return err->code;
        }
    return PAR_OK;
}

static void attach_fds(struct msghdr *message, fd_room *room, const int *fds, int n)
{
    memset(room, 0, sizeof *room);
    message->msg_control = room->bytes;
    message->msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n);
    struct cmsghdr *part = CMSG_FIRSTHDR(message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
    memcpy(CMSG_DATA(part), fds, sizeof(int) * (size_t)n);
}

int par_os_socket_write(int fd, const void *bytes, size_t len, const int *send_fds, int n_fds)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    fd_room room;
    if (n_fds > 0) attach_fds(&message, &room, send_fds, n_fds);
    for (;;) {
        ssize_t n = n_fds > 0 ? PAR_TRY(sendmsg(fd, &message, MSG_DONTWAIT | QUIET)) : PAR_TRY(send(fd, bytes, len, MSG_DONTWAIT | QUIET));
        if (n >= 0) return (int)n;
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ETOOMANYREFS) return PAR_E_AGAIN;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return PAR_E_CLOSED;
        return PAR_E_SYSTEM;
    }
}

/* Takes the descriptors out of a received message; what does not fit is closed, never leaked. */
static void take_fds(struct msghdr *message, int *fds, int max_fds, int *n_fds)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
#ifndef MSG_CMSG_CLOEXEC
            close_on_exec(fd);
#endif
            if (*n_fds < max_fds) fds[(*n_fds)++] = fd;
            else close(fd);
        }
    }
}

static int read_once(int fd, void *bytes, size_t len, int *fds, int max_fds, int *n_fds)
{
    int flags = MSG_DONTWAIT;
#ifdef MSG_CMSG_CLOEXEC
    flags |= MSG_CMSG_CLOEXEC;
#endif
    struct iovec part = {.iov_base = bytes, .iov_len = len};
    fd_room room;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
    *n_fds = 0;
    ssize_t n = PAR_TRY(recvmsg(fd, &message, flags));
    if (n < 0) return (int)n;
    if (message.msg_controllen) take_fds(&message, fds, max_fds, n_fds);
    return (int)n;
}

int par_os_socket_read(int fd, void *bytes, size_t len, int *received_fds, int max_fds, int *n_fds)
{
    int n;
    do n = read_once(fd, bytes, len, received_fds, max_fds, n_fds);
    while (n < 0 && errno == EINTR);
    if (n > 0) return n;
    if (n == 0 || errno == ECONNRESET) return PAR_E_CLOSED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? PAR_E_AGAIN : PAR_E_SYSTEM;
}

/* --- looking first --- */
int par_os_socket_look(int fd, void *bytes, size_t len)
{
    ssize_t n;
    do n = PAR_TRY(recv(fd, bytes, len, MSG_PEEK | MSG_DONTWAIT));
    while (n < 0 && errno == EINTR);
    if (n > 0) return (int)n;
    if (n == 0 || errno == ECONNRESET) return PAR_E_CLOSED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? PAR_E_AGAIN : PAR_E_SYSTEM;
}

int par_os_socket_look_slice(int fd, void *bytes, size_t len)
{
    ssize_t n = PAR_TRY(recv(fd, bytes, len, MSG_PEEK));
    if (n > 0) return (int)n;
    if (n == 0 || errno == ECONNRESET) return PAR_E_CLOSED;
    if (errno == EINTR) return PAR_E_INTERRUPTED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? PAR_E_TIMEOUT : PAR_E_SYSTEM;
}

void par_os_socket_drop(int fd, size_t len)
{
    uint8_t bytes[256];
    while (len) { /* a read ends behind each descriptor */
        ssize_t n = recv(fd, bytes, len < sizeof bytes ? len : sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        len -= (size_t)n;
    }
}

void par_os_socket_end(int fd) { shutdown(fd, SHUT_RDWR); }

void par_os_close(int fd)
{
    if (fd >= 0) close(fd);
}
