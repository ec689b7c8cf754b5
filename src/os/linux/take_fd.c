/* Taking a descriptor out of a socket, or leaving it there: a look gives a copy of it, and when there is no room for that nothing is
 * lost. Only then is it taken away. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"

typedef union fd_room { /* the system closes what has no room in here */
    struct cmsghdr align;
    char bytes[CMSG_LEN(sizeof(int))];
} fd_room;

static int the_descriptor(struct msghdr *message)
{
    int fd = -1;
    struct cmsghdr *part = message->msg_controllen ? CMSG_FIRSTHDR(message) : NULL;
    if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS && part->cmsg_len >= CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(part), sizeof fd);
    return fd;
}

int par_os_socket_take_fd(int fd, int *received_fd)
{
    uint8_t byte;
    fd_room room;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
    *received_fd = -1;
    ssize_t n;
    do n = PAR_TRY(recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
    while (n < 0 && errno == EINTR);
    if (n <= 0) return n == 0 || errno == EAGAIN ? PAR_OK : PAR_E_LIMIT;
    *received_fd = the_descriptor(&message);
    if (*received_fd < 0 && (message.msg_flags & MSG_CTRUNC)) return PAR_E_LIMIT;
    par_os_socket_drop(fd, 1);
    return PAR_OK;
}
