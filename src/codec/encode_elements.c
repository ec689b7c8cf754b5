/* The elements of a table through Lua's API: in the order of lua_next as long as its keys are 1, 2, 3..., then by index. */
#include "codec/encode_scalar.h"
#include "codec/encode_table.h"

typedef enum next {
    NEXT_VALUE,  /* the next element is at the top */
    NEXT_BROKEN, /* another key follows; it is at the top */
    NEXT_ENDED   /* no key follows; nil in its place is at the top */
} next;

/* Element i as lua_next gives it: as long as its keys are 1, 2, 3... nothing can be lost, wherever Lua keeps them. */
static inline next next_element(lua_State *L, size_t i)
{
    if (!lua_next(L, -2)) {
        lua_pushnil(L);
        return NEXT_ENDED;
    }
#if PAR_LUA_INTEGERS
    if (lua_tointeger(L, -2) == (lua_Integer)i && lua_isinteger(L, -2)) return NEXT_VALUE;
#else
    if (lua_tonumber(L, -2) == (lua_Number)i && lua_type(L, -2) == LUA_TNUMBER) return NEXT_VALUE;
#endif
    lua_pop(L, 1);
    return NEXT_BROKEN;
}

/* ---- runs of numbers ---- */

typedef struct gathered {
    bool floats;
    unsigned n;
    bool more; /* nothing is at the top; else `next` says what */
    next next;
    union {
        double f[PAR_RUN_MAX];
        int64_t i[PAR_RUN_MAX];
    } of;
} gathered;

/* Is the number at idx one that travels as an integer? */
static inline bool is_integer(lua_State *L, int idx, int64_t *out)
{
#if PAR_LUA_INTEGERS
    if (!lua_isinteger(L, idx)) return false;
    *out = lua_tointeger(L, idx);
    return true;
#else
    return lua_type(L, idx) == LUA_TNUMBER && par_number_is_integral(lua_tonumber(L, idx), out);
#endif
}

/* The same for floats; that it is a number is known. */
static inline bool is_float_number(lua_State *L, int idx, double *out)
{
    double value = *out = lua_tonumber(L, idx);
#if PAR_LUA_INTEGERS
    /* An integer has no fraction, so most floats need no second call. */
    if (par_double_fits_i64(value) && (double)(int64_t)value != value) return true;
    return !lua_isinteger(L, idx);
#else
    int64_t whole;
    return !par_number_is_integral(value, &whole);
#endif
}

static inline bool is_float(lua_State *L, int idx, double *out) { return lua_type(L, idx) == LUA_TNUMBER && is_float_number(L, idx, out); }

/* Takes numbers of one kind off the sequence, from the one at the top on, which is element open->i. */
#define GATHER(L, open, run, test, array)                                    \
    do {                                                                     \
        size_t i_ = (open)->i, end_ = i_ + PAR_RUN_MAX - 1;                  \
        unsigned n_ = 0;                                                     \
        if (end_ > (open)->n) end_ = (open)->n;                              \
        (run)->more = false;                                                 \
        (run)->next = NEXT_VALUE;                                            \
        while ((run)->next == NEXT_VALUE && test(L, -1, &(array)[n_])) {     \
            n_++;                                                            \
            lua_pop(L, 1);                                                   \
            if (((run)->more = i_ == end_)) break;                           \
            if (((run)->next = next_element(L, i_ + 1)) == NEXT_VALUE) i_++; \
        }                                                                    \
        (open)->i = i_;                                                      \
        (run)->n = n_;                                                       \
    } while (0)

static void gather(lua_State *L, par_open *open, gathered *run)
{
    int64_t whole;
    run->floats = !is_integer(L, -1, &whole);
    if (run->floats) GATHER(L, open, run, is_float, run->of.f);
    else GATHER(L, open, run, is_integer, run->of.i);
}

#define SWEEP 8 /* elements that are on the Lua stack together */

/* How many of the n numbers at index `from` and above are of the run's kind; they are added to it. */
static unsigned take_numbers(lua_State *L, int from, unsigned n, gathered *run)
{
    unsigned taken = 0;
    if (run->n == 0) run->floats = !is_integer(L, from, &run->of.i[0]);
    if (run->floats)
        while (taken < n && is_float_number(L, from + (int)taken, &run->of.f[run->n + taken])) taken++;
    else
        while (taken < n && is_integer(L, from + (int)taken, &run->of.i[run->n + taken])) taken++;
    run->n += taken;
    return taken;
}

/* Numbers of one kind by index: from element open->i on, which is a number, at the top and popped. The last one is element
 * open->i then. */
static void gather_by_index(lua_State *L, par_open *open, gathered *run)
{
    int table = lua_gettop(L) - 2;
    size_t first = open->i, max = open->n - first + 1;
    unsigned want = 1, taken;
    if (max > PAR_RUN_MAX) max = PAR_RUN_MAX;
    run->n = 0;
    take_numbers(L, table + 2, 1, run);
    lua_pop(L, 1);
    do {
        unsigned n = 0;
        want = max - run->n < SWEEP ? (unsigned)max - run->n : SWEEP;
        while (n < want && par_lua_rawgeti_type(L, table, (lua_Integer)(first + run->n + n)) == LUA_TNUMBER) n++;
        taken = n ? take_numbers(L, table + 2, n, run) : 0;
        lua_settop(L, table + 1);
    } while (taken == want && run->n < max);
    open->i = first + run->n - 1;
}

static int check_integers(lua_State *L, par_encoder *e, par_open *open, size_t first, const gathered *run)
{
    for (unsigned i = 0; i < run->n; i++) {
        if (par_i64_fits_double(run->of.i[i])) continue;
        open->i = first + i; /* for the path */
        return par_refuse_integer(L, e, run->of.i[i]);
    }
    return PAR_OK;
}

/* What the integers need besides their signs. */
static uint64_t bits_of(const int64_t *values, unsigned n)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < n; i++) bits |= (uint64_t)(values[i] ^ (values[i] >> 63));
    return bits;
}

/* The run, which begins with element `first` of the table. */
static int put_gathered(lua_State *L, par_encoder *e, par_open *open, size_t first, const gathered *run)
{
    if (e->doubles_only && !run->floats) {
        int rc = check_integers(L, e, open, first, run);
        if (rc != PAR_OK) return rc;
    }
    if (!par_output_room(e, 11 + (size_t)PAR_NUMBER_MAX * run->n)) return par_output_full(e);
    if (run->n >= PAR_RUN_MIN && run->floats) par_put_floats(e, run->of.f, run->n);
    else if (run->n >= PAR_RUN_MIN) par_put_integers(e, run->of.i, run->n, bits_of(run->of.i, run->n));
    else if (run->floats)
        for (unsigned i = 0; i < run->n; i++) par_put_float(e, run->of.f[i]);
    else
        for (unsigned i = 0; i < run->n; i++) par_put_integer(e, run->of.i[i]);
    return PAR_OK;
}

/* Could a run begin with the number at the top, element open->i? */
static inline bool may_begin_run(lua_State *L, const par_open *open)
{
    return open->n - open->i >= PAR_RUN_MIN - 1 && lua_type(L, -1) == LUA_TNUMBER;
}

/* ---- steps ---- */

static int step_fill(lua_State *L, par_encoder *e, par_open *open)
{
    gathered run;
    while (open->i < open->n) {
        lua_rawgeti(L, -2, (lua_Integer)++open->i);
        if (may_begin_run(L, open)) {
            size_t first = open->i;
            gather_by_index(L, open, &run);
            int rc = put_gathered(L, e, open, first, &run);
            if (rc < 0) return rc;
            continue;
        }
        if (open->rest == PAR_REST_NONE && lua_isnil(L, -1)) open->rest = PAR_REST_ALL; /* so others were counted */
        int rc = par_encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    return 1;
}

/* The sequence ended before element n: the others by index. */
static int break_sequence(lua_State *L, par_encoder *e, par_open *open, next why)
{
    open->rest = why == NEXT_ENDED ? PAR_REST_NONE : PAR_REST_KEY;
    open->step = PAR_STEP_FILL;
    return step_fill(L, e, open);
}

static int step_sequence(lua_State *L, par_encoder *e, par_open *open)
{
    gathered run;
    while (open->i < open->n) {
        next found = next_element(L, open->i + 1);
        if (found != NEXT_VALUE) return break_sequence(L, e, open, found);
        open->i++;
        run.more = false;
        while (!run.more && may_begin_run(L, open)) {
            size_t first = open->i;
            gather(L, open, &run);
            int rc = put_gathered(L, e, open, first, &run);
            if (rc < 0) return rc;
            if (!run.more && run.next != NEXT_VALUE) return break_sequence(L, e, open, run.next);
        }
        if (run.more) continue;
        int rc = par_encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    return 1;
}

int par_encode_elements(lua_State *L, par_encoder *e, par_open *open)
{
    return open->step == PAR_STEP_FILL ? step_fill(L, e, open) : step_sequence(L, e, open);
}
