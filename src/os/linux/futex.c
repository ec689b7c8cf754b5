/* Sleeping on a word of shared memory. */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"

enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 }; /* the kernel's, whose headers need not be installed */

/* Where a C library has 64-bit times on a 32-bit system the call of old would read them wrongly. */
static long wait_call(void)
{
#ifdef SYS_futex_time64
    if (sizeof((struct timespec *)0)->tv_sec > sizeof(long)) return SYS_futex_time64;
#endif
    return SYS_futex;
}

int par_os_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t ns)
{
    struct timespec limit = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    if (PAR_TRY(syscall(wait_call(), word, FUTEX_WAIT, expected, &limit, NULL, 0)) == 0 || errno == EAGAIN) return PAR_OK;
    if (errno == EINTR) return PAR_E_INTERRUPTED;
    return errno == ETIMEDOUT ? PAR_E_TIMEOUT : PAR_E_UNSUPPORTED;
}

static bool wake(_Atomic uint32_t *word, int n) { return syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0) >= 0; }

bool par_os_futex_wake(_Atomic uint32_t *word) { return wake(word, 1); }

bool par_os_futex_wake_all(_Atomic uint32_t *word) { return wake(word, INT_MAX); }

bool par_os_futex_usable(void) { return true; }
