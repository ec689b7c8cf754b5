/* Arithmetic that says when it overflowed: true = the result is good. */
#ifndef PAR_BASE_CHECKED_H
#define PAR_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool par_checked_add_size(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool par_checked_mul_size(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool par_checked_add_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool par_checked_mul_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_mul_overflow(a, b, out); }

/* Rounds up to a power-of-two step. */
static inline size_t par_round_up(size_t n, size_t step) { return (n + step - 1) & ~(step - 1); }

/* A double that a C integer can hold: converting any other is undefined behaviour. */
static inline bool par_double_fits_i64(double d) { return d >= -9223372036854775808.0 && d < 9223372036854775808.0; }

/* An integer that a double holds exactly: without the zeros at its end it has at most 53 bits. Not by converting it there and back, which
 * 32-bit x86 does in registers that hold more than a double. */
static inline bool par_i64_fits_double(int64_t i)
{
    if (i >= -((int64_t)1 << 53) && i <= (int64_t)1 << 53) return true;
    uint64_t size = i < 0 ? -(uint64_t)i : (uint64_t)i;
    return size >> __builtin_ctzll(size) <= (uint64_t)1 << 53;
}

#endif
