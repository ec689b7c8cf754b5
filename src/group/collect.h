/* Collectives: what all members of a group do together. Each calls the same with the same type, size, operation and root; if they
 * differ, all of them get PAR_E_INVALID, nothing has been written, and the group stays as it is. Other codes are those of
 * par_phase_pass, and then the group is broken and the results are undefined.
 *
 * Data goes through the board's windows, so it may be of any size and lie anywhere, but contiguous. Ranks count from 0. */
#ifndef PAR_GROUP_COLLECT_H
#define PAR_GROUP_COLLECT_H

#include "group/phase.h"
#include "tensor/reduce_into.h"

int par_collect_barrier(par_board *board, int64_t deadline_ns, par_error *err);

/* What one says of elements that are of no par_type. */
enum { PAR_SAY_NUMBER = 16, PAR_SAY_BOOLEAN, PAR_SAY_VALUE };

/* --- a few bytes of everybody for everybody --- */
#define PAR_SHOWN_MAX_BYTES 40
/* Shows what comes with a call; par_collect_shown gives what the member with this rank has shown, until the next call. */
int par_collect_show(par_board *board, par_call call, unsigned root, uint8_t type, uint8_t op, const void *bytes, size_t len,
                     int64_t deadline_ns, par_error *err);
void par_collect_shown(const par_board *board, unsigned rank, void *bytes, size_t len);

/* --- one result of all members' elements, in the order of ranks: the same bits for everybody, and in every run --- */
typedef struct par_reduction {
    par_reduce_op op;
    par_type type; /* has this operation */
    int64_t n;     /* elements */
    const void *src;
    void *dst; /* may be src */
} par_reduction;
int par_collect_allreduce(par_board *board, const par_reduction *what, int64_t deadline_ns, par_error *err);
/* Of elements that all members see: elements[rank] is where those of each lie for us, apart from the others. They all become the result; src and dst
 * are not looked at. PAR_E_UNSUPPORTED, for all: some members are on other hosts. */
int par_collect_allreduce_shared(par_board *board, const par_reduction *what, void *const *elements, int64_t deadline_ns, par_error *err);
/* The same where only the members can tell whether all see all elements. Where `asks` says so (the same for all of a call), they ask each other
 * first: each says something that par_collect_shown tells the others, and when all have heard what they need, it goes on with in_place;
 * else with par_collect_allreduce. */
bool par_collect_allreduce_asks(const par_board *board, const par_reduction *what);
int par_collect_allreduce_ask(par_board *board, const par_reduction *what, const void *bytes, size_t len, int64_t deadline_ns,
                              par_error *err);
int par_collect_allreduce_in_place(par_board *board, const par_reduction *what, void *const *elements, int64_t deadline_ns, par_error *err);
/* dst is the root's alone. */
int par_collect_reduce(par_board *board, unsigned root, const par_reduction *what, int64_t deadline_ns, par_error *err);
/* src has n elements for each member, dst takes our n. dst may be our part of src. PAR_E_LIMIT: too many members for this. */
int par_collect_reduce_scatter(par_board *board, const par_reduction *what, int64_t deadline_ns, par_error *err);

/* --- bytes from members to members, piece by piece --- */
typedef struct par_transfer {
    par_call call;           /* the way: BROADCAST, SCATTER, GATHER or ALLGATHER */
    par_call meant;          /* what it is done for: all have to agree on that; BARRIER (0): for itself */
    unsigned root;           /* of the first three; 0 for ALLGATHER */
    uint8_t type;            /* anything that all have to agree on */
    uint64_t length;         /* of what we send, to each; 0 where we send nothing */
    const uint64_t *lengths; /* SCATTER at the root: for each member, where they differ; else NULL */
    void *context;
    /* Writes bytes [offset, offset + len) of what member `to` is to get. `to` is our own rank where all get the same; otherwise never:
     * what one gives oneself is the caller's business. */
    void (*give)(void *context, unsigned to, uint64_t offset, uint8_t *out, size_t len);
    /* Takes them from another member, who announced `length` in all: that much need not come, if the group breaks. The bytes may
     * change while they are read. A code ends what is taken; the call still ends with all others, and returns it. An empty
     * value comes as one call with len 0. */
    int (*take)(void *context, unsigned from, uint64_t length, uint64_t offset, const uint8_t *bytes, size_t len, par_error *err);
} par_transfer;
int par_collect_transfer(par_board *board, const par_transfer *what, int64_t deadline_ns, par_error *err);

#endif
