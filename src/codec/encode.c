/* The walk over a value: one pass, no recursion. The value to be written is at the top of the Lua stack; containers
 * become levels (levels.h) whose par_open says what comes next. */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "codec/classes.h"
#include "codec/encoder.h"
#include "codec/names.h"
#include "codec/types.h"

void par_encoder_fini(par_encoder *e)
{
    par_buffer_fini(&e->own);
    par_buffer_fini(&e->own_text);
    par_pointers_fini(&e->seen);
    free(e->open);
    free(e->words);
    free(e->storages);
    free(e->payloads);
}

/* ---- references ---- */

void par_encode_mark_later(par_encoder *e, size_t at)
{
    uint8_t tag = e->start[at];
    e->header_flags |= PAR_FORMAT_REFS;
    if (tag >= PAR_TAG_EMPTY && tag <= PAR_TAG_MIXED)
        e->start[at] = (uint8_t)(tag + PAR_TABLE_LATER);
    else if (tag == PAR_TAG_FUNCTION || tag == PAR_TAG_SOURCE || tag == PAR_TAG_HOOKED || tag == PAR_TAG_TENSOR ||
             tag == PAR_TAG_STORAGE || tag == PAR_TAG_CDATA)
        e->start[at] = (uint8_t)(tag + 1);
}

/* Would a reference to the object at `at` reach into its own encoded form? The receiver has no object by then. */
static bool inside_itself(const par_encoder *e, size_t at)
{
    if (!e->hooked_open) return false;
    for (size_t level = 0; level < e->levels.depth; level++)
        if (e->open[level].step == PAR_STEP_HOOKED && e->open[level].at == at) return true;
    return false;
}

int par_encode_seen(lua_State *L, par_encoder *e, const void *object, size_t prefix)
{
    bool added;
    par_seen *seen = par_pointers_add(&e->seen, object, &added);
    if (!seen) return par_output_full(e);
    if (added) {
        seen->at = par_output_at(e) + prefix;
        return 0;
    }
    if (inside_itself(e, seen->at)) return par_refuse(L, e, "an encode hook returned the object that it was to encode");
    if (!par_output_room(e, 11)) return par_output_full(e);
    par_encode_mark_later(e, seen->at);
    par_put_u8(e, PAR_TAG_REF);
    par_put_varint(e, seen->at);
    return 1;
}

int par_encode_enter(lua_State *L, par_encoder *e, par_step step, size_t at, par_open **open)
{
    size_t depth = e->levels.depth;
    if (depth == e->open_capacity) {
        if (depth >= PAR_CODEC_DEPTH_MAX)
            return par_error_set(e->err, PAR_E_LIMIT, "%s: nested deeper than %u levels", e->name, PAR_CODEC_DEPTH_MAX);
        par_open *grown = par_codec_grow(e->open, &e->open_capacity, depth + 1, sizeof *grown);
        if (!grown) return par_output_full(e);
        e->open = grown;
    }
    if (!par_levels_enter(L, &e->levels)) return par_output_full(e);
    *open = &e->open[depth];
    **open = (par_open){.step = (uint8_t)step, .at = at};
    return PAR_OK;
}

/* ---- scalars ---- */

#if !PAR_LUA_INTEGERS
/* Lua without integers: a number that is one travels as one. -0.0 is none. */
static bool integral(double value, int64_t *out)
{
    if (!(value >= -9007199254740992.0 && value <= 9007199254740992.0)) return false;
    *out = (int64_t)value;
    return (double)*out == value && (*out != 0 || !signbit(value));
}
#endif

static int refuse_integer(lua_State *L, par_encoder *e, int64_t value)
{
    return par_refuse(L, e, "the integer %lld does not fit the numbers of the receiver's Lua", (long long)value);
}

/* 1, or an error. */
static inline int put_number(lua_State *L, par_encoder *e, int idx)
{
#if PAR_LUA_INTEGERS
    if (lua_isinteger(L, idx)) {
        int64_t value = lua_tointeger(L, idx);
        if (e->doubles_only && !par_i64_fits_double(value)) return refuse_integer(L, e, value);
        par_put_integer(e, value);
    } else {
        par_put_float(e, lua_tonumber(L, idx));
    }
#else
    double value = lua_tonumber(L, idx);
    int64_t whole;
    if (integral(value, &whole))
        par_put_integer(e, whole);
    else
        par_put_float(e, value);
#endif
    return 1;
}

/* 1: written. 0: not a scalar. Leaves the value where it is. */
static inline int encode_scalar(lua_State *L, par_encoder *e, int idx)
{
    int type = lua_type(L, idx);
    if (type == LUA_TSTRING) {
        size_t len;
        const char *s = lua_tolstring(L, idx, &len);
        int rc = par_put_string(e, s, len);
        return rc == PAR_OK ? 1 : rc;
    }
    if (type != LUA_TNUMBER && type != LUA_TBOOLEAN && type != LUA_TNIL) return 0;
    if (!par_output_room(e, PAR_NUMBER_MAX)) return par_output_full(e);
    if (type == LUA_TNUMBER) return put_number(L, e, idx);
    if (type == LUA_TNIL)
        par_put_u8(e, PAR_TAG_NIL);
    else
        par_put_u8(e, lua_toboolean(L, idx) ? PAR_TAG_TRUE : PAR_TAG_FALSE);
    return 1;
}

/* ---- tables ---- */

static bool is_globals(lua_State *L, par_encoder *e, const void *table)
{
    if (!e->globals) {
        par_codec_push_globals(L);
        e->globals = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    return table == e->globals;
}

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

static int encode_table(lua_State *L, par_codec *codec, par_encoder *e)
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
        if (is_globals(L, e, lua_topointer(L, -1))) return write_tag(e, PAR_TAG_GLOBALS);
        int rc = par_encode_named(L, codec, e, false);
        if (rc != 0) return rc;
    }
    if (metatable && push_class(L, codec, e)) return par_encode_classed(L, codec, e);
    return open_table(L, e, metatable);
}

/* A function is about to be written. Should the table that holds it have been written by name? Only such tables hold
 * functions, so that tables of data never pay for the question. */
int par_encode_check_holder(lua_State *L, par_codec *codec, par_encoder *e)
{
    if (e->check_names || e->levels.depth == 0) return PAR_OK;
    par_open *open = &e->open[e->levels.depth - 1];
    if (open->step > PAR_STEP_HASH || open->named_checked) return PAR_OK;
    open->named_checked = true;
    luaL_checkstack(L, 16, NULL);
    par_levels_push(L, &e->levels, e->levels.depth - 1, 0);
    bool named = is_globals(L, e, lua_topointer(L, -1)) || par_names_find(L, codec, false);
    if (!named) lua_pop(L, 1);
    return named ? PAR_AGAIN_WITH_NAMES : PAR_OK;
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
        int rc = encode_scalar(L, e, -2);
        if (rc < 0) return rc;
        if (rc == 0) {
            lua_pop(L, 1);
            lua_pushvalue(L, -1);
            open->step = PAR_STEP_KEY;
            return 0;
        }
        rc = encode_scalar(L, e, -1);
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
    return lua_type(L, idx) == LUA_TNUMBER && integral(lua_tonumber(L, idx), out);
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
    return !integral(value, &whole);
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
        return refuse_integer(L, e, run->of.i[i]);
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
    int rc = encode_scalar(L, e, -1);
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
        int rc = encode_scalar(L, e, -1);
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
        int rc = encode_scalar(L, e, -1);
        if (rc < 0) return rc;
        if (rc == 0) return 0;
        lua_pop(L, 1);
    }
    open->step = PAR_STEP_HASH;
    return step_hash(L, codec, e, open);
}

static int step_upvalues(lua_State *L, par_encoder *e, par_open *open)
{
    int rc = par_encode_next_upvalue(L, e, open);
    if (rc < 0) return rc;
    if (rc == 1) return 0;
    lua_pop(L, 1); /* the filler in the place of the key */
    return 1;
}

/* The values that an encode hook returned, or a class wrote; level: table of them, nil. */
static int step_hooked(lua_State *L, par_encoder *e, par_open *open)
{
    if (open->i < open->n) {
        lua_rawgeti(L, -2, (int)++open->i);
        return 0;
    }
    if (open->step == PAR_STEP_HOOKED) e->hooked_open--;
    lua_pop(L, 1);
    return 1;
}

static int step_metatable(lua_State *L)
{
    lua_pop(L, 1); /* the filler in the place of the key */
    return 1;
}

/* ---- the walk ---- */

/* The value at the top that is not a scalar. 1: written, still at the top. 0: became a level. */
static int encode_container(lua_State *L, par_codec *codec, par_encoder *e)
{
    switch (lua_type(L, -1)) {
    case LUA_TTABLE: return encode_table(L, codec, e);
    case LUA_TFUNCTION: return par_encode_function(L, codec, e);
    case LUA_TUSERDATA: return par_encode_userdata(L, codec, e);
    case LUA_TLIGHTUSERDATA: return par_refuse(L, e, "cannot send a light userdata");
    case LUA_TTHREAD: return par_refuse(L, e, "cannot send a coroutine");
#if PAR_LUAJIT
    case PAR_LUA_TCDATA: return par_encode_cdata(L, codec, e);
#endif
    default: return par_refuse(L, e, "cannot send a %s", lua_typename(L, lua_type(L, -1)));
    }
}

static int step(lua_State *L, par_codec *codec, par_encoder *e)
{
    par_open *open = &e->open[e->levels.depth - 1];
    switch (open->step) {
    case PAR_STEP_SEQUENCE: return step_sequence(L, codec, e, open);
    case PAR_STEP_FILL: return step_fill(L, codec, e, open);
    case PAR_STEP_HASH: return step_hash(L, codec, e, open);
    case PAR_STEP_KEY: return step_key(L, open);
    case PAR_STEP_METATABLE: return step_metatable(L);
    case PAR_STEP_HOOKED:
    case PAR_STEP_CLASS: return step_hooked(L, e, open);
    default: return step_upvalues(L, e, open);
    }
}

/* Writes the value at the top of the stack and pops it. */
static int encode_value(lua_State *L, par_codec *codec, par_encoder *e)
{
    for (;;) {
        int rc = encode_scalar(L, e, -1);
        if (rc == 0) rc = encode_container(L, codec, e);
        if (rc < 0) return rc;
        if (rc > 0) lua_pop(L, 1);
        while (e->levels.depth) {
            rc = step(L, codec, e);
            if (rc < 0) return rc;
            if (rc == 0) break;
            lua_pop(L, 1); /* the container, which is complete */
            par_levels_leave(L, &e->levels, 0);
        }
        if (e->levels.depth == 0) return PAR_OK;
    }
}

/* ---- one message ---- */

static int begin(lua_State *L, par_encoder *e, uint8_t *span, size_t room)
{
    if (!e->words) {
        e->words = calloc(PAR_WORD_SLOTS, sizeof *e->words);
        if (!e->words) return par_error_set(e->err, PAR_E_NOMEM, "no memory for the codec");
    }
    if (++e->words_epoch == 0) {
        memset(e->words, 0, PAR_WORD_SLOTS * sizeof *e->words);
        e->words_epoch = 1;
    }
    e->words_defined = 0;
    par_pointers_reset(&e->seen);
    if (e->own.capacity > PAR_CODEC_KEEP_BYTES) par_buffer_trim(&e->own, PAR_CODEC_KEEP_BYTES);
    par_buffer_fini(&e->own_text);
    e->n_storages = e->n_payloads = 0;
    e->hooked_open = 0;
    e->globals = e->plain_metatable = NULL;
    e->header_flags = e->flags & PAR_ENCODE_LOSSY ? PAR_FORMAT_LOSSY : 0;
    e->in_span = span && room;
    e->start = e->p = e->in_span ? span : e->own.data;
    e->end = e->start ? e->start + (e->in_span ? room : e->own.capacity) : NULL;
    e->levels.base = lua_gettop(L);
    e->levels.depth = e->levels.spilled = 0;
    if (!lua_checkstack(L, 2 * (int)(PAR_LEVELS_EASY + 1) + PAR_LEVELS_SPARE))
        return par_error_set(e->err, PAR_E_NOMEM, "%s: no room on the Lua stack", e->name);
    return PAR_OK;
}

static int write_header(par_encoder *e, int count)
{
    if (!par_output_room(e, PAR_FORMAT_HEADER + 10)) return par_output_full(e);
    par_put_u8(e, PAR_FORMAT_VERSION);
    par_put_u8(e, 0);
    par_put_u8(e, 0);
    par_put_u8(e, count < PAR_FORMAT_MANY ? (unsigned)count : PAR_FORMAT_MANY);
    if (count >= PAR_FORMAT_MANY) par_put_varint(e, (uint64_t)count);
    return PAR_OK;
}

static int write_message(lua_State *L, par_codec *codec, par_encoder *e, int first, int count)
{
    int rc = write_header(e, count);
    for (int i = 0; rc == PAR_OK && i < count; i++) {
        e->current = i + 1;
        lua_pushvalue(L, first + i);
        rc = encode_value(L, codec, e);
    }
    if (rc == PAR_OK && e->n_storages) rc = par_encode_storages(e);
    if (rc != PAR_OK) return rc;
    e->start[1] = e->header_flags;
    e->start[2] = e->words_defined < PAR_FORMAT_MANY ? (uint8_t)e->words_defined : PAR_FORMAT_MANY;
    if (par_output_at(e) > PAR_MESSAGE_MAX_BYTES)
        return par_error_set(e->err, PAR_E_LIMIT, "%s: the message is longer than 2^46 bytes", e->name);
    return PAR_OK;
}

/* A message of one scalar needs none of the tables that begin() prepares. False: it is no such message, it does not fit,
 * or something of the message before has to be let go. */
static bool encode_plain(lua_State *L, par_encoder *e, int idx, uint8_t *span, size_t room)
{
    size_t len = 0;
    int type = lua_type(L, idx);
    const char *s = type == LUA_TSTRING ? lua_tolstring(L, idx, &len) : NULL;
    if (type == LUA_TNUMBER && e->doubles_only) return false;
    if (!s && type != LUA_TNUMBER && type != LUA_TBOOLEAN && type != LUA_TNIL) return false;
    if (!span || len > room || room - len < PAR_FORMAT_HEADER + PAR_NUMBER_MAX) return false;
    if (e->kept || e->own_text.capacity || e->own.capacity > PAR_CODEC_KEEP_BYTES) return false;
    e->in_span = true;
    e->start = e->p = span;
    e->end = span + room;
    e->n_storages = e->n_payloads = 0;
    par_put_u8(e, PAR_FORMAT_VERSION);
    par_put_u8(e, e->flags & PAR_ENCODE_LOSSY ? PAR_FORMAT_LOSSY : 0);
    par_put_u8(e, 0);
    par_put_u8(e, 1);
    return s ? par_put_plain_string(e, s, len) == PAR_OK : encode_scalar(L, e, idx) == 1;
}

/* Results of hooks of the message before. */
static void drop_kept(lua_State *L, par_codec *codec, par_encoder *e)
{
    if (e->kept == 0) return;
    e->kept = 0;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &codec->anchors.kept);
}

int par_codec_encode(lua_State *L, par_codec *codec, int first, int count, const char *name, unsigned flags, uint8_t *span,
                     size_t room, par_encoded *out, par_error *err)
{
    codec = par_codec_idle(L, codec);
    par_encoder *e = &codec->encoder;
    first = lua_absindex(L, first);
    e->flags = flags;
    e->name = name;
    e->count = count;
    e->err = err;
    e->check_names = e->names_fresh = false;
    e->doubles_only = (flags & PAR_ENCODE_FLOATS) && !(flags & PAR_ENCODE_LOSSY);
    if (count == 1 && encode_plain(L, e, first, span, room)) {
        *out = (par_encoded){.bytes = e->start, .len = par_output_at(e), .in_span = true};
        return PAR_OK;
    }
    int rc;
    bool again;
    do {
        rc = begin(L, e, span, room);
        if (rc != PAR_OK) return rc;
        drop_kept(L, codec, e);
        rc = write_message(L, codec, e, first, count);
        lua_settop(L, e->levels.base);
        par_levels_reset(L, &e->levels);
        /* What is refused may stand in a library, which travels by name: its tables are known by their functions only. */
        again = !e->check_names && (rc == PAR_AGAIN_WITH_NAMES || rc == PAR_E_UNSUPPORTED);
        e->check_names = true;
    } while (again);
    if (rc != PAR_OK) return rc;
    *out = (par_encoded){.bytes = e->start,
                         .len = par_output_at(e),
                         .in_span = e->in_span,
                         .payloads = e->payloads,
                         .n_payloads = e->n_payloads};
    return PAR_OK;
}
