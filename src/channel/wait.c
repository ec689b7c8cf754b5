/* Waiting for the peer: look, spin if that has paid lately, say what one waits for, look again, sleep.
 *
 * Both ends may share a core; then a spin only keeps the peer from running, and a yield lets it run. So both are earned. */
#include "channel/wait.h"

#include "base/assert.h"
#include "base/limits.h"
#include "os/os.h"
#include "os/stress.h"

#define BELLS_AT_ONCE 256
#define QUIET_AFTER 10 /* slices without anything; then none, or longer ones */
#define QUIET_SLICE_NS 500000000
#define STARVED_SLICE_NS 10000000

/* A wait is often short. For so long we sleep on a word, which wakes twice as fast as the socket but knows nothing of
 * the peer's end; only then on the socket. It is longer than the system's tick: a timer that comes before the tick would
 * have to be programmed into the hardware, which costs more than all the rest (microseconds in a virtual machine). And a
 * death is to be noticed within 10 ms. */
#define WORD_NS 5000000
#define SLOW_AFTER 2 /* such sleeps in vain */

void par_channel_bell(par_channel *channel, uint64_t need)
{
    static const uint8_t bell = PAR_SOCKET_BELL;
    channel->stats.bells_rung++;
    PAR_STRESS_POINT();
    if (need & PAR_NEED_WORD) {
        atomic_fetch_add_explicit(channel->peer_bell, 1, memory_order_seq_cst); /* whoever is about to sleep does not */
        PAR_STRESS_POINT();
        if (par_os_futex_wake(channel->peer_bell)) return;
    }
    /* A full socket is a bell that already rings. */
    int rc = par_os_socket_write(channel->socket, &bell, 1, NULL, 0);
    if (rc == PAR_E_CLOSED) channel->gone = true;
}

void par_channel_give_back(par_channel *channel)
{
    par_reader *in = &channel->in;
    if (channel->held == PAR_HELD_IN_PLACE(channel) || in->tail == in->read) return;
    uint64_t need = par_reader_publish(in);
    if (need && par_need_due(need, in->tail, &in->rung)) par_channel_bell(channel, need);
}

static bool fds_full(const par_channel *channel) { return channel->n_fds >= PAR_FDS_QUEUED_MAX; }

/* Descriptors are kept until the record that announces them is read. */
static void take_fd(par_channel *channel)
{
    int fd = -1;
    PAR_ASSERT(!fds_full(channel));
    channel->starved = par_os_socket_take_fd(channel->socket, &fd) == PAR_E_LIMIT;
    if (fd >= 0) channel->fds[channel->n_fds++] = fd;
}

/* Takes in `n` bytes that were seen in the socket: bells, and behind them perhaps the mark of a descriptor. true: there may be more. */
static bool take_bells(par_channel *channel, const uint8_t *bells, size_t n)
{
    const uint8_t *mark = memchr(bells, PAR_SOCKET_DESCRIPTOR, n);
    size_t before = mark ? (size_t)(mark - bells) : n;
    if (before) par_os_socket_drop(channel->socket, before);
    if (mark && fds_full(channel)) return false;
    if (mark) take_fd(channel);
    return mark ? !channel->starved : n == BELLS_AT_ONCE;
}

bool par_channel_drain(par_channel *channel)
{
    uint8_t bells[BELLS_AT_ONCE];
    channel->idle_need = 0;
    for (int i = 0; i < 16; i++) { /* also after the peer's end: descriptors may still be in it */
        int n = par_os_socket_look(channel->socket, bells, sizeof bells);
        if (n == PAR_E_CLOSED) channel->gone = true;
        if (n <= 0 || !take_bells(channel, bells, (size_t)n)) return false;
    }
    return true;
}

/* --- is it there? --- */
typedef struct target {
    uint64_t rx, tx; /* need words: 0 or armed */
} target;

static bool reached(uint64_t index, uint64_t need) { return (int64_t)(index - (need & ~(uint64_t)7)) >= 0; }

/* 1: there, 0: not yet, PAR_E_CORRUPT. */
static int look(par_channel *channel, target t, memory_order order)
{
    if (t.rx && !par_reader_refresh(&channel->in, order)) return PAR_E_CORRUPT;
    if (t.tx && !par_writer_refresh(&channel->out, order)) return PAR_E_CORRUPT;
    return (t.rx && reached(channel->in.head, t.rx)) || (t.tx && reached(channel->out.tail, t.tx));
}

/* --- spinning --- */
/* *late: it took longer than a peer that is awake needs. */
static int spin_for(par_channel *channel, target t, int64_t began_ns, int64_t until_ns, bool *late)
{
    int64_t now_ns;
    do {
        for (int i = 0; i < PAR_SPIN_LOOKS; i++) {
            int rc = look(channel, t, memory_order_acquire);
            if (rc) return rc;
            par_os_pause();
        }
        now_ns = par_os_now_ns();
        *late = now_ns - began_ns > PAR_SPIN_NS;
    } while (now_ns < until_ns);
    return 0;
}

/* Who receives one message after the other and says nothing in between has caught up with a writer who goes on. To look at each index as
 * it is stored would take the line away from the writer for every message: a moment later a run of them is there. */
static void let_some_come(par_channel *channel, int64_t began_ns)
{
    bool stream = channel->out.head == channel->answered_at && par_os_now_ns() - began_ns < PAR_STREAM_NS;
    channel->answered_at = channel->out.head;
    channel->unanswered = stream ? channel->unanswered + 1 : 0;
    if (channel->unanswered < PAR_STREAM_WAITS) return;
    channel->unanswered = PAR_STREAM_WAITS;
    for (int i = 0; i < PAR_STREAM_PAUSES; i++) par_os_pause();
}

static int spin_if_earned(par_channel *channel, target t, int64_t deadline_ns)
{
    if (!par_spin_may(&channel->spin)) return 0;
    bool middle = channel->rx.streaming || channel->rx.lent || t.tx, late = false;
    int64_t began_ns = par_os_now_ns();
    int64_t until_ns = began_ns + (middle ? PAR_SPIN_MIDDLE_NS : par_spin_limit_ns(&channel->spin));
    int rc = spin_for(channel, t, began_ns, until_ns < deadline_ns ? until_ns : deadline_ns, &late);
    if (rc > 0 && !middle) let_some_come(channel, began_ns);
    par_spin_settle(&channel->spin, rc == 0 ? PAR_SPIN_FAILED : late && !middle ? PAR_SPIN_LATE : PAR_SPIN_DONE);
    return rc;
}

/* The peer may wait for this very core, with what we wait for in its hands. */
static int yield_if_earned(par_channel *channel, target t)
{
    if (channel->spin.credit > 0 || !par_spin_may(&channel->yield)) return 0; /* where spins pay it is on another core */
    int64_t began_ns = par_os_now_ns();
    par_os_yield();
    int rc = look(channel, t, memory_order_acquire);
    par_yield_settle(&channel->yield, rc != 0, par_os_now_ns() - began_ns);
    return rc;
}

/* --- sleeping --- */
/* Is there a descriptor that tells the end of the peer's process? */
static bool has_peer_process(par_channel *channel)
{
    par_channel_owner *owner = &channel->owner;
    if (channel->peer_process == PAR_NOT_ASKED) channel->peer_process = owner->peer_process ? owner->peer_process(owner->context) : -1;
    return channel->peer_process >= 0;
}

/* Until something comes: only where the end of the peer has to be asked for, for a slice. */
static int sleep_long(par_channel *channel, int64_t deadline_ns)
{
    par_os_wait waits[] = {{.fd = channel->socket, .events = PAR_OS_READABLE}, {.fd = -1, .events = PAR_OS_READABLE}};
    int64_t until = deadline_ns, slice = par_os_now_ns() + QUIET_SLICE_NS;
    if (has_peer_process(channel)) waits[1].fd = channel->peer_process;
    else if (channel->owner.peer_gone && slice < until) until = slice;
    int rc = par_os_wait_fds(waits, waits[1].fd < 0 ? 1 : 2, until);
    if (rc <= 0) return rc;
    if (waits[1].seen) { /* it has told what it can: peer_gone says the rest */
        par_os_close(channel->peer_process);
        channel->peer_process = -1;
    }
    if (!waits[0].seen) return PAR_E_TIMEOUT;
    par_channel_drain(channel);
    return PAR_OK;
}

/* For one slice: in the read itself, since that is one system call less. */
static int sleep_short(par_channel *channel)
{
    uint8_t bells[BELLS_AT_ONCE];
    int n = par_os_socket_look_slice(channel->socket, bells, sizeof bells);
    if (n == PAR_E_CLOSED) channel->gone = true;
    if (n > 0) take_bells(channel, bells, (size_t)n);
    return n;
}

/* A descriptor for which there is no room stays in the socket, which is readable all that time. */
static int sleep_starved(int64_t deadline_ns)
{
    int64_t now_ns = par_os_now_ns(), ns = STARVED_SLICE_NS;
    if (deadline_ns - now_ns < ns) ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    par_os_sleep_ns(ns);
    return PAR_E_TIMEOUT;
}

/* A descriptor is in the socket that cannot be taken out now. */
static bool is_stuck(const par_channel *channel) { return channel->starved || fds_full(channel); }

static bool all_read(par_reader *in) { return par_reader_refresh(in, memory_order_acquire) && par_reader_available(in) == 0; }

static int sleep_slice(par_channel *channel, int64_t deadline_ns)
{
    int rc;
    if (fds_full(channel) && all_read(&channel->in)) return PAR_E_CORRUPT; /* the records that announce them were sent before the last */
    channel->stats.waits_slept++;
    if (is_stuck(channel)) rc = sleep_starved(deadline_ns);
    else if (channel->quiet >= QUIET_AFTER || (deadline_ns != PAR_NEVER && deadline_ns - par_os_now_ns() <= PAR_OS_SLICE_NS))
        rc = sleep_long(channel, deadline_ns);
    else rc = sleep_short(channel);
    channel->quiet = rc == PAR_E_TIMEOUT ? channel->quiet + 1 : 0;
    return rc > 0 || rc == PAR_E_CLOSED ? PAR_OK : rc;
}

void par_channel_ask_for_end(par_channel *channel)
{
    par_channel_owner *owner = &channel->owner;
    if (owner->peer_gone && owner->peer_gone(owner->context)) channel->gone = true;
}

static int after_sleep(par_channel *channel, int rc, int64_t deadline_ns, par_error *err)
{
    if (rc == PAR_E_TIMEOUT) {
        par_channel_ask_for_end(channel);
        if (deadline_ns == PAR_NEVER || par_os_now_ns() < deadline_ns) return PAR_OK;
        return par_error_set(err, PAR_E_TIMEOUT, "the time limit passed");
    }
    return rc == PAR_E_SYSTEM ? par_error_system(err, "cannot wait for a peer's message") : PAR_OK;
}

int par_channel_arm(par_channel *channel, uint64_t rx_need, uint64_t tx_need)
{
    target t = {.rx = rx_need, .tx = tx_need};
    channel->idle_need = 0;
    if (t.rx) par_need_set(&channel->in.words->reader_need, t.rx);
    if (t.tx) par_need_set(&channel->out.words->writer_need, t.tx);
    return look(channel, t, memory_order_seq_cst); /* or a bell might never come */
}

void par_channel_disarm(par_channel *channel, uint64_t rx_need, uint64_t tx_need)
{
    if (rx_need) atomic_store_explicit(&channel->in.words->reader_need, 0, memory_order_relaxed);
    if (tx_need) atomic_store_explicit(&channel->out.words->writer_need, 0, memory_order_relaxed);
}

/* For so long on our bell's count. PAR_E_TIMEOUT: nothing came. */
static int sleep_on_word(par_channel *channel, target t, int64_t ns, int64_t deadline_ns)
{
    if (deadline_ns != PAR_NEVER) {
        int64_t left = deadline_ns - par_os_now_ns();
        if (left < ns) ns = left > 0 ? left : 0;
    }
    uint32_t count = atomic_load_explicit(channel->my_bell, memory_order_seq_cst);
    int rc = par_channel_arm(channel, t.rx ? t.rx | PAR_NEED_WORD : 0, t.tx ? t.tx | PAR_NEED_WORD : 0);
    if (rc == 0) {
        channel->stats.waits_slept++;
        PAR_STRESS_POINT();
        rc = par_os_futex_wait(channel->my_bell, count, ns);
    }
    par_channel_disarm(channel, t.rx, t.tx);
    if (rc == PAR_E_UNSUPPORTED) rc = PAR_E_TIMEOUT;
    return rc > 0 ? PAR_OK : rc;
}

static int sleep_on_socket(par_channel *channel, target t, int64_t deadline_ns)
{
    int rc = par_channel_arm(channel, t.rx, t.tx);
    if (rc == 0) rc = sleep_slice(channel, deadline_ns);
    par_channel_disarm(channel, t.rx, t.tx);
    return rc > 0 ? PAR_OK : rc;
}

/* On the word, and on the socket when that was in vain. */
static int sleep_on_word_first(par_channel *channel, target t, int64_t deadline_ns)
{
    bool on_word = channel->quiet == 0 && par_os_futex_usable();
    int rc = on_word ? sleep_on_word(channel, t, WORD_NS, deadline_ns) : PAR_E_TIMEOUT;
    channel->slow = rc == PAR_E_TIMEOUT ? channel->slow + 1 : 0;
    return rc == PAR_E_TIMEOUT ? sleep_on_socket(channel, t, deadline_ns) : rc;
}

/* For a slice on the word, which is less work for both than the socket: where somebody else sees the peer's end. */
static int sleep_slice_on_word(par_channel *channel, target t, int64_t deadline_ns)
{
    int rc = sleep_on_word(channel, t, PAR_OS_SLICE_NS, deadline_ns);
    channel->quiet = rc == PAR_E_TIMEOUT;
    return rc;
}

/* A long sleep. A wait for which the word would have been enough ends that: one that ends soon in its first slice. */
static int sleep_at_once(par_channel *channel, target t, int64_t deadline_ns)
{
    if (channel->quiet) return sleep_on_socket(channel, t, deadline_ns);
    int64_t began_ns = par_os_now_ns();
    bool on_word = channel->owner.dies_with_peer && !is_stuck(channel) && par_os_futex_usable();
    int rc = on_word ? sleep_slice_on_word(channel, t, deadline_ns) : sleep_on_socket(channel, t, deadline_ns);
    if (par_os_now_ns() - began_ns < WORD_NS) channel->slow = 0;
    return rc;
}

/* Where the word was waited for in vain, twice in a row, the next sleep is a long one at once: a process that runs only to go to sleep
 * elsewhere finds its memory in no cache, and of a thousand each does. */
static int arm_and_sleep(par_channel *channel, target t, int64_t deadline_ns)
{
    return channel->slow < SLOW_AFTER ? sleep_on_word_first(channel, t, deadline_ns) : sleep_at_once(channel, t, deadline_ns);
}

int par_channel_leave(par_channel *channel, par_error *err)
{
    par_channel_owner *owner = &channel->owner;
    if (!owner->interrupted || !owner->interrupted(owner->context)) return PAR_OK;
    return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
}

int par_channel_overdue(par_channel *channel, int64_t deadline_ns, par_error *err)
{
    if (deadline_ns != PAR_NEVER && par_os_now_ns() >= deadline_ns) return par_error_set(err, PAR_E_TIMEOUT, "the time limit passed");
    return par_channel_leave(channel, err);
}

int par_channel_wait(par_channel *channel, uint64_t rx_need, uint64_t tx_need, int64_t deadline_ns, par_error *err)
{
    target t = {.rx = rx_need, .tx = tx_need};
    par_channel_give_back(channel);
    int rc = yield_if_earned(channel, t);
    if (rc == 0) rc = spin_if_earned(channel, t, deadline_ns);
    if (rc == 0) {
        rc = par_channel_overdue(channel, deadline_ns, err);
        if (rc != PAR_OK) return rc;
        rc = arm_and_sleep(channel, t, deadline_ns); /* a signal ends it, and the next wait asks */
    }
    if (rc == PAR_E_CORRUPT || channel->failed) return par_channel_corrupt(channel, err);
    return rc >= 0 ? PAR_OK : after_sleep(channel, rc, deadline_ns, err);
}

uint64_t par_channel_stuck_need(const par_channel *channel)
{
    uint64_t half = par_need_arm(channel->in.read + channel->in.capacity / 2);
    return (int64_t)(channel->rx.need - half) > 0 ? channel->rx.need : half;
}

bool par_channel_room_came(par_channel *channel)
{
    uint64_t need = channel->room_need & ~(uint64_t)7;
    if (!par_writer_refresh(&channel->out, memory_order_seq_cst)) channel->failed = PAR_E_CORRUPT;
    return channel->failed || (int64_t)(channel->out.tail - need) >= 0;
}
