#include "os/system.h"

/* There is no such call. */
int par_os_reserve(int fd, off_t bytes)
{
    (void)fd, (void)bytes;
    return 0;
}
