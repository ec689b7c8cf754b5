/* Taking a descriptor out of a socket, or leaving it there: whether there is room is tried first, since what finds none when it is
 * taken is lost. Another thread may take that room in between; the systems that give a copy to look at do better. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"

int par_os_socket_take_fd(int fd, int *received_fd)
{
    uint8_t byte;
    int n_fds = 0, probe = PAR_TRY(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    *received_fd = -1;
    if (probe < 0) return PAR_E_LIMIT;
    close(probe);
    if (par_os_socket_read(fd, &byte, 1, received_fd, 1, &n_fds) != 1 || n_fds != 1) *received_fd = -1;
    return PAR_OK;
}
