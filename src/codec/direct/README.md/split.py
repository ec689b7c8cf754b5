h=open('/tmp/x/helpers').read()+'\n'+open('/tmp/x/matrices').read(); solv=open('/tmp/x/solvers').read(); args=open('/tmp/x/args').read()
h=h.replace('''static bool may_be_used(const par_solve *s, const par_tensor *result, int64_t elements)
{
    const par_storage *storage = result->storage;''','''static bool may_be_used(const par_solve *s, int k, int64_t elements)
{
    const par_tensor *result = s->result[k];
    const par_storage *storage = result->storage;''')
h=h.replace("!s->result[i] || s->result[i] == result || s->result[i]->storage != storage","i == k || !s->result[i] || s->result[i]->storage != storage")
h=h.replace('if (!may_be_used(s, result, rows * columns))','if (!may_be_used(s, k, rows * columns))')
a=h.index("/* What is not of this half"); b=h.index("/* With infinities LAPACK")
halves=h[a:b]; h=h[:a]+h[b:]
import re
P={}
for m in re.finditer(r'^((?:const )?\w+ \*?par_solve_\w+\([^)]*\))',h+args,re.M): P[re.search(r'par_solve_\w+(?=\()',m[1])[0]]=m[1]+';'
for c in ["/* The right side of an equation with as many rows as the matrix; a vector is a column. */\n","/* A new tensor, on the stack for the time of the call. */\n",
 "/* Room for `columns` columns of `rows` elements: a tensor with a row for each column, in the memory of result k if that may be. */\n",
 "/* The matrix column by column, each column `rows` long; it will be result k. */\n","/* A copy that is no result. */\n","/* With infinities LAPACK may compute for ever (svd), with them or NaN it may crash (eig). */\n"]:
    assert c in h,c
    h=h.replace(c,'')
header='''/* A call of a function that LAPACK does: its arguments, and matrices row by row seen as columns. */
#ifndef PAR_LUA_SOLVE_H
#define PAR_LUA_SOLVE_H

#include <lua.h>

#include "lua/tensor/value.h"

#define PAR_SOLVE_RESULTS_MAX 3
#define PAR_SOLVE_SOURCES_MAX 3
#define PAR_SOLVE_OPTIONS_MAX 3

typedef struct par_solve { /* one call */
    lua_State *L;
    const char *name;
    par_type type;
    par_tensor *result[PAR_SOLVE_RESULTS_MAX];
    const par_tensor *source[PAR_SOLVE_SOURCES_MAX];
    char option[PAR_SOLVE_OPTIONS_MAX];
    double number;
    par_error err;
} par_solve;

/* name([results...,] sources... [, options...] [, number]): all results or none. An option is one letter of a group; the first of
 * it is meant when it is left out. */
typedef struct par_solver {
    const char *name;
    int results, sources;
    const char *options;      /* "UL,NT": two groups */
    int (*run)(par_solve *s); /* returns the number of its results */
    bool pivots;              /* the second result is an IntTensor */
    bool number;
} par_solver;

/* The C function of a par_solver, which is its upvalue: a light userdata. */
%s

/* --- errors: "torch.name: text, got [2 x 3]", and what a status says --- */
%s
%s

/* --- arguments; what is not as it should be is raised --- */
/* The size of a dimension, which LAPACK can count; 1 behind the last. */
%s
/* Source k, which has two dimensions, or else `text` is raised. */
%s
/* Rows of source k, a square matrix. */
%s
/* The right side of an equation with as many rows as the matrix; a vector is a column. */
%s

/* --- memory: tensors that stay on the stack for the time of the call --- */
/* New; columns 0: a vector. */
%s
/* Room for `columns` columns of `rows` elements: a tensor with a row for each column, in the memory of result k if that may be. */
%s
/* The matrix column by column, each column `rows` long; it will be result k. */
%s
/* A copy that is no result. */
%s
/* With infinities LAPACK may compute for ever (svd), with them or NaN it may crash (eig). */
%s

/* --- results: k becomes what was made, of columns (with as many rows as the room had), of rows, or a vector --- */
%s
%s
%s

#endif
''' % tuple(P['par_solve_'+n] for n in ['call','fail','check','extent','matrix','square','right_side','scratch','room','columns','columns_beside','check_finite','give_columns','give_rows','give_vector'])
open('src/lua/tensor/solve.h','w').write(header)
h=h.replace('SOURCES_MAX','PAR_SOLVE_SOURCES_MAX').replace('RESULTS_MAX','PAR_SOLVE_RESULTS_MAX')
open('src/lua/tensor/solve.c','w').write('#include "lua/tensor/solve.h"\n\n#include <lauxlib.h>\n#include <math.h>\n#include <string.h>\n\n'+h.rstrip()+'\n\n'+args.rstrip()+'\n')
tail='''
void par_lua_tensor_add_lapack(lua_State *L)
{
    for (size_t i = 0; i < sizeof SOLVERS / sizeof *SOLVERS; i++) {
        lua_pushlightuserdata(L, (void *)&SOLVERS[i]);
        lua_pushcclosure(L, par_solve_call, 1);
        lua_setfield(L, -2, SOLVERS[i].name);
    }
}
'''
i=solv.index('/* --- Cholesky --- */\n\n')+len('/* --- Cholesky --- */\n\n')
solv=solv[:i]+halves+solv[i:]
open('src/lua/tensor/lapack.c','w').write('/* torch.gesv, svd, symeig and the others that LAPACK does. */\n#include "tensor/lapack.h"\n\n#include <string.h>\n\n#include "lua/tensor/parts.h"\n#include "lua/tensor/solve.h"\n\n'+solv.rstrip()+'\n'+tail)
