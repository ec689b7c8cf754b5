/* How many cores this process may use. */
#include <unistd.h>

#include "os/os.h"

int par_os_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

int par_os_core(void) { return -1; }

bool par_os_take_core(const unsigned *load, int n)
{
    (void)load, (void)n;
    return false;
}
