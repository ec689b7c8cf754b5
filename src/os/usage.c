#include <sys/resource.h>

#include "os/os.h"

static int64_t as_ns(struct timeval time) { return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000; }

void par_os_cpu_ns(int64_t *user_ns, int64_t *system_ns)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    *user_ns = as_ns(usage.ru_utime);
    *system_ns = as_ns(usage.ru_stime);
}
