/* What the library asks of a processor and its compiler, said at compile time where one lacks it. */
#ifndef PAR_BASE_TARGET_H
#define PAR_BASE_TARGET_H

#include <limits.h>
#include <stdatomic.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "parallel: big-endian processors are not supported: messages and shared memory hold numbers as little-endian machines do"
#endif
#if ATOMIC_LLONG_LOCK_FREE != 2 && !defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8) /* clang for 32-bit x86 has only the second */
#error \
    "parallel: this processor has no lock-free atomics of 64 bits, which processes need to share memory (32-bit x86: -march=i586 or later)"
#endif
#if CHAR_BIT != 8 || __DBL_MANT_DIG__ != 53 || __FLT_MANT_DIG__ != 24
#error "parallel: bytes of 8 bits and IEEE 754 floating-point numbers are needed"
#endif

#endif
