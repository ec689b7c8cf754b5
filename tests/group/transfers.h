/* Transfers of memory of one size, for tests: `bytes` from the root to everybody's data; from src to dst, each of n * bytes where it is one for
 * each member. src may be where its bytes go in dst. type: anything that all have to agree on. */
#ifndef PAR_TESTS_TRANSFERS_H
#define PAR_TESTS_TRANSFERS_H

#include <string.h>

#include "group/collect.h"
#include "tap.h"

typedef struct move {
    const uint8_t *src;
    uint8_t *dst;
    size_t src_each, dst_each; /* from one member's bytes to the next one's; 0: they are the same */
    uint64_t bytes;            /* that each says it sends */
} move;

static inline void give_memory(void *context, unsigned to, uint64_t offset, uint8_t *out, size_t len)
{
    const move *at = context;
    memcpy(out, at->src + to * at->src_each + offset, len);
}

static inline int take_memory(void *context, unsigned from, uint64_t length, uint64_t offset, const uint8_t *bytes, size_t len,
                              par_error *err)
{
    (void)err;
    const move *at = context;
    CHECK_INT(length, at->bytes);
    if (len) memcpy(at->dst + from * at->dst_each + offset, bytes, len);
    return PAR_OK;
}

/* What we give ourselves. */
static inline void keep_own(const par_board *board, const par_transfer *what, const move *at)
{
    uint8_t *to = at->dst ? at->dst + par_board_rank(board) * at->dst_each : NULL;
    const uint8_t *from = at->src ? at->src + par_board_rank(board) * at->src_each : NULL;
    if ((what->call == PAR_CALL_ALLGATHER || what->root == par_board_rank(board)) && to != from && what->length)
        memcpy(to, from, (size_t)what->length);
}

static inline int move_memory(par_board *board, par_transfer what, move *at, int64_t deadline_ns, par_error *err)
{
    at->bytes = what.length;
    what.context = at;
    what.give = give_memory;
    what.take = take_memory;
    int rc = par_collect_transfer(board, &what, deadline_ns, err);
    if (rc == PAR_OK) keep_own(board, &what, at);
    return rc;
}

static inline int broadcast_memory(par_board *board, unsigned root, uint8_t type, void *data, uint64_t bytes, int64_t deadline_ns,
                                   par_error *err)
{
    move at = {.src = data, .dst = data};
    return move_memory(board, (par_transfer){.call = PAR_CALL_BROADCAST, .root = root, .type = type, .length = bytes}, &at, deadline_ns,
                       err);
}

static inline int scatter_memory(par_board *board, unsigned root, uint8_t type, const void *src, void *dst, uint64_t bytes,
                                 int64_t deadline_ns, par_error *err)
{
    move at = {.src = src, .dst = dst, .src_each = bytes};
    return move_memory(board, (par_transfer){.call = PAR_CALL_SCATTER, .root = root, .type = type, .length = bytes}, &at, deadline_ns, err);
}

static inline int gather_memory(par_board *board, unsigned root, uint8_t type, const void *src, void *dst, uint64_t bytes,
                                int64_t deadline_ns, par_error *err)
{
    move at = {.src = src, .dst = dst, .dst_each = bytes};
    return move_memory(board, (par_transfer){.call = PAR_CALL_GATHER, .root = root, .type = type, .length = bytes}, &at, deadline_ns, err);
}

static inline int allgather_memory(par_board *board, uint8_t type, const void *src, void *dst, uint64_t bytes, int64_t deadline_ns,
                                   par_error *err)
{
    move at = {.src = src, .dst = dst, .dst_each = bytes};
    return move_memory(board, (par_transfer){.call = PAR_CALL_ALLGATHER, .type = type, .length = bytes}, &at, deadline_ns, err);
}

#endif
