/* A matrix copied into one whose rows are its columns, four rows and columns at a time in vectors. */
#include "tensor/transpose.h"

#include <string.h>

#include "tensor/vector.h"

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES
#endif
#endif

#ifdef SHUFFLES
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#define BLOCK(T)                                                                             \
    typedef T four __attribute__((vector_size(4 * sizeof(T)), aligned(1)));                  \
    typedef T fast __attribute__((vector_size(4 * sizeof(T))));                              \
    fast a = *(const four *)from, b = *(const four *)(from + from_row);                      \
    fast c = *(const four *)(from + 2 * from_row), d = *(const four *)(from + 3 * from_row); \
    fast ab = PICK(a, b, 0, 4, 2, 6), ab1 = PICK(a, b, 1, 5, 3, 7);                          \
    fast cd = PICK(c, d, 0, 4, 2, 6), cd1 = PICK(c, d, 1, 5, 3, 7);                          \
    *(four *)to = PICK(ab, cd, 0, 1, 4, 5);                                                  \
    *(four *)(to + to_row) = PICK(ab1, cd1, 0, 1, 4, 5);                                     \
    *(four *)(to + 2 * to_row) = PICK(ab, cd, 2, 3, 6, 7);                                   \
    *(four *)(to + 3 * to_row) = PICK(ab1, cd1, 2, 3, 6, 7);
#else
#define BLOCK(T)                \
    for (int i = 0; i < 4; i++) \
        for (int j = 0; j < 4; j++) to[j * to_row + i] = from[i * from_row + j];
#endif

/* Eight rows of the source are a line of the cache in each row of the result. */
#define TRANSPOSE(name, T)                                                                                                                 \
    static inline __attribute__((always_inline)) void block_##name(const T *from, int64_t from_row, T *to, int64_t to_row){BLOCK(T)} WIDE( \
        static, turn_##name, (int64_t rows, int64_t columns, const T *from, int64_t from_row, T *to, int64_t to_row),                      \
        (rows, columns, from, from_row, to, to_row))                                                                                       \
    {                                                                                                                                      \
        int64_t i = 0;                                                                                                                     \
        for (; i + 8 <= rows; i += 8) {                                                                                                    \
            int64_t j = 0;                                                                                                                 \
            for (; j + 4 <= columns; j += 4) {                                                                                             \
                block_##name(from + i * from_row + j, from_row, to + j * to_row + i, to_row);                                              \
                block_##name(from + (i + 4) * from_row + j, from_row, to + j * to_row + i + 4, to_row);                                    \
            }                                                                                                                              \
            for (; j < columns; j++)                                                                                                       \
                for (int64_t k = i; k < i + 8; k++) to[j * to_row + k] = from[k * from_row + j];                                           \
        }                                                                                                                                  \
        for (; i < rows; i++)                                                                                                              \
            for (int64_t j = 0; j < columns; j++) to[j * to_row + i] = from[i * from_row + j];                                             \
    }

TRANSPOSE(8, uint64_t)
TRANSPOSE(4, uint32_t)
TRANSPOSE(2, uint16_t)
TRANSPOSE(1, uint8_t)

void par_transpose(size_t element_bytes, int64_t rows, int64_t columns, const void *from, int64_t from_row, void *to, int64_t to_row)
{
    switch (element_bytes) {
    case 8: turn_8(rows, columns, from, from_row, to, to_row); break;
    case 4: turn_4(rows, columns, from, from_row, to, to_row); break;
    case 2: turn_2(rows, columns, from, from_row, to, to_row); break;
    default: turn_1(rows, columns, from, from_row, to, to_row); break;
    }
}
