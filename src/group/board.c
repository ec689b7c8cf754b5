#include "group/board.h"

#include <stdlib.h>
#include <string.h>

#include "group/internal.h"
#include "os/os.h"

static par_seat *seat_in(void *page, unsigned seats, unsigned seat)
{
    return (par_seat *)(void *)((uint8_t *)page + par_layout_of(seats).seats_at) + seat;
}

static void set_pid(par_seat *seat, int64_t pid)
{
    atomic_store_explicit(&seat->pid, (uint32_t)pid, memory_order_relaxed); /* with par_board_lives; nothing else depends on it */
}

/* --- making one --- */
/* Can others be told that somebody lives? 1, 0 or a code. */
static int has_signs(int fd, unsigned seats, par_error *err)
{
    int life, rc = par_os_life_open(fd, seats, &life, err);
    if (rc != PAR_OK) return rc == PAR_E_UNSUPPORTED ? 0 : rc;
    par_os_close(life);
    return 1;
}

static int write_identity(int fd, unsigned seats, par_error *err)
{
    void *data;
    int signs = has_signs(fd, seats, err);
    if (signs < 0) return signs;
    int rc = par_os_memory_map(fd, 0, sizeof(par_board_page), &data, err);
    if (rc != PAR_OK) return rc;
    par_board_page *page = data;
    page->magic = PAR_BOARD_MAGIC;
    page->version = PAR_BOARD_VERSION;
    page->seats = seats;
    page->signs = (uint32_t)signs;
    par_os_memory_unmap(data, sizeof(par_board_page));
    return PAR_OK;
}

int par_board_make(unsigned seats, int *fd, par_error *err)
{
    if (seats == 0 || seats > PAR_GROUP_MEMBERS_MAX)
        return par_error_set(err, PAR_E_INVALID, "a group has 1 to %u members, not %u", PAR_GROUP_MEMBERS_MAX, seats);
    par_layout layout = par_layout_of(seats);
    int made, rc = par_os_memory_open(layout.bytes, &made, err);
    if (rc != PAR_OK) return rc;
    rc = write_identity(made, seats, err);
    if (rc == PAR_OK) *fd = made;
    else par_os_close(made);
    return rc;
}

int par_board_seat_fd(int fd, unsigned seats, unsigned seat, int *seat_fd, par_error *err)
{
    if (seat >= seats) return par_error_set(err, PAR_E_INVALID, "there is no seat %u of %u", seat + 1, seats);
    int rc = par_os_life_open(fd, seat, seat_fd, err);
    return rc == PAR_E_UNSUPPORTED ? par_os_copy_fd(fd, seat_fd, err) : rc;
}

int par_board_seat_pid(int fd, unsigned seats, unsigned seat, int64_t pid, par_error *err)
{
    void *data;
    size_t bytes = par_layout_of(seats).windows_at;
    int rc = par_os_memory_map(fd, 0, bytes, &data, err);
    if (rc != PAR_OK) return rc;
    set_pid(seat_in(data, seats, seat), pid);
    par_os_memory_unmap(data, bytes);
    return PAR_OK;
}

/* --- joining it --- */
static int map_board(par_board *board, par_error *err)
{
    size_t bytes;
    void *data;
    int rc = par_os_memory_size(board->fd, &bytes, err);
    if (rc != PAR_OK) return rc;
    if (bytes != board->layout.bytes)
        return par_error_set(err, PAR_E_CORRUPT, "that is no board for %u members: it has %zu bytes", board->seats, bytes);
    rc = par_os_memory_map(board->fd, 0, bytes, &data, err);
    if (rc != PAR_OK) return rc;
    board->page = data;
    if (board->page->magic == PAR_BOARD_MAGIC && board->page->version == PAR_BOARD_VERSION && board->page->seats == board->seats)
        return PAR_OK;
    return par_error_set(err, PAR_E_CORRUPT, "that is no board for %u members", board->seats);
}

static int copy_members(par_board *board, const uint32_t *ids, par_error *err)
{
    board->member = malloc(board->seats * sizeof *board->member);
    board->runs = malloc(board->seats * sizeof *board->runs);
    board->lengths = malloc(board->seats * sizeof *board->lengths);
    board->ids = ids ? malloc(board->seats * sizeof *ids) : NULL;
    if (!board->member || !board->runs || !board->lengths || (ids && !board->ids))
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    for (unsigned seat = 0; seat < board->seats; seat++) board->member[seat] = seat;
    if (ids) memcpy(board->ids, ids, board->seats * sizeof *ids);
    return PAR_OK;
}

static void board_free(par_board *board)
{
    par_os_memory_unmap(board->page, board->layout.bytes);
    free(board->member);
    free(board->runs);
    free(board->lengths);
    free(board->ids);
    free(board);
}

static int join(par_board *board, const uint32_t *ids, par_error *err)
{
    if (board->seat >= board->seats || board->seats > PAR_GROUP_MEMBERS_MAX)
        return par_error_set(err, PAR_E_CORRUPT, "there is no seat %u of %u", board->seat + 1, board->seats);
    board->layout = par_layout_of(board->seats);
    int rc = map_board(board, err);
    if (rc == PAR_OK) rc = copy_members(board, ids, err);
    if (rc != PAR_OK) return rc;
    board->signs = board->page->signs;
    board->n = board->seats;
    board->rank = board->seat;
    board->phase = 1; /* so that both slots of a fresh board are behind */
    par_waiter_init(&board->waiter, board->n);
    set_pid(par_board_seat(board, board->seat), par_os_pid());
    return PAR_OK;
}

int par_board_join(par_board **out, int seat_fd, unsigned seats, unsigned seat, const uint32_t *ids, const par_board_owner *owner,
                   par_error *err)
{
    par_board *board = calloc(1, sizeof *board);
    if (!board) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    board->fd = seat_fd;
    board->bell = -1;
    board->seats = seats;
    board->seat = seat;
    if (owner) board->owner = *owner;
    int rc = join(board, ids, err);
    if (rc == PAR_OK) *out = board;
    else board_free(board);
    return rc;
}

void par_board_set_bell(par_board *board, int fd) { board->bell = fd; }

/* Whoever looks first says that nobody has rung, and then looks at the board: he sees what was stored before this, or is woken. */
void par_board_tell(const par_board *board)
{
    if (board->bell < 0) return;
    if (atomic_exchange_explicit(&par_board_seat(board, board->seat)->rung, 1, memory_order_seq_cst) == 0) /* with par_mirror_look */
        par_os_socket_write(board->bell, "", 1, NULL, 0);
}

void par_board_leave(par_board *board)
{
    if (!board) return;
    for (int i = 0; i < 2; i++) { /* the slot of the phase that we are in, and the one that the others may wait for */
        uint64_t phase = board->phase - (uint64_t)i;
        atomic_store_explicit(&par_board_seat(board, board->seat)->slot[phase & 1].phase, phase | PAR_PHASE_LEFT,
                              memory_order_seq_cst); /* with par_board_phase_of */
    }
    par_latch_ring(&par_board_words(board)->latch);
    if (board->bell >= 0) par_os_close(board->bell); /* which tells more than a word */
    par_os_close(board->fd);
    board_free(board);
}

/* --- what is known --- */
bool par_board_lives(const par_board *board, unsigned seat)
{
    if (seat == board->seat) return true;
    if (board->signs) return par_os_life_seen(board->fd, seat);
    return par_os_process_there((pid_t)atomic_load_explicit(&par_board_seat(board, seat)->pid, memory_order_relaxed));
}

par_board_fate par_board_fate_of(const par_board *board, unsigned rank)
{
    unsigned seat = rank < board->n ? board->member[rank] : board->seat;
    if (rank >= board->n) return PAR_FATE_DIED;
    if (par_board_phase_of(board, seat) & PAR_PHASE_LEFT) return PAR_FATE_LEFT;
    return par_board_lives(board, seat) ? PAR_FATE_ALIVE : PAR_FATE_DIED;
}

unsigned par_board_rank(const par_board *board) { return board->rank; }

unsigned par_board_size(const par_board *board) { return board->n; }

uint32_t par_board_id(const par_board *board, unsigned rank) { return board->ids && rank < board->n ? board->ids[board->member[rank]] : 0; }

unsigned par_board_place(const par_board *board, unsigned rank) { return board->member[rank]; }

par_board_failure par_board_last_failure(const par_board *board) { return board->failure; }
