/* Can memory be read? Asked of the system, which says so where reading would end the process. */
#include <errno.h>
#include <unistd.h>

#include "os/os.h"

static bool byte_is_readable(int to, int from, const char *at)
{
    char back;
    return write(to, at, 1) == 1 && read(from, &back, 1) == 1;
}

bool par_os_readable(const void *data, size_t bytes)
{
    int from, to;
    par_error err;
    const uintptr_t first = (uintptr_t)data;
    size_t page = par_os_page_bytes();
    if (bytes == 0) return true;
    if (!data || bytes > UINTPTR_MAX - first) return false;
    if (par_os_pipe(&from, &to, &err) != PAR_OK) return false;
    bool readable = byte_is_readable(to, from, data);
    for (uintptr_t at = first - first % page + page; readable && at > first && at < first + bytes; at += page)
        readable = byte_is_readable(to, from, (const char *)at);
    close(from);
    close(to);
    return readable;
}
