/* allreduce of shared tensors with a member that lies or breaks: two members are processes that run Lua as users do, the third says and lends
 * whatever it likes. The honest ones may get an error, or wrong numbers where these are the third's own; they never crash, hang, or write
 * beside what they were given. */
#include <fcntl.h>

#include "channel/segment.h"
#include "group/collect.h"
#include "group/collect_begin.h"
#include "group/internal.h"
#include "link/message.h"
#include "link/peer.h"
#include "link/share.h"
#include "lua/child/handle.h"
#include "lua/group/lent.h"
#include "members.h"
#include "core_state.h"

enum { HONEST = 2, ALL = 3, ELEMENTS = 40000, BYTES = ELEMENTS * 8, RING_BYTES = 65536 };

typedef struct hostile hostile;
typedef struct play {
    int sockets[ALL][ALL]; /* [a][b]: of seat a, to b */
    const char *script;    /* of the honest ones */
    void (*code)(hostile *self, unsigned step);
    unsigned step;
} play;

static void keep_own_sockets(const play *p, unsigned own)
{
    for (unsigned a = 0; a < ALL; a++)
        for (unsigned b = 0; b < ALL; b++)
            if (a != b && a != own) par_os_close(p->sockets[a][b]);
}

static par_link *link_to(const play *p, unsigned own, unsigned seat)
{
    par_link *link;
    par_error err;
    CHECK_INT(par_peer_attach(&link, p->sockets[own][seat], member_id(seat), &err), PAR_OK);
    return link;
}

/* --- the honest ones --- */
/* What is to come of each call: 'sum' (the right one), an error's code, or 'any'; a number is how many went in place. The elements before and
 * behind the tensor, in the same memory, have to stay as they are. */
static const char honest[] =
    "local torch, group = require 'parallel.tensor', require 'parallel.core'.group\n"
    "local guards = torch.Tensor(3 * elements):share():fill(7)\n"
    "local t = guards:narrow(1, elements + 1, elements)\n"
    "local rank, sum = group.position(g), 6\n"
    "local function call(wanted)\n"
    "  t:fill(rank)\n"
    "  local ok, e = pcall(group.methods.allreduce, g, t)\n"
    "  local got = ok and 'sum' or e.code\n"
    "  assert(wanted == 'any' or got == wanted, ok and 'it went well' or tostring(e))\n"
    "  if wanted == 'sum' then assert(t:min() == sum and t:max() == sum, ('%g to %g'):format(t:min(), t:max())) end\n"
    "  for _, first in ipairs{1, 2 * elements + 1} do\n"
    "    local guard = guards:narrow(1, first, elements)\n"
    "    assert(guard:min() == 7 and guard:max() == 7)\n"
    "  end\n"
    "end\n"
    "for wanted in script:gmatch '%S+' do\n"
    "  if wanted == 'regroup' then\n"
    "    g = group.regroup(g)\n"
    "    rank, sum = group.position(g), 3\n"
    "  elseif wanted:find '^%d' then\n"
    "    assert(group.in_place(g) == tonumber(wanted), ('%d went in place'):format(group.in_place(g)))\n"
    "  else\n"
    "    call(wanted)\n"
    "  end\n"
    "end\n";

static void run(lua_State *L, const char *code)
{
    if (luaL_dostring(L, code) == LUA_OK) return;
    printf("# %s\n", lua_tostring(L, -1));
    fflush(stdout);
    _exit(1);
}

/* As core.group.take has it. */
static void set_group(lua_State *L, par_board *board, const play *p, unsigned own)
{
    par_lua_group *group = par_lua_group_new(L);
    group->board = board;
    group->decode_flags = calloc(ALL, 1);
    lua_newtable(L); /* what the parent told */
    lua_newtable(L);
    for (unsigned seat = 0; seat < ALL; seat++) {
        if (seat == own) continue;
        par_lua_link *peer = par_lua_link_new(L, member_id(seat));
        lua_pop(L, 1);
        par_lua_link_bind(peer, link_to(p, own, seat));
        lua_rawseti(L, -2, (int)seat + 1);
    }
    par_lua_lent_open(L, group);
    lua_settop(L, 1);
    lua_setglobal(L, "g");
}

static int be_honest(par_board *board, void *context)
{
    const play *p = context;
    unsigned own = par_board_rank(board);
    keep_own_sockets(p, own);
    lua_State *L = state_with_core();
    run(L, "require 'parallel.core'");
    set_group(L, board, p, own);
    lua_pushstring(L, p->script);
    lua_setglobal(L, "script");
    lua_pushinteger(L, ELEMENTS);
    lua_setglobal(L, "elements");
    run(L, honest);
    lua_close(L);
    return 0;
}

/* --- the other one --- */
typedef struct answer { /* as in lent.c */
    uint8_t shared, sets, unused[6];
    uint64_t offset;
} answer;

struct hostile {
    par_board *board;
    par_link *links[HONEST];
    par_blob *memory;
    double *elements;
};

static int be_hostile(par_board *board, void *context)
{
    const play *p = context;
    par_error err;
    hostile self = {.board = board};
    keep_own_sockets(p, HONEST);
    for (unsigned seat = 0; seat < HONEST; seat++) self.links[seat] = link_to(p, HONEST, seat);
    CHECK_INT(par_share_blob_new((size_t)2 * BYTES, &self.memory, &err), PAR_OK);
    self.elements = self.memory->data;
    p->code(&self, p->step);
    par_board_leave(self.board);
    for (unsigned seat = 0; seat < HONEST; seat++) par_link_close(self.links[seat]);
    par_blob_release(self.memory);
    return 0;
}

/* Two honest members, and one that runs `code`. */
static void beside(const char *script, void (*code)(hostile *self, unsigned step), unsigned step)
{
    members m;
    par_error err;
    play p = {.script = script, .code = code, .step = step};
    members_make(&m, ALL);
    for (unsigned a = 0; a < ALL; a++)
        for (unsigned b = a + 1; b < ALL; b++) {
            int sockets[2];
            CHECK_INT(par_peer_pair(RING_BYTES, sockets, &err), PAR_OK);
            p.sockets[a][b] = sockets[0];
            p.sockets[b][a] = sockets[1];
        }
    for (unsigned seat = 0; seat < ALL; seat++) member_start(&m, seat, seat == HONEST ? be_hostile : be_honest, &p);
    keep_own_sockets(&p, ALL);
    members_end(&m, 0);
}

static par_reduction reduction(hostile *self)
{
    for (unsigned i = 0; i < ELEMENTS; i++) self->elements[i] = ALL;
    return (par_reduction){.op = PAR_REDUCE_SUM, .type = PAR_DOUBLE, .n = ELEMENTS, .src = self->elements, .dst = self->elements};
}

static int ask(hostile *self, answer says)
{
    par_error err;
    par_reduction what = reduction(self);
    return par_collect_allreduce_ask(self->board, &what, &says, sizeof says, SECONDS(60), &err);
}

static int agree(hostile *self, uint8_t well)
{
    par_error err;
    return par_collect_show(self->board, PAR_CALL_ALLREDUCE, 0, PAR_SAY_BOOLEAN, 0, &well, sizeof well, SECONDS(60), &err);
}

/* What all do when they do not work in place. */
static void by_windows(hostile *self)
{
    par_error err;
    par_reduction what = reduction(self);
    CHECK_INT(par_collect_allreduce(self->board, &what, SECONDS(60), &err), PAR_OK);
    CHECK(self->elements[0] == 6 && self->elements[ELEMENTS - 1] == 6);
}

static void lend(hostile *self, unsigned seat, uint64_t number, par_blob *blob)
{
    par_error err;
    CHECK_INT(par_peer_lend(self->links[seat], number, blob, &err), PAR_OK);
}

static uint64_t number_of(const hostile *self) { return par_phase_number(self->board); }

static void lend_both(hostile *self, uint64_t number, par_blob *blob)
{
    for (unsigned seat = 0; seat < HONEST; seat++) lend(self, seat, number, blob);
}

static void agree_twice(hostile *self)
{
    CHECK_INT(agree(self, 1), PAR_OK);
    CHECK_INT(agree(self, 1), PAR_OK);
}

/* All that makes a new set. */
static void through_a_set(hostile *self, answer says, par_blob *blob)
{
    CHECK_INT(ask(self, says), PAR_OK);
    if (blob) lend_both(self, number_of(self), blob);
    agree_twice(self);
}

/* --- lies about places --- */
static const uint64_t places[] = {1, 4, BYTES + 8, 2 * BYTES, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63, UINT64_MAX - BYTES + 1};
enum { PLACES = sizeof places / sizeof *places };

/* With a new set, and then with the one that is there, and all that are not. */
static void say_places(hostile *self, unsigned step)
{
    through_a_set(self, (answer){.shared = 1, .offset = places[step]}, self->memory);
    by_windows(self);
    for (unsigned i = 0; i < PLACES; i++) {
        CHECK_INT(ask(self, (answer){.shared = 1, .sets = UINT8_MAX, .offset = places[i]}), PAR_OK);
        by_windows(self);
    }
}

static void a_place_that_cannot_be(void)
{
    for (unsigned i = 0; i < PLACES; i++) beside("sum sum sum sum sum sum sum sum sum 0", say_places, i);
}

static void lend_too_little(hostile *self, unsigned step)
{
    par_error err;
    par_blob *small;
    CHECK_INT(par_share_blob_new(BYTES - 8, &small, &err), PAR_OK);
    through_a_set(self, (answer){.shared = 1}, small);
    by_windows(self);
    CHECK_INT(ask(self, (answer){.shared = 1, .sets = 1, .offset = UINT64_MAX - step}), PAR_OK);
    by_windows(self);
    par_blob_release(small);
}

static void memory_that_is_too_small(void) { beside("sum sum 0", lend_too_little, 7); }

/* --- lies about sets, and other words than 0 and 1 --- */
static void say_sets(hostile *self, unsigned step)
{
    par_error err;
    CHECK_INT(ask(self, (answer){.shared = UINT8_MAX, .sets = UINT8_MAX, .unused = {1, 2, 3}}), PAR_OK);
    lend_both(self, number_of(self), self->memory);
    CHECK_INT(agree(self, step ? 1 : UINT8_MAX), PAR_OK); /* is no yes */
    CHECK_INT(agree(self, step ? 2 : 1), PAR_OK);
    by_windows(self);
    if (step == 0) return;
    CHECK_INT(ask(self, (answer){.shared = 1}), PAR_OK); /* another set, and no word about it */
    CHECK_INT(par_collect_barrier(self->board, SECONDS(60), &err), PAR_E_INVALID);
    CHECK_INT(ask(self, (answer){0}), PAR_OK);
    by_windows(self);
}

static void sets_that_are_not_there(void)
{
    beside("sum 0", say_sets, 0);
    beside("sum invalid sum 0", say_sets, 1);
}

/* --- lies about memory --- */
static void lend_wrongly(hostile *self, unsigned step)
{
    if (step == 0) through_a_set(self, (answer){.shared = 1}, NULL);
    if (step == 1) { /* with a number that nobody asks for */
        CHECK_INT(ask(self, (answer){.shared = 1}), PAR_OK);
        lend_both(self, number_of(self) + 1, self->memory);
    }
    if (step == 2) { /* to one of them */
        CHECK_INT(ask(self, (answer){.shared = 1}), PAR_OK);
        lend(self, 0, number_of(self), self->memory);
    }
    if (step > 0) agree_twice(self);
    by_windows(self);
}

static void memory_that_does_not_come(void)
{
    for (unsigned step = 0; step < 3; step++) beside("sum 0", lend_wrongly, step);
}

/* Only the last counts, and whatever else came is let go. What is our part of the result is not made. */
static void lend_often(hostile *self, unsigned step)
{
    par_error err;
    CHECK_INT(ask(self, (answer){.shared = 1}), PAR_OK);
    for (unsigned i = 0; i < step; i++) lend_both(self, number_of(self) + 7, self->memory);
    lend_both(self, number_of(self), self->memory);
    agree_twice(self);
    CHECK_INT(par_phase_pass(self->board, SECONDS(60), &err), PAR_OK);
    lend_both(self, 0, self->memory);
    CHECK_INT(ask(self, (answer){.shared = 1, .sets = 1}), PAR_OK);
    CHECK_INT(par_phase_pass(self->board, SECONDS(60), &err), PAR_OK);
}

static void memory_that_comes_often(void) { beside("any any 2", lend_often, 100); }

/* What a message of memory may have with it besides. */
static void send_something_else(hostile *self, unsigned step)
{
    static const uint8_t bytes[100000];
    par_error err;
    CHECK_INT(ask(self, (answer){.shared = 1}), PAR_OK);
    uint64_t number = number_of(self);
    for (unsigned seat = 0; seat < HONEST; seat++) {
        par_blob *blob = step == 2 ? par_share_descriptor(open("/dev/null", O_RDWR)) : NULL;
        par_payload payload = {.data = bytes, .bytes = step == 1 ? sizeof bytes : 8, .blob = blob, .shared = blob != NULL};
        if (blob) payload.data = blob->data, payload.bytes = blob->bytes;
        CHECK_INT(par_link_send(self->links[seat], PAR_KIND_MEMORY, &number, sizeof number, &payload, step < 3, SECONDS(60), &err), PAR_OK);
        par_blob_release(blob);
    }
    agree_twice(self);
    by_windows(self);
}

static void a_message_with_something_else(void)
{
    for (unsigned step = 0; step < 4; step++) beside("sum 0", send_something_else, step);
}

/* --- memory that is none --- */
enum { NO_MEMORY, HALF, MAY_SHRINK, READ_ONLY, ALIENS };

static int alien_fd(unsigned which)
{
    char name[] = "/tmp/parallel-hostile-XXXXXX", path[64];
    int fd;
    par_error err;
    if (which == NO_MEMORY) return open("/dev/null", O_RDWR);
    if (which == MAY_SHRINK) { /* whoever may shrink it could have the others killed */
        fd = mkstemp(name);
        CHECK(fd >= 0 && unlink(name) == 0 && ftruncate(fd, BYTES) == 0);
        return fd;
    }
    CHECK_INT(par_os_memory_open(which == HALF ? BYTES / 2 : BYTES, &fd, &err), PAR_OK);
    if (which == HALF) return fd;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY);
}

static void ignore(par_segment *segment) { (void)segment; }

/* The others may cut us off for it: then there is no memory of ours any more. */
static void lend_alien(hostile *self, unsigned step)
{
    static par_segment alien;
    par_error ignored;
    int fd = alien_fd(step);
    if (fd < 0) fd = alien_fd(NO_MEMORY); /* no /proc */
    alien = (par_segment){.fd = fd, .data = (void *)self->elements, .bytes = BYTES, .refs = 1, .mode = PAR_LEND_SHARED, .unused = ignore};
    par_blob *blob = par_segment_blob(&alien, 0, BYTES, PAR_BLOB_SEGMENT);
    through_a_set(self, (answer){.shared = 1}, blob);
    by_windows(self);
    CHECK_INT(ask(self, (answer){.shared = 1, .sets = 1}), PAR_OK); /* in the set that does not work */
    by_windows(self);
    for (unsigned seat = 0; seat < HONEST; seat++) par_peer_lend(self->links[seat], number_of(self), self->memory, &ignored);
    CHECK_INT(ask(self, (answer){0}), PAR_OK);
    by_windows(self);
}

static void memory_that_is_none(void)
{
    bool seals = par_os_memory_is_lazy(); /* elsewhere a file is as good as memory */
    for (unsigned step = 0; step < ALIENS; step++)
        if (step != MAY_SHRINK || seals) beside("sum sum sum 0", lend_alien, step);
}

/* The memory of one of them, lent to it itself and to the other as ours: the same elements twice. */
static void lend_theirs(hostile *self, unsigned step)
{
    CHECK_INT(ask(self, (answer){.shared = 1}), PAR_OK);
    uint64_t number = number_of(self);
    lend_both(self, number, self->memory);
    CHECK_INT(agree(self, 1), PAR_OK);
    par_blob *theirs = par_peer_borrow(self->links[step], number);
    CHECK(theirs != NULL);
    CHECK_INT(agree(self, 0), PAR_OK);
    by_windows(self);
    for (unsigned i = 0; i < 3; i++) { /* where their tensor lies in there, and half beside it */
        answer says = {.shared = 1, .offset = BYTES / 2 * (i + 1)};
        CHECK_INT(ask(self, says), PAR_OK);
        lend_both(self, number_of(self), theirs);
        agree_twice(self);
        by_windows(self);
    }
    par_blob_release(theirs);
}

static void memory_of_somebody_else(void)
{
    for (unsigned seat = 0; seat < HONEST; seat++) beside("sum sum sum sum 0", lend_theirs, seat);
}

/* --- words that are not the same for all --- */
static void set_word(par_say *say, uint64_t *seed)
{
    answer says = {.shared = 1, .sets = (uint8_t)chance(seed, 256), .offset = 8 * chance(seed, 3)};
    *say = (par_say){.call = PAR_CALL_ALLREDUCE};
    if (chance(seed, 2)) {
        say->type = PAR_SAY_BOOLEAN;
        say->bytes[0] = 1;
        return;
    }
    say->type = PAR_DOUBLE;
    say->count = ELEMENTS;
    say->flags = PAR_SAY_ASKS;
    memcpy(say->bytes, &says, sizeof says);
}

/* Changes what it has said while the others read it; what they do then may be anything but a crash or a hang. */
static void change_words(hostile *self, unsigned step)
{
    enum { PHASES = 300, CHANGES = 100 };
    uint64_t seed = step;
    par_error err;
    for (unsigned i = 0; i < PHASES; i++) {
        par_say *say = &par_board_seat(self->board, HONEST)->slot[(self->board->phase + 1) & 1].say;
        set_word(say, &seed);
        for (unsigned seat = 0; seat < HONEST; seat++)
            par_peer_lend(self->links[seat], self->board->phase - chance(&seed, 2), self->memory, &err);
        if (par_phase_pass(self->board, SECONDS(60), &err) != PAR_OK) return;
        for (unsigned change = 0; change < CHANGES; change++) say->bytes[chance(&seed, 16)] = (uint8_t)chance(&seed, 256);
    }
}

static void words_that_change(void)
{
    for (unsigned step = 1; step <= 8; step++)
        beside("any any any any any any any any any any any any any any any any", change_words, step);
}

/* --- ends at each step --- */
static void take_steps(hostile *self, unsigned steps)
{
    if (steps > 0) ask(self, (answer){.shared = 1});
    if (steps > 1) lend(self, 0, number_of(self), self->memory);
    if (steps > 2) lend(self, 1, number_of(self), self->memory);
    if (steps > 3) agree(self, 1);
    if (steps > 4) agree(self, 1);
}

static void take_steps_and_die(hostile *self, unsigned steps)
{
    take_steps(self, steps);
    _exit(0);
}

static void an_end_at_each_step(void)
{
    for (unsigned steps = 0; steps <= 5; steps++) {
        beside(steps < 5 ? "died regroup sum sum 2" : "died regroup sum sum 3", take_steps_and_die, steps);
        beside(steps < 5 ? "closed regroup sum sum 2" : "closed regroup sum sum 3", take_steps, steps);
    }
}

/* --- other shapes --- */
static void say_another(hostile *self, unsigned step)
{
    par_error err;
    answer says = {.shared = 1};
    par_reduction what = reduction(self);
    if (step == 0) what.n--;
    if (step == 1) what.type = PAR_LONG;
    if (step == 2) what.op = PAR_REDUCE_MAX;
    if (step == 3)
        CHECK_INT(par_collect_allreduce_shared(self->board, &what, (void *[]){NULL, NULL, NULL}, SECONDS(60), &err), PAR_E_INVALID);
    else if (step == 4) CHECK_INT(par_collect_allreduce(self->board, &what, SECONDS(60), &err), PAR_E_INVALID);
    else CHECK_INT(par_collect_allreduce_ask(self->board, &what, &says, sizeof says, SECONDS(60), &err), PAR_E_INVALID);
    through_a_set(self, says, self->memory);
    CHECK_INT(par_phase_pass(self->board, SECONDS(60), &err), PAR_OK);
}

static void another_shape(void)
{
    for (unsigned step = 0; step < 5; step++) beside("invalid any 1", say_another, step);
}

TAP_MAIN(TEST(a_place_that_cannot_be), TEST(memory_that_is_too_small), TEST(sets_that_are_not_there), TEST(memory_that_does_not_come),
         TEST(memory_that_comes_often), TEST(a_message_with_something_else), TEST(memory_that_is_none), TEST(memory_of_somebody_else),
         TEST(words_that_change), TEST(an_end_at_each_step), TEST(another_shape))
