#include "tensor/conv.h"

#include "base/checked.h"
#include "tensor/vector.h"

bool par_conv_sizes(const par_conv *c, int64_t output[3])
{
    for (int d = 0; d < 3; d++) {
        if (c->full && !par_checked_mul_i64(c->input[d] - 1, c->step[d], &output[d])) return false;
        if (c->full && !par_checked_add_i64(output[d], c->kernel[d], &output[d])) return false;
        if (!c->full && c->input[d] < c->kernel[d]) return false;
        if (!c->full) output[d] = (c->input[d] - c->kernel[d]) / c->step[d] + 1;
    }
    return true;
}

/* Adds weight times n elements, which lie from_step apart, to others, which lie to_step apart. */
typedef void add_row_fn(int64_t n, void *to, int64_t to_step, const void *from, int64_t from_step, const void *weight);

#define ADD_ROW(NAME, T, PLUS_TIMES)                                                                                          \
    static void add_row_##NAME(int64_t n, void *to, int64_t to_step, const void *from, int64_t from_step, const void *weight) \
    {                                                                                                                         \
        T *r = to, w = *(const T *)weight;                                                                                    \
        const T *x = from;                                                                                                    \
        if (to_step == 1 && from_step == 1) VECTOR for (int64_t i = 0; i < n; i++) r[i] = (T)PLUS_TIMES(r[i], x[i], w);       \
        else                                                                                                                  \
            for (int64_t i = 0; i < n; i++) r[i * to_step] = (T)PLUS_TIMES(r[i * to_step], x[i * from_step], w);              \
    }
#define FLOATS(r, x, w) ((r) + (x) * (w))
#define INTEGERS(r, x, w) ((uint64_t)(r) + (uint64_t)(x) * (uint64_t)(w)) /* they wrap */
ADD_ROW(Byte, uint8_t, INTEGERS)
ADD_ROW(Char, int8_t, INTEGERS)
ADD_ROW(Short, int16_t, INTEGERS)
ADD_ROW(Int, int32_t, INTEGERS)
ADD_ROW(Long, int64_t, INTEGERS)
ADD_ROW(Float, float, FLOATS)
ADD_ROW(Double, double, FLOATS)

static add_row_fn *const ADD_ROWS[PAR_TYPE_COUNT] = {add_row_Byte, add_row_Char,  add_row_Short, add_row_Int,
                                                     add_row_Long, add_row_Float, add_row_Double};

/* The kernel's element at depth z, row y, column x of a cross-correlation. */
static const char *weight_at(const par_conv *c, const char *kernel, bool flipped, int64_t z, int64_t y, int64_t x)
{
    if (flipped) z = c->kernel[0] - 1 - z, y = c->kernel[1] - 1 - y, x = c->kernel[2] - 1 - x;
    return kernel + ((z * c->kernel[1] + y) * c->kernel[2] + x) * (int64_t)par_type_bytes(c->type);
}

/* All that one row of the side that is walked has to do with the other through one row of the kernel. */
typedef struct row_job {
    const par_conv *conv;
    char *to;
    const char *from, *kernel;
    int64_t n, z, y; /* elements of the row; the kernel's depth and row */
} row_job;

static void add_kernel_row(const row_job *j)
{
    const par_conv *c = j->conv;
    int64_t bytes = (int64_t)par_type_bytes(c->type);
    bool flipped = c->flipped != c->full; /* spread by a full one, the kernel is turned round already */
    for (int64_t x = 0; x < c->kernel[2]; x++) {
        char *to = j->to + (c->full ? x * bytes : 0);
        const char *from = j->from + (c->full ? 0 : x * bytes);
        ADD_ROWS[c->type](j->n, to, c->full ? c->step[2] : 1, from, c->full ? 1 : c->step[2],
                          weight_at(c, j->kernel, flipped, j->z, j->y, x));
    }
}

void par_conv_add(const par_conv *c, void *output, const void *input, const void *kernel)
{
    int64_t out[3], bytes = (int64_t)par_type_bytes(c->type);
    par_conv_sizes(c, out);
    const int64_t *walked = c->full ? c->input : out; /* each of its rows meets kernel[0] * kernel[1] rows of the other side */
    for (int64_t t = 0; t < walked[0]; t++)
        for (int64_t r = 0; r < walked[1]; r++) {
            for (int64_t z = 0; z < c->kernel[0]; z++)
                for (int64_t y = 0; y < c->kernel[1]; y++) {
                    int64_t here = t * walked[1] + r, depth = t * c->step[0] + z, row = r * c->step[1] + y;
                    int64_t there = depth * (c->full ? out[1] : c->input[1]) + row;
                    int64_t to = c->full ? there : here, from = c->full ? here : there;
                    add_kernel_row(&(row_job){c, (char *)output + to * out[2] * bytes, (const char *)input + from * c->input[2] * bytes,
                                              kernel, walked[2], z, y});
                }
        }
}
