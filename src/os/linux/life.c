/* Signs of life: what the kernel takes back when a process ends, however it ends, and before anybody has reaped it. They stand in
 * no memory, so that no peer can fake one or rub one out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"

/* A lock of an open file description ends with the last descriptor of that description. */
static struct flock lock_at(uint64_t at, short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = 1};
}

static bool no_such_thing(int error) { return error == ENOENT || error == EACCES || error == EPERM || error == EINVAL; }

static int life_failed(int fd, par_error *err)
{
    int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    if (no_such_thing(error)) return par_error_set(err, PAR_E_UNSUPPORTED, "this system has no signs of life");
    return par_error_system(err, "cannot set a sign of life");
}

int par_os_life_open(int memory_fd, uint64_t at, int *fd, par_error *err)
{
    char path[40];
    struct flock lock = lock_at(at, F_WRLCK);
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory_fd);
    int own = PAR_TRY(open(path, O_RDWR | O_CLOEXEC)); /* a description of its own, of the same memory */
    if (own < 0) return life_failed(own, err);
    if (PAR_TRY(fcntl(own, F_OFD_SETLK, &lock)) == 0) {
        *fd = own;
        return PAR_OK;
    }
    if (errno != EAGAIN && errno != EACCES) return life_failed(own, err);
    close(own);
    return par_error_set(err, PAR_E_INVALID, "this sign of life is somebody else's");
}

bool par_os_life_seen(int fd, uint64_t at)
{
    struct flock lock = lock_at(at, F_WRLCK);
    return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}
