/* What both kinds of shared memory have in common: mapping. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

size_t par_os_page_bytes(void)
{
    static size_t page; /* racing threads write the same value */
    size_t known = __atomic_load_n(&page, __ATOMIC_RELAXED);
    if (known) return known;
    long bytes = sysconf(_SC_PAGESIZE);
    known = bytes > 0 ? (size_t)bytes : 4096;
    __atomic_store_n(&page, known, __ATOMIC_RELAXED);
    return known;
}

uint64_t par_os_memory_total_bytes(void)
{
    static uint64_t all; /* as above */
    uint64_t known = __atomic_load_n(&all, __ATOMIC_RELAXED);
    if (known) return known;
    long pages = sysconf(_SC_PHYS_PAGES);
    known = pages > 0 ? (uint64_t)pages * par_os_page_bytes() : 0;
    __atomic_store_n(&all, known, __ATOMIC_RELAXED);
    return known;
}

int par_os_memory_grow(int fd, size_t bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur) {
        errno = EFBIG; /* from ftruncate it would come with a SIGXFSZ, which ends the process */
        return -1;
    }
    return ftruncate(fd, (off_t)bytes);
}

int par_os_memory_identity(int fd, uint64_t out[2], par_error *err)
{
    struct stat info;
    if (PAR_TRY(fstat(fd, &info)) != 0) return par_error_system(err, "cannot look at shared memory");
    out[0] = (uint64_t)info.st_dev;
    out[1] = (uint64_t)info.st_ino;
    return PAR_OK;
}

int par_os_memory_map(int fd, size_t offset, size_t bytes, void **data, par_error *err)
{
    void *at = PAR_TRY_MAP(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset));
    if (at == MAP_FAILED) return par_error_system(err, "cannot map %zu bytes of shared memory", bytes);
    *data = at;
    return PAR_OK;
}

int par_os_memory_map_twice(int fd, size_t offset, size_t bytes, void **data, par_error *err)
{
    size_t both;
    if (!par_checked_add_size(bytes, bytes, &both)) return par_error_set(err, PAR_E_INVALID, "ring of %zu bytes", bytes);
    /* Reserve the address range first, so that the two views cannot hit anything else. */
    uint8_t *at = PAR_TRY_MAP(mmap(NULL, both, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (at == MAP_FAILED) return par_error_system(err, "cannot reserve %zu bytes of address space", both);
    for (int i = 0; i < 2; i++) {
        void *view = PAR_TRY_MAP(mmap(at + (size_t)i * bytes, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)offset));
        if (view == MAP_FAILED) {
            par_error_system(err, "cannot map a ring of %zu bytes", bytes);
            munmap(at, both);
            return err->code;
        }
    }
    *data = at;
    return PAR_OK;
}

int par_os_memory_map_private(int fd, size_t bytes, void **data, par_error *err)
{
    void *at = PAR_TRY_MAP(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
    if (at == MAP_FAILED) return par_error_system(err, "cannot map %zu bytes of shared memory", bytes);
    *data = at;
    return PAR_OK;
}

void par_os_memory_prefault(void *data, size_t bytes, bool writing)
{
#if defined(MADV_POPULATE_READ) && defined(MADV_POPULATE_WRITE)
    uintptr_t start = (uintptr_t)data & ~(uintptr_t)(par_os_page_bytes() - 1);
    madvise((void *)start, (uintptr_t)data + bytes - start, writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
#else
    (void)data, (void)bytes, (void)writing;
#endif
}

void par_os_memory_unmap(void *data, size_t bytes)
{
    if (data) munmap(data, bytes);
}

void par_os_memory_drop(void *data, size_t bytes)
{
#ifdef MADV_REMOVE
    size_t page = par_os_page_bytes();
    uintptr_t first = par_round_up((uintptr_t)data, page), end = ((uintptr_t)data + bytes) & ~(uintptr_t)(page - 1);
    if (end > first) madvise((void *)first, end - first, MADV_REMOVE);
#else
    (void)data, (void)bytes;
#endif
}

/* --- private memory that can grow --- */
#define HUGE_PAGE ((size_t)2 << 20)

static void advise_huge(void *data, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    madvise(data, bytes, MADV_HUGEPAGE); /* a hint: failure costs only speed */
#else
    (void)data, (void)bytes;
#endif
}

/* Address space at a multiple of the huge page. */
static void *map_aligned(size_t bytes, int protection)
{
    size_t wide;
    if (!par_checked_add_size(bytes, HUGE_PAGE, &wide)) return NULL;
    uint8_t *at = PAR_TRY_MAP(mmap(NULL, wide, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (at == MAP_FAILED) return NULL;
    size_t before = par_round_up((uintptr_t)at, HUGE_PAGE) - (uintptr_t)at;
    if (before) munmap(at, before);
    if (before < HUGE_PAGE) munmap(at + before + bytes, HUGE_PAGE - before);
    return at + before;
}

static size_t whole_pages(size_t bytes) { return par_round_up(bytes ? bytes : 1, par_os_page_bytes()); }

void *par_os_private_map(size_t bytes)
{
    bytes = whole_pages(bytes);
    void *data = map_aligned(bytes, PROT_READ | PROT_WRITE);
    if (data) advise_huge(data, bytes);
    return data;
}

void *par_os_private_resize(void *data, size_t old_bytes, size_t bytes)
{
    old_bytes = whole_pages(old_bytes);
    bytes = whole_pages(bytes);
#ifdef MREMAP_FIXED
    void *at = map_aligned(bytes, PROT_NONE); /* so that it stays aligned for huge pages */
    if (!at) return NULL;
    void *moved = PAR_TRY_MAP(mremap(data, old_bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at));
    if (moved == MAP_FAILED) {
        munmap(at, bytes);
        return NULL;
    }
    advise_huge(moved, bytes);
#else
    void *moved = par_os_private_map(bytes);
    if (!moved) return NULL;
    memcpy(moved, data, old_bytes < bytes ? old_bytes : bytes);
    munmap(data, old_bytes);
#endif
    return moved;
}

void par_os_private_unmap(void *data, size_t bytes)
{
    if (data) munmap(data, whole_pages(bytes));
}
