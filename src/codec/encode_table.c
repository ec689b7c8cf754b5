/* Tables: elements in order, then the other entries, then the metatable. What is next stands in par_open. */
#include <math.h>

#include "base/checked.h"
#include "codec/classes.h"
#include "codec/encode_scalar.h"
#include "codec/types.h"

static int write_tag(par_encoder *e, unsigned tag)
{
    if (!par_output_room(e, 1)) return par_output_full(e);
    par_put_u8(e, tag);
    return 1;
}
#define COUNTED_MIN 16 /* elements */

/* Is the table at the top one of n entries in all, the first a number? Then its elements may be read by index, which is
 * faster: if 1..n are all there, nothing else is. */
static bool is_counted(lua_State *L, size_t n)
{
    if (n < COUNTED_MIN) return false;
    lua_rawgeti(L, -1, 1);
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    lua_pop(L, 1);
    if (!number) return false;
    size_t found = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        if (++found <= n) continue;
        lua_pop(L, 1);
        return false;
    }
    return found == n;
}

static int open_table(lua_State *L, par_encoder *e, bool metatable)
{
    int rc = par_encode_seen(L, e, lua_topointer(L, -1), metatable);
    if (rc != 0) return rc;
    if (!par_output_room(e, 13)) return par_output_full(e);
    if (metatable) par_put_u8(e, PAR_TAG_META);
    size_t n = lua_rawlen(L, -1);
    par_open *open;
    rc = par_encode_enter(L, e, n ? PAR_STEP_SEQUENCE : PAR_STEP_HASH, par_output_at(e), &open);
    if (rc != PAR_OK) return rc;
    open->n = n;
    open->has_metatable = metatable;
    open->named_checked = e->check_names || metatable;
    par_put_u8(e, n ? PAR_TAG_MIXED : PAR_TAG_HASH);
    par_put_u8(e, 0); /* log2 of the entries, filled in at the end */
    if (n) par_put_varint(e, n);
    if (is_counted(L, n)) {
        open->step = PAR_STEP_FILL;
        open->rest = PAR_REST_NONE;
    }
    lua_pushnil(L);
    return 0;
}

/* The name of the class that writes the object at the top itself. */
static bool push_class(lua_State *L, par_codec *codec, par_encoder *e)
{
    if (!lua_getmetatable(L, -1)) return false;
    const void *metatable = lua_topointer(L, -1);
    bool class = metatable != e->plain_metatable && par_class_of(L, codec);
    if (!class) e->plain_metatable = metatable;
    lua_remove(L, class ? -2 : -1);
    if (!class) return false;
    lua_pushvalue(L, -2);
    bool object = !par_class_is(L);
    lua_pop(L, object ? 1 : 2);
    return object;
}

int par_encode_table(lua_State *L, par_codec *codec, par_encoder *e)
{
    int parent = e->levels.depth ? e->open[e->levels.depth - 1].step : PAR_STEP_HASH;
    bool metatable = lua_getmetatable(L, -1);
    if (metatable) {
        if (par_types_hooked(L, codec)) {
            lua_remove(L, -2);
            return par_encode_hooked(L, codec, e);
        }
        lua_pop(L, 1);
    }
    if (metatable || e->check_names || parent == PAR_STEP_UPVALUES || parent == PAR_STEP_METATABLE) {
        if (par_encode_is_globals(L, e, lua_topointer(L, -1))) return write_tag(e, PAR_TAG_GLOBALS);
        int rc = par_encode_named(L, codec, e, false);
        if (rc != 0) return rc;
    }
    if (metatable && push_class(L, codec, e)) return par_encode_classed(L, codec, e);
    return open_table(L, e, metatable);
}

/* By name when both sides have it, else like any other table. */
static int write_metatable(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    if (!lua_getmetatable(L, -1)) return par_refuse(L, e, "its metatable was taken away meanwhile");
    if (par_types_name(L, codec)) {
        int rc = par_encode_string(L, e);
        lua_pop(L, 2);
        return rc == PAR_OK ? 1 : rc;
    }
    lua_pushnil(L);
    lua_insert(L, -2);
    open->step = PAR_STEP_METATABLE;
    return 0;
}

/* The table on the level is complete; it is alone on its level. */
static int close_table(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    uint8_t *tag = e->start + open->at;
    unsigned later = *tag & PAR_TABLE_LATER;
    if (open->entries == 0) {
        *tag = (uint8_t)((open->n ? PAR_TAG_ARRAY : PAR_TAG_EMPTY) + later);
        if (open->n == 0) e->p = tag + 1;
    } else {
        tag[1] = open->entries > 1 ? (uint8_t)(64 - __builtin_clzll(open->entries - 1)) : 0;
        int rc = write_tag(e, PAR_TAG_END);
        if (rc < 0) return rc;
    }
    return open->has_metatable ? write_metatable(L, codec, e, open) : 1;
}

/* Is the key at idx one of the elements 1..n, which are written already? */
static inline bool is_element(lua_State *L, int idx, size_t n)
{
    if (lua_type(L, idx) != LUA_TNUMBER) return false;
    double key = lua_tonumber(L, idx);
    return key >= 1 && key <= (double)n && key == floor(key);
}

/* The rest of the entries; level: table, last key. 0: a value to be written is at the top. 1: the table is complete and
 * alone on its level. */
static int step_hash(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    while (lua_next(L, -2)) {
        if (open->n && is_element(L, -2, open->n)) {
            lua_pop(L, 1);
            continue;
        }
        open->entries++;
        int rc = par_encode_scalar(L, e, -2);
        if (rc < 0) return rc;
        if (rc == 0) {
            lua_pop(L, 1);
            lua_pushvalue(L, -1);
            open->step = PAR_STEP_KEY;
            return 0;
        }
        rc = par_encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    return close_table(L, codec, e, open);
}

/* A container that is a key has been written; now its value. */
static int step_key(lua_State *L, par_open *open)
{
    open->step = PAR_STEP_HASH;
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    return 0;
}

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
#define RUN_MIN 4   /* numbers in a row that are worth a header of their own */
#define RUN_MAX 512 /* gathered at once */

typedef struct gathered {
    bool floats;
    unsigned n;
    bool more; /* nothing is at the top; else `next` says what */
    next next;
    union {
        double f[RUN_MAX];
        int64_t i[RUN_MAX];
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

static inline bool is_float(lua_State *L, int idx, double *out)
{
    return lua_type(L, idx) == LUA_TNUMBER && is_float_number(L, idx, out);
}

/* Takes numbers of one kind off the sequence, from the one at the top on, which is element open->i. */
#define GATHER(L, open, run, test, array)                                  \
    do {                                                                   \
        size_t i_ = (open)->i, end_ = i_ + RUN_MAX - 1;                    \
        unsigned n_ = 0;                                                   \
        if (end_ > (open)->n) end_ = (open)->n;                            \
        (run)->more = false;                                               \
        (run)->next = NEXT_VALUE;                                          \
        while ((run)->next == NEXT_VALUE && test(L, -1, &(array)[n_])) {   \
            n_++;                                                          \
            lua_pop(L, 1);                                                 \
            if (((run)->more = i_ == end_)) break;                         \
            if (((run)->next = next_element(L, i_ + 1)) == NEXT_VALUE) i_++; \
        }                                                                  \
        (open)->i = i_;                                                    \
        (run)->n = n_;                                                     \
    } while (0)

static void gather(lua_State *L, par_open *open, gathered *run)
{
    int64_t whole;
    run->floats = !is_integer(L, -1, &whole);
    if (run->floats)
        GATHER(L, open, run, is_float, run->of.f);
    else
        GATHER(L, open, run, is_integer, run->of.i);
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

/* The run, which begins with element `first` of the table. */
static int put_gathered(lua_State *L, par_encoder *e, par_open *open, size_t first, const gathered *run)
{
    if (e->doubles_only && !run->floats) {
        int rc = check_integers(L, e, open, first, run);
        if (rc != PAR_OK) return rc;
    }
    if (!par_output_room(e, 11 + (size_t)PAR_NUMBER_MAX * run->n)) return par_output_full(e);
    if (run->n >= RUN_MIN && run->floats)
        par_put_floats(e, run->of.f, run->n);
    else if (run->n >= RUN_MIN)
        par_put_integers(e, run->of.i, run->n);
    else if (run->floats)
        for (unsigned i = 0; i < run->n; i++) par_put_float(e, run->of.f[i]);
    else
        for (unsigned i = 0; i < run->n; i++) par_put_integer(e, run->of.i[i]);
    return PAR_OK;
}

/* Numbers from the one at the top on. */
static int put_run(lua_State *L, par_encoder *e, par_open *open, gathered *run)
{
    size_t first = open->i;
    gather(L, open, run);
    return put_gathered(L, e, open, first, run);
}
#define SWEEP 8 /* elements that are on the Lua stack together */

/* Elements i+1..i+SWEEP of the table at index t, as a part of the run, if they are numbers of its kind. */
static bool sweep(lua_State *L, int t, size_t i, gathered *run)
{
    int n = 0, taken = 0;
    bool number = true;
    while (number && n < SWEEP) {
        number = par_lua_rawgeti_type(L, t, (lua_Integer)i + ++n) == LUA_TNUMBER;
    }
    if (number && run->n == 0) run->floats = !is_integer(L, t + 2, &run->of.i[0]);
    if (number && run->floats)
        while (taken < SWEEP && is_float_number(L, t + 2 + taken, &run->of.f[run->n + (unsigned)taken])) taken++;
    else if (number)
        while (taken < SWEEP && is_integer(L, t + 2 + taken, &run->of.i[run->n + (unsigned)taken])) taken++;
    lua_pop(L, n);
    if (taken < SWEEP) return false;
    run->n += SWEEP;
    return true;
}

/* Numbers of one kind from element open->i + 1 on. */
static int put_swept(lua_State *L, par_encoder *e, par_open *open)
{
    gathered run;
    run.n = 0;
    int t = lua_gettop(L) - 1;
    size_t first = open->i + 1;
    while (run.n < RUN_MAX && open->n - open->i >= SWEEP && sweep(L, t, open->i, &run)) open->i += SWEEP;
    return run.n ? put_gathered(L, e, open, first, &run) : PAR_OK;
}

/* After the elements: the other entries, if there are any; level: table, key. */
static int fill_rest(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    if (open->rest == PAR_REST_NONE) {
        lua_pop(L, 1);
        return close_table(L, codec, e, open);
    }
    open->step = PAR_STEP_HASH;
    if (open->rest == PAR_REST_ALL || is_element(L, -1, open->n)) return step_hash(L, codec, e, open);
    open->entries++;
    int rc = par_encode_scalar(L, e, -1);
    if (rc < 0) return rc;
    if (rc > 0) return step_key(L, open);
    lua_pushvalue(L, -1);
    open->step = PAR_STEP_KEY;
    return 0;
}

/* Elements by index. Where numbers of one kind do not stand together, there is no try to take several for a while. */
static int step_fill(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    size_t swept = open->i;
    while (open->i < open->n) {
        if (open->i == swept) {
            int rc = put_swept(L, e, open);
            if (rc < 0) return rc;
            bool more = open->i - swept == RUN_MAX;
            swept = open->i + (more ? 0 : SWEEP);
            if (more || open->i == open->n) continue;
        }
        lua_rawgeti(L, -2, (lua_Integer)++open->i);
        if (open->rest == PAR_REST_NONE && lua_isnil(L, -1)) open->rest = PAR_REST_ALL; /* so others were counted */
        int rc = par_encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    return fill_rest(L, codec, e, open);
}

/* The sequence ended before element n: the others by index. */
static int break_sequence(lua_State *L, par_codec *codec, par_encoder *e, par_open *open, next why)
{
    open->rest = why == NEXT_ENDED ? PAR_REST_NONE : PAR_REST_KEY;
    open->step = PAR_STEP_FILL;
    return step_fill(L, codec, e, open);
}

static int step_sequence(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    gathered run;
    while (open->i < open->n) {
        next found = next_element(L, open->i + 1);
        if (found != NEXT_VALUE) return break_sequence(L, codec, e, open, found);
        open->i++;
        if (open->n - open->i >= RUN_MIN - 1 && lua_type(L, -1) == LUA_TNUMBER) {
            int rc = put_run(L, e, open, &run);
            if (rc < 0) return rc;
            if (run.more) continue;
            if (run.next != NEXT_VALUE) return break_sequence(L, codec, e, open, run.next);
        }
        int rc = par_encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    open->step = PAR_STEP_HASH;
    return step_hash(L, codec, e, open);
}

static int step_metatable(lua_State *L)
{
    lua_pop(L, 1); /* the filler in the place of the key */
    return 1;
}

int par_encode_step_table(lua_State *L, par_codec *codec, par_encoder *e, par_open *open)
{
    switch (open->step) {
    case PAR_STEP_SEQUENCE: return step_sequence(L, codec, e, open);
    case PAR_STEP_FILL: return step_fill(L, codec, e, open);
    case PAR_STEP_HASH: return step_hash(L, codec, e, open);
    case PAR_STEP_KEY: return step_key(L, open);
    default: return step_metatable(L);
    }
}
