/* The pool's word (src/link/tasks.c) and the results that go through the ring: a worker that claims tasks, runs them and
 * publishes their results and may be killed at any step, and an owner who takes tasks back and, at the end of the chunk or of
 * the worker, decides what became of each.
 *
 * Holds: every task is run at most once and meets one end: its result, lost with the worker, or given to somebody else; and
 * only the task that was running can be lost. Without a part of the protocol (-DWITHOUT_...) it must not hold:
 *   CLAIM_CAS    the worker claims with a load and a store
 *   RETRACT_CAS  the owner takes back with a load and a store
 *   ORDER        the worker claims the next task before the result of the last one is published
 *   REAP         the owner counts results while the worker may still move */
#ifndef N
#define N 4
#endif

byte limit = N;   /* these two are one word */
byte claimed = 0;
byte results = 0; /* in the ring, in the order of the tasks */
bool dead = false;
byte begun_of[N];      /* how often each task was begun, by anybody */

active proctype worker() provided (!dead)
{
    byte mine, seen_limit, late;
    late = 0;
    do
    :: true ->
#ifdef WITHOUT_CLAIM_CAS
        atomic { mine = claimed; seen_limit = limit };
        if
        :: mine >= seen_limit -> break
        :: else
        fi;
        atomic { claimed = mine + 1; limit = seen_limit };
#else
        atomic {
            if
            :: claimed >= limit -> break
            :: else -> mine = claimed; claimed = mine + 1
            fi
        };
#endif
        begun_of[mine] = begun_of[mine] + 1;
#ifdef WITHOUT_ORDER
        if
        :: late -> results = results + 1
        :: else -> late = 1
        fi
#else
        results = results + 1
#endif
    od;
#ifdef WITHOUT_ORDER
    if
    :: late -> results = results + 1
    :: else
    fi
#endif
}

active proctype killer()
{
    if
    :: dead = true
    :: true
    fi
}

/* Tasks from limit on are no longer the worker's. */
inline take_back(keep)
{
#ifdef WITHOUT_RETRACT_CAS
    atomic { seen_claimed = claimed; lowered = keep };
    if
    :: lowered < seen_claimed -> lowered = seen_claimed
    :: else
    fi;
    if
    :: lowered < limit -> atomic { limit = lowered; claimed = seen_claimed }
    :: else
    fi
#else
    atomic {
        lowered = keep;
        if
        :: lowered < claimed -> lowered = claimed
        :: else
        fi;
        if
        :: lowered < limit -> limit = lowered
        :: else
        fi
    }
#endif
}

active proctype owner()
{
    byte i, lowered, seen_claimed, got, begun;
    if
    :: take_back(0)
    :: take_back(1)
    :: take_back(N - 1); take_back(2)
    :: true
    fi;
#ifdef WITHOUT_REAP
    got = results;
    begun = claimed;
#else
    (dead || results == limit);
    begun = claimed;
    got = results;
#endif
    assert(got <= begun);
    assert(begun - got <= 1);      /* one task at most was running */
    assert(dead || begun == got);
    /* The rest goes to somebody else. */
    i = begun;
    do
    :: i < N -> begun_of[i] = begun_of[i] + 1; i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < N -> assert(begun_of[i] == 1 || (i == begun - 1 && begun > got && begun_of[i] == 0)); i++
    :: else -> break
    od
}
