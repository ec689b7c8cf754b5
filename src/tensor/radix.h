/* Sorting by digits, from the last to the first. */
#ifndef PAR_TENSOR_RADIX_H
#define PAR_TENSOR_RADIX_H

#include <stdbool.h>
#include <stdint.h>

#define PAR_RADIX_DIGITS_MAX 4
#define PAR_RADIX_WORDS_MAX UINT32_MAX

/* Words in the order of the lower `digits` bytes of their upper halves; equal ones stay as they were. Returns where they are
 * then: in `words` or in `room`, which is as large. */
uint64_t *par_radix_sort(uint64_t *words, uint64_t *room, int64_t n, int digits);

#endif
