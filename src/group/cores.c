/* Where members run, when there are more of them than cores.
 *
 * Each says in its seat which core it runs on. Who waits for one that shares its core lets that one run; who waits for others only
 * stays awake. And where the system has put many on one core and few on another, which it may leave so for a tenth of a second, one of the many
 * moves. All of it is a matter of time alone: words that are old or wrong cost some. */
#include "group/internal.h"
#include "os/os.h"

#define CORES_MAX 256
#define WAITS 64          /* between two looks at who runs where */
#define PAUSE_NS 10000000 /* after the first move, and then twice as long each time: the system may know better */
#define PAUSE_MAX_NS 1000000000

void par_cores_tell(par_board *board)
{
    uint32_t core = (uint32_t)(par_os_core() + 1);
    if (core == board->core) return;
    board->core = core;
    atomic_store_explicit(&par_board_seat(board, board->seat)->core, core, memory_order_relaxed); /* with core_of */
}

/* 0: not known, as of members on other hosts. */
static uint32_t core_of(const par_board *board, unsigned rank)
{
    return atomic_load_explicit(&par_board_seat(board, board->member[rank])->core, memory_order_relaxed); /* with par_cores_tell */
}

bool par_cores_wanted(const par_board *board)
{
    unsigned late = 0;
    if (!board->waiter.crowded) return false;
    for (unsigned rank = board->there; rank < board->n; rank++) {
        if ((par_board_phase_of(board, board->member[rank]) & ~PAR_PHASE_LEFT) == board->phase) continue;
        if (board->core && core_of(board, rank) == board->core) return true;
        late++;
    }
    return !board->core && late >= board->waiter.cores;
}

/* How many members run on each core. True: of those on ours we have the highest rank. */
static bool count_members(const par_board *board, unsigned *members)
{
    unsigned last = board->n;
    for (unsigned rank = 0; rank < board->n; rank++) {
        uint32_t core = core_of(board, rank);
        if (core == board->core) last = rank;
        if (core && core <= CORES_MAX) members[core - 1]++;
    }
    return last == board->rank;
}

void par_cores_even_out(par_board *board)
{
    unsigned members[CORES_MAX] = {0};
    if (++board->waits % WAITS || !board->core || board->core > CORES_MAX) return;
    int64_t now_ns = par_os_now_coarse_ns();
    if (board->pause_ns && now_ns - board->even_ns < board->pause_ns) return;
    if (!count_members(board, members) || !par_os_take_core(members, CORES_MAX)) return;
    board->even_ns = now_ns;
    board->pause_ns = board->pause_ns ? 2 * board->pause_ns : PAUSE_NS;
    if (board->pause_ns > PAUSE_MAX_NS) board->pause_ns = PAUSE_MAX_NS;
}
