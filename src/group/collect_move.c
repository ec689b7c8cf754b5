/* broadcast, scatter, gather and allgather: bytes in windows, one phase for each. While the others still take one, the next is
 * given already. A short value travels with what is said. */
#include <string.h>

#include "group/collect.h"
#include "group/collect_begin.h"
#include "group/internal.h"

#define LENGTH_BYTES sizeof(uint64_t) /* before the first bytes for each member of a scatter */

typedef struct moving {
    par_board *board;
    const par_transfer *what;
    int taken;       /* PAR_OK, or why we take nothing any more */
    par_error *err;  /* of that */
    uint64_t most;   /* bytes of the longest: says how many windows there are */
    uint64_t length; /* SCATTER: of what comes to us */
} moving;

static bool sends(const moving *m)
{
    par_call call = m->what->call;
    return call == PAR_CALL_GATHER || call == PAR_CALL_ALLGATHER || m->what->root == m->board->rank;
}

/* Nobody takes its own from a window: there the others could change it. */
static bool takes_from(const moving *m, unsigned from)
{
    if (from == m->board->rank) return false;
    if (m->what->call == PAR_CALL_GATHER) return m->what->root == m->board->rank;
    return m->what->call == PAR_CALL_ALLGATHER || m->what->root == from;
}

static bool scatters(const moving *m) { return m->what->call == PAR_CALL_SCATTER; }

static uint64_t length_for(const moving *m, unsigned to) { return m->what->lengths ? m->what->lengths[to] : m->what->length; }

static size_t part_of(uint64_t length, uint64_t at, size_t most)
{
    if (at >= length) return 0;
    return length - at < most ? (size_t)(length - at) : most;
}

/* --- one's own --- */
static void give_one(const moving *m, uint64_t at, size_t window)
{
    size_t len = part_of(m->what->length, at, window);
    if (len) m->what->give(m->what->context, m->board->rank, at, par_phase_next_window(m->board, m->board->rank), len);
    par_phase_wrote(m->board, len, 0, 0);
}

/* The root writes into everybody's windows. */
static void give_each(const moving *m, uint64_t at, size_t window)
{
    size_t skip = at == 0 ? LENGTH_BYTES : 0;
    uint64_t from = at == 0 ? 0 : at - LENGTH_BYTES;
    for (unsigned to = 0; to < m->board->n; to++) {
        uint64_t length = length_for(m, to);
        uint8_t *out = par_phase_next_window(m->board, to);
        size_t len = part_of(length, from, window - skip);
        if (to == m->board->rank) continue;
        if (skip) memcpy(out, &length, sizeof length);
        if (len) m->what->give(m->what->context, to, from, out + skip, len);
        par_phase_wrote_each(m->board, skip + len);
    }
}

static void give(const moving *m, uint64_t at)
{
    size_t window = par_phase_window_bytes(m->board);
    if (!sends(m)) return;
    if (scatters(m)) give_each(m, at, window);
    else if (m->what->length > PAR_SAY_BYTES) give_one(m, at, window);
}

/* --- the others' --- */
static void take(moving *m, unsigned from, uint64_t length, uint64_t at, const uint8_t *bytes, size_t len)
{
    if (m->taken == PAR_OK) m->taken = m->what->take(m->what->context, from, length, at, bytes, len, m->err);
}

static void take_scattered(moving *m, uint64_t at)
{
    const uint8_t *window = par_phase_window(m->board, m->board->rank);
    size_t skip = at == 0 ? LENGTH_BYTES : 0;
    if (skip) {
        memcpy(&m->length, window, sizeof m->length);
        uint64_t said = m->most - LENGTH_BYTES;
        if (m->length > said) m->length = said; /* the windows hold no more */
    }
    uint64_t from = at == 0 ? 0 : at - LENGTH_BYTES;
    size_t len = part_of(m->length, from, par_phase_window_bytes(m->board) - skip);
    if (len || at == 0) take(m, m->what->root, m->length, from, window + skip, len);
}

/* Their lengths are heard once, at the beginning. */
static void take_window(moving *m, uint64_t at)
{
    if (scatters(m)) {
        if (takes_from(m, m->what->root)) take_scattered(m, at);
        return;
    }
    for (unsigned from = 0; from < m->board->n; from++) {
        uint64_t length = m->board->lengths[from];
        size_t len = part_of(length, at, par_phase_window_bytes(m->board));
        if (takes_from(m, from) && length > PAR_SAY_BYTES && len) take(m, from, length, at, par_phase_window(m->board, from), len);
    }
}

static int hear_all(moving *m, par_error *err)
{
    par_say theirs;
    for (unsigned from = 0; from < m->board->n; from++) {
        par_phase_hear(m->board, from, &theirs);
        uint64_t length = theirs.count;
        bool counts = scatters(m) || m->what->call == PAR_CALL_BROADCAST ? from == m->what->root : true;
        if (length > PAR_MESSAGE_MAX_BYTES)
            return par_error_set(err, PAR_E_CORRUPT, "%s: a member announced %llu bytes", par_call_name(m->what->call),
                                 (unsigned long long)length);
        m->board->lengths[from] = length;
        if (counts && length > m->most) m->most = length;
        if (!scatters(m) && takes_from(m, from) && length <= PAR_SAY_BYTES) take(m, from, length, 0, theirs.bytes, (size_t)length);
    }
    if (scatters(m)) m->most += LENGTH_BYTES;
    return PAR_OK;
}

static uint64_t longest(const moving *m)
{
    uint64_t most = m->what->length;
    for (unsigned to = 0; m->what->lengths && to < m->board->n; to++)
        if (m->what->lengths[to] > most) most = m->what->lengths[to];
    return most;
}

static par_say say_of(const moving *m)
{
    par_call call = m->what->meant ? m->what->meant : m->what->call;
    par_say say = {.call = (uint8_t)call, .type = m->what->type, .flags = PAR_SAY_ANY_COUNT, .root = m->what->root, .count = longest(m)};
    if (sends(m) && !scatters(m) && say.count && say.count <= PAR_SAY_BYTES)
        m->what->give(m->what->context, m->board->rank, 0, say.bytes, (size_t)say.count);
    return say;
}

int par_collect_transfer(par_board *board, const par_transfer *what, int64_t deadline_ns, par_error *err)
{
    par_error taking;
    moving m = {.board = board, .what = what, .err = &taking};
    size_t window = par_phase_window_bytes(board);
    par_say say = say_of(&m);
    give(&m, 0);
    int rc = par_collect_begin(board, &say, deadline_ns, err);
    if (rc == PAR_OK) rc = hear_all(&m, err);
    for (uint64_t at = 0; rc == PAR_OK && at < m.most; at += window) {
        take_window(&m, at);
        if (m.most - at <= window) break;
        give(&m, at + window);
        rc = par_phase_pass(board, deadline_ns, err);
    }
    if (rc != PAR_OK || m.taken == PAR_OK) return rc;
    *err = taking;
    return m.taken;
}
