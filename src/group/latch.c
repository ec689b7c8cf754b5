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
#define YIELDS_PER_PROCESS 4
#define YIELDS_MAX 256

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
    unsigned yields = processes < YIELDS_MAX / YIELDS_PER_PROCESS ? processes * YIELDS_PER_PROCESS : YIELDS_MAX;
    bool crowded = processes > cores();
    *waiter = (par_waiter){.crowded = crowded, .spins = !crowded || cores() == 1, .yields = yields};
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

static int spin_if_earned(par_waiter *waiter, par_latch_look *look, void *context, int64_t deadline_ns)
{
    if (!par_spin_may(&waiter->spin)) return 0;
    int64_t began_ns = par_os_now_ns(), now_ns = began_ns, until_ns = began_ns + par_spin_limit_ns(&waiter->spin);
    int rc = 0;
    if (until_ns > deadline_ns) until_ns = deadline_ns;
    do {
        for (int i = 0; i < PAR_SPIN_LOOKS && !rc; i++) {
            par_os_pause();
            rc = look(context);
        }
    } while (!rc && (now_ns = par_os_now_ns()) < until_ns);
    par_spin_settle(&waiter->spin, !rc ? PAR_SPIN_FAILED : now_ns - began_ns > PAR_SPIN_NS ? PAR_SPIN_LATE : PAR_SPIN_DONE);
    return rc;
}

/* Hands the core to the others of the group until they have come, or until somebody else keeps it. */
static int yield_if_earned(par_waiter *waiter, par_latch_look *look, void *context)
{
    if (!par_spin_may(&waiter->yield)) return 0;
    int64_t before_ns = par_os_now_ns(), took_ns = 0;
    int rc = 0;
    for (unsigned i = 0; i < waiter->yields && !rc && took_ns <= PAR_YIELD_NS; i++) {
        par_os_yield();
        rc = look(context);
        int64_t now_ns = par_os_now_ns();
        took_ns = now_ns - before_ns;
        before_ns = now_ns;
    }
    par_yield_settle(&waiter->yield, rc != 0, took_ns);
    return rc;
}

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
    waiter->quiet = rc ? 0 : waiter->quiet + 1;
    return rc;
}

int par_latch_wait(par_latch *latch, par_waiter *waiter, par_latch_look *look, void *context, int64_t deadline_ns)
{
    int rc = waiter->crowded ? yield_if_earned(waiter, look, context) : 0;
    if (!rc && waiter->spins) rc = spin_if_earned(waiter, look, context, deadline_ns);
    if (!rc) return sleep_slice(latch, waiter, look, context, deadline_ns);
    waiter->quiet = 0;
    return rc;
}

int par_latch_overdue(int64_t deadline_ns) { return deadline_ns != PAR_NEVER && par_os_now_ns() >= deadline_ns ? PAR_E_TIMEOUT : PAR_OK; }
