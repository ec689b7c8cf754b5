/* Spinning that has to be earned: a spin that succeeds gives credit, one that fails costs more than it gave. Without
 * credit most waits sleep at once, and now and then one tries again. */
#ifndef PAR_CHANNEL_SPIN_H
#define PAR_CHANNEL_SPIN_H

#include <stdbool.h>

#define PAR_SPIN_NS 20000         /* a peer that is awake answers sooner */
#define PAR_SPIN_MIDDLE_NS 100000 /* in the middle of a message more is certain to come */
#define PAR_SPIN_LOOKS 32         /* between two looks at the clock */

typedef struct par_spin {
    int credit;              /* 0-8 */
    unsigned skip, skip_now; /* waits to sleep at once before the next trial */
} par_spin;

static inline bool par_spin_may(par_spin *spin)
{
    if (spin->credit > 0 || spin->skip == 0) return true;
    spin->skip--;
    return false;
}

static inline void par_spin_settle(par_spin *spin, bool success)
{
    enum { CREDIT_MAX = 8, CREDIT_LOSS = 4, SKIP_FIRST = 4, SKIP_MAX = 1024 };
    if (success) {
        if (spin->credit < CREDIT_MAX) spin->credit++;
        spin->skip_now = 0;
        return;
    }
    spin->credit -= CREDIT_LOSS;
    if (spin->credit > 0) return;
    spin->credit = 0;
    spin->skip_now = spin->skip_now ? spin->skip_now * 2 : SKIP_FIRST;
    if (spin->skip_now > SKIP_MAX) spin->skip_now = SKIP_MAX;
    spin->skip = spin->skip_now;
}

#endif
