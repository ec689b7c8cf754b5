/* allreduce, reduce and reduce_scatter.
 *
 * Piece by piece: everybody shows its elements, each member reduces one slice of all windows into the result's, and
 * takes the other slices from there. While the others still take one result, the next elements are shown already: one phase
 * for each piece, and one more. Few elements are reduced by everybody at once. */
#include <string.h>

#include "base/checked.h"
#include "group/collect.h"
#include "group/collect_begin.h"
#include "group/internal.h"

#define SMALL_BYTES 4096                /* up to here each member reduces everything, which saves a phase */
#define SLICE_STEP 64                   /* slices are whole cache lines */
#define SLICE_BYTES ((size_t)32 << 10)  /* at least; of smaller ones the phases would be too many */
#define PIECE_BYTES ((size_t)128 << 10) /* at least: those of all members fit into a core's cache, beside what is reduced */

typedef struct reducing {
    par_board *board;
    const par_reduction *what;
    const uint8_t *src;
    uint8_t *dst; /* NULL: the result is somebody else's */
    size_t bytes; /* of all elements */
} reducing;

/* Part of a window, in bytes. */
typedef struct slice {
    size_t at, bytes;
} slice;

static slice slice_of(const par_board *board, size_t bytes)
{
    size_t each = par_round_up((bytes + board->n - 1) / board->n, SLICE_STEP), at = each * board->rank;
    if (at >= bytes) return (slice){.at = bytes};
    return (slice){.at = at, .bytes = bytes - at < each ? bytes - at : each};
}

/* At a time. Across hosts each takes a way there, so these are whole windows. */
static size_t piece_bytes(const reducing *r)
{
    size_t window = par_phase_window_bytes(r->board), piece = r->board->n * SLICE_BYTES;
    if (piece < PIECE_BYTES) piece = PIECE_BYTES;
    return r->board->bell < 0 && piece < window ? piece : window;
}

static size_t chunk_bytes(const reducing *r, size_t at)
{
    size_t most = piece_bytes(r);
    return r->bytes - at < most ? r->bytes - at : most;
}

static void copy_around(uint8_t *to, const uint8_t *from, size_t bytes, slice hole)
{
    memcpy(to, from, hole.at);
    memcpy(to + hole.at + hole.bytes, from + hole.at + hole.bytes, bytes - hole.at - hole.bytes);
}

/* Our own slice is nobody else's business. */
static void show(const reducing *r, size_t at)
{
    size_t bytes = chunk_bytes(r, at);
    slice own = slice_of(r->board, bytes);
    copy_around(par_phase_next_window(r->board, r->board->rank), r->src + at, bytes, own);
    par_phase_wrote(r->board, bytes, own.at, own.bytes);
}

/* What all members show at this place of their windows, and what we have at this place of src, into `to`. */
static void reduce_at(const reducing *r, size_t in_window, size_t in_src, size_t bytes, void *to)
{
    const par_board *board = r->board;
    for (unsigned rank = 0; rank < board->n; rank++)
        board->runs[rank] = rank == board->rank ? r->src + in_src : par_phase_window(board, rank) + in_window;
    par_reduce_into(r->what->op, r->what->type, (int64_t)(bytes / par_type_bytes(r->what->type)), to, board->runs, board->n);
}

static void reduce_slice(const reducing *r, size_t at)
{
    slice own = slice_of(r->board, chunk_bytes(r, at));
    uint8_t *result = par_phase_next_result(r->board) + own.at;
    if (own.bytes == 0) return;
    reduce_at(r, own.at, at + own.at, own.bytes, result);
    par_phase_wrote_result(r->board, own.at, own.bytes);
    if (r->dst) memcpy(r->dst + at + own.at, result, own.bytes);
}

static void take(const reducing *r, size_t at)
{
    size_t bytes = chunk_bytes(r, at);
    if (r->dst) copy_around(r->dst + at, par_phase_result(r->board), bytes, slice_of(r->board, bytes));
}

/* Where piece `index` begins. Every other call goes backwards: what the last one had in hand at its end is still in the cache. */
static size_t place_of(const reducing *r, size_t pieces, size_t index)
{
    return (r->board->backwards ? pieces - 1 - index : index) * piece_bytes(r);
}

static int reduce_pieces(const reducing *r, const par_say *say, int64_t deadline_ns, par_error *err)
{
    size_t pieces = (r->bytes - 1) / piece_bytes(r) + 1;
    show(r, place_of(r, pieces, 0));
    int rc = par_collect_begin(r->board, say, deadline_ns, err);
    if (rc != PAR_OK) return rc;
    for (size_t i = 0; rc == PAR_OK && i < pieces; i++) {
        reduce_slice(r, place_of(r, pieces, i));
        if (i + 1 < pieces) show(r, place_of(r, pieces, i + 1));
        rc = par_phase_pass(r->board, deadline_ns, err);
        if (rc == PAR_OK) take(r, place_of(r, pieces, i));
    }
    r->board->backwards = !r->board->backwards; /* in all members: all have begun, or none */
    return rc;
}

static int reduce_at_once(const reducing *r, const par_say *say, int64_t deadline_ns, par_error *err)
{
    if (r->bytes) memcpy(par_phase_next_window(r->board, r->board->rank), r->src, r->bytes);
    par_phase_wrote(r->board, r->bytes, 0, 0);
    int rc = par_collect_begin(r->board, say, deadline_ns, err);
    if (rc == PAR_OK && r->dst) reduce_at(r, 0, 0, r->bytes, r->dst);
    return rc;
}

/* As little as a number travels with what is said. */
static int reduce_said(const reducing *r, par_say *say, int64_t deadline_ns, par_error *err)
{
    _Alignas(8) uint8_t bytes[PAR_BOARD_LOOK_MAX][PAR_SAY_BYTES];
    const par_board *board = r->board;
    if (r->bytes) memcpy(say->bytes, r->src, r->bytes);
    int rc = par_collect_begin(r->board, say, deadline_ns, err);
    if (rc != PAR_OK || !r->dst || !r->bytes) return rc;
    for (unsigned rank = 0; rank < board->n; rank++) {
        par_say theirs;
        par_phase_hear(board, rank, &theirs);
        memcpy(bytes[rank], theirs.bytes, r->bytes);
        board->runs[rank] = bytes[rank];
    }
    par_reduce_into(r->what->op, r->what->type, r->what->n, r->dst, board->runs, board->n);
    return PAR_OK;
}

static int bytes_of(const par_reduction *what, uint64_t times, size_t *bytes, par_error *err)
{
    size_t each;
    if (par_checked_mul_size((size_t)what->n, par_type_bytes(what->type), &each) && par_checked_mul_size(each, times, bytes) &&
        *bytes <= PTRDIFF_MAX)
        return PAR_OK;
    return par_error_set(err, PAR_E_INVALID, "%lld elements cannot be", (long long)what->n);
}

static int reduce(par_board *board, par_say say, const par_reduction *what, int64_t deadline_ns, par_error *err)
{
    bool ours = say.call == PAR_CALL_ALLREDUCE || say.root == board->rank;
    reducing r = {.board = board, .what = what, .src = what->src, .dst = ours ? what->dst : NULL};
    int rc = bytes_of(what, 1, &r.bytes, err);
    if (rc != PAR_OK) return rc;
    say.op = (uint8_t)what->op;
    say.type = (uint8_t)what->type;
    say.count = (uint64_t)what->n;
    if (r.bytes <= PAR_SAY_BYTES && board->n <= PAR_BOARD_LOOK_MAX) return reduce_said(&r, &say, deadline_ns, err);
    if (r.bytes <= SMALL_BYTES) return reduce_at_once(&r, &say, deadline_ns, err);
    return reduce_pieces(&r, &say, deadline_ns, err);
}

int par_collect_allreduce(par_board *board, const par_reduction *what, int64_t deadline_ns, par_error *err)
{
    return reduce(board, (par_say){.call = PAR_CALL_ALLREDUCE}, what, deadline_ns, err);
}

/* --- where all see all elements, each member makes its slice the result everywhere --- */
#define SHARED_PIECE_BYTES ((size_t)32 << 10) /* at a time: in the nearest cache when it is copied */
#define ASK_BYTES ((size_t)256 << 10)         /* of fewer elements the question would take too much of the time */

static void reduce_where_they_lie(const par_board *board, const par_reduction *what, void *const *elements, slice own)
{
    size_t each = par_type_bytes(what->type);
    for (size_t done = 0; done < own.bytes; done += SHARED_PIECE_BYTES) {
        size_t at = own.at + done, bytes = own.bytes - done < SHARED_PIECE_BYTES ? own.bytes - done : SHARED_PIECE_BYTES;
        uint8_t *result = (uint8_t *)elements[board->rank] + at;
        for (unsigned rank = 0; rank < board->n; rank++) board->runs[rank] = (const uint8_t *)elements[rank] + at;
        par_reduce_into(what->op, what->type, (int64_t)(bytes / each), result, board->runs, board->n);
        for (unsigned rank = 0; rank < board->n; rank++)
            if (rank != board->rank) memcpy((uint8_t *)elements[rank] + at, result, bytes);
    }
}

bool par_collect_allreduce_asks(const par_board *board, const par_reduction *what)
{
    size_t bytes;
    par_error ignored;
    return board->n > 1 && board->bell < 0 && bytes_of(what, 1, &bytes, &ignored) == PAR_OK && bytes >= ASK_BYTES;
}

static par_say say_of(const par_reduction *what)
{
    return (par_say){.call = PAR_CALL_ALLREDUCE, .op = (uint8_t)what->op, .type = (uint8_t)what->type, .count = (uint64_t)what->n};
}

int par_collect_allreduce_ask(par_board *board, const par_reduction *what, const void *bytes, size_t len, int64_t deadline_ns,
                              par_error *err)
{
    par_say say = say_of(what);
    say.flags = PAR_SAY_ASKS;
    memcpy(say.bytes, bytes, len);
    return par_collect_begin(board, &say, deadline_ns, err);
}

int par_collect_allreduce_in_place(par_board *board, const par_reduction *what, void *const *elements, int64_t deadline_ns, par_error *err)
{
    size_t bytes = 0;
    int rc = bytes_of(what, 1, &bytes, err);
    if (rc != PAR_OK) return rc;
    reduce_where_they_lie(board, what, elements, slice_of(board, bytes));
    return par_phase_pass(board, deadline_ns, err);
}

int par_collect_allreduce_shared(par_board *board, const par_reduction *what, void *const *elements, int64_t deadline_ns, par_error *err)
{
    if (board->bell >= 0)
        return par_error_set(err, PAR_E_UNSUPPORTED, "allreduce: the members are on several hosts, which cannot share memory");
    par_say say = say_of(what);
    say.flags = PAR_SAY_SHARED;
    int rc = par_collect_begin(board, &say, deadline_ns, err);
    return rc == PAR_OK ? par_collect_allreduce_in_place(board, what, elements, deadline_ns, err) : rc;
}

int par_collect_reduce(par_board *board, unsigned root, const par_reduction *what, int64_t deadline_ns, par_error *err)
{
    return reduce(board, (par_say){.call = PAR_CALL_REDUCE, .root = root}, what, deadline_ns, err);
}

/* --- reduce_scatter: in each window there is a part for everybody, and each reduces its own --- */
static void show_parts(const reducing *r, size_t each, size_t part, size_t at)
{
    uint8_t *window = par_phase_next_window(r->board, r->board->rank);
    size_t now = each - at < part ? each - at : part;
    for (unsigned rank = 0; rank < r->board->n; rank++)
        if (rank != r->board->rank) memcpy(window + rank * part, r->src + rank * each + at, now);
    par_phase_wrote(r->board, (r->board->n - 1) * part + now, r->board->rank * part, part);
}

int par_collect_reduce_scatter(par_board *board, const par_reduction *what, int64_t deadline_ns, par_error *err)
{
    reducing r = {.board = board, .what = what, .src = what->src, .dst = what->dst};
    int rc = bytes_of(what, board->n, &r.bytes, err);
    if (rc != PAR_OK) return rc;
    size_t each = r.bytes / board->n, part = par_phase_window_bytes(board) / board->n & ~(size_t)(sizeof(double) - 1);
    if (part == 0) return par_error_set(err, PAR_E_LIMIT, "reduce_scatter: %u members are too many for it", board->n);
    if (each) show_parts(&r, each, part, 0);
    par_say say = {.call = PAR_CALL_REDUCE_SCATTER, .op = (uint8_t)what->op, .type = (uint8_t)what->type, .count = (uint64_t)what->n};
    rc = par_collect_begin(board, &say, deadline_ns, err);
    for (size_t at = 0; rc == PAR_OK && at < each; at += part) {
        size_t now = each - at < part ? each - at : part;
        reduce_at(&r, board->rank * part, board->rank * each + at, now, r.dst + at);
        if (now == each - at) break;
        show_parts(&r, each, part, at + part);
        rc = par_phase_pass(board, deadline_ns, err);
    }
    return rc;
}
