/* Events of processes on another machine, for the timeline of the user's program: by its clock, with numbers of processes of their own. */
#ifndef PAR_CLUSTER_TIMELINE_H
#define PAR_CLUSTER_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAR_TIMELINE_PIDS 5000000 /* more than any system gives: those of host n begin with n times as many */

typedef struct par_timeline {
    uint32_t host;
    const char *name;  /* the host's, in front of those of its processes */
    int64_t offset_ns; /* its clock minus ours */
} par_timeline;

/* Records what a frame TRACE holds. false: some of it is no event as ours are; what stood before that is recorded. */
bool par_timeline_take(const par_timeline *from, const char *text, size_t len);
/* One event. The length of what it becomes, 0: it is none, or becomes too long. */
size_t par_timeline_event(const par_timeline *from, const char *text, size_t len, char *out, size_t room);

#endif
