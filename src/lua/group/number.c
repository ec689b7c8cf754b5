#include "lua/group/number.h"

#include <math.h>

#include "base/checked.h"
#include "codec/compat.h"
#include "lua/tensor/value.h"

par_number par_number_at(lua_State *L, int idx)
{
    if (lua_isboolean(L, idx)) return (par_number){.kind = PAR_NUMBER_BOOLEAN, .i = lua_toboolean(L, idx)};
#if PAR_LUA_INTEGERS
    if (lua_isinteger(L, idx)) return (par_number){.kind = PAR_NUMBER_INTEGER, .i = (int64_t)lua_tointeger(L, idx)};
#endif
    return (par_number){.kind = PAR_NUMBER_FLOAT, .d = (double)lua_tonumber(L, idx)};
}

void par_number_push(lua_State *L, par_number number)
{
    if (number.kind == PAR_NUMBER_BOOLEAN) lua_pushboolean(L, number.i != 0);
    else if (number.kind == PAR_NUMBER_INTEGER) par_lua_push_i64(L, number.i);
    else lua_pushnumber(L, (lua_Number)number.d);
}

static double to_double(par_number a) { return a.kind == PAR_NUMBER_FLOAT ? a.d : (double)a.i; }

/* -1, 0, 1; integers and floats by their values. No NaN. */
static int compare(par_number a, par_number b)
{
    if (a.kind == b.kind && a.kind != PAR_NUMBER_FLOAT) return (a.i > b.i) - (a.i < b.i);
    double x = to_double(a), y = to_double(b), number = a.kind == PAR_NUMBER_FLOAT ? a.d : b.d;
    if (x != y || a.kind == b.kind) return (x > y) - (x < y);
    if (!par_double_fits_i64(number)) return a.kind == PAR_NUMBER_FLOAT ? 1 : -1; /* 2^63, which no integer is */
    int64_t i = a.kind == PAR_NUMBER_FLOAT ? (int64_t)a.d : a.i, k = b.kind == PAR_NUMBER_FLOAT ? (int64_t)b.d : b.i;
    return (i > k) - (i < k); /* an integer that a double cannot hold is beside it */
}

static bool is_nan(par_number a) { return a.kind == PAR_NUMBER_FLOAT && isnan(a.d); }

static par_number pick(par_number a, par_number b, int sign)
{
    if (is_nan(a) || is_nan(b)) return is_nan(a) ? a : b;
    return compare(b, a) * sign > 0 ? b : a;
}

static par_number sum(par_number a, par_number b)
{
    if (a.kind == PAR_NUMBER_INTEGER && b.kind == PAR_NUMBER_INTEGER)
        return (par_number){.kind = PAR_NUMBER_INTEGER, .i = (int64_t)((uint64_t)a.i + (uint64_t)b.i)};
    return (par_number){.kind = PAR_NUMBER_FLOAT, .d = to_double(a) + to_double(b)};
}

static par_number product(par_number a, par_number b)
{
    if (a.kind == PAR_NUMBER_INTEGER && b.kind == PAR_NUMBER_INTEGER)
        return (par_number){.kind = PAR_NUMBER_INTEGER, .i = (int64_t)((uint64_t)a.i * (uint64_t)b.i)};
    return (par_number){.kind = PAR_NUMBER_FLOAT, .d = to_double(a) * to_double(b)};
}

/* Bit by bit, of integers or of floats with the value of one. */
static bool to_bits(par_number *a)
{
    if (a->kind != PAR_NUMBER_FLOAT) return true;
    if (!par_double_fits_i64(a->d) || (double)(int64_t)a->d != a->d) return false;
    *a = (par_number){.kind = PAR_NUMBER_INTEGER, .i = (int64_t)a->d};
    return true;
}

static bool fits(par_reduce_op op, par_number *a)
{
    if (a->kind > PAR_NUMBER_FLOAT) return false;
    if (op == PAR_REDUCE_AND || op == PAR_REDUCE_OR) return to_bits(a);
    return a->kind != PAR_NUMBER_BOOLEAN;
}

bool par_number_reduce(par_reduce_op op, const par_number *all, unsigned n, par_number *out)
{
    par_number so_far = all[0];
    if (!fits(op, &so_far)) return false;
    for (unsigned i = 1; i < n; i++) {
        par_number next = all[i];
        if (!fits(op, &next) || (next.kind == PAR_NUMBER_BOOLEAN) != (so_far.kind == PAR_NUMBER_BOOLEAN)) return false;
        switch (op) {
        case PAR_REDUCE_PROD: so_far = product(so_far, next); break;
        case PAR_REDUCE_MIN: so_far = pick(so_far, next, -1); break;
        case PAR_REDUCE_MAX: so_far = pick(so_far, next, 1); break;
        case PAR_REDUCE_AND: so_far.i &= next.i; break;
        case PAR_REDUCE_OR: so_far.i |= next.i; break;
        default: so_far = sum(so_far, next);
        }
    }
    if (op == PAR_REDUCE_MEAN) so_far = (par_number){.kind = PAR_NUMBER_FLOAT, .d = to_double(so_far) / n};
    *out = so_far;
    return true;
}
