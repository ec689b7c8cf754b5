/* Where tests make system calls fail. In an ordinary build each macro is just the call. */
#ifndef PAR_OS_FAULT_H
#define PAR_OS_FAULT_H

#ifdef PAR_FAULTS
#include <errno.h>
#include <stdbool.h>

/* The call number `nth` (from 1) from now on fails with `error`, and with `every` all after it too; 0 switches off. */
void par_fault_set(long nth, int error, bool every);
/* Calls seen since the last par_fault_set. */
long par_fault_count(void);
bool par_fault_hit(void); /* sets errno when it is this call's turn */
#define PAR_TRY(call) (par_fault_hit() ? -1 : (call))
#define PAR_TRY_MAP(call) (par_fault_hit() ? MAP_FAILED : (call))
#else
#define PAR_TRY(call) (call)
#define PAR_TRY_MAP(call) (call)
#endif

#endif
