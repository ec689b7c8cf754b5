/* Collectives of members that are processes, against what each can compute by itself; calls that do not fit together; deaths in the
 * middle of them. */
#include "base/buffer.h"
#include "group/collect.h"
#include "group/layout.h"
#include "members.h"
#include "transfers.h"
#include "threads.h"

static size_t window_bytes(void) { return PAR_BOARD_WINDOW_BYTES; }

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9e3779b97f4a7c15u + b * 0xbf58476d1ce4e5b9u + 1;
    x ^= x >> 31;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 29;
}

/* What member `rank` brings along in round `round`: known to all. */
static void fill(par_type type, int64_t n, void *out, unsigned round, unsigned rank)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = mix((uint64_t)i + 1, round * 1000 + rank);
        if (type == PAR_FLOAT) ((float *)out)[i] = (float)((int32_t)bits) * 1e-3f;
        else if (type == PAR_DOUBLE) ((double *)out)[i] = (double)((int64_t)bits) * 1e-9;
        else memcpy((uint8_t *)out + (size_t)i * par_type_bytes(type), &bits, par_type_bytes(type));
    }
}

typedef struct room { /* memory of the largest test, for each member and the result */
    uint8_t *in[MEMBERS_MAX], *out, *want;
} room;

static void *aligned(size_t bytes)
{
    void *data = NULL;
    CHECK(posix_memalign(&data, 64, bytes + 64) == 0);
    memset(data, 0x5a, bytes + 64);
    return data;
}

static room room_of(unsigned n, size_t bytes)
{
    room r;
    for (unsigned i = 0; i < n; i++) r.in[i] = aligned(bytes);
    r.out = aligned(bytes * n);
    r.want = aligned(bytes * n);
    return r;
}

static void room_free(room *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++) free(r->in[i]);
    free(r->out);
    free(r->want);
}

static void want_reduced(const room *r, par_reduce_op op, par_type type, int64_t n, unsigned size)
{
    const void *src[MEMBERS_MAX];
    for (unsigned i = 0; i < size; i++) src[i] = r->in[i];
    par_reduce_into(op, type, n, r->want, src, size);
}

static const int64_t sizes[] = {0, 1, 5, 6, 63, 64, 65, 511, 513};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void reduce_once(par_board *board, room *r, par_reduce_op op, par_type type, int64_t n, unsigned round)
{
    par_error err;
    unsigned size = par_board_size(board), me = par_board_rank(board), root = round % size;
    size_t bytes = (size_t)n * par_type_bytes(type);
    for (unsigned i = 0; i < size; i++) fill(type, n, r->in[i], round, i);
    want_reduced(r, op, type, n, size);
    par_reduction what = {.op = op, .type = type, .n = n, .src = r->in[me], .dst = r->out};
    memset(r->out, 0xee, bytes + 8);
    CHECK_INT(par_collect_allreduce(board, &what, SECONDS(60), &err), PAR_OK);
    CHECK(memcmp(r->out, r->want, bytes) == 0);
    CHECK_INT(r->out[bytes], 0xee);
    memset(r->out, 0xee, bytes + 8);
    CHECK_INT(par_collect_reduce(board, root, &what, SECONDS(60), &err), PAR_OK);
    if (me == root) CHECK(memcmp(r->out, r->want, bytes) == 0);
    else CHECK(bytes == 0 || r->out[0] == 0xee);
    what.dst = r->in[me]; /* in place */
    CHECK_INT(par_collect_allreduce(board, &what, SECONDS(60), &err), PAR_OK);
    CHECK(memcmp(r->in[me], r->want, bytes) == 0);
}

static int reduce_everything(par_board *board, void *context)
{
    (void)context;
    unsigned round = 0;
    room r = room_of(par_board_size(board), 520 * 8);
    for (int op = 0; op < PAR_REDUCE_OP_COUNT; op++)
        for (int type = 0; type < PAR_TYPE_COUNT; type++)
            for (int s = 0; s < SIZES && par_reduce_has((par_reduce_op)op, (par_type)type); s++)
                reduce_once(board, &r, (par_reduce_op)op, (par_type)type, sizes[s], round++);
    par_board_leave(board);
    return 0;
}

static const unsigned member_counts[] = {1, 2, 3, 5, 17};
enum { COUNTS = sizeof member_counts / sizeof *member_counts };

static void with_each_number_of_members(member_code *code, void *context)
{
    for (int i = 0; i < COUNTS; i++) {
        members m;
        members_start(&m, member_counts[i], code, context);
        members_end(&m, 0);
    }
}

static void reductions(void) { with_each_number_of_members(reduce_everything, NULL); }

static int reduce_windows(par_board *board, void *context)
{
    (void)context;
    unsigned size = par_board_size(board), round = 0;
    if (size > 5) return 0;
    int64_t window = (int64_t)window_bytes();
    room r = room_of(size, 3 * (size_t)window + 4096);
    const par_type types[] = {PAR_BYTE, PAR_SHORT, PAR_FLOAT, PAR_DOUBLE};
    const int64_t near[] = {window / 2 - 1, window / 2, window / 2 + 8, window - 1, window, window + 1, 2 * window, 3 * window + 1000};
    for (int t = 0; t < 4; t++)
        for (int s = 0; s < 8; s++) {
            int64_t n = near[s] / (int64_t)par_type_bytes(types[t]) + s % 2;
            reduce_once(board, &r, s % 3 ? PAR_REDUCE_SUM : PAR_REDUCE_MAX, types[t], n, round++);
        }
    return 0;
}

static void reductions_of_several_windows(void) { with_each_number_of_members(reduce_windows, NULL); }

#define SHARED_ELEMENTS 20000

/* The same, asking each other first. */
static void reduce_after_asking(par_board *board, const par_reduction *what, void *const *elements)
{
    par_error err;
    unsigned me = par_board_rank(board), heard;
    CHECK_INT(par_collect_allreduce_ask(board, what, &me, sizeof me, SECONDS(60), &err), PAR_OK);
    for (unsigned rank = 0; rank < par_board_size(board); rank++) {
        par_collect_shown(board, rank, &heard, sizeof heard);
        CHECK_INT(heard, rank);
    }
    CHECK_INT(par_collect_allreduce_in_place(board, what, elements, SECONDS(60), &err), PAR_OK);
}

static void reduce_where_all_see_it(par_board *board, double *memory)
{
    const int64_t counts[] = {0, 1, 65, 513, SHARED_ELEMENTS};
    par_error err;
    void *elements[MEMBERS_MAX];
    unsigned size = par_board_size(board), me = par_board_rank(board);
    room r = room_of(size, SHARED_ELEMENTS * sizeof(double));
    for (unsigned i = 0; i < size; i++) elements[i] = memory + i * SHARED_ELEMENTS;
    for (unsigned round = 0; round < 20; round++) {
        par_reduction what = {.op = PAR_REDUCE_SUM, .type = PAR_DOUBLE, .n = counts[round % 5]};
        for (unsigned i = 0; i < size; i++) fill(what.type, what.n, r.in[i], round, i);
        want_reduced(&r, what.op, what.type, what.n, size);
        fill(what.type, what.n, elements[me], round, me);
        if (round % 3 == 1) reduce_after_asking(board, &what, elements);
        else CHECK_INT(par_collect_allreduce_shared(board, &what, elements, SECONDS(60), &err), PAR_OK);
        for (unsigned i = 0; i < size; i++) CHECK(memcmp(elements[i], r.want, (size_t)what.n * sizeof(double)) == 0);
        CHECK_INT(par_collect_barrier(board, SECONDS(60), &err), PAR_OK); /* before it is written again */
    }
    room_free(&r, size);
}

/* context: memory of all members */
static int reduce_shared(par_board *board, void *context)
{
    reduce_where_all_see_it(board, context);
    par_board_leave(board);
    return 0;
}

static void reductions_of_shared_elements(void)
{
    size_t bytes = MEMBERS_MAX * SHARED_ELEMENTS * sizeof(double);
    void *memory = shared_memory(bytes);
    with_each_number_of_members(reduce_shared, memory);
    munmap(memory, bytes);
}

static int scatter_reduced(par_board *board, void *context)
{
    (void)context;
    par_error err;
    unsigned size = par_board_size(board), me = par_board_rank(board), round = 0;
    const int64_t each[] = {0, 1, 7, 64, 1000, 70000, 150000};
    room r = room_of(size, 150000 * sizeof(float) * (size > 5 ? 1 : size));
    for (int s = 0; s < (size > 5 ? 5 : 7); s++) {
        int64_t n = each[s], all = n * size;
        for (unsigned i = 0; i < size; i++) fill(PAR_FLOAT, all, r.in[i], round, i);
        want_reduced(&r, PAR_REDUCE_MEAN, PAR_FLOAT, all, size);
        par_reduction what = {.op = PAR_REDUCE_MEAN, .type = PAR_FLOAT, .n = n, .src = r.in[me], .dst = r.out};
        const uint8_t *want = r.want + me * (size_t)n * sizeof(float);
        CHECK_INT(par_collect_reduce_scatter(board, &what, SECONDS(60), &err), PAR_OK);
        CHECK(memcmp(r.out, want, (size_t)n * sizeof(float)) == 0);
        what.dst = (float *)r.in[me] + me * n; /* its own part */
        CHECK_INT(par_collect_reduce_scatter(board, &what, SECONDS(60), &err), PAR_OK);
        CHECK(memcmp(what.dst, want, (size_t)n * sizeof(float)) == 0);
        round++;
    }
    return 0;
}

static void parts_of_a_reduction(void) { with_each_number_of_members(scatter_reduced, NULL); }

/* --- bytes --- */
static void move_once(par_board *board, room *r, size_t bytes, unsigned round)
{
    par_error err;
    unsigned size = par_board_size(board), me = par_board_rank(board), root = (round + 1) % size;
    int64_t n = (int64_t)bytes;
    for (unsigned i = 0; i < size; i++) fill(PAR_BYTE, n, r->in[i], round, i);
    for (unsigned i = 0; i < size; i++) memcpy(r->want + i * bytes, r->in[i], bytes);
    CHECK_INT(allgather_memory(board, 7, r->in[me], r->out, bytes, SECONDS(60), &err), PAR_OK);
    CHECK(memcmp(r->out, r->want, bytes * size) == 0);
    memset(r->out, 0xee, bytes * size + 1);
    CHECK_INT(gather_memory(board, root, 7, r->in[me], r->out, bytes, SECONDS(60), &err), PAR_OK);
    if (me == root) CHECK(memcmp(r->out, r->want, bytes * size) == 0);
    else CHECK_INT(r->out[0], 0xee);
    CHECK_INT(scatter_memory(board, root, 7, me == root ? r->want : NULL, r->out, bytes, SECONDS(60), &err), PAR_OK);
    CHECK(memcmp(r->out, r->in[me], bytes) == 0);
    uint8_t *data = me == root ? r->in[root] : r->out;
    CHECK_INT(broadcast_memory(board, root, 7, data, bytes, SECONDS(60), &err), PAR_OK);
    CHECK(memcmp(data, r->want + root * bytes, bytes) == 0);
}

static int move_bytes(par_board *board, void *context)
{
    (void)context;
    unsigned size = par_board_size(board), round = 0;
    size_t window = window_bytes(), most = size > 5 ? 5000 : 2 * window + 5000;
    const size_t lengths[] = {0,          1,          39,         40,     41,         1000,       4999,
                              window - 9, window - 8, window - 7, window, window + 1, 2 * window, 2 * window + 77};
    room r = room_of(size, most);
    for (int s = 0; s < 14 && lengths[s] <= most; s++) move_once(board, &r, lengths[s], round++);
    return 0;
}

static void bytes_of_all_lengths(void) { with_each_number_of_members(move_bytes, NULL); }

/* --- values, whose lengths only their senders know --- */
typedef struct values {
    unsigned round, me;
    par_buffer got[MEMBERS_MAX];
    unsigned calls[MEMBERS_MAX];
    unsigned fail_from; /* the sender whose value we cannot take; MEMBERS_MAX: none */
} values;

static uint64_t length_of(unsigned round, unsigned from, unsigned to)
{
    const uint64_t lengths[] = {0, 3, 40, 41, 5000, 262136, 262144, 262145, 600000};
    return lengths[mix(round, from * 100 + to) % 9];
}

static uint8_t byte_of(unsigned from, unsigned to, uint64_t at) { return (uint8_t)(from * 17 + to * 5 + at * 3 + (at >> 9)); }

static void give_value(void *context, unsigned to, uint64_t offset, uint8_t *out, size_t len)
{
    const values *v = context;
    for (size_t i = 0; i < len; i++) out[i] = byte_of(v->me, to, offset + i);
}

static int take_value(void *context, unsigned from, uint64_t length, uint64_t offset, const uint8_t *bytes, size_t len, par_error *err)
{
    (void)length;
    values *v = context;
    CHECK_INT(v->got[from].len, offset);
    v->calls[from]++;
    if (from == v->fail_from) return par_error_set(err, PAR_E_NOMEM, "no room for it");
    return par_buffer_append(&v->got[from], bytes, len);
}

static void check_value(values *v, unsigned from, unsigned to, uint64_t length)
{
    CHECK(v->calls[from] > 0);
    CHECK_INT(v->got[from].len, length);
    for (uint64_t i = 0; i < length; i++) CHECK_INT(v->got[from].data[i], byte_of(from, to, i));
}

static void clear_values(values *v)
{
    for (unsigned i = 0; i < MEMBERS_MAX; i++) {
        v->got[i].len = 0;
        v->calls[i] = 0;
    }
    v->round++;
}

static void transfer(par_board *board, values *v, par_call call, unsigned root)
{
    par_error err;
    uint64_t lengths[MEMBERS_MAX];
    bool sends = call == PAR_CALL_GATHER || call == PAR_CALL_ALLGATHER || root == v->me;
    par_transfer what = {.call = call, .root = root, .context = v, .give = give_value, .take = take_value};
    for (unsigned to = 0; to < par_board_size(board); to++) lengths[to] = length_of(v->round, v->me, to);
    if (sends) what.length = length_of(v->round, v->me, v->me);
    if (call == PAR_CALL_SCATTER && sends) what.lengths = lengths;
    CHECK_INT(par_collect_transfer(board, &what, SECONDS(60), &err), v->fail_from < MEMBERS_MAX ? PAR_E_NOMEM : PAR_OK);
}

static int transfer_values(par_board *board, void *context)
{
    (void)context;
    unsigned size = par_board_size(board), me = par_board_rank(board);
    values v = {.me = me, .fail_from = MEMBERS_MAX};
    for (unsigned round = 0; round < (size > 5 ? 4u : 20u); round++) {
        unsigned root = round % size;
        transfer(board, &v, PAR_CALL_ALLGATHER, 0);
        for (unsigned from = 0; from < size; from++)
            if (from != me) check_value(&v, from, from, length_of(v.round, from, from));
        clear_values(&v);
        transfer(board, &v, PAR_CALL_GATHER, root);
        for (unsigned from = 0; from < size; from++)
            if (from != me && me == root) check_value(&v, from, from, length_of(v.round, from, from));
            else CHECK_INT(v.calls[from], 0);
        clear_values(&v);
        transfer(board, &v, PAR_CALL_BROADCAST, root);
        if (me != root) check_value(&v, root, root, length_of(v.round, root, root));
        clear_values(&v);
        transfer(board, &v, PAR_CALL_SCATTER, root);
        if (me != root) check_value(&v, root, me, length_of(v.round, root, me));
        clear_values(&v);
    }
    return 0;
}

static void values_of_all_lengths(void) { with_each_number_of_members(transfer_values, NULL); }

static int take_half(par_board *board, void *context)
{
    (void)context;
    values v = {.me = par_board_rank(board), .fail_from = MEMBERS_MAX};
    for (unsigned round = 0; round < 12; round++) {
        v.fail_from = v.me == 1 ? 0 : MEMBERS_MAX; /* one cannot keep what comes: the others do not notice */
        transfer(board, &v, PAR_CALL_ALLGATHER, 0);
        CHECK(v.me != 1 || v.calls[0] == 1);
        clear_values(&v);
    }
    v.fail_from = MEMBERS_MAX;
    transfer(board, &v, PAR_CALL_ALLGATHER, 0);
    return 0;
}

static void a_value_that_cannot_be_kept(void)
{
    members m;
    members_start(&m, 3, take_half, NULL);
    members_end(&m, 0);
}

/* --- members that are threads: for ThreadSanitizer --- */
static void collect_in_a_thread(par_board *board)
{
    static double memory[3 * SHARED_ELEMENTS];
    reduce_where_all_see_it(board, memory);
    room r = room_of(par_board_size(board), 3 * window_bytes());
    for (unsigned round = 0; round < 8; round++) {
        reduce_once(board, &r, PAR_REDUCE_SUM, PAR_FLOAT, round % 2 ? 100 : 150000, round);
        move_once(board, &r, round % 2 ? 20 : 300000, round);
    }
    room_free(&r, par_board_size(board));
}

static void threads_as_members(void) { threads_as_members_of(3, collect_in_a_thread); }

/* --- calls that do not fit together --- */
static par_error mismatch;

static int allreduce(par_board *board, par_reduce_op op, par_type type, int64_t n)
{
    static double data[100000];
    par_reduction what = {.op = op, .type = type, .n = n, .src = data, .dst = data};
    return par_collect_allreduce(board, &what, SECONDS(60), &mismatch);
}

#define CHECK_TEXT(want)                                         \
    do {                                                         \
        if (strcmp(mismatch.text, want) != 0) {                  \
            printf("# %s\n# is not: %s\n", mismatch.text, want); \
            CHECK(!"the text");                                  \
        }                                                        \
    } while (0)

static int fit_badly(par_board *board, void *context)
{
    (void)context;
    unsigned me = par_board_rank(board);
    bool odd = me == 1;
    CHECK_INT(allreduce(board, PAR_REDUCE_SUM, PAR_DOUBLE, odd ? 99 : 100), PAR_E_INVALID);
    if (me == 0) CHECK_TEXT("allreduce of 100 doubles here, of 99 in member 2 (child 102)");
    if (odd) CHECK_TEXT("allreduce of 99 doubles here, of 100 in member 1 (child 101)");
    CHECK_INT(allreduce(board, PAR_REDUCE_SUM, odd ? PAR_FLOAT : PAR_DOUBLE, 90000), PAR_E_INVALID);
    if (me == 0) CHECK_TEXT("allreduce (sum) of 90000 doubles here, allreduce (sum) of 90000 floats in member 2 (child 102)");
    CHECK_INT(allreduce(board, odd ? PAR_REDUCE_MAX : PAR_REDUCE_SUM, PAR_DOUBLE, 1), PAR_E_INVALID);
    if (me == 2) CHECK_TEXT("allreduce (sum) of 1 doubles here, allreduce (max) of 1 doubles in member 2 (child 102)");
    CHECK_INT(odd ? par_collect_barrier(board, SECONDS(60), &mismatch) : allreduce(board, PAR_REDUCE_SUM, PAR_DOUBLE, 1), PAR_E_INVALID);
    if (odd) CHECK_TEXT("barrier here, allreduce (sum) of 1 doubles in member 1 (child 101)");
    CHECK_INT(odd ? par_collect_barrier(board, SECONDS(60), &mismatch) : allreduce(board, PAR_REDUCE_SUM, PAR_BYTE, 0), PAR_E_INVALID);
    char bytes[64] = "";
    CHECK_INT(broadcast_memory(board, odd, 7, bytes, 64, SECONDS(60), &mismatch), PAR_E_INVALID);
    if (me == 0) CHECK_TEXT("broadcast with root 1 of any value here, broadcast with root 2 of any value in member 2 (child 102)");
    /* and the group is as it was */
    CHECK(!par_board_is_broken(board));
    room r = room_of(par_board_size(board), 3 * window_bytes());
    reduce_once(board, &r, PAR_REDUCE_SUM, PAR_DOUBLE, 90000, 1);
    room_free(&r, par_board_size(board));
    return 0;
}

static void calls_that_do_not_fit(void)
{
    members m;
    members_start(&m, 3, fit_badly, NULL);
    members_end(&m, 0);
}

static void sizes_that_cannot_be(void)
{
    members m;
    par_error err;
    members_make(&m, 1);
    par_board *board = member_join(m.seat_fd[0], 1, 0, NULL);
    par_reduction what = {.type = PAR_DOUBLE, .n = -1};
    CHECK_INT(par_collect_allreduce(board, &what, SECONDS(60), &err), PAR_E_INVALID);
    what.n = INT64_MAX / 4;
    CHECK_INT(par_collect_allreduce(board, &what, SECONDS(60), &err), PAR_E_INVALID);
    CHECK_INT(par_collect_reduce_scatter(board, &what, SECONDS(60), &err), PAR_E_INVALID);
    par_board_leave(board);
    members_end(&m, 0);
}

/* --- members that say what cannot be --- */
static int announce_too_much(par_board *board, void *context)
{
    (void)context;
    par_error err;
    values v = {.me = par_board_rank(board), .fail_from = MEMBERS_MAX};
    if (v.me == 1) {
        par_say say = {.call = PAR_CALL_ALLGATHER, .flags = 1, .count = PAR_MESSAGE_MAX_BYTES + 1};
        CHECK_INT(par_phase_say(board, &say, SECONDS(60), &err), PAR_OK);
    } else {
        par_transfer what = {.call = PAR_CALL_ALLGATHER, .length = 10, .context = &v, .give = give_value, .take = take_value};
        CHECK_INT(par_collect_transfer(board, &what, SECONDS(60), &err), PAR_E_CORRUPT);
        CHECK(strstr(err.text, "a member announced"));
    }
    CHECK_INT(par_phase_pass(board, SECONDS(60), &err), PAR_OK); /* all have seen it, and go on */
    return 0;
}

static uint64_t told_length;

static int take_told(void *context, unsigned from, uint64_t length, uint64_t offset, const uint8_t *bytes, size_t len, par_error *err)
{
    (void)context, (void)from, (void)offset, (void)bytes, (void)err;
    CHECK(len <= window_bytes());
    told_length = length;
    return PAR_OK;
}

/* The root says that 100 bytes are the most, and then writes another length before them. */
static int scatter_too_much(par_board *board, void *context)
{
    (void)context;
    par_error err;
    if (par_board_rank(board) == 0) {
        par_say say = {.call = PAR_CALL_SCATTER, .flags = 1, .count = 100};
        uint64_t length = UINT64_MAX - 3;
        memcpy(par_phase_next_window(board, 1), &length, sizeof length);
        CHECK_INT(par_phase_say(board, &say, SECONDS(60), &err), PAR_OK);
    } else {
        par_transfer what = {.call = PAR_CALL_SCATTER, .take = take_told};
        CHECK_INT(par_collect_transfer(board, &what, SECONDS(60), &err), PAR_OK);
        CHECK_INT(told_length, 100);
    }
    return 0;
}

static void members_that_say_what_cannot_be(void)
{
    members m;
    members_start(&m, 2, announce_too_much, NULL);
    members_end(&m, 0);
    members_start(&m, 2, scatter_too_much, NULL);
    members_end(&m, 0);
}

/* --- deaths --- */
/* Those who live, as a group of their own: what they reduce comes out right, whatever the last call had come to. */
static void go_on(par_board *board)
{
    par_error err;
    CHECK_INT(par_board_regroup(board, SECONDS(60), &err), PAR_OK);
    room r = room_of(par_board_size(board), 3 * window_bytes());
    for (unsigned round = 0; round < 2; round++) reduce_once(board, &r, PAR_REDUCE_SUM, PAR_DOUBLE, 50000 + 20000 * round, round);
    room_free(&r, par_board_size(board));
}

static int collect_until_told(par_board *board, void *context)
{
    (void)context;
    par_error err = {0};
    unsigned size = par_board_size(board), me = par_board_rank(board), round = 0;
    room r = room_of(size, 300000);
    values v = {.me = me, .fail_from = MEMBERS_MAX};
    par_reduction what = {.type = PAR_DOUBLE, .n = 36000, .src = r.in[me], .dst = r.out};
    int rc = PAR_OK;
    while (rc == PAR_OK) {
        par_transfer all = {.call = PAR_CALL_ALLGATHER, .length = 300000, .context = &v, .give = give_value, .take = take_value};
        switch (round++ % 6) {
        case 0: rc = par_collect_allreduce(board, &what, SECONDS(60), &err); break;
        case 1: rc = par_collect_reduce(board, 0, &what, SECONDS(60), &err); break;
        case 2: rc = broadcast_memory(board, 1, 0, r.out, 300000, SECONDS(60), &err); break;
        case 3: rc = scatter_memory(board, 0, 0, r.out, r.want, 300000 / size, SECONDS(60), &err); break;
        case 4: rc = gather_memory(board, 0, 0, r.in[me], r.out, 300000, SECONDS(60), &err); break;
        default: rc = par_collect_transfer(board, &all, SECONDS(60), &err); clear_values(&v);
        }
    }
    CHECK_INT(rc, PAR_E_CLOSED); /* told, not timed out */
    CHECK(par_board_last_failure(board).kind == PAR_FAILURE_DIED);
    CHECK(strstr(err.text, "has died"));
    room_free(&r, size);
    go_on(board);
    return 0;
}

static void a_death_in_the_middle(void)
{
    const char *more = getenv("PAR_KILLS");
    uint64_t state = 3;
    for (int i = 0, rounds = more ? atoi(more) : 40; i < rounds; i++) {
        unsigned n = 2 + chance(&state, 3), victim = chance(&state, n);
        members m;
        members_start(&m, n, collect_until_told, NULL);
        par_os_sleep_ns(chance(&state, 20000000));
        members_kill(&m, victim);
        members_end(&m, (uint64_t)1 << victim);
    }
}

TAP_MAIN(TEST(reductions), TEST(reductions_of_several_windows), TEST(reductions_of_shared_elements), TEST(parts_of_a_reduction),
         TEST(bytes_of_all_lengths), TEST(values_of_all_lengths), TEST(a_value_that_cannot_be_kept), TEST(threads_as_members),
         TEST(calls_that_do_not_fit), TEST(sizes_that_cannot_be), TEST(members_that_say_what_cannot_be), TEST(a_death_in_the_middle))
