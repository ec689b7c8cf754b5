/* How loops are given to the compiler's vectoriser. */
#ifndef PAR_TENSOR_VECTOR_H
#define PAR_TENSOR_VECTOR_H

/* Before a loop whose iterations do not depend on each other: operands are apart or exactly on top of each other. */
#ifdef __clang__
#define VECTOR _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTOR _Pragma("GCC ivdep")
#endif

/* A function that is compiled for several generations of x86; the loader takes the best that the machine has. Not under
 * sanitizers, whose run-time library is not ready when the loader chooses. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CLONES
#endif

#endif
