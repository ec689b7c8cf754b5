#include "group/latch.h"

#include "os/os.h"
#include "os/stress.h"

/* Longer than the system's tick, as a channel's first sleep (channel/wait.c); together with the check of who lives that follows
 * each slice, a death is noticed in far less than 50 ms. */
#define SLICE_NS 5000000
#define LONG_SLICE_NS 20000000
#define LONG_AFTER 10
#define POLL_NS 50000 /* where no word wakes */
#define LONG_POLL_NS 2000000
#define WAKE_NS 5000                                        /* what a yield saves: one of many sleeps, and somebody wakes us among others */
#define YIELDING_MAX_NS 2000000                             /* in one wait */
#define SPIN_MAX_NS (PAR_SPIN_WAKE_NS + PAR_SPIN_MIDDLE_NS) /* so long one that shares our core may spin for others yet */

/* Asking the system takes longer than most waits. */
static unsigned cores(void)
{
    static _Atomic unsigned known; /* 0: not asked yet; racing threads store the same */
    unsigned n = atomic_load_explicit(&known, memory_order_relaxed);
    if (n) return n;
    n = (unsigned)par_os_cores();
    atomic_store_explicit(&known, n, memory_order_relaxed);
    return n;
}

void par_waiter_init(par_waiter *waiter, unsigned processes)
{
    bool crowded = processes > cores();
    *waiter = (par_waiter){.crowded = crowded,
                           .spins = !crowded || cores() == 1,
                           .cores = cores(),
                           .share = (processes + cores() - 1) / cores(),
                           .wanted = crowded};
}

/* Does anybody have to be woken? */
static bool count_bell(par_latch *latch)
{
    /* After the caller's store, and both are sequentially consistent, as are the two loads and the addition of a waiter: it sees
     * the store, or we see it here. */
    if (atomic_load_explicit(&latch->sleepers, memory_order_seq_cst) == 0) return false;
    atomic_fetch_add_explicit(&latch->bell, 1, memory_order_seq_cst); /* whoever has read the bell does not sleep any more */
    PAR_STRESS_POINT();
    return true;
}

void par_latch_ring(par_latch *latch)
{
    if (count_bell(latch)) par_os_futex_wake_all(&latch->bell);
}

void par_latch_ring_one(par_latch *latch)
{
    if (count_bell(latch)) par_os_futex_wake(&latch->bell);
}

/* --- awake --- */
/* As a rule the others do what we have done since our last wait, and those that share our core do it one after the other. */
static int64_t work_of_others_ns(const par_waiter *waiter, int64_t now_ns)
{
    int64_t own_ns = now_ns - waiter->ended_ns;
    return (own_ns < YIELDING_MAX_NS ? own_ns : YIELDING_MAX_NS) * (int64_t)waiter->share;
}

/* How long it may take beyond what is usual until the others come: where they had no core before, one of them may have all of its work
 * before it. */
static int64_t spare_ns(const par_waiter *waiter, int64_t now_ns)
{
    int64_t own_ns = waiter->crowded ? now_ns - waiter->ended_ns : 0;
    return own_ns < PAR_SPIN_MIDDLE_NS ? own_ns : PAR_SPIN_MIDDLE_NS;
}

static int spin_if_earned(par_waiter *waiter, par_latch_look *look, void *context, int64_t deadline_ns)
{
    par_spin *spin = &waiter->spin[waiter->inside];
    if (!par_spin_may(spin)) return 0;
    int64_t began_ns = par_os_now_ns(), now_ns = began_ns, until_ns = began_ns + par_spin_limit_ns(spin) + spare_ns(waiter, began_ns);
    int rc = 0;
    if (until_ns > deadline_ns) until_ns = deadline_ns;
    do {
        for (int i = 0; i < PAR_SPIN_LOOKS && !rc; i++) {
            par_os_pause();
            rc = look(context);
        }
    } while (!rc && (now_ns = par_os_now_ns()) < until_ns);
    par_spin_settle(spin, !rc ? PAR_SPIN_FAILED : now_ns - began_ns > PAR_SPIN_NS ? PAR_SPIN_LATE : PAR_SPIN_DONE);
    waiter->ended_ns = now_ns;
    return rc;
}

/* How long others may run while we wait for them: as long as they have work, and for what it takes to wake somebody. */
static int64_t patience_ns(const par_waiter *waiter, int64_t work_ns)
{
    int64_t ns = PAR_SPIN_WAKE_NS * (int64_t)waiter->share + work_ns;
    return ns < YIELDING_MAX_NS ? ns : YIELDING_MAX_NS;
}

/* Hands the core to the others of the group until they have come, or until somebody else keeps it. That keeps nobody from running, and
 * a core that has gone to sleep wakes slowly. */
static int yield_if_earned(par_waiter *waiter, par_latch_look *look, void *context, int64_t deadline_ns)
{
    par_spin *yield = &waiter->yield[waiter->inside];
    if (!par_spin_may(yield)) return 0;
    int64_t now_ns = par_os_now_ns(), took_ns, work_ns = work_of_others_ns(waiter, now_ns);
    int64_t until_ns = now_ns + patience_ns(waiter, work_ns);
    int rc;
    if (until_ns > deadline_ns) until_ns = deadline_ns;
    do {
        int64_t before_ns = now_ns;
        par_os_yield();
        rc = look(context);
        now_ns = par_os_now_ns();
        took_ns = now_ns - before_ns - work_ns - SPIN_MAX_NS; /* beyond what the group has to do and may do */
    } while (!rc && took_ns <= PAR_YIELD_NS && now_ns < until_ns);
    if (rc) yield->gained_ns += WAKE_NS;
    par_yield_settle(yield, rc != 0, took_ns);
    waiter->ended_ns = now_ns;
    return rc;
}

/* --- asleep --- */
static int64_t slice_ns(const par_waiter *waiter, int64_t deadline_ns)
{
    bool wakes = par_os_futex_usable();
    int64_t ns = waiter->quiet < LONG_AFTER ? (wakes ? SLICE_NS : POLL_NS) : wakes ? LONG_SLICE_NS : LONG_POLL_NS;
    if (deadline_ns == PAR_NEVER) return ns;
    int64_t left = deadline_ns - par_os_now_ns();
    return left < ns ? (left > 0 ? left : 0) : ns;
}

static int sleep_slice(par_latch *latch, par_waiter *waiter, par_latch_look *look, void *context, int64_t deadline_ns)
{
    int64_t ns = slice_ns(waiter, deadline_ns);
    atomic_fetch_add_explicit(&latch->sleepers, 1, memory_order_seq_cst); /* before the look; with par_latch_ring */
    PAR_STRESS_POINT();
    uint32_t bell = atomic_load_explicit(&latch->bell, memory_order_seq_cst);
    int rc = look(context);
    PAR_STRESS_POINT();
    if (!rc && par_os_futex_wait(&latch->bell, bell, ns) == PAR_E_UNSUPPORTED) par_os_sleep_ns(ns);
    atomic_fetch_sub_explicit(&latch->sleepers, 1, memory_order_relaxed); /* late is harmless: one ring for nothing */
    if (!rc) rc = look(context);
    waiter->ended_ns = par_os_now_ns();
    waiter->quiet = rc ? 0 : waiter->quiet + 1;
    return rc;
}

int par_latch_wait(par_latch *latch, par_waiter *waiter, par_latch_look *look, void *context, int64_t deadline_ns)
{
    int rc = waiter->crowded && waiter->wanted ? yield_if_earned(waiter, look, context, deadline_ns) : 0;
    /* A core that nobody wants would go to sleep, and all would wait until it is awake again. */
    if (!rc && (waiter->spins || !waiter->wanted)) rc = spin_if_earned(waiter, look, context, deadline_ns);
    if (!rc) return sleep_slice(latch, waiter, look, context, deadline_ns);
    waiter->quiet = 0;
    return rc;
}

int par_latch_overdue(int64_t deadline_ns) { return deadline_ns != PAR_NEVER && par_os_now_ns() >= deadline_ns ? PAR_E_TIMEOUT : PAR_OK; }
