/* How loops are given to the compiler's vectoriser. */
#ifndef PAR_TENSOR_VECTOR_H
#define PAR_TENSOR_VECTOR_H

/* Before a loop whose iterations do not depend on each other: operands are apart or exactly on top of each other. */
#ifdef __clang__
#define VECTOR _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTOR _Pragma("GCC ivdep")
#endif

/* WIDE(linkage, name, parameters, arguments) { body }: a void function that is compiled for several generations of x86; each
 * call takes the best that the machine has. The compiler's own way (target_clones) asks the processor when the library is
 * loaded, with a dozen CPUID instructions. Each of them takes microseconds in a virtual machine, and most children have no tensors. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define WIDE(linkage, name, parameters, arguments)                                                         \
    static inline __attribute__((always_inline)) void name##_plain parameters;                             \
    static __attribute__((target("arch=x86-64-v3"))) void name##_v3 parameters { name##_plain arguments; } \
    static __attribute__((target("arch=x86-64-v4"))) void name##_v4 parameters { name##_plain arguments; } \
    static __attribute__((noinline)) void name##_v1 parameters { name##_plain arguments; }                 \
    linkage void name parameters                                                                           \
    {                                                                                                      \
        int generation = par_vector_generation();                                                          \
        if (generation == 4) name##_v4 arguments;                                                          \
        else if (generation == 3) name##_v3 arguments;                                                     \
        else name##_v1 arguments;                                                                          \
    }                                                                                                      \
    static inline __attribute__((always_inline)) void name##_plain parameters
#else
#define WIDE(linkage, name, parameters, arguments) linkage void name parameters
#endif

/* What this machine has: 4 for x86-64-v4 (AVX-512), 3 for x86-64-v3 (AVX2), else 1. */
int par_vector_generation(void);

#endif
