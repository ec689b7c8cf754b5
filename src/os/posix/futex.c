/* Sleeping on a word of shared memory: there is no such thing. */
#include "os/os.h"

int par_os_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t ns)
{
    (void)word, (void)expected, (void)ns;
    return PAR_E_UNSUPPORTED;
}

bool par_os_futex_wake(_Atomic uint32_t *word)
{
    (void)word;
    return false;
}

bool par_os_futex_wake_all(_Atomic uint32_t *word) { return par_os_futex_wake(word); }

bool par_os_futex_usable(void) { return false; }
