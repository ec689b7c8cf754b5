#include "tensor/kernels.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "tensor/radix.h"
#include "tensor/vector.h"

/* One source for signed, unsigned and floating types: some comparisons are always true for one of them. */
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop that cannot be vectorised stays a loop */
#endif

#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)
#define K(op) GLUE(op##_, NAME)
#define WIDE_AS(name, parameters, arguments) WIDE(static, name, parameters, arguments) /* with name expanded */

int64_t par_double_to_i64(double d) { return par_double_fits_i64(d) ? (int64_t)d : INT64_MIN; }

static double floor_quotient(double x, double y) { return floor(x / y); }
static float floor_quotientf(float x, float y) { return floorf(x / y); }
static double exp_negative(double x) { return exp(-x); }
static float exp_negativef(float x) { return expf(-x); }

#define ALL_TYPES(X) X(Byte) X(Char) X(Short) X(Int) X(Long) X(Float) X(Double)
typedef uint8_t element_Byte;
typedef int8_t element_Char;
typedef int16_t element_Short;
typedef int32_t element_Int;
typedef int64_t element_Long;
typedef float element_Float;
typedef double element_Double;
enum {
    CODE_Byte = PAR_BYTE,
    CODE_Char = PAR_CHAR,
    CODE_Short = PAR_SHORT,
    CODE_Int = PAR_INT,
    CODE_Long = PAR_LONG,
    CODE_Float = PAR_FLOAT,
    CODE_Double = PAR_DOUBLE
};

#define NAME Byte
#define T uint8_t
#define U uint32_t
#define ACC int64_t
#define FLOATING 0
#define CTYPE uint8_t
#include "tensor/kernels_type.h"

#define NAME Char
#define T int8_t
#define U uint32_t
#define ACC int64_t
#define FLOATING 0
#define CTYPE int8_t
#include "tensor/kernels_type.h"

#define NAME Short
#define T int16_t
#define U uint32_t
#define ACC int64_t
#define FLOATING 0
#define CTYPE int16_t
#include "tensor/kernels_type.h"

#define NAME Int
#define T int32_t
#define U uint32_t
#define ACC int64_t
#define FLOATING 0
#define CTYPE int32_t
#include "tensor/kernels_type.h"

#define NAME Long
#define T int64_t
#define U uint64_t
#define ACC int64_t
#define FLOATING 0
#define CTYPE int64_t
#include "tensor/kernels_type.h"

#define NAME Float
#define T float
#define U float
#define ACC double
#define FLOATING 1
#define CTYPE float
#include "tensor/kernels_type.h"

#define NAME Double
#define T double
#define U double
#define ACC double
#define FLOATING 1
#define CTYPE double
#include "tensor/kernels_type.h"

par_kernel *par_kernel_find(par_op op, par_type type)
{
#define X(name) table_##name,
    static par_kernel *const *const tables[PAR_TYPE_COUNT] = {ALL_TYPES(X)};
#undef X
    return tables[type][op];
}

par_kernel *par_kernel_copy(par_type to, par_type from)
{
#define X(name) copies_##name,
    static par_kernel *const *const tables[PAR_TYPE_COUNT] = {ALL_TYPES(X)};
#undef X
    return tables[to][from];
}

par_value par_element_get(par_type type, const void *data)
{
    switch (type) {
    case PAR_BYTE: return (par_value){.i = *(const uint8_t *)data};
    case PAR_CHAR: return (par_value){.i = *(const int8_t *)data};
    case PAR_SHORT: return (par_value){.i = *(const int16_t *)data};
    case PAR_INT: return (par_value){.i = *(const int32_t *)data};
    case PAR_LONG: return (par_value){.i = *(const int64_t *)data};
    case PAR_FLOAT: return (par_value){.d = (double)*(const float *)data};
    default: return (par_value){.d = *(const double *)data};
    }
}

void par_element_set(par_type type, void *data, par_value value)
{
    switch (type) {
    case PAR_BYTE: *(uint8_t *)data = (uint8_t)value.i; break;
    case PAR_CHAR: *(int8_t *)data = (int8_t)value.i; break;
    case PAR_SHORT: *(int16_t *)data = (int16_t)value.i; break;
    case PAR_INT: *(int32_t *)data = (int32_t)value.i; break;
    case PAR_LONG: *(int64_t *)data = value.i; break;
    case PAR_FLOAT: *(float *)data = (float)value.d; break;
    default: *(double *)data = value.d; break;
    }
}
