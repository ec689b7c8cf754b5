/* Phases on a board (src/group/phase.c, latch.c): M members enter P phases; each waits for the others, and sleeps on the latch. One
 * of them may be killed at any step.
 *
 * Holds: nobody leaves a phase before all have entered it; what was said in a phase is what the others read; nobody sleeps while
 * there is something to wake up for; when one is killed the others end, and none is told so of a member that has entered.
 * A plain store may become visible after later loads of the same process (as in ring.pml). Without a part of the protocol
 * (-DWITHOUT_...) it must not hold:
 *   FENCE        entering is a plain store, so that the look at the sleepers may come first
 *   LOOK         no look between saying that one sleeps and sleeping
 *   BELL         the bell does not count: who is about to sleep does not notice that it rang
 *   WAKE_ALL     one sleeper is woken, not all
 *   SLICE        sleep has no end of its own, so nobody looks for the dead
 *   SECOND_LOOK  who is dead is not asked once more whether it has entered
 *   TWO_SLOTS    what is said in the next phase is written over what was said in this one */
#ifndef M
#define M 3
#endif
#ifndef P
#define P 2
#endif

byte phase[M];     /* as others see it */
byte stored[M];    /* what its owner stored, perhaps not visible yet */
byte slot[2 * M];  /* what members say: here the number of the phase */
byte sleepers, bell;
bool asleep[M];
bool dead[M];
bool broken;
bool someone_died;
byte victim = M;   /* M: nobody is killed */

#ifdef WITHOUT_TWO_SLOTS
#define SLOT(i, p) (2 * (i))
#else
#define SLOT(i, p) (2 * (i) + (p) % 2)
#endif

#define KILLED :: victim == me && !someone_died -> dead[me] = true; someone_died = true; goto over

/* Has everybody entered phase p? Nobody goes back, so it is the same whether the loads are made one after the other or at once. */
inline look(p)
{
    d_step {
        i = 0;
        there = true;
        do
        :: i < M -> there = there && phase[i] >= p; i++
        :: else -> break
        od;
        i = 0
    }
}

inline ring()
{
    if
    :: sleepers > 0 ->
#ifndef WITHOUT_BELL
        bell++;
#endif
#ifdef WITHOUT_WAKE_ALL
        d_step {
            i = 0;
            do
            :: i < M && asleep[i] -> asleep[i] = false; break
            :: i < M && !asleep[i] -> i++
            :: i == M -> break
            od;
            i = 0
        }
#else
        d_step {
            i = 0;
            do
            :: i < M -> asleep[i] = false; i++
            :: else -> break
            od;
            i = 0
        }
#endif
    :: else
    fi
}

/* After a slice: is somebody late, and dead? */
inline look_for_dead(p)
{
    do
    :: j < M ->
        late = phase[j] < p; /* seen before it is asked whether its process lives */
        if
        :: late && dead[j] ->
#ifndef WITHOUT_SECOND_LOOK
            late = phase[j] < p;
#endif
            if
            :: late -> assert(stored[j] < p); broken = true; j = 0; ring(); goto over
            :: else
            fi
        :: else
        fi;
        late = false;
        j++
    :: else -> break
    od;
    j = 0
}

proctype member(byte me)
{
    byte p = 1, i, j, seen;
    bool there, late;
    do
    :: p > P -> break
    :: else ->
        slot[SLOT(me, p)] = p;
        if
        KILLED
        :: stored[me] = p
        fi;
#ifndef WITHOUT_FENCE
        (phase[me] == stored[me]);
#endif
        if
        KILLED
        :: true
        fi;
        look(p);
        if
        :: there -> ring()
        :: else ->
            do
            :: true ->
                sleepers++;
                seen = bell;
#ifndef WITHOUT_LOOK
                look(p);
#else
                there = false;
#endif
                if
                :: there -> sleepers--; break
                :: else
                fi;
                atomic {
                    if
                    :: bell == seen -> asleep[me] = true
                    :: else
                    fi
                };
                if
                :: !asleep[me]
#ifndef WITHOUT_SLICE
                :: someone_died && asleep[me] -> asleep[me] = false
#endif
                KILLED
                fi;
                sleepers--;
                look(p);
                if
                :: there -> break
                :: !there && broken -> goto over
                :: else
                fi;
                look_for_dead(p)
            od
        fi;
        do
        :: i < M -> atomic { assert(phase[i] >= p && phase[i] <= p + 1); assert(slot[SLOT(i, p)] == p); i++ }
        :: else -> break
        od;
        i = 0;
        p++
    od;
over:
    skip
}

/* Stores become visible, also those of who has died since. */
proctype memory()
{
    byte k;
end:
    do
    :: phase[0] != stored[0] -> phase[0] = stored[0]
    :: phase[1] != stored[1] -> phase[1] = stored[1]
#if M > 2
    :: phase[2] != stored[2] -> phase[2] = stored[2]
#endif
    od
}

init
{
    if
    :: victim = M
    :: victim = M - 1 /* they are all alike */
    fi;
    atomic {
        byte n = 0;
        run memory();
        do
        :: n < M -> run member(n); n++
        :: else -> break
        od
    }
}
