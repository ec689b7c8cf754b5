/* Spinning that has to be earned: a spin that succeeds gives credit, one that fails costs more than it gave. Without
 * credit most waits sleep at once, and now and then one tries again.
 *
 * When both ends have come to sleep, each of them has to be woken for every message, which takes longer than a spin: a
 * trial would never succeed. So a trial is longer than that, and one that succeeds late makes patient: long spins for so many
 * waits that the peer, who finds us awake now, has its own trial among them. If it does not help, trials get rare.
 *
 * The same goes for yielding the core, which is how two ends that share one hand it to each other without a system call
 * to sleep and another to wake. */
#ifndef PAR_CHANNEL_SPIN_H
#define PAR_CHANNEL_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#define PAR_SPIN_NS 20000         /* a peer that is awake answers sooner */
#define PAR_SPIN_WAKE_NS 100000   /* and one that has to wake, sooner than that */
#define PAR_SPIN_MIDDLE_NS 100000 /* in the middle of a message more is certain to come */
#define PAR_SPIN_LOOKS 32         /* between two looks at the clock */
#define PAR_STREAM_WAITS 16       /* so many in a row, without an answer of ours, make a stream */
#define PAR_STREAM_NS 1000        /* if each of them lasts no longer */
#define PAR_STREAM_PAUSES 400     /* of the processor: some microseconds, in which some dozen messages come */
#define PAR_YIELD_NS 50000        /* a yield that took longer went to somebody else, who kept the core for a slice */
#define PAR_YIELD_GAIN_NS 256     /* what one saves */

typedef enum par_spin_end { PAR_SPIN_FAILED, PAR_SPIN_LATE, PAR_SPIN_DONE } par_spin_end; /* late: after PAR_SPIN_NS */

typedef struct par_spin {
    int credit;              /* 0-8 */
    unsigned skip, skip_now; /* waits to sleep at once before the next trial */
    unsigned patience;       /* waits in which to spin long */
    /* yields only: */
    unsigned ban;      /* waits without one, the last time that one was too expensive */
    int64_t gained_ns; /* since one was expensive */
} par_spin;

enum {
    PAR_SPIN_CREDIT_MAX = 8,
    PAR_SPIN_LOSS = 4,
    PAR_SPIN_SKIP_FIRST = 4,
    PAR_SPIN_SKIP_MAX = 512,
    PAR_SPIN_PATIENCE = 2 * PAR_SPIN_SKIP_MAX,
    PAR_SPIN_SKIP_RARE = 16384,
    PAR_YIELD_BAN_FIRST = 64,
    PAR_YIELD_BAN_MAX = 65536
};

static inline bool par_spin_may(par_spin *spin)
{
    if (spin->credit > 0 || spin->patience || spin->skip == 0) return true;
    spin->skip--;
    return false;
}

static inline int64_t par_spin_limit_ns(const par_spin *spin) { return spin->credit > 0 ? PAR_SPIN_NS : PAR_SPIN_WAKE_NS; }

/* The next trial comes after `times` as many waits as the last one did, but not later than `max` because of this. */
static inline void par_spin_back_off(par_spin *spin, unsigned times, unsigned max)
{
    unsigned next = spin->skip_now ? spin->skip_now * times : PAR_SPIN_SKIP_FIRST;
    if (next > max) next = spin->skip_now > max ? spin->skip_now : max;
    *spin = (par_spin){.skip = next, .skip_now = next, .ban = spin->ban, .gained_ns = spin->gained_ns};
}

static inline void par_spin_settle(par_spin *spin, par_spin_end end)
{
    if (end == PAR_SPIN_DONE) {
        if (spin->credit < PAR_SPIN_CREDIT_MAX) spin->credit++;
        spin->skip_now = 0;
    } else if (end == PAR_SPIN_LATE) {
        if (!spin->patience) spin->patience = PAR_SPIN_PATIENCE;
        else if (--spin->patience == 0) par_spin_back_off(spin, 4, PAR_SPIN_SKIP_RARE);
    } else {
        spin->credit -= PAR_SPIN_LOSS;
        if (spin->credit <= 0) par_spin_back_off(spin, 2, PAR_SPIN_SKIP_MAX);
    }
}

/* dear_ns: a yield that takes longer went to somebody else; gain_ns: what one saves that finds something. */
static inline void par_yield_settle_by(par_spin *yield, bool found, int64_t took_ns, int64_t dear_ns, int64_t gain_ns)
{
    if (took_ns <= dear_ns) {
        par_spin_settle(yield, found ? PAR_SPIN_DONE : PAR_SPIN_FAILED);
        yield->gained_ns += found ? gain_ns : 0;
        return;
    }
    /* One that cost more than all before it have gained is not tried again for long, and then for longer. */
    if (yield->gained_ns < took_ns) {
        yield->ban = yield->ban ? yield->ban * 4 : PAR_YIELD_BAN_FIRST;
        if (yield->ban > PAR_YIELD_BAN_MAX) yield->ban = PAR_YIELD_BAN_MAX;
        yield->credit = 0;
        yield->skip = yield->skip_now = yield->ban;
    } else {
        yield->ban = 0;
    }
    yield->gained_ns = 0;
}

static inline void par_yield_settle(par_spin *yield, bool found, int64_t took_ns)
{
    par_yield_settle_by(yield, found, took_ns, PAR_YIELD_NS, PAR_YIELD_GAIN_NS);
}

#endif
