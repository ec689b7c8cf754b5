#include <unistd.h>

#include "os/os.h"

bool par_os_is_terminal(int fd) { return isatty(fd) == 1; }
