/* Functions over tensors by description: which arguments they take, in Torch's ways of calling them.
 *
 * A function is called as torch.name(...) or as t:name(...). Its forms are strings, one letter for each argument,
 * alternatives separated by '|'. Optional arguments that are missing in the middle are found by the others' types.
 *   R  result, changed in place by t:name(); made when it is missing in torch.name()
 *   W  result that is always given
 *   S  source that R is computed from: t:name() may leave it out and then means R itself
 *   O  result that either way of calling may leave out;   P  its LongTensor of positions, likewise
 *   Q  result of a comparison: a ByteTensor or one of the sources' type
 *   T  tensor   L  LongTensor   B  ByteTensor   F  FloatTensor or DoubleTensor   G  generator, optional
 *   v  value of the tensor's type, w optional one;   n  number, m optional one
 *   i  integer, j optional one;   d  dimension of the last tensor before, e optional one
 *   b  boolean, optional;   s  string, optional;   Z  sizes: all that is left */
#ifndef PAR_LUA_TENSOR_CALL_H
#define PAR_LUA_TENSOR_CALL_H

#include "base/limits.h"
#include "lua/tensor/value.h"
#include "tensor/random.h"

#define PAR_CALL_ARGS_MAX 8

typedef struct par_call {
    lua_State *L;
    const char *name;
    int form; /* which alternative matched, from 0 */
    int data; /* the entry's own number */
    par_type type;
    int given;                   /* arguments; they are the lowest on the stack */
    par_tensor *result, *places; /* R, W, O or Q; P */
    int result_at, places_at;    /* their stack indices */
    bool result_given;
    par_tensor *t[4];          /* S, T and F, in order */
    par_tensor *longs, *bytes; /* L, B */
    par_value v[4];            /* v, w */
    double n[4];               /* n, m */
    int64_t i[4];              /* i, j, d (0-based), e */
    bool has_v[4], has_n[4], has_i[4];
    int n_t, n_v, n_n, n_i;
    bool flag, has_flag, flag2; /* the first b and a second */
    int n_flags;
    const char *text; /* s */
    int64_t sizes[PAR_TENSOR_DIMS_MAX];
    int n_sizes;
    par_random *random;
} par_call;

enum { PAR_FOR_ALL = 127, PAR_FOR_FLOATS = 96, PAR_FOR_INTEGERS = 31, PAR_FOR_BYTE = 1 };

typedef struct par_function {
    const char *name;
    const char *forms;          /* "": no function, a method alone */
    int (*run)(par_call *call); /* returns the number of values it pushed last */
    int data;
    unsigned types;           /* bit n: type n has it */
    const char *method_forms; /* when t:name() differs, else NULL; "" : no method */
} par_function;

/* Adds the functions to the module at the top of the stack and to the tensors' metatables. `list` is static and ends
 * with a NULL name. */
void par_lua_call_register(lua_State *L, const par_function *list);

/* torch._forms(function): the forms and the types of one that was registered here, or nothing. The reference is made of them. */
int par_lua_call_forms(lua_State *L);

/* Raises "torch.name: text"; `format` is lua_pushfstring's. */
int par_call_error(const par_call *call, const char *format, ...);
/* Pushes the result; returns 1. */
int par_call_return(par_call *call);
/* Makes the result as large as `like`. */
void par_call_result_as(par_call *call, const par_tensor *like);
/* A new tensor on the stack, for the time of the call. */
par_tensor *par_call_scratch(par_call *call, par_type type, int ndim, const int64_t *size);
/* A value of the tensor's type, between it and a double. */
static inline par_value par_call_value(const par_call *call, double d) { return par_lua_value_of_double(d, call->type); }
static inline double par_call_double(const par_call *call, par_value v) { return par_type_is_float(call->type) ? v.d : (double)v.i; }

#endif
