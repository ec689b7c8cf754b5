#include <errno.h>
#include <fcntl.h>

#include "os/fault.h"
#include "os/system.h"

int par_os_reserve(int fd, off_t bytes)
{
    int failed;
    do failed = PAR_TRY(posix_fallocate(fd, 0, bytes));
    while (failed == EINTR);
    if (failed > 0) errno = failed;
    return failed ? -1 : 0;
}
