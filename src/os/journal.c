/* A file to which several processes append, and which always ends with the same few bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/os.h"

#define JOURNAL_REPAIR_BYTES 4096 /* an append cut off by a kill is looked for this far from the end */

int par_os_journal_open(const char *path, bool create, int *fd, par_error *err)
{
    *fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0), 0666);
    return *fd < 0 ? par_error_system(err, "cannot open %s", path) : PAR_OK;
}

/* Where the ending begins. An append that was cut off in the middle goes first, back to the last whole line: whoever were killed after
 * he had written over its beginning would leave the rest behind his own ending. -1: that failed. */
static off_t end_of_lines(int fd, const char *ending, size_t ending_len)
{
    char tail[JOURNAL_REPAIR_BYTES];
    off_t size = lseek(fd, 0, SEEK_END), from = size > (off_t)sizeof tail ? size - (off_t)sizeof tail : 0;
    if (size <= 0) return 0;
    ssize_t n = pread(fd, tail, (size_t)(size - from), from);
    if (n >= (ssize_t)ending_len && memcmp(tail + n - ending_len, ending, ending_len) == 0) return size - (off_t)ending_len;
    while (n > 1 && (tail[n - 1] != '\n' || tail[n - 2] != ',')) n--;
    if (n <= 1) return size;
    size = from + n - 2; /* what follows this comma is not whole */
    return ftruncate(fd, size) == 0 ? size : -1;
}

static int take_lock(int fd)
{
    int rc;
    while ((rc = flock(fd, LOCK_EX)) != 0 && errno == EINTR) {}
    return rc == 0 ? PAR_OK : PAR_E_SYSTEM;
}

/* A disk that gets full takes a part, and says why when it takes no more. */
static bool write_at(int fd, const char *bytes, size_t len, off_t at)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pwrite(fd, bytes + done, len - done, at + (off_t)done);
        if (n > 0) done += (size_t)n;
        else if (n == 0 || errno != EINTR) return false;
    }
    return true;
}

/* There is room for what has stood there. Where even that fails, the next append cuts off what is not whole. */
static void put_ending_back(int fd, const char *ending, size_t ending_len, off_t at)
{
    if (ftruncate(fd, at + (off_t)ending_len) == 0) write_at(fd, ending, ending_len, at);
}

int par_os_journal_append(int fd, char *bytes, size_t len, const char *ending, size_t ending_len)
{
    if (take_lock(fd) != PAR_OK) return PAR_E_SYSTEM;
    off_t at = end_of_lines(fd, ending, ending_len);
    memcpy(bytes + len, ending, ending_len);
    bool done = at >= 0 && write_at(fd, bytes, len + ending_len, at);
    int error = errno;
    if (!done && at > 0) put_ending_back(fd, ending, ending_len, at);
    flock(fd, LOCK_UN);
    errno = error;
    return done ? PAR_OK : PAR_E_SYSTEM;
}

#ifdef __linux__
int par_os_journal_unnamed(int *fd, char *path, size_t room, par_error *err)
{
    *fd = memfd_create("parallel", MFD_CLOEXEC);
    if (*fd < 0) return par_error_system(err, "cannot make a file in memory");
    snprintf(path, room, "/proc/%d/fd/%d", (int)getpid(), *fd);
    return PAR_OK;
}
#else
int par_os_journal_unnamed(int *fd, char *path, size_t room, par_error *err)
{
    (void)path;
    (void)room;
    *fd = -1;
    return par_error_set(err, PAR_E_UNSUPPORTED, "this system has no files without a name that others can open");
}
#endif

int par_os_journal_take(int fd, par_buffer *out, const char *ending, size_t ending_len)
{
    if (take_lock(fd) != PAR_OK) return PAR_E_SYSTEM;
    off_t end = end_of_lines(fd, ending, ending_len);
    int rc = end < 0 ? PAR_E_SYSTEM : par_buffer_reserve(out, (size_t)end);
    ssize_t n = rc == PAR_OK && end > 0 ? pread(fd, out->data + out->len, (size_t)end, 0) : 0;
    if (n < 0 || (rc == PAR_OK && end > 0 && ftruncate(fd, 0) != 0)) rc = PAR_E_SYSTEM;
    else out->len += (size_t)n;
    flock(fd, LOCK_UN);
    return rc;
}
