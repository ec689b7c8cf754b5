#include "os/fault.h"

#ifdef PAR_FAULTS
static _Thread_local long fault_at, fault_seen;
static _Thread_local int fault_error;
static _Thread_local bool fault_every;

void par_fault_set(long nth, int error, bool every)
{
    fault_at = nth;
    fault_seen = 0;
    fault_error = error;
    fault_every = every;
}

long par_fault_count(void) { return fault_seen; }

bool par_fault_hit(void)
{
    fault_seen++;
    if (fault_at == 0 || (fault_every ? fault_seen < fault_at : fault_seen != fault_at)) return false;
    errno = fault_error;
    return true;
}
#else
typedef int par_fault_unused; /* a translation unit has to declare something */
#endif
