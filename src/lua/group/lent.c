/* allreduce finds out by itself whether it can work in place: all members say where their elements lie. The first time they send each
 * other that memory, over the channels that they have among them, and keep it: a set, one blob of each member. Whatever
 * one member cannot do or does not find is told in a phase, so that all decide the same. What the others say may be anything: places are
 * checked against the memory that came, and a member that decides otherwise only spoils the group.
 *
 * Sets have the same numbers in all members, since all make and forget them in the same calls. */
#include "lua/group/lent.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "codec/compat.h"
#include "link/peer.h"
#include "link/share.h"
#include "lua/child/handle.h"
#include "os/os.h"

#define SETS 8 /* that are kept; as many bits as `sets` of an answer has */

typedef struct seen {   /* the memory of a member, as we see it */
    par_blob *blob;     /* NULL: not to be had */
    uint64_t object[2]; /* which memory it is, and */
    uint64_t at;        /* where in there it begins */
} seen;

typedef struct par_lua_lent {
    unsigned seats;
    par_lua_link **links; /* by seat; kept alive by the group's fields; NULL: our own */
    seen *sets[SETS];     /* by rank */
    uint8_t made, works;  /* bits: sets there are, and those in which all see all */
    unsigned next;        /* set to be made */
    uint64_t count;       /* reductions */
    uint64_t *offset;     /* of an answer, by rank */
    void **elements;      /* the same */
} par_lua_lent;

typedef struct answer { /* what a member says of its elements */
    uint8_t shared;
    uint8_t sets; /* bits: those in which its memory is */
    uint8_t unused[6];
    uint64_t offset; /* in its memory, in bytes */
} answer;
_Static_assert(sizeof(answer) <= PAR_SHOWN_MAX_BYTES, "goes with what is said");

/* --- making and ending --- */
static const char links_key; /* in a group's fields: the list of links */

static void forget(par_lua_lent *c, unsigned set)
{
    for (unsigned i = 0; i < c->seats; i++) {
        par_blob_release(c->sets[set][i].blob);
        c->sets[set][i] = (seen){0};
    }
    c->made &= (uint8_t) ~(1u << set);
    c->works &= (uint8_t) ~(1u << set);
}

static void lent_free(par_lua_lent *c)
{
    for (unsigned set = 0; set < SETS; set++) {
        if (c->sets[set]) forget(c, set);
        free(c->sets[set]);
    }
    free(c->links);
    free(c->offset);
    free(c->elements);
    free(c);
}

static par_lua_lent *lent_new(unsigned seats)
{
    par_lua_lent *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->seats = seats;
    c->links = calloc(seats, sizeof *c->links);
    c->offset = calloc(seats, sizeof *c->offset);
    c->elements = calloc(seats, sizeof *c->elements);
    bool whole = c->links && c->offset && c->elements;
    for (unsigned set = 0; set < SETS; set++) {
        c->sets[set] = calloc(seats, sizeof *c->sets[set]);
        whole = whole && c->sets[set];
    }
    if (whole) return c;
    lent_free(c);
    return NULL;
}

void par_lua_lent_open(lua_State *L, par_lua_group *self)
{
    int links = lua_gettop(L), fields = links - 2;
    lua_pushlightuserdata(L, (void *)&links_key);
    lua_pushvalue(L, links);
    lua_rawset(L, fields);
    unsigned seats = par_board_size(self->board), found = 0;
    self->lent = lent_new(seats);
    if (!self->lent) luaL_error(L, "not enough memory for a group");
    for (unsigned seat = 0; seat < seats; seat++) {
        lua_rawgeti(L, links, (int)seat + 1);
        self->lent->links[seat] = par_lua_link_to(L, -1);
        found += self->lent->links[seat] != NULL;
        lua_pop(L, 1);
    }
    if (found == 0) par_lua_lent_close(self); /* no channels */
}

void par_lua_lent_move(lua_State *L, par_lua_group *self, par_lua_group *next)
{
    next->lent = self->lent;
    self->lent = NULL;
    if (!next->lent) return;
    for (unsigned set = 0; set < SETS; set++) forget(next->lent, set);
    next->lent->next = 0;
    luaL_getmetafield(L, 1, "__index");
    lua_pushlightuserdata(L, (void *)&links_key);
    lua_pushlightuserdata(L, (void *)&links_key);
    lua_rawget(L, -3);
    lua_rawset(L, -4);
    lua_pop(L, 1);
}

void par_lua_lent_close(par_lua_group *self)
{
    if (self->lent) lent_free(self->lent);
    self->lent = NULL;
}

uint64_t par_lua_lent_count(const par_lua_group *self) { return self->lent ? self->lent->count : 0; }

/* --- asking each other --- */
static bool is_same(const par_blob *a, const par_blob *b)
{
    int fd_a, fd_b;
    uint64_t at_a, at_b;
    if (!par_share_place(a, &fd_a, &at_a) || !par_share_place(b, &fd_b, &at_b)) return false;
    return fd_a == fd_b && at_a == at_b && a->bytes == b->bytes; /* both are held, so descriptors tell them apart */
}

static answer answer_of(const par_lua_lent *c, unsigned rank, const par_reduction *what, const par_blob *blob)
{
    int fd;
    uint64_t at;
    answer own = {0};
    if (!blob || !par_share_place(blob, &fd, &at)) return own;
    own.shared = 1;
    own.offset = (uint64_t)((const uint8_t *)what->dst - (const uint8_t *)blob->data);
    for (unsigned set = 0; set < SETS; set++)
        if (c->made & 1u << set && is_same(c->sets[set][rank].blob, blob)) own.sets |= (uint8_t)(1u << set);
    return own;
}

/* false: somebody's elements are not shared. sets: of our memory; those that are of all their memory stay. */
static bool hear(par_lua_lent *c, const par_board *board, unsigned *sets)
{
    for (unsigned rank = 0; rank < par_board_size(board); rank++) {
        answer theirs;
        par_collect_shown(board, rank, &theirs, sizeof theirs);
        if (!theirs.shared) return false;
        *sets &= theirs.sets;
        c->offset[rank] = theirs.offset;
    }
    return true;
}

/* Was it well with all members? */
static int agree(const par_lua_group_call *call, uint8_t well, bool *all, par_error *err)
{
    par_board *board = call->self->board;
    int rc = par_collect_show(board, PAR_CALL_ALLREDUCE, 0, PAR_SAY_BOOLEAN, 0, &well, sizeof well, call->deadline_ns, err);
    *all = rc == PAR_OK;
    for (unsigned rank = 0; *all && rank < par_board_size(board); rank++) {
        par_collect_shown(board, rank, &well, sizeof well);
        *all = well == 1;
    }
    return rc;
}

/* --- a new set --- */
static bool is_usable(const par_lua_link *link) { return link && link->link && !link->link->closed && !PAR_FRAME_LIVES(link->claiming); }

static bool lend(lua_State *L, par_lua_link *to, uint64_t number, par_blob *blob)
{
    par_error ignored;
    if (!is_usable(to)) return false;
    par_lua_use use = par_lua_enter(L, to);
    int rc = par_peer_lend(to->link, number, blob, &ignored);
    return par_lua_leave(to, use) && rc == PAR_OK;
}

static par_blob *borrow(lua_State *L, par_lua_link *from, uint64_t number)
{
    if (!is_usable(from)) return NULL;
    par_lua_use use = par_lua_enter(L, from);
    par_blob *blob = par_peer_borrow(from->link, number);
    par_lua_leave(from, use);
    return blob;
}

static bool lend_all(lua_State *L, const par_lua_lent *c, const par_board *board, uint64_t number, par_blob *blob)
{
    bool well = true;
    for (unsigned rank = 0; rank < par_board_size(board); rank++)
        if (rank != par_board_rank(board)) well = lend(L, c->links[par_board_place(board, rank)], number, blob) && well;
    return well;
}

static bool identify(seen *m)
{
    int fd;
    par_error ignored;
    return par_share_place(m->blob, &fd, &m->at) && par_os_memory_identity(fd, m->object, &ignored) == PAR_OK;
}

/* All are taken, also when some fail: nothing stays on its way. */
static bool borrow_all(lua_State *L, const par_lua_lent *c, const par_board *board, uint64_t number, par_blob *own, seen *set)
{
    bool well = true;
    for (unsigned rank = 0; rank < par_board_size(board); rank++) {
        set[rank].blob = rank == par_board_rank(board) ? par_blob_retain(own) : borrow(L, c->links[par_board_place(board, rank)], number);
        well = set[rank].blob && identify(&set[rank]) && well;
    }
    return well;
}

/* Everybody lends its memory, nobody waits for it: what has not come when all have sent it does not come. A set that failed is kept as
 * well, so that it is not tried again, but for what came of it. */
static int make_set(lua_State *L, const par_lua_group_call *call, par_blob *blob, unsigned *set, par_error *err)
{
    par_lua_lent *c = call->self->lent;
    par_board *board = call->self->board;
    uint64_t number = par_phase_number(board);
    bool all_lent, well;
    int rc = agree(call, lend_all(L, c, board, number, blob), &all_lent, err);
    if (rc != PAR_OK) return rc;
    *set = c->next;
    c->next = (c->next + 1) % SETS;
    forget(c, *set);
    well = borrow_all(L, c, board, number, blob, c->sets[*set]) && all_lent;
    rc = agree(call, well, &well, err);
    if (rc != PAR_OK) return rc;
    if (!well) {
        forget(c, *set);
        c->sets[*set][par_board_rank(board)].blob = par_blob_retain(blob);
    }
    c->made |= (uint8_t)(1u << *set);
    c->works |= (uint8_t)((unsigned)well << *set);
    return PAR_OK;
}

/* --- where everything lies --- */
static bool is_apart(const par_lua_lent *c, const seen *set, unsigned a, unsigned b, size_t bytes)
{
    if (memcmp(set[a].object, set[b].object, sizeof set[a].object) != 0) return true;
    uint64_t at_a = set[a].at + c->offset[a], at_b = set[b].at + c->offset[b];
    return at_a + bytes <= at_b || at_b + bytes <= at_a;
}

/* false: not as it has to be, which all members find. */
static bool place(par_lua_lent *c, const seen *set, unsigned n, const par_reduction *what)
{
    size_t each = par_type_bytes(what->type), bytes = (size_t)what->n * each;
    for (unsigned rank = 0; rank < n; rank++) {
        const par_blob *blob = set[rank].blob;
        if (bytes > blob->bytes || c->offset[rank] > blob->bytes - bytes) return false;
        c->elements[rank] = (uint8_t *)blob->data + c->offset[rank];
        if ((uintptr_t)c->elements[rank] % each) return false;
        for (unsigned other = 0; other < rank; other++)
            if (!is_apart(c, set, rank, other, bytes)) return false;
    }
    return true;
}

static unsigned first_of(unsigned sets)
{
    unsigned set = 0;
    while (!(sets & 1u << set)) set++;
    return set;
}

int par_lua_lent_allreduce(lua_State *L, const par_lua_group_call *call, const par_reduction *what, par_blob *memory, bool *done,
                           par_error *err)
{
    par_lua_lent *c = call->self->lent;
    par_board *board = call->self->board;
    if (!c || !par_collect_allreduce_asks(board, what)) return PAR_OK;
    answer own = answer_of(c, par_board_rank(board), what, memory);
    unsigned sets = own.sets, set;
    int rc = par_collect_allreduce_ask(board, what, &own, sizeof own, call->deadline_ns, err);
    if (rc != PAR_OK || !hear(c, board, &sets) || !own.shared) return rc;
    if (sets) set = first_of(sets);
    else rc = make_set(L, call, memory, &set, err);
    if (rc != PAR_OK || !(c->works & 1u << set) || !place(c, c->sets[set], par_board_size(board), what)) return rc;
    *done = true;
    c->count++;
    return par_collect_allreduce_in_place(board, what, c->elements, call->deadline_ns, err);
}
