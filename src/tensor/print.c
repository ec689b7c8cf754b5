#include "tensor/print.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/status.h"
#include "tensor/kernels.h"
#include "tensor/loop.h"

#define LINE_COLUMNS 80

/* How every number of one tensor is written. */
typedef struct layout {
    int width, precision;
    char conversion; /* 'd', 'f' or 'e' */
    double scale;    /* numbers are divided by it; 1: not */
    bool free_width; /* there are NaNs: plain %f, all columns in one line */
} layout;

typedef struct printer {
    par_buffer *out;
    par_error err;
    int status;
    layout layout;
    /* what the first pass finds */
    bool integral;
    double min, max;
} printer;

static void put(printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(printer *p, const char *format, ...)
{
    char text[400]; /* %f of the largest double has 317 characters */
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (p->status == PAR_OK) p->status = par_buffer_append(p->out, text, (size_t)n);
}

static double as_double(par_type type, const void *data)
{
    par_value v = par_element_get(type, data);
    return par_type_is_float(type) ? v.d : (double)v.i;
}

static void survey_one(printer *p, double x)
{
    double magnitude = fabs(x);
    if (isnan(p->max)) return; /* a NaN got in, and stays in */
    if (x != ceil(x)) p->integral = false;
    if (!(magnitude >= p->min)) p->min = magnitude;
    if (!(magnitude <= p->max)) p->max = magnitude;
}

static int digits(double x) { return x == 0 ? 1 : isinf(x) ? 1000 : (int)floor(log10(x)) + 1; }

static layout choose(const printer *p)
{
    if (isnan(p->max)) return (layout){.conversion = 'f', .precision = 6, .scale = 1, .free_width = true};
    int low = digits(p->min), high = digits(p->max);
    if (p->integral) {
        if (high > 9) return (layout){.width = 11, .precision = 4, .conversion = 'e', .scale = 1};
        return (layout){.width = high + 1, .conversion = 'd', .scale = 1};
    }
    if (high - low > 4) {
        return (layout){.width = high > 99 || low < -99 ? 12 : 11, .precision = 4, .conversion = 'e', .scale = 1};
    }
    if (high > 5 || high < 0) return (layout){.width = 7, .precision = 4, .conversion = 'f', .scale = pow(10, high - 1)};
    return (layout){.width = high == 0 ? 7 : high + 6, .precision = 4, .conversion = 'f', .scale = 1};
}

static void put_number(printer *p, double x)
{
    const layout *l = &p->layout;
    x /= l->scale;
    if (isnan(x)) x = NAN; /* one spelling, without a sign */
    if (l->free_width) put(p, isnan(x) ? "nan" : "%f", x);
    else if (l->conversion == 'd') put(p, "%*d", l->width, (int)x);
    else if (l->conversion == 'e') put(p, "%*.*e", l->width, l->precision, x);
    else put(p, "%*.*f", l->width, l->precision, x);
}

static void survey_run(printer *p, par_type type, const char *data, int64_t n, int64_t step)
{
    int64_t bytes = (int64_t)par_type_bytes(type);
    for (int64_t i = 0; i < n; i++) survey_one(p, as_double(type, data + i * step * bytes));
}

static void survey(printer *p, const par_tensor *tensor)
{
    par_walk walk;
    p->integral = true;
    p->min = INFINITY;
    p->max = 0;
    par_walk_init(&walk, tensor);
    for (int64_t left = par_tensor_elements(tensor); left > 0;) {
        int64_t n = walk.left;
        survey_run(p, tensor->type, walk.at, n, walk.step);
        par_walk_advance(&walk, n);
        left -= n;
    }
    p->layout = choose(p);
}

/* One matrix: rows and columns are the last two dimensions. */
typedef struct matrix {
    par_type type;
    const char *data;
    int64_t rows, columns, row_step, column_step; /* steps in bytes */
    const char *indent;
    int indent_length;
} matrix;

static void put_columns(printer *p, const matrix *m, int64_t first, int64_t last)
{
    bool scaled = p->layout.scale != 1;
    for (int64_t row = 0; row < m->rows; row++) {
        for (int64_t column = first; column <= last; column++) {
            put_number(p, as_double(m->type, m->data + row * m->row_step + column * m->column_step));
            put(p, column == last ? "\n" : " ");
        }
        if (row + 1 < m->rows) put(p, "%s%s", m->indent, scaled ? " " : "");
    }
}

static void put_matrix(printer *p, const matrix *m)
{
    int64_t per_line = p->layout.free_width ? m->columns : (LINE_COLUMNS - m->indent_length) / (p->layout.width + 1);
    put(p, "%s", m->indent);
    for (int64_t first = 0; first < m->columns; first += per_line) {
        int64_t last = m->columns - first > per_line ? first + per_line - 1 : m->columns - 1;
        if (per_line < m->columns) {
            put(p, "%sColumns %lld to %lld\n%s", first > 0 ? "\n" : "", (long long)first + 1, (long long)last + 1, m->indent);
        }
        if (p->layout.scale != 1) put(p, "%g *\n %s", p->layout.scale, m->indent);
        put_columns(p, m, first, last);
    }
}

static matrix last_two(const par_tensor *tensor, int64_t offset, const char *indent, int indent_length)
{
    int64_t bytes = (int64_t)par_type_bytes(tensor->type);
    int r = tensor->ndim - 2, c = tensor->ndim - 1;
    return (matrix){tensor->type,
                    (const char *)tensor->storage->data + offset * bytes,
                    tensor->size[r],
                    tensor->size[c],
                    tensor->stride[r] * bytes,
                    tensor->stride[c] * bytes,
                    indent,
                    indent_length};
}

/* Matrix after matrix, the first dimension running fastest. */
static void put_slices(printer *p, const par_tensor *tensor)
{
    int64_t index[PAR_TENSOR_DIMS_MAX] = {0};
    int outer = tensor->ndim - 2;
    for (bool first = true;; first = false) {
        int64_t offset = tensor->offset;
        put(p, first ? "(" : "\n(");
        for (int d = 0; d < outer; d++) {
            offset += index[d] * tensor->stride[d];
            put(p, "%lld,", (long long)index[d] + 1);
        }
        put(p, ".,.) = \n");
        matrix m = last_two(tensor, offset, " ", 1);
        put_matrix(p, &m);
        int d = 0;
        while (d < outer && ++index[d] == tensor->size[d]) index[d++] = 0;
        if (d == outer || p->status != PAR_OK) return;
    }
}

static void put_list(printer *p, par_type type, const char *data, int64_t n, int64_t step)
{
    if (p->layout.scale != 1) put(p, "%g *\n", p->layout.scale);
    for (int64_t i = 0; i < n && p->status == PAR_OK; i++) {
        put_number(p, as_double(type, data + i * step * (int64_t)par_type_bytes(type)));
        put(p, "\n");
    }
}

int par_print_tensor(par_buffer *out, const par_tensor *tensor)
{
    printer p = {.out = out};
    const char *name = par_type_name(tensor->type);
    if (tensor->ndim == 0) {
        put(&p, "[torch.%sTensor with no dimension]\n", name);
        return p.status;
    }
    survey(&p, tensor);
    if (tensor->ndim == 1) {
        const char *data = (const char *)tensor->storage->data + tensor->offset * (int64_t)par_type_bytes(tensor->type);
        put_list(&p, tensor->type, data, tensor->size[0], tensor->stride[0]);
    } else if (tensor->ndim == 2) {
        matrix m = last_two(tensor, tensor->offset, "", 0);
        put_matrix(&p, &m);
    } else {
        put_slices(&p, tensor);
    }
    put(&p, "[torch.%sTensor of size ", name);
    for (int d = 0; d < tensor->ndim; d++) put(&p, "%s%lld", d ? "x" : "", (long long)tensor->size[d]);
    put(&p, "]\n");
    return p.status;
}

int par_print_storage(par_buffer *out, const par_storage *storage)
{
    printer p = {.out = out, .integral = true, .min = INFINITY, .max = 0};
    if (storage->size > 0) {
        survey_run(&p, storage->type, storage->data, storage->size, 1);
        p.layout = choose(&p);
        put_list(&p, storage->type, storage->data, storage->size, 1);
    }
    put(&p, "[torch.%sStorage of size %lld]\n", par_type_name(storage->type), (long long)storage->size);
    return p.status;
}
