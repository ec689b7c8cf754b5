#include "lua/tensor/solve.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

int par_solve_fail(par_solve *s, const char *text, const par_tensor *t)
{
    return par_lua_error(s->L, "%s, got %s", text, par_lua_push_size(s->L, t));
}

void par_solve_check(par_solve *s, int status) { par_lua_check_status(s->L, status, &s->err); }

/* --- matrices --- */

int par_solve_extent(par_solve *s, const par_tensor *t, int dim)
{
    int64_t n = dim < t->ndim ? t->size[dim] : 1;
    if (n > INT32_MAX / 2) par_solve_fail(s, "a matrix that LAPACK can count expected", t);
    return (int)n;
}

const par_tensor *par_solve_matrix(par_solve *s, int k, const char *text)
{
    if (s->source[k]->ndim != 2) par_solve_fail(s, text, s->source[k]);
    return s->source[k];
}

int par_solve_square(par_solve *s, int k)
{
    const par_tensor *t = par_solve_matrix(s, k, "A should be 2 dimensional");
    if (t->size[0] != t->size[1]) par_solve_fail(s, "A should be square", t);
    return par_solve_extent(s, t, 0);
}

const par_tensor *par_solve_right_side(par_solve *s, const par_tensor *b, const par_tensor *a)
{
    if (b->ndim != 1 && b->ndim != 2) par_solve_fail(s, "B should have 1 or 2 dimensions", b);
    if (b->size[0] != a->size[0])
        par_lua_error(s->L, "A,B size incompatible - A has %s rows, B has %s (A: %s, B: %s)", par_lua_push_digits(s->L, a->size[0]),
                      par_lua_push_digits(s->L, b->size[0]), par_lua_push_size(s->L, a), par_lua_push_size(s->L, b));
    return b;
}

par_tensor *par_solve_scratch(par_solve *s, int64_t rows, int64_t columns)
{
    int64_t size[] = {rows, columns};
    par_tensor *made = par_lua_new_tensor(s->L, s->type);
    par_lua_resize(s->L, made, columns ? 2 : 1, size);
    return made;
}

/* Does this result lie apart from all that the call reads and writes, dense and of the right size? Then its memory is used at once. */
static bool may_be_used(const par_solve *s, int k, int64_t elements)
{
    const par_tensor *result = s->result[k];
    const par_storage *storage = result->storage;
    bool alone = storage && par_tensor_elements(result) == elements && result->ndim > 0;
    for (int i = 0; alone && i < PAR_SOLVE_SOURCES_MAX; i++) alone = !s->source[i] || !par_lua_same_memory(s->source[i], result);
    for (int i = 0; alone && i < PAR_SOLVE_RESULTS_MAX; i++) alone = i == k || !s->result[i] || !par_lua_same_memory(s->result[i], result);
    if (!alone || (storage->blob->refs > 1 && storage->blob->kind == PAR_BLOB_HEAP)) return false;
    int64_t first, last;
    return par_tensor_span(result, &first, &last) && first == result->offset && last - first + 1 == elements;
}

par_tensor *par_solve_room(par_solve *s, int k, int64_t rows, int64_t columns)
{
    par_error err;
    const par_tensor *result = s->result[k];
    if (!may_be_used(s, k, rows * columns)) return par_solve_scratch(s, columns, rows);
    par_tensor *made = par_lua_new_tensor(s->L, s->type);
    int64_t size[] = {columns, rows};
    par_lua_check_status(s->L, par_tensor_set_view(made, result->storage, result->offset, 2, size, NULL, &err), &err);
    return made;
}

par_tensor *par_solve_columns(par_solve *s, int k, const par_tensor *t, int rows)
{
    par_error err;
    int have = par_solve_extent(s, t, 0), columns = par_solve_extent(s, t, 1);
    par_tensor *made = par_solve_room(s, k, rows, columns), *place = par_lua_new_view(s->L, made), *turned = par_lua_new_view(s->L, t);
    if (rows > have) par_lua_fill(made, (par_value){.d = 0});
    par_lua_check_status(s->L, par_view_narrow(place, 1, 0, have, &err), &err);
    if (t->ndim == 2) par_lua_check_status(s->L, par_view_transpose(turned, 0, 1, &err), &err);
    par_lua_copy(s->L, place, turned);
    lua_pop(s->L, 2);
    return made;
}

/* Columns first to last of the half, and where they are in the result. */
static void copy_half(par_solve *s, const par_tensor *made, const par_tensor *t, char half, int first, int last)
{
    int n = (int)made->size[0], low = half == 'U' ? 0 : first, high = half == 'U' ? last : n;
    par_tensor *place = par_lua_new_view(s->L, made), *turned = par_lua_new_view(s->L, t);
    par_solve_check(s, par_view_transpose(turned, 0, 1, &s->err));
    for (int k = 0; k < 2; k++) {
        par_solve_check(s, par_view_narrow(k ? place : turned, 0, first, last - first, &s->err));
        par_solve_check(s, par_view_narrow(k ? place : turned, 1, low, high - low, &s->err));
    }
    par_lua_copy(s->L, place, turned);
    lua_pop(s->L, 2);
    size_t bytes = par_type_bytes(s->type);
    for (size_t column = (size_t)first; column < (size_t)last; column++) {
        char *data = (char *)par_tensor_data(made) + column * (size_t)n * bytes;
        if (half == 'U') memset(data + (column + 1) * bytes, 0, ((size_t)n - column - 1) * bytes);
        else memset(data, 0, column * bytes);
    }
}

par_tensor *par_solve_half(par_solve *s, int k, const par_tensor *t, char half)
{
    enum { COLUMNS = 64 }; /* at a time: little more than half of the matrix is read */
    int n = par_solve_extent(s, t, 0);
    par_tensor *made = par_solve_room(s, k, n, n);
    for (int first = 0; first < n; first += COLUMNS) copy_half(s, made, t, half, first, first + COLUMNS < n ? first + COLUMNS : n);
    return made;
}

par_tensor *par_solve_columns_beside(par_solve *s, const par_tensor *t, int rows)
{
    par_tensor none = {.ndim = 0}, *kept = s->result[0];
    s->result[0] = &none;
    par_tensor *made = par_solve_columns(s, 0, t, rows);
    s->result[0] = kept;
    return made;
}

par_tensor *par_solve_columns_seen(par_solve *s, int k)
{
    const par_tensor *t = s->source[k];
    bool in_place = t->ndim == 2 && t->stride[0] == 1 && t->stride[1] == t->size[0];
    if (!in_place) return par_solve_columns_beside(s, t, par_solve_extent(s, t, 0));
    par_tensor *turned = par_lua_new_view(s->L, t);
    par_solve_check(s, par_view_transpose(turned, 0, 1, &s->err));
    return turned;
}

/* Makes the result a matrix on the elements of `made`, or copies it into the memory that the result has already. */
static void give(par_solve *s, int k, const par_tensor *made, const int64_t *size, const int64_t *stride)
{
    par_error err;
    par_tensor *result = s->result[k], *view = par_lua_new_tensor(s->L, s->type);
    int ndim = size[1] ? 2 : 1;
    par_lua_check_status(s->L, par_tensor_set_view(view, made->storage, made->offset, ndim, size, stride, &err), &err);
    if (result->storage && result->storage != made->storage) {
        par_lua_resize(s->L, result, ndim, size);
        par_lua_copy(s->L, result, view);
    } else {
        par_lua_check_status(s->L, par_tensor_set_view(result, view->storage, view->offset, ndim, size, stride, &err), &err);
    }
    lua_pop(s->L, 1);
}

void par_solve_give_columns(par_solve *s, int k, const par_tensor *made, int rows, int columns)
{
    give(s, k, made, (int64_t[]){rows, columns}, (int64_t[]){1, made->size[1]});
}

void par_solve_give_rows(par_solve *s, int k, const par_tensor *made, int rows, int columns)
{
    give(s, k, made, (int64_t[]){rows, columns}, (int64_t[]){columns, 1});
}

void par_solve_give_vector(par_solve *s, int k, const par_tensor *made, int n) { give(s, k, made, (int64_t[]){n, 0}, (int64_t[]){1, 0}); }

void par_solve_check_finite(par_solve *s, const par_tensor *columns, bool nan_is_fine)
{
    int64_t n = par_tensor_elements(columns);
    const char *data = par_tensor_data(columns);
    for (int64_t i = 0; i < n; i++) {
        double x = par_element_get(s->type, data + (size_t)i * par_type_bytes(s->type)).d;
        if (isfinite(x) || (nan_is_fine && isnan(x))) continue;
        par_lua_error(s->L, "A has elements that are %s", isnan(x) ? "NaN" : "infinite");
    }
}

/* --- arguments --- */

static int wrong_arguments(lua_State *L, const par_solver *f, int top)
{
    luaL_Buffer b;
    const char *kinds = par_lua_push_kinds(L, top);
    luaL_buffinit(L, &b);
    for (int given = f->results; given >= 0; given -= f->results) {
        for (int i = 0; i < given; i++) luaL_addstring(&b, f->pivots && i == 1 ? "*IntTensor* " : "*Tensor* ");
        for (int i = 0; i < f->sources; i++) luaL_addstring(&b, "Tensor ");
        for (const char *c = f->options; *c; c++) {
            char text[] = {c == f->options || c[-1] == ',' ? '[' : '|', *c, '\0'};
            if (*c != ',') luaL_addstring(&b, text);
            if (c[1] == '\0' || c[1] == ',') luaL_addstring(&b, *c == ',' ? "" : "] ");
        }
        if (f->number) luaL_addstring(&b, "[number] ");
        if (given) luaL_addstring(&b, "| ");
    }
    luaL_pushresult(&b);
    return luaL_error(L, "invalid arguments: %s\nexpected arguments of %s: %s", kinds, f->name, lua_tostring(L, -1));
}

/* The options from stack index `at` on; returns the index behind them. */
static int take_options(par_solve *s, const char *groups, int at)
{
    for (int k = 0; *groups; k++) {
        size_t n = strcspn(groups, ",");
        const char *text = lua_type(s->L, at) == LUA_TSTRING ? lua_tostring(s->L, at) : "";
        bool mine = strlen(text) == 1 && memchr(groups, *text, n);
        s->option[k] = mine ? *text : groups[0];
        at += mine;
        groups += n + (groups[n] == ',');
    }
    return at;
}

static par_tensor *take_result(par_solve *s, int k, int at, par_type type)
{
    par_tensor *result = at ? par_lua_to_tensor(s->L, at) : par_lua_new_tensor(s->L, type);
    if (at) par_lua_check_sound(s->L, result);
    if (!at) lua_replace(s->L, k + 1); /* the place that was kept for it */
    return result;
}

/* Where the sources begin: behind the results, if these are given. 0: the arguments are wrong. */
static int find_sources(lua_State *L, const par_solver *f, par_type type, int top)
{
    int tensors = 0;
    while (tensors < top && par_lua_to_tensor(L, tensors + 1)) tensors++;
    int first = tensors == f->sources ? 1 : tensors == f->results + f->sources ? f->results + 1 : 0;
    for (int i = 1; first && i <= tensors; i++)
        if (par_lua_to_tensor(L, i)->type != (f->pivots && first > 1 && i == 2 ? PAR_INT : type)) first = 0;
    return first;
}

int par_solve_call(lua_State *L)
{
    const par_solver *f = lua_touserdata(L, lua_upvalueindex(1));
    par_tensor *leading = par_lua_to_tensor(L, 1);
    par_solve s = {.L = L, .type = leading ? leading->type : par_lua_default_type(L), .number = -1};
    if (!par_type_is_float(s.type))
        return luaL_error(L, "torch.%sTensor does not implement the torch.%s() function (invalid arguments: %s)", par_type_name(s.type),
                          f->name, par_lua_push_kinds(L, lua_gettop(L)));
    int top = lua_gettop(L), first = find_sources(L, f, s.type, top);
    if (!first) return wrong_arguments(L, f, top);
    int end = take_options(&s, f->options, first + f->sources);
    if (f->number && lua_isnumber(L, end)) s.number = lua_tonumber(L, end++);
    if (end <= top) return wrong_arguments(L, f, top);
    luaL_checkstack(L, 40, "matrices");
    for (int k = 0; k < f->sources; k++) par_lua_check_sound(L, s.source[k] = par_lua_to_tensor(L, first + k));
    for (int k = 0; first == 1 && k < f->results; k++) { /* at 1, 2, ... as if they had been given */
        lua_pushnil(L);
        lua_insert(L, k + 1);
    }
    for (int k = 0; k < f->results; k++) s.result[k] = take_result(&s, k, first > 1 ? k + 1 : 0, f->pivots && k == 1 ? PAR_INT : s.type);
    int results = f->run(&s);
    lua_settop(L, results);
    return results;
}
