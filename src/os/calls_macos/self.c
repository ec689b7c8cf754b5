/* What macOS tells a process about itself. */
#include <mach-o/dyld.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "os/os.h"
#include "os/system.h"

const int par_os_memory_resource = RLIMIT_AS;

int64_t par_os_thread_id(void)
{
    uint64_t id = 0;
    pthread_threadid_np(NULL, &id);
    return (int64_t)id;
}

size_t par_os_program_path(char *out, size_t room)
{
    uint32_t size = (uint32_t)room;
    return _NSGetExecutablePath(out, &size) == 0 ? strlen(out) : 0;
}

void par_os_wake_with_parent(void) {} /* no signal comes with its end */

int par_os_set_affinity(const int *cores, int n, par_error *err)
{
    (void)cores, (void)n;
    return par_error_set(err, PAR_E_UNSUPPORTED, "this system has no affinity");
}
