#include "group/lock.h"

#include "os/os.h"

/* Signs of life stand behind all memory, and apart for each lock of one memory. */
#define LIVES_AT ((uint64_t)1 << 62)
#define NUMBER_BITS 32
#define TRIES 64 /* numbers that somebody else has, because the count was written over */

/* Where there are no signs of life the number says which process it is, and which of its handles. */
#define PID_BITS 22
#define PID_MASK (((uint32_t)1 << PID_BITS) - 1)

/* --- whose is it? --- */
static uint32_t number_of_process(void)
{
    static _Atomic uint32_t handles; /* of this process, by whatever thread */
    uint32_t count = atomic_fetch_add_explicit(&handles, 1, memory_order_relaxed) + 1;
    return ((uint32_t)par_os_pid() & PID_MASK) | count << PID_BITS;
}

static int take_number(par_lock *lock, par_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        uint32_t number = atomic_fetch_add_explicit(&lock->words->last, 1, memory_order_relaxed) + 1;
        int rc = par_os_life_open(lock->fd, lock->life_at + number, &lock->life_fd, err);
        if (rc == PAR_E_UNSUPPORTED) {
            lock->life_fd = -1;
            lock->number = number_of_process();
            return PAR_OK;
        }
        if (rc == PAR_OK) lock->number = number;
        if (rc == PAR_OK && number == 0) par_os_close(lock->life_fd); /* nobody's */
        else if (rc != PAR_E_INVALID) return rc;
    }
    return par_error_set(err, PAR_E_CORRUPT, "somebody has written over a lock");
}

static bool lives(const par_lock *lock, uint32_t number)
{
    if (lock->life_fd >= 0) return par_os_life_seen(lock->life_fd, lock->life_at + number);
    return par_os_process_there((pid_t)(number & PID_MASK));
}

static uint32_t holder(const par_lock *lock)
{
    return atomic_load_explicit(&lock->words->word, memory_order_seq_cst); /* with take_over and par_lock_give */
}

bool par_lock_is_ours(const par_lock *lock) { return holder(lock) == lock->number; }

/* From `number`, or nobody (0), to us. */
static bool take_over(par_lock *lock, uint32_t number)
{
    return atomic_compare_exchange_strong_explicit(&lock->words->word, &number, lock->number, memory_order_seq_cst,
                                                   memory_order_seq_cst); /* with itself and par_lock_give */
}

int par_lock_attach(par_lock *lock, par_lock_words *words, int fd, uint64_t at, par_error *err)
{
    *lock = (par_lock){.words = words, .life_fd = -1, .life_at = LIVES_AT + (at << NUMBER_BITS)};
    par_waiter_init(&lock->waiter, 2);
    int rc = par_os_copy_fd(fd, &lock->fd, err);
    if (rc != PAR_OK) return rc;
    rc = take_number(lock, err);
    if (rc != PAR_OK) par_os_close(lock->fd);
    return rc;
}

void par_lock_detach(par_lock *lock)
{
    par_error ignored;
    par_lock_give(lock, &ignored);
    if (lock->life_fd >= 0) par_os_close(lock->life_fd);
    par_os_close(lock->fd);
}

/* --- taking it and giving it back --- */
static int look_free(void *context)
{
    par_lock *lock = context;
    return holder(lock) == 0 && take_over(lock, 0);
}

static int leave_wait(const par_lock *lock, int64_t deadline_ns, const char *what, par_error *err)
{
    if (lock->interrupted && lock->interrupted(lock->context)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
    if (!par_latch_overdue(deadline_ns)) return PAR_OK;
    return par_error_set(err, PAR_E_TIMEOUT, "%s: the time limit passed", what);
}

/* Does its holder live? If not, it is ours. */
static bool take_from_dead(par_lock *lock)
{
    uint32_t number = holder(lock);
    /* Numbers are not used again: if the word is still this one, nobody has had the lock since. */
    return number != 0 && number != lock->number && !lives(lock, number) && take_over(lock, number);
}

int par_lock_take(par_lock *lock, int64_t deadline_ns, bool *abandoned, par_error *err)
{
    *abandoned = false;
    if (take_over(lock, 0)) return PAR_OK;
    if (par_lock_is_ours(lock)) return par_error_set(err, PAR_E_INVALID, "lock: this process has locked it already");
    for (;;) {
        *abandoned = take_from_dead(lock);
        if (*abandoned) return PAR_OK;
        int rc = leave_wait(lock, deadline_ns, "lock", err);
        if (rc != PAR_OK) return rc;
        if (par_latch_wait(&lock->words->latch, &lock->waiter, look_free, lock, deadline_ns)) return PAR_OK;
    }
}

static void give(par_lock *lock)
{
    atomic_store_explicit(&lock->words->word, 0, memory_order_seq_cst); /* with holder and take_over */
    par_latch_ring_one(&lock->words->latch);
}

int par_lock_give(par_lock *lock, par_error *err)
{
    if (!par_lock_is_ours(lock)) return par_error_set(err, PAR_E_INVALID, "unlock: this process has not locked it");
    give(lock);
    return PAR_OK;
}

/* --- the condition --- */
typedef struct signal_wait {
    par_lock *lock;
    uint32_t seen;
} signal_wait;

static int look_signal(void *context)
{
    const signal_wait *wait = context;
    return atomic_load_explicit(&wait->lock->words->signals, memory_order_seq_cst) != wait->seen; /* with par_lock_notify */
}

static int wait_for_signal(par_lock *lock, uint32_t seen, int64_t deadline_ns, par_error *err)
{
    signal_wait wait = {.lock = lock, .seen = seen};
    while (!par_latch_wait(&lock->words->changed, &lock->waiter, look_signal, &wait, deadline_ns)) {
        int rc = leave_wait(lock, deadline_ns, "wait", err);
        if (rc != PAR_OK) return rc;
    }
    return PAR_OK;
}

int par_lock_wait(par_lock *lock, int64_t deadline_ns, bool *abandoned, par_error *err)
{
    *abandoned = false;
    if (!par_lock_is_ours(lock)) return par_error_set(err, PAR_E_INVALID, "wait: this process has not locked it");
    /* Before the lock is given: whoever notifies because of what it finds then is not missed. */
    uint32_t seen = atomic_load_explicit(&lock->words->signals, memory_order_seq_cst);
    give(lock);
    int rc = wait_for_signal(lock, seen, deadline_ns, err);
    if (rc == PAR_E_INTERRUPTED) return rc;
    par_error taking;
    int taken = par_lock_take(lock, PAR_NEVER, abandoned, &taking);
    if (taken == PAR_OK) return rc;
    *err = taking;
    return taken;
}

void par_lock_notify(par_lock *lock, bool all)
{
    atomic_fetch_add_explicit(&lock->words->signals, 1, memory_order_seq_cst); /* with look_signal */
    if (all) par_latch_ring(&lock->words->changed);
    else par_latch_ring_one(&lock->words->changed);
}
