/* A child of our parent: there is no call for that. */
#include <errno.h>

#include "os/os.h"

int64_t par_os_fork_sibling(void) { return -ENOSYS; }
bool par_os_fork_sibling_usable(void) { return false; }
