/* Shared memory as memfd: nameless, sealed, and gone with the last process that has it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int memory_failed(int fd, size_t bytes, par_error *err)
{
    par_error_system(err, "cannot make %zu bytes of shared memory", bytes);
    if (fd >= 0) close(fd);
    return err->code;
}

int par_os_memory_open(size_t bytes, int *fd, par_error *err)
{
    int made = PAR_TRY(memfd_create("parallel", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (made < 0) return memory_failed(made, bytes, err);
    if (PAR_TRY(par_os_memory_grow(made, bytes)) != 0) return memory_failed(made, bytes, err);
    if (PAR_TRY(fcntl(made, F_ADD_SEALS, SEALS)) != 0) return memory_failed(made, bytes, err);
    *fd = made;
    return PAR_OK;
}

bool par_os_memory_is_lazy(void) { return true; }

uint64_t par_os_memory_taken_up(int fd)
{
    struct stat info;
    return PAR_TRY(fstat(fd, &info)) == 0 ? (uint64_t)info.st_blocks * 512 : UINT64_MAX;
}

int par_os_memory_size(int fd, size_t *bytes, par_error *err)
{
    struct stat info;
    int seals = PAR_TRY(fcntl(fd, F_GET_SEALS));
    if (seals < 0 || !(seals & F_SEAL_SHRINK))
        return par_error_set(err, PAR_E_CORRUPT, "the peer sent a descriptor which is not sealed shared memory");
    if (PAR_TRY(fstat(fd, &info)) != 0) return par_error_system(err, "cannot read the size of shared memory");
    if (info.st_size <= 0) return par_error_set(err, PAR_E_CORRUPT, "the peer sent empty shared memory");
    if ((uintmax_t)info.st_size > SIZE_MAX)
        return par_error_set(err, PAR_E_LIMIT, "the peer sent more shared memory than fits the address space");
    *bytes = (size_t)info.st_size;
    return PAR_OK;
}

/* --- dropping what was written to a private mapping --- */
/* Systems that only look like Linux say 0. */
uint64_t par_os_memory_faults(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

#define PAGE_PRESENT ((uint64_t)1 << 63) /* in an entry of /proc/self/pagemap */
#define PAGE_OF_FILE ((uint64_t)1 << 61)
#define PAGES_AT_ONCE 1024
#define WORTH_A_LOOK ((size_t)1 << 20) /* below, mapping all pages again is cheaper than asking */

static bool is_as_lent(uint64_t entry) { return (entry & PAGE_PRESENT) && (entry & PAGE_OF_FILE); }

/* Drops the pages that are copies (or not there), run by run. false: the system does not tell which. */
static bool drop_copies(int pagemap, uint8_t *data, size_t n_pages, size_t page)
{
    uint64_t entries[PAGES_AT_ONCE];
    for (size_t done = 0; done < n_pages;) {
        size_t n = n_pages - done < PAGES_AT_ONCE ? n_pages - done : PAGES_AT_ONCE, i = 0;
        uint8_t *at = data + done * page;
        off_t where = (off_t)((uintptr_t)at / page * sizeof *entries);
        if (pread(pagemap, entries, n * sizeof *entries, where) != (ssize_t)(n * sizeof *entries)) return false;
        while (i < n) {
            size_t first = i;
            while (i < n && !is_as_lent(entries[i])) i++;
            if (i > first) madvise(at + first * page, (i - first) * page, MADV_DONTNEED);
            while (i < n && is_as_lent(entries[i])) i++;
        }
        done += n;
    }
    return true;
}

/* Dropping all is simple, but then every page has to be mapped again: half the time of a copy. */
bool par_os_memory_reset(void *data, size_t bytes)
{
    size_t page = par_os_page_bytes();
    int pagemap = bytes < WORTH_A_LOOK ? -1 : PAR_TRY(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
    bool kept = pagemap >= 0 && drop_copies(pagemap, data, bytes / page, page);
    if (pagemap >= 0) close(pagemap);
    if (!kept) madvise(data, bytes, MADV_DONTNEED);
    return kept;
}
