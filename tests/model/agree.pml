/* Those who live agree on who that is (src/group/agree.c): M members vote for one group after the other; up to D of them may be
 * killed at any step.
 *
 * Holds: whoever is in a group holds the same members for its members as all others in it do, and nobody waits for ever.
 * Without a part of the protocol (-DWITHOUT_...) it must not hold:
 *   VOTE_COUNTS  a member that has voted and died is held for gone, although others may have counted its vote
 *   LATER        a vote for a later group does not count for this one */
#ifndef M
#define M 3
#endif
#ifndef D
#define D 2
#endif
#define GROUPS 2
#define ALL ((1 << M) - 1)

byte vote[M];
bool dead[M];
byte deaths, most;
byte joined[M * (GROUPS + 1)]; /* whom a member holds for its group's members; 0: it is not in one */

#define HAS(s, i) (((s) >> (i)) & 1)
#define KILLED :: deaths < most -> atomic { deaths++; dead[me] = true }; goto over
#ifdef WITHOUT_LATER
#define VOTED(i) (vote[i] == g)
#else
#define VOTED(i) (vote[i] >= g)
#endif

proctype member(byte me)
{
    byte g = 1, members = ALL, gone, j;
    do
    :: g > GROUPS -> break
    :: else ->
        if
        KILLED
        :: vote[me] = g
        fi;
        /* One after the other: neither votes nor ends are taken back. */
        gone = 0;
        j = 0;
        do
        :: j < M && !HAS(members, j) -> j++
        :: j < M && HAS(members, j) ->
            if
#ifdef WITHOUT_VOTE_COUNTS
            :: VOTED(j)
            :: dead[j] -> gone = gone | (1 << j)
#else
            :: VOTED(j)
            :: dead[j] ->
                if
                :: VOTED(j)
                :: else -> gone = gone | (1 << j)
                fi
#endif
            KILLED
            fi;
            j++
        :: j == M -> break
        od;
        members = members & ~gone;
        atomic {
            joined[M * g + me] = members;
            j = 0;
            do
            :: j < M -> assert(!HAS(members, j) || joined[M * g + j] == 0 || joined[M * g + j] == members); j++
            :: else -> break
            od
        };
        g++
    od;
over:
    skip
}

init
{
    if
    :: most = 0
    :: most = 1
    :: most = D
    fi;
    atomic {
        byte n = 0;
        do
        :: n < M -> run member(n); n++
        :: else -> break
        od
    }
}
