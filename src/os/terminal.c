#include <sys/ioctl.h>
#include <unistd.h>

#include "os/os.h"

bool par_os_is_terminal(int fd) { return isatty(fd) == 1; }

int par_os_terminal_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
