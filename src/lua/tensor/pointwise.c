/* What is done to each element by itself: arithmetic, functions, comparisons, operators. */
#include <math.h>

#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"
#include "tensor/loop.h"

static void check_sources(par_call *c)
{
    lua_State *L = c->L;
    int64_t n = par_tensor_elements(c->t[0]);
    for (int k = 1; k < c->n_t; k++) {
        int64_t m = par_tensor_elements(c->t[k]);
        if (m == n) continue;
        const char *count = par_lua_push_digits(L, n), *t_size = par_lua_push_size(L, c->t[0]);
        par_call_error(c,
                       "inconsistent tensor size, expected r_ %s, t %s and src %s to have the same number of elements, but got %s, %s "
                       "and %s elements respectively",
                       t_size, t_size, par_lua_push_size(L, c->t[k]), count, count, par_lua_push_digits(L, m));
    }
}

/* result = op(sources) with scalars a and b. */
static int apply_op(par_call *c, par_op op, par_value a, par_value b)
{
    par_args args = {.a = a, .b = b};
    check_sources(c);
    par_call_result_as(c, c->t[0]);
    const par_tensor *const all[] = {c->result, c->t[0], c->t[1], c->t[2]};
    par_loop(par_kernel_find(op, c->type), &args, 1 + c->n_t, all);
    if (args.divided_by_zero) return par_call_error(c, "integer division by zero");
    return par_call_return(c);
}

static par_value one(const par_call *c) { return par_lua_value_of_double(1, c->type); }

static par_value negated(const par_call *c, par_value v)
{
    return par_type_is_float(c->type) ? (par_value){.d = -v.d} : (par_value){.i = (int64_t)(0 - (uint64_t)v.i)};
}

static double number_frac(double x) { return x - trunc(x); }
static double number_rsqrt(double x) { return 1 / sqrt(x); }
static double number_sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* torch.exp(t), and torch.exp(2) by the C library. */
static const struct {
    par_op op;
    double (*number)(double);
} UNARY[] = {{PAR_OP_LOG, log},
             {PAR_OP_LOG1P, log1p},
             {PAR_OP_EXP, exp},
             {PAR_OP_SQRT, sqrt},
             {PAR_OP_SIN, sin},
             {PAR_OP_COS, cos},
             {PAR_OP_TAN, tan},
             {PAR_OP_ASIN, asin},
             {PAR_OP_ACOS, acos},
             {PAR_OP_ATAN, atan},
             {PAR_OP_SINH, sinh},
             {PAR_OP_COSH, cosh},
             {PAR_OP_TANH, tanh},
             {PAR_OP_CEIL, ceil},
             {PAR_OP_FLOOR, floor},
             {PAR_OP_ROUND, round},
             {PAR_OP_TRUNC, trunc},
             {PAR_OP_ABS, fabs},
             {PAR_OP_FRAC, number_frac},
             {PAR_OP_RSQRT, number_rsqrt},
             {PAR_OP_SIGMOID, number_sigmoid}};

static int unary(par_call *c)
{
    if (c->form == 0) return apply_op(c, UNARY[c->data].op, one(c), one(c));
    lua_pushnumber(c->L, (lua_Number)UNARY[c->data].number(c->n[0]));
    return 1;
}

static int plain(par_call *c) { return apply_op(c, (par_op)c->data, c->n_v ? c->v[0] : one(c), c->n_v > 1 ? c->v[1] : one(c)); }

static int add(par_call *c) { return apply_op(c, c->form == 0 ? PAR_OP_ADDS : PAR_OP_CADD, c->v[0], one(c)); }

static int csub(par_call *c) { return apply_op(c, c->form == 0 ? PAR_OP_ADDS : PAR_OP_CADD, negated(c, c->v[0]), one(c)); }

/* A scalar in the first form, a tensor in the second. */
static int scalar_or_tensor(par_call *c)
{
    return apply_op(c, (par_op)(c->form == 0 ? c->data & 0xff : c->data >> 8), c->n_v ? c->v[0] : one(c), one(c));
}
#define EITHER(scalar, tensor) (PAR_OP_##scalar | PAR_OP_##tensor << 8)

static int pow_(par_call *c)
{
    if (c->form == 0) return apply_op(c, PAR_OP_POWS, c->v[0], one(c));
    if (c->form == 1) return apply_op(c, PAR_OP_TPOW, c->v[0], one(c));
    lua_pushnumber(c->L, (lua_Number)pow(c->n[0], c->n[1]));
    return 1;
}

static int lerp(par_call *c)
{
    if (c->form == 0) return apply_op(c, PAR_OP_LERP, c->v[0], one(c));
    lua_pushnumber(c->L, (lua_Number)(c->n[0] + c->n[2] * (c->n[1] - c->n[0])));
    return 1;
}

static int atan2_(par_call *c)
{
    if (c->form == 0) return apply_op(c, PAR_OP_ATAN2, one(c), one(c));
    lua_pushnumber(c->L, (lua_Number)atan2(c->n[0], c->n[1]));
    return 1;
}

/* The result is a ByteTensor, or of the sources' type when the caller gave such a one. */
static int compare(par_call *c)
{
    par_args args = {.a = c->n_v ? c->v[0] : one(c)};
    par_op op = (par_op)(c->form == 0 ? c->data & 0xff : c->data >> 8);
    if (c->n_t > 1) par_lua_check_same_elements(c->L, c->t[0], "t", c->t[1], "src");
    par_call_result_as(c, c->t[0]);
    par_tensor *bytes = c->result;
    if (bytes->type != PAR_BYTE) bytes = par_call_scratch(c, PAR_BYTE, c->t[0]->ndim, c->t[0]->size);
    const par_tensor *const all[] = {bytes, c->t[0], c->t[1]};
    par_loop(par_kernel_find(op, c->type), &args, 1 + c->n_t, all);
    if (bytes != c->result) par_lua_copy(c->L, c->result, bytes);
    return par_call_return(c);
}

static int equal(par_call *c)
{
    par_args args = {0};
    bool same = par_tensor_same_size(c->t[0], c->t[1]);
    const par_tensor *const both[] = {c->t[0], c->t[1]};
    if (same) par_loop(par_kernel_find(PAR_OP_EQUAL, c->type), &args, 2, both);
    lua_pushboolean(c->L, same && !args.stop);
    return 1;
}

#define FLOATS PAR_FOR_FLOATS
#define ALL PAR_FOR_ALL
#define INTS PAR_FOR_INTEGERS
static const par_function FUNCTIONS[] = {{"log", "RS|n", unary, 0, FLOATS, "RS"},
                                         {"log1p", "RS|n", unary, 1, FLOATS, "RS"},
                                         {"exp", "RS|n", unary, 2, FLOATS, "RS"},
                                         {"sqrt", "RS|n", unary, 3, FLOATS, "RS"},
                                         {"sin", "RS|n", unary, 4, FLOATS, "RS"},
                                         {"cos", "RS|n", unary, 5, FLOATS, "RS"},
                                         {"tan", "RS|n", unary, 6, FLOATS, "RS"},
                                         {"asin", "RS|n", unary, 7, FLOATS, "RS"},
                                         {"acos", "RS|n", unary, 8, FLOATS, "RS"},
                                         {"atan", "RS|n", unary, 9, FLOATS, "RS"},
                                         {"sinh", "RS|n", unary, 10, FLOATS, "RS"},
                                         {"cosh", "RS|n", unary, 11, FLOATS, "RS"},
                                         {"tanh", "RS|n", unary, 12, FLOATS, "RS"},
                                         {"ceil", "RS|n", unary, 13, FLOATS, "RS"},
                                         {"floor", "RS|n", unary, 14, FLOATS, "RS"},
                                         {"round", "RS|n", unary, 15, FLOATS, "RS"},
                                         {"trunc", "RS|n", unary, 16, FLOATS, "RS"},
                                         {"abs", "RS|n", unary, 17, ALL, "RS"},
                                         {"frac", "RS|n", unary, 18, FLOATS, "RS"},
                                         {"rsqrt", "RS|n", unary, 19, FLOATS, "RS"},
                                         {"sigmoid", "RS|n", unary, 20, FLOATS, "RS"},
                                         {"cinv", "RS", plain, PAR_OP_CINV, FLOATS, NULL},
                                         {"neg", "RS", plain, PAR_OP_NEG, ALL, NULL},
                                         {"sign", "RS", plain, PAR_OP_SIGN, ALL, NULL},
                                         {"add", "RSv|RSwT", add, 0, ALL, NULL},
                                         {"csub", "RSv|RSwT", csub, 0, ALL, NULL},
                                         {"mul", "RSv", plain, PAR_OP_MULS, ALL, NULL},
                                         {"div", "RSv", plain, PAR_OP_DIVS, ALL, NULL},
                                         {"fmod", "RSv", plain, PAR_OP_FMODS, ALL, NULL},
                                         {"mod", "RSv", plain, PAR_OP_FMODS, ALL, NULL},
                                         {"remainder", "RSv", plain, PAR_OP_REMS, ALL, NULL},
                                         {"cmul", "RST", plain, PAR_OP_CMUL, ALL, NULL},
                                         {"cdiv", "RST", plain, PAR_OP_CDIV, ALL, NULL},
                                         {"cpow", "RST", plain, PAR_OP_CPOW, ALL, NULL},
                                         {"cfmod", "RST", plain, PAR_OP_CFMOD, ALL, NULL},
                                         {"cmod", "RST", plain, PAR_OP_CFMOD, ALL, NULL},
                                         {"cremainder", "RST", plain, PAR_OP_CREM, ALL, NULL},
                                         {"pow", "RSv|RvS|nn", pow_, 0, ALL, "RSv|RvS"},
                                         {"_tpow", "", plain, PAR_OP_TPOW, ALL, "RvS"},
                                         {"clamp", "RSvv", plain, PAR_OP_CLAMP, ALL, NULL},
                                         {"cmax", "RSv|RST", scalar_or_tensor, EITHER(CMAXS, CMAX), ALL, NULL},
                                         {"cmin", "RSv|RST", scalar_or_tensor, EITHER(CMINS, CMIN), ALL, NULL},
                                         {"addcmul", "RSwTT", plain, PAR_OP_ADDCMUL, ALL, NULL},
                                         {"addcdiv", "RSwTT", plain, PAR_OP_ADDCDIV, ALL, NULL},
                                         {"lerp", "RSTv|nnn", lerp, 0, FLOATS, "RSTv"},
                                         {"atan2", "RST|nn", atan2_, 0, FLOATS, "RST"},
                                         {"lt", "QTv|QTT", compare, EITHER(LTS, CLT), ALL, NULL},
                                         {"le", "QTv|QTT", compare, EITHER(LES, CLE), ALL, NULL},
                                         {"gt", "QTv|QTT", compare, EITHER(GTS, CGT), ALL, NULL},
                                         {"ge", "QTv|QTT", compare, EITHER(GES, CGE), ALL, NULL},
                                         {"eq", "QTv|QTT", compare, EITHER(EQS, CEQ), ALL, NULL},
                                         {"ne", "QTv|QTT", compare, EITHER(NES, CNE), ALL, NULL},
                                         {"equal", "TT", equal, 0, ALL, NULL},
                                         {"cbitand", "RST", plain, PAR_OP_BITAND, INTS, NULL},
                                         {"bitand", "RSv|RST", scalar_or_tensor, EITHER(BITANDS, BITAND), INTS, NULL},
                                         {"cbitor", "RST", plain, PAR_OP_BITOR, INTS, NULL},
                                         {"bitor", "RSv|RST", scalar_or_tensor, EITHER(BITORS, BITOR), INTS, NULL},
                                         {"cbitxor", "RST", plain, PAR_OP_BITXOR, INTS, NULL},
                                         {"bitxor", "RSv|RST", scalar_or_tensor, EITHER(BITXORS, BITXOR), INTS, NULL},
                                         {"clshift", "RST", plain, PAR_OP_LSHIFT, INTS, NULL},
                                         {"lshift", "RSv|RST", scalar_or_tensor, EITHER(LSHIFTS, LSHIFT), INTS, NULL},
                                         {"crshift", "RST", plain, PAR_OP_RSHIFT, INTS, NULL},
                                         {"rshift", "RSv|RST", scalar_or_tensor, EITHER(RSHIFTS, RSHIFT), INTS, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

/* --- operators: all by way of the methods on a fresh clone --- */

/* Pushes a clone of the tensor at idx and leaves it at the top. */
static par_tensor *push_clone(lua_State *L, int idx)
{
    par_tensor *of = par_lua_check_tensor(L, idx), *copy = par_lua_new_tensor(L, of->type);
    par_lua_resize_as(L, copy, of);
    par_lua_copy(L, copy, of);
    return copy;
}

/* clone:name(argument at idx) */
static int with_clone(lua_State *L, int tensor_at, const char *name, int argument_at)
{
    push_clone(L, tensor_at);
    lua_getfield(L, -1, name);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, argument_at);
    lua_call(L, argument_at ? 2 : 1, 1);
    return 1;
}

static bool is_number(lua_State *L, int idx) { return lua_type(L, idx) == LUA_TNUMBER; }

static int op_add(lua_State *L)
{
    if (is_number(L, 1)) return with_clone(L, 2, "add", 1);
    return with_clone(L, 1, "add", 2);
}

static int op_unm(lua_State *L)
{
    push_clone(L, 1);
    lua_getfield(L, -1, "neg");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    return 1;
}

static int op_sub(lua_State *L)
{
    if (!is_number(L, 1)) return with_clone(L, 1, "csub", 2);
    push_clone(L, 2);
    lua_getfield(L, -1, "neg");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    lua_replace(L, 2);
    return with_clone(L, 2, "add", 1);
}

static int op_mul(lua_State *L)
{
    if (is_number(L, 1)) return with_clone(L, 2, "mul", 1);
    if (is_number(L, 2)) return with_clone(L, 1, "mul", 2);
    par_tensor *a = par_lua_check_tensor(L, 1), *b = par_lua_check_tensor_type(L, 2, a->type);
    if (a->ndim > 2 || b->ndim > 2 || a->ndim == 0 || b->ndim == 0 || (a->ndim == 1 && b->ndim == 2)) {
        return luaL_error(L, "multiplication between %dD and %dD tensors not yet supported: %s and %s", a->ndim, b->ndim,
                          par_lua_push_size(L, a), par_lua_push_size(L, b));
    }
    bool dot = a->ndim == 1 && b->ndim == 1;
    lua_settop(L, 2);
    if (!dot) par_lua_new_tensor(L, a->type);
    lua_getfield(L, 1, dot ? "dot" : b->ndim == 1 ? "mv" : "mm");
    lua_insert(L, 1);
    if (!dot) lua_insert(L, 2); /* result:mm(a, b) */
    lua_call(L, dot ? 2 : 3, 1);
    return 1;
}

static int op_div(lua_State *L)
{
    if (!is_number(L, 2)) return par_lua_arg_error(L, 2, "number expected (torch.cdiv divides by a tensor)");
    return with_clone(L, 1, "div", 2);
}

static int op_mod(lua_State *L) { return with_clone(L, 1, is_number(L, 2) ? "remainder" : "cremainder", 2); }

static int op_pow(lua_State *L)
{
    if (is_number(L, 1)) {
        push_clone(L, 2);
        lua_getfield(L, -1, "_tpow");
        lua_insert(L, -2);
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_call(L, 3, 1);
        return 1;
    }
    return with_clone(L, 1, is_number(L, 2) ? "pow" : "cpow", 2);
}

static const luaL_Reg OPERATORS[] = {{"__add", op_add}, {"__sub", op_sub}, {"__mul", op_mul}, {"__div", op_div},
                                     {"__unm", op_unm}, {"__mod", op_mod}, {"__pow", op_pow}, {NULL, NULL}};

void par_lua_tensor_add_pointwise(lua_State *L)
{
    par_lua_call_register(L, FUNCTIONS);
    par_lua_add_methods(L, OPERATORS);
}
