/* Shared memory as shm_open with the name removed at once: portable, and when processes are killed nothing is left but,
 * at worst, the name of an empty object. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

/* Bits that nobody can guess: O_EXCL below makes a guess harmless, this makes a collision unlikely. */
static uint64_t unguessable(void)
{
    uint64_t bits = 0;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &bits, sizeof bits) != (ssize_t)sizeof bits) bits = 0;
        close(fd);
    }
    return bits ^ (uint64_t)par_os_now_ns() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 32;
}

static int open_nameless(void)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        char name[32]; /* macOS allows 31 characters */
        snprintf(name, sizeof name, "/par%016llx", (unsigned long long)unguessable());
        int fd = PAR_TRY(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600)); /* close-on-exec by definition */
        if (fd >= 0) {
            shm_unlink(name);
            return fd;
        }
        if (errno != EEXIST && errno != EINTR) break;
    }
    return -1;
}

/* A ftruncate'd object may be larger than what is free: the first touch would then be SIGBUS. Ask for it now. */
static int reserve(int fd, size_t bytes)
{
    if (PAR_TRY(par_os_memory_grow(fd, bytes)) != 0) return -1;
    return par_os_reserve(fd, (off_t)bytes);
}

int par_os_memory_open(size_t bytes, int *fd, par_error *err)
{
    int made = open_nameless();
    if (made < 0 || reserve(made, bytes) != 0) {
        par_error_system(err, "cannot make %zu bytes of shared memory", bytes);
        if (made >= 0) close(made);
        return err->code;
    }
    *fd = made;
    return PAR_OK;
}

bool par_os_memory_is_lazy(void) { return false; }

int par_os_memory_size(int fd, size_t *bytes, par_error *err)
{
    struct stat info;
    if (PAR_TRY(fstat(fd, &info)) != 0) return par_error_system(err, "cannot read the size of shared memory");
    if (info.st_size <= 0) return par_error_set(err, PAR_E_CORRUPT, "the peer sent empty shared memory");
    if ((uintmax_t)info.st_size > SIZE_MAX)
        return par_error_set(err, PAR_E_LIMIT, "the peer sent more shared memory than fits the address space");
    *bytes = (size_t)info.st_size;
    return PAR_OK;
}

uint64_t par_os_memory_taken_up(int fd)
{
    (void)fd;
    return UINT64_MAX; /* what a block is the standard leaves open */
}

uint64_t par_os_memory_faults(void) { return 0; } /* what they are the standard leaves to the system */

bool par_os_memory_reset(void *data, size_t bytes)
{
    madvise(data, bytes, MADV_DONTNEED);
    return false;
}
