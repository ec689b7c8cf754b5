/* How a collective begins: all say what they are about to do, and compare. */
#include "group/collect.h"

#include <stdio.h>
#include <string.h>

#include "group/collect_begin.h"
#include "group/internal.h"

static bool same(const par_say *a, const par_say *b)
{
    return a->call == b->call && a->type == b->type && a->op == b->op && a->root == b->root &&
           (a->count == b->count || ((a->flags & b->flags) & PAR_SAY_ANY_COUNT)) && a->flags == b->flags;
}

/* "of 100 doubles" */
static void describe_count(const par_say *say, char *out, size_t room)
{
    static const char *const elements[PAR_TYPE_COUNT] = {"bytes", "chars", "shorts", "ints", "longs", "floats", "doubles"};
    const char *name = say->type < PAR_TYPE_COUNT ? elements[say->type] : "bytes";
    if (say->type == PAR_SAY_NUMBER) snprintf(out, room, "of a number");
    else if (say->type == PAR_SAY_BOOLEAN) snprintf(out, room, "of a boolean");
    else if (say->type == PAR_SAY_VALUE) snprintf(out, room, "of any value");
    else snprintf(out, room, "of %llu %s", (unsigned long long)say->count, name);
}

/* "allreduce (sum) of 100 doubles", "broadcast from member 2 of ..." */
static void describe(const par_say *say, char *out, size_t room)
{
    char more[64] = "", count[64] = "";
    bool reduces = say->call == PAR_CALL_REDUCE || say->call == PAR_CALL_ALLREDUCE || say->call == PAR_CALL_REDUCE_SCATTER;
    bool rooted = say->call == PAR_CALL_REDUCE || say->call == PAR_CALL_BROADCAST || say->call == PAR_CALL_SCATTER ||
                  say->call == PAR_CALL_GATHER;
    int used = 0;
    if (reduces && say->op < PAR_REDUCE_OP_COUNT) used = snprintf(more, sizeof more, " (%s)", par_reduce_op_name(say->op));
    if (rooted) snprintf(more + used, sizeof more - (size_t)used, " with root %u", say->root + 1);
    if (say->flags & PAR_SAY_ANY_COUNT) snprintf(count, sizeof count, "of any value");
    else describe_count(say, count, sizeof count);
    if (say->call == PAR_CALL_BARRIER) snprintf(out, room, "barrier");
    else snprintf(out, room, "%s%s %s%s", par_call_name(say->call), more, count, say->flags & PAR_SAY_SHARED ? " in shared tensors" : "");
}

static int refuse(const par_board *board, const par_say *own, const par_say *theirs, unsigned rank, par_error *err)
{
    char here[160], there[160], who[64];
    snprintf(who, sizeof who, board->ids ? "member %u (child %u)" : "member %u", rank + 1, par_board_id(board, rank));
    par_say other = *own;
    other.count = theirs->count;
    if (same(&other, theirs)) { /* only the size differs */
        describe_count(own, here, sizeof here);
        return par_error_set(err, PAR_E_INVALID, "%s %s here, of %llu in %s", par_call_name(own->call), here,
                             (unsigned long long)theirs->count, who);
    }
    describe(own, here, sizeof here);
    describe(theirs, there, sizeof there);
    return par_error_set(err, PAR_E_INVALID, "%s here, %s in %s", here, there, who);
}

int par_collect_begin(par_board *board, const par_say *say, int64_t deadline_ns, par_error *err)
{
    par_say theirs;
    int rc = par_phase_say(board, say, deadline_ns, err);
    if (rc != PAR_OK) return rc;
    for (unsigned rank = 0; rank < board->n; rank++) {
        par_phase_hear(board, rank, &theirs);
        if (rank != board->rank && !same(say, &theirs)) return refuse(board, say, &theirs, rank, err);
    }
    return PAR_OK;
}

int par_collect_show(par_board *board, par_call call, unsigned root, uint8_t type, uint8_t op, const void *bytes, size_t len,
                     int64_t deadline_ns, par_error *err)
{
    par_say say = {.call = (uint8_t)call, .type = type, .op = op, .root = root};
    memcpy(say.bytes, bytes, len);
    return par_collect_begin(board, &say, deadline_ns, err);
}

void par_collect_shown(const par_board *board, unsigned rank, void *bytes, size_t len)
{
    par_say say;
    par_phase_hear(board, rank, &say);
    memcpy(bytes, say.bytes, len);
}

int par_collect_barrier(par_board *board, int64_t deadline_ns, par_error *err)
{
    return par_collect_begin(board, &(par_say){.call = PAR_CALL_BARRIER}, deadline_ns, err);
}
