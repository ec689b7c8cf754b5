/* A call of a function that LAPACK does: its arguments, and matrices row by row seen as columns. */
#ifndef PAR_LUA_SOLVE_H
#define PAR_LUA_SOLVE_H

#include <lua.h>

#include "lua/tensor/value.h"

#define PAR_SOLVE_RESULTS_MAX 3
#define PAR_SOLVE_SOURCES_MAX 3
#define PAR_SOLVE_OPTIONS_MAX 3

typedef struct par_solve { /* one call */
    lua_State *L;
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
int par_solve_call(lua_State *L);

/* --- errors: "torch.name: text, got [2 x 3]", and what a status says --- */
int par_solve_fail(par_solve *s, const char *text, const par_tensor *t);
void par_solve_check(par_solve *s, int status);

/* --- arguments; what is not as it should be is raised --- */
/* The size of a dimension, which LAPACK can count; 1 behind the last. */
int par_solve_extent(par_solve *s, const par_tensor *t, int dim);
/* Source k, which has two dimensions, or else `text` is raised. */
const par_tensor *par_solve_matrix(par_solve *s, int k, const char *text);
/* Rows of source k, a square matrix. */
int par_solve_square(par_solve *s, int k);
/* The right side of an equation with as many rows as the matrix; a vector is a column. */
const par_tensor *par_solve_right_side(par_solve *s, const par_tensor *b, const par_tensor *a);

/* --- memory: tensors that stay on the stack for the time of the call --- */
/* New; columns 0: a vector. */
par_tensor *par_solve_scratch(par_solve *s, int64_t rows, int64_t columns);
/* Room for `columns` columns of `rows` elements: a tensor with a row for each column, in the memory of result k if that may be. */
par_tensor *par_solve_room(par_solve *s, int k, int64_t rows, int64_t columns);
/* The matrix column by column, each column `rows` long; it will be result k. */
par_tensor *par_solve_columns(par_solve *s, int k, const par_tensor *t, int rows);
/* The same of one half of a square matrix ('U' or 'L'), the other being 0. */
par_tensor *par_solve_half(par_solve *s, int k, const par_tensor *t, char half);
/* A copy that is no result. */
par_tensor *par_solve_columns_beside(par_solve *s, const par_tensor *t, int rows);
/* Source k column by column, to be read only: where it lies, if it lies so. */
par_tensor *par_solve_columns_seen(par_solve *s, int k);
/* With infinities LAPACK may compute for ever (svd), with them or NaN it may crash (eig). */
void par_solve_check_finite(par_solve *s, const par_tensor *columns, bool nan_is_fine);

/* --- results: k becomes what was made, of columns (with as many rows as the room had), of rows, or a vector --- */
void par_solve_give_columns(par_solve *s, int k, const par_tensor *made, int rows, int columns);
void par_solve_give_rows(par_solve *s, int k, const par_tensor *made, int rows, int columns);
void par_solve_give_vector(par_solve *s, int k, const par_tensor *made, int n);

#endif
