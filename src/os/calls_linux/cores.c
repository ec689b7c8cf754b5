/* How many cores this process may really use: the affinity mask and the quota of its control group; and which one it uses. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"

static int affinity_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* Reads two numbers ("max" counts as -1) from a small file; false when it is not there. */
static bool read_numbers(const char *path, double *a, double *b)
{
    char text[128], first[32] = "";
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool ok = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    *b = 0;
    if (!ok || sscanf(text, "%31s %lf", first, b) < 1) return false;
    *a = -1;
    if (strcmp(first, "max") != 0 && sscanf(first, "%lf", a) != 1) return false;
    return true;
}

/* Cores that the quota in this folder of the control-group tree allows, or 0 for no limit. */
static double quota_of(const char *folder)
{
    char path[700];
    double quota, period, ignored;
    snprintf(path, sizeof path, "%s/cpu.max", folder); /* version 2 */
    if (read_numbers(path, &quota, &period)) return quota > 0 && period > 0 ? quota / period : 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder); /* version 1 */
    if (!read_numbers(path, &quota, &ignored)) return 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_numbers(path, &period, &ignored)) return 0;
    return quota > 0 && period > 0 ? quota / period : 0;
}

/* The strictest quota on the way from the process' group up to the root. */
static double group_quota(const char *mount, char *group)
{
    double least = 0;
    for (;;) {
        char folder[600];
        snprintf(folder, sizeof folder, "%s%s", mount, group);
        double quota = quota_of(folder);
        if (quota > 0 && (least == 0 || quota < least)) least = quota;
        char *slash = strrchr(group, '/');
        if (!slash) return least;
        *slash = 0;
    }
}

static double quota_cores(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return 0;
    char line[512];
    double least = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *names = strchr(line, ':');
        char *group = names ? strchr(names + 1, ':') : NULL;
        if (!group) continue;
        *group++ = 0;
        names++;
        double quota = 0;
        if (*names == 0) quota = group_quota("/sys/fs/cgroup", group);
        else if (strstr(names, "cpu")) quota = group_quota("/sys/fs/cgroup/cpu", group);
        if (quota > 0 && (least == 0 || quota < least)) least = quota;
    }
    fclose(file);
    return least;
}

int par_os_cores(void)
{
    int cores = affinity_cores();
    double quota = quota_cores();
    if (quota > 0 && quota < cores) cores = quota < 1 ? 1 : (int)(quota + 0.5);
    return cores;
}

int par_os_core(void) { return sched_getcpu(); }

bool par_os_take_core(const unsigned *load, int n)
{
    cpu_set_t usable, one;
    int own = sched_getcpu(), best = own;
    if (own < 0 || own >= n || sched_getaffinity(0, sizeof usable, &usable) != 0) return false;
    for (int core = 0; core < n && core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, &usable) && load[core] < load[best]) best = core;
    if (load[own] < load[best] + 2) return false;
    CPU_ZERO(&one);
    CPU_SET(best, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0 && sched_setaffinity(0, sizeof usable, &usable) == 0;
}
