/* A group whose members are on several hosts: boards that are kept alike, here by one process that is on all of them. Collectives have the
 * bits of one board; who dies, leaves or is lost with his host is named everywhere; and what another host tells is not believed. */
#include <poll.h>

#include "group/collect.h"
#include "group/layout.h"
#include "group/mirror.h"
#include "members.h"
#include "transfers.h"

enum { PLACES_MAX = 3 }; /* the first passes on what the others say */

typedef struct world {
    unsigned n, n_places;
    uint32_t places[MEMBERS_MAX];
    int board_fd[PLACES_MAX], bell[MEMBERS_MAX];
    pid_t pid[MEMBERS_MAX];
    par_mirror *mirror[PLACES_MAX];
    par_mirror_reader *up[PLACES_MAX], *down[PLACES_MAX]; /* to the first place, and from it */
    bool cut[PLACES_MAX];
} world;

static par_error err;

/* --- members --- */
static int gate[2]; /* nobody begins before all signs of life are there */

static void member(world *w, unsigned seat, int seat_fd, int bell, member_code *code, void *context)
{
    char byte;
    alarm(TAP_SECONDS);
    close(gate[1]);
    CHECK_INT(read(gate[0], &byte, 1), 0);
    par_board *board = member_join(seat_fd, w->n, seat, NULL);
    par_board_set_bell(board, bell);
    int status = code(board, context);
    fflush(stdout);
    _exit(status);
}

static void start_members(world *w, member_code *code, void *context)
{
    int seat_fd[MEMBERS_MAX], bell[MEMBERS_MAX][2];
    CHECK(pipe(gate) == 0);
    for (unsigned seat = 0; seat < w->n; seat++) {
        CHECK_INT(par_board_seat_fd(w->board_fd[w->places[seat]], w->n, seat, &seat_fd[seat], &err), PAR_OK);
        CHECK_INT(par_os_socketpair(bell[seat], &err), PAR_OK);
    }
    fflush(stdout);
    for (unsigned seat = 0; seat < w->n; seat++) {
        w->pid[seat] = fork();
        CHECK(w->pid[seat] >= 0);
        if (w->pid[seat] == 0) {
            for (unsigned i = 0; i < w->n; i++) {
                close(bell[i][0]);
                if (i == seat) continue;
                close(seat_fd[i]);
                close(bell[i][1]);
            }
            member(w, seat, seat_fd[seat], bell[seat][1], code, context);
        }
    }
    for (unsigned seat = 0; seat < w->n; seat++) {
        CHECK_INT(par_board_seat_pid(w->board_fd[w->places[seat]], w->n, seat, w->pid[seat], &err), PAR_OK);
        close(seat_fd[seat]);
        close(bell[seat][1]);
        w->bell[seat] = bell[seat][0];
    }
}

/* Members are on the places in turn. */
static void world_start(world *w, unsigned n, unsigned n_places, member_code *code, void *context)
{
    *w = (world){.n = n, .n_places = n_places};
    for (unsigned seat = 0; seat < n; seat++) w->places[seat] = seat % n_places;
    for (unsigned p = 0; p < n_places; p++) CHECK_INT(par_board_make(n, &w->board_fd[p], &err), PAR_OK);
    start_members(w, code, context);
    for (unsigned p = 0; p < n_places; p++) CHECK_INT(par_mirror_open(&w->mirror[p], w->board_fd[p], n, w->places, p, &err), PAR_OK);
    for (unsigned p = 1; p < n_places; p++) {
        CHECK_INT(par_mirror_reader_open(&w->up[p], w->mirror[p], 0, true, &err), PAR_OK);
        CHECK_INT(par_mirror_reader_open(&w->down[p], w->mirror[0], p, false, &err), PAR_OK);
    }
    close(gate[0]);
    close(gate[1]);
}

/* --- connections --- */
/* Tells all that there is. True: there was something. */
static bool tell(par_mirror_reader *reader, par_mirror *to, uint32_t from)
{
    par_buffer change = {0};
    bool some = false;
    while (par_mirror_next(reader, &change) == PAR_OK) {
        CHECK(change.len <= PAR_MIRROR_CHANGE_MAX_BYTES);
        uint8_t *copy = malloc(change.len); /* so that nothing behind it is read */
        memcpy(copy, change.data, change.len);
        CHECK_INT(par_mirror_apply(to, from, copy, change.len, &err), PAR_OK);
        free(copy);
        change.len = 0;
        some = true;
    }
    par_buffer_fini(&change);
    if (some) par_mirror_ring(to);
    return some;
}

static void pump(world *w)
{
    bool some = true;
    while (some) {
        some = false;
        for (unsigned p = 1; p < w->n_places; p++) {
            if (w->cut[p]) continue;
            some |= tell(w->up[p], w->mirror[0], p);
            some |= tell(w->down[p], w->mirror[p], PAR_MIRROR_ANY);
        }
    }
}

static void hear(world *w, unsigned seat)
{
    char bytes[16];
    ssize_t n = read(w->bell[seat], bytes, sizeof bytes);
    par_mirror *mirror = w->mirror[w->places[seat]];
    par_mirror_look(mirror, seat);
    if (n > 0) return;
    close(w->bell[seat]);
    w->bell[seat] = -1;
    par_mirror_gone(mirror, seat);
}

/* A host that nobody reaches any more; its members live on, for a while. */
static void cut(world *w, unsigned place)
{
    w->cut[place] = true;
    par_mirror_lost(w->mirror[0], place);
    for (unsigned p = 0; p < w->n_places; p++)
        if (p != place) par_mirror_lost(w->mirror[place], p);
}

/* Until all members are gone. `disturb` is called now and then. */
static void carry(world *w, void (*disturb)(world *w, int round))
{
    for (int round = 0;; round++) {
        struct pollfd set[MEMBERS_MAX];
        unsigned left = 0;
        for (unsigned seat = 0; seat < w->n; seat++) {
            set[seat] = (struct pollfd){.fd = w->bell[seat], .events = POLLIN};
            left += w->bell[seat] >= 0;
        }
        if (left == 0) break;
        poll(set, w->n, 1);
        for (unsigned seat = 0; seat < w->n; seat++)
            if (set[seat].revents) hear(w, seat);
        pump(w);
        if (disturb) disturb(w, round);
    }
}

static void world_end(world *w, uint64_t killed)
{
    for (unsigned seat = 0; seat < w->n; seat++) {
        int status;
        CHECK(waitpid(w->pid[seat], &status, 0) == w->pid[seat]);
        if (killed >> seat & 1) continue;
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 0);
    }
    for (unsigned p = 0; p < w->n_places; p++) {
        CHECK(w->cut[p] || par_mirror_is_over(w->mirror[p]));
        par_mirror_reader_close(w->up[p]);
        par_mirror_reader_close(w->down[p]);
    }
    for (unsigned p = 0; p < w->n_places; p++) {
        par_mirror_close(w->mirror[p]);
        par_os_close(w->board_fd[p]);
    }
}

/* --- collectives --- */
static double element(unsigned rank, int round, int64_t i) { return 0.1 * (rank + 1) + 1e-3 * round + (double)(i % 97); }

static const int64_t sizes[] = {1, 5, 64, 513, 40000, 70001};
enum { SIZES = sizeof sizes / sizeof *sizes, MOST = 70001 };

/* As a loop over the ranks has it. */
static double sum_of(unsigned n, int round, int64_t i)
{
    double sum = element(0, round, i);
    for (unsigned rank = 1; rank < n; rank++) sum += element(rank, round, i);
    return sum;
}

static void reduce_all(par_board *board, double *data, int64_t n, int round)
{
    unsigned size = par_board_size(board), me = par_board_rank(board);
    par_reduction what = {.op = PAR_REDUCE_SUM, .type = PAR_DOUBLE, .n = n, .src = data, .dst = data};
    for (int64_t i = 0; i < n; i++) data[i] = element(me, round, i);
    CHECK_INT(par_collect_allreduce(board, &what, SECONDS(60), &err), PAR_OK);
    for (int64_t i = 0; i < n; i++) CHECK(data[i] == sum_of(size, round, i));
}

static void reduce_parts(par_board *board, double *data, int64_t n, int round)
{
    unsigned size = par_board_size(board), me = par_board_rank(board);
    par_reduction what = {.op = PAR_REDUCE_SUM, .type = PAR_DOUBLE, .n = n, .src = data, .dst = data + me * n};
    for (int64_t i = 0; i < n * size; i++) data[i] = element(me, round, i);
    CHECK_INT(par_collect_reduce_scatter(board, &what, SECONDS(60), &err), PAR_OK);
    for (int64_t i = 0; i < n; i++) CHECK(data[me * n + i] == sum_of(size, round, i + me * n));
}

static void move_all(par_board *board, double *data, int64_t n, int round)
{
    unsigned size = par_board_size(board), me = par_board_rank(board), root = (unsigned)round % size;
    uint64_t bytes = (uint64_t)n * sizeof *data;
    for (int64_t i = 0; i < n; i++) data[i] = me == root ? element(root, round, i) : 0;
    CHECK_INT(broadcast_memory(board, root, PAR_DOUBLE, data, bytes, SECONDS(60), &err), PAR_OK);
    for (int64_t i = 0; i < n; i++) CHECK(data[i] == element(root, round, i));
    for (int64_t i = 0; i < n; i++) data[me * n + i] = element(me, round, i);
    CHECK_INT(allgather_memory(board, PAR_DOUBLE, data + me * n, data, bytes, SECONDS(60), &err), PAR_OK);
    for (unsigned rank = 0; rank < size; rank++)
        for (int64_t i = 0; i < n; i++) CHECK(data[rank * n + i] == element(rank, round, i));
    for (int64_t i = 0; i < n && me != root; i++) data[me * n + i] = 0;
    CHECK_INT(scatter_memory(board, root, PAR_DOUBLE, data, data + me * n, bytes, SECONDS(60), &err), PAR_OK);
    for (int64_t i = 0; i < n; i++) CHECK(data[me * n + i] == element(me, round, i));
    for (unsigned rank = 0; rank < size; rank++)
        for (int64_t i = 0; i < n && rank != me; i++) data[rank * n + i] = 0;
    CHECK_INT(gather_memory(board, root, PAR_DOUBLE, data + me * n, data, bytes, SECONDS(60), &err), PAR_OK);
    for (unsigned rank = 0; rank < size && me == root; rank++)
        for (int64_t i = 0; i < n; i++) CHECK(data[rank * n + i] == element(rank, round, i));
}

static int collect(par_board *board, void *context)
{
    double *data = malloc(MEMBERS_MAX * MOST * sizeof *data);
    CHECK(data != NULL);
    for (int round = 0; round < *(int *)context; round++) {
        int64_t n = sizes[round % SIZES];
        CHECK_INT(par_collect_barrier(board, SECONDS(60), &err), PAR_OK);
        reduce_all(board, data, n, round);
        reduce_parts(board, data, n, round);
        move_all(board, data, n, round);
    }
    free(data);
    par_board_leave(board);
    return 0;
}

static void collectives(void)
{
    world w;
    int rounds = 2 * SIZES;
    world_start(&w, 2, 2, collect, &rounds);
    carry(&w, NULL);
    world_end(&w, 0);
    world_start(&w, 5, 3, collect, &rounds);
    carry(&w, NULL);
    world_end(&w, 0);
    rounds = 3;
    world_start(&w, 20, 3, collect, &rounds);
    carry(&w, NULL);
    world_end(&w, 0);
}

/* --- ends --- */
static unsigned victim, victim_place;
static int when;

/* Reduces until that fails; then it is the victim's doing, and the others go on without it. */
static int reduce_until_told(par_board *board, void *context)
{
    bool host = *(bool *)context;
    static double data[40000];
    par_reduction what = {.op = PAR_REDUCE_SUM, .type = PAR_DOUBLE, .n = 40000, .src = data, .dst = data};
    int rc;
    do rc = par_collect_allreduce(board, &what, SECONDS(60), &err);
    while (rc == PAR_OK);
    CHECK_INT(rc, PAR_E_CLOSED);
    par_board_failure failure = par_board_last_failure(board);
    CHECK_INT(failure.kind, PAR_FAILURE_DIED);
    unsigned before = par_board_size(board), want = before - 1;
    if (host && par_board_rank(board) % 3 == victim_place) return 0; /* its host will end it */
    if (host) CHECK_INT(failure.rank % 3, victim_place);
    else CHECK_INT(failure.rank, victim);
    if (host) want = before - (before + 2 - victim_place) / 3;
    CHECK_INT(par_board_regroup(board, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_board_size(board), want);
    double *more = malloc(MOST * sizeof *more);
    for (int round = 0; round < 4; round++) reduce_all(board, more, sizes[round], round);
    free(more);
    par_board_leave(board);
    return 0;
}

static void kill_one(world *w, int round)
{
    if (round == when) kill(w->pid[victim], SIGKILL);
}

static void deaths(void)
{
    world w;
    bool host = false;
    for (int i = 0; i < 12; i++) {
        victim = (unsigned)i % 5;
        when = i * 7;
        world_start(&w, 5, 3, reduce_until_told, &host);
        carry(&w, kill_one);
        world_end(&w, 1u << victim);
    }
}

static void cut_one(world *w, int round)
{
    if (round == when) cut(w, victim_place);
}

static void hosts_that_are_lost(void)
{
    world w;
    bool host = true;
    for (int i = 0; i < 8; i++) {
        victim_place = 1 + (unsigned)i % 2;
        when = i * 11;
        world_start(&w, 7, 3, reduce_until_told, &host);
        carry(&w, cut_one);
        world_end(&w, 0);
    }
}

static int leave_early(par_board *board, void *context)
{
    (void)context;
    CHECK_INT(par_collect_barrier(board, SECONDS(60), &err), PAR_OK);
    if (par_board_rank(board) == 1) {
        par_board_leave(board);
        return 0;
    }
    CHECK_INT(par_collect_barrier(board, SECONDS(60), &err), PAR_E_CLOSED);
    CHECK_INT(par_board_last_failure(board).kind, PAR_FAILURE_LEFT);
    CHECK_INT(par_board_last_failure(board).rank, 1);
    CHECK(!par_board_is_alive(board, 1));
    par_board_leave(board);
    return 0;
}

static void members_that_leave(void)
{
    world w;
    world_start(&w, 4, 2, leave_early, NULL);
    carry(&w, NULL);
    world_end(&w, 0);
}

static int differ(par_board *board, void *context)
{
    (void)context;
    double data[10] = {0};
    par_reduction what = {.op = PAR_REDUCE_SUM, .type = PAR_DOUBLE, .n = par_board_rank(board) == 2 ? 9 : 10, .src = data, .dst = data};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(par_collect_allreduce(board, &what, SECONDS(60), &err), PAR_E_INVALID);
        CHECK_INT(par_collect_barrier(board, SECONDS(60), &err), PAR_OK);
    }
    while (par_board_rank(board) == 3 && !par_board_is_broken(board)) par_os_sleep_ns(1000000);
    int rc = par_collect_barrier(board, par_board_rank(board) == 0 ? MILLISECONDS(50) : PAR_NEVER, &err);
    CHECK(rc == PAR_E_TIMEOUT);
    par_board_leave(board);
    return 0;
}

static void calls_that_do_not_fit(void)
{
    world w;
    world_start(&w, 4, 2, differ, NULL);
    carry(&w, NULL);
    world_end(&w, 0);
}

/* --- what others tell --- */
static void hostile(void)
{
    enum { SEATS = 3 };
    const uint32_t places[SEATS] = {0, 1, 2};
    uint64_t state = 1;
    for (int trial = 0; trial < 200; trial++) {
        int fd;
        par_mirror *mirror;
        par_mirror_reader *reader;
        par_buffer out = {0};
        CHECK_INT(par_board_make(SEATS, &fd, &err), PAR_OK);
        CHECK_INT(par_mirror_open(&mirror, fd, SEATS, places, 0, &err), PAR_OK);
        CHECK_INT(par_mirror_reader_open(&reader, mirror, 2, false, &err), PAR_OK);
        for (int i = 0; i < 200; i++) {
            size_t len = chance(&state, 120);
            uint8_t *bytes = malloc(len + 1);
            for (size_t k = 0; k < len; k++) bytes[k] = (uint8_t)chance(&state, 256);
            if (len > 8) { /* often a change that begins well */
                bytes[0] = (uint8_t)chance(&state, 6);
                bytes[1] = (uint8_t)chance(&state, 2);
                memset(bytes + 4, 0, 4);
                bytes[4] = (uint8_t)chance(&state, 5);
            }
            if (bytes[0] == 1 && chance(&state, 2)) len = len < 96 ? len : 96;
            par_mirror_apply(mirror, chance(&state, 2) ? 1 : PAR_MIRROR_ANY, bytes, len, &err);
            free(bytes);
            for (int k = 0; k < 10 && par_mirror_next(reader, &out) == PAR_OK; k++) out.len = 0;
        }
        par_mirror_ring(mirror);
        par_buffer_fini(&out);
        par_mirror_reader_close(reader);
        par_mirror_close(mirror);
        close(fd);
    }
}

/* As the wire has it: what is told, of which slot and seat, and where in a window or which word. */
typedef struct told {
    uint8_t what, slot, unused[2];
    uint32_t seat;
    uint64_t value;
} told;

static int apply(par_mirror *mirror, told change) { return par_mirror_apply(mirror, 1, (uint8_t *)&change, sizeof change, &err); }

static void seats_that_no_host_has(void)
{
    enum { SEATS = 3, BYTES = 2, WHATS = 5 };
    const uint32_t places[SEATS] = {0, 1, 2};
    int fd;
    par_mirror *mirror;
    CHECK_INT(par_board_make(SEATS, &fd, &err), PAR_OK);
    CHECK_INT(par_mirror_open(&mirror, fd, SEATS, places, 0, &err), PAR_OK);
    CHECK_INT(apply(mirror, (told){.what = BYTES, .seat = SEATS - 1}), PAR_OK);
    CHECK_INT(apply(mirror, (told){.what = BYTES, .seat = SEATS}), PAR_OK); /* the windows of results are nobody's */
    CHECK_INT(apply(mirror, (told){.what = BYTES, .slot = 2}), PAR_E_CORRUPT);
    for (uint8_t what = 1; what <= WHATS; what++) {
        if (what != BYTES) CHECK_INT(apply(mirror, (told){.what = what, .seat = SEATS}), PAR_E_CORRUPT);
        CHECK_INT(apply(mirror, (told){.what = what, .seat = SEATS + 1}), PAR_E_CORRUPT);
        CHECK_INT(apply(mirror, (told){.what = what, .seat = UINT32_MAX}), PAR_E_CORRUPT);
    }
    par_mirror_close(mirror);
    close(fd);
}

TAP_MAIN(TEST(seats_that_no_host_has), TEST(collectives), TEST(deaths), TEST(hosts_that_are_lost), TEST(members_that_leave),
         TEST(calls_that_do_not_fit), TEST(hostile))
