/* Conditions that are told how long to wait: their clock cannot be chosen. */
#include <pthread.h>
#include <time.h>

#include "os/os.h"

void par_os_condition_init(pthread_cond_t *condition) { pthread_cond_init(condition, NULL); }

bool par_os_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns)
{
    int64_t left_ns = deadline_ns - par_os_now_ns();
    if (left_ns < 0) left_ns = 0;
    struct timespec left = {.tv_sec = (time_t)(left_ns / 1000000000), .tv_nsec = (long)(left_ns % 1000000000)};
    return pthread_cond_timedwait_relative_np(condition, lock, &left) == 0;
}
