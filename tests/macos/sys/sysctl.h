/* What macOS' header of this name declares, as far as it is used. */
#include <stddef.h>
#define CTL_KERN 1
#define KERN_PROC 14
#define KERN_PROC_PID 1
#define SZOMB 5
struct kinfo_proc {
    struct {
        char p_stat;
    } kp_proc;
};
int sysctl(int *name, unsigned count, void *old, size_t *old_bytes, void *given, size_t given_bytes);
