/* Pipes and plain descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

int par_os_write_all(int fd, const void *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, (const char *)bytes + done, len - done);
        if (n >= 0) done += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK) poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR) return PAR_E_SYSTEM;
    }
    return PAR_OK;
}

int par_os_pipe(int *read_fd, int *write_fd, par_error *err)
{
    int fd[2];
    if (par_os_make_pipe(fd) != 0) return par_error_system(err, "cannot make a pipe");
    if (PAR_TRY(fcntl(fd[0], F_SETFL, O_NONBLOCK)) != 0) {
        par_error_system(err, "cannot make a pipe");
        close(fd[0]);
        close(fd[1]);
        return err->code;
    }
    *read_fd = fd[0];
    *write_fd = fd[1];
    return PAR_OK;
}

int par_os_read(int fd, void *bytes, size_t len)
{
    ssize_t n;
    do n = read(fd, bytes, len);
    while (n < 0 && errno == EINTR);
    if (n >= 0) return (int)n;
    return errno == EAGAIN || errno == EWOULDBLOCK ? PAR_E_AGAIN : PAR_E_SYSTEM;
}

int par_os_open(const char *path, int *fd, par_error *err)
{
    *fd = PAR_TRY(open(path, O_RDWR | O_CLOEXEC));
    return *fd >= 0 ? PAR_OK : par_error_system(err, "cannot open '%s'", path);
}

bool par_os_has_descriptor(void)
{
    int fd = PAR_TRY(open("/", O_RDONLY | O_CLOEXEC));
    if (fd < 0) return errno != EMFILE && errno != ENFILE;
    close(fd);
    return true;
}

int par_os_copy_fd(int fd, int *copy, par_error *err)
{
    *copy = PAR_TRY(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return *copy >= 0 ? PAR_OK : par_error_system(err, "cannot copy a descriptor");
}
