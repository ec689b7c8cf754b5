#include "tensor/vector.h"

#include <stdint.h>
#ifdef __x86_64__
#include <cpuid.h>

#define HAS(word, bits) (((word) & (bits)) == (bits))

/* State that the operating system saves for its programs; asked only where OSXSAVE says that one may. */
static uint32_t saved_state(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int ask(void)
{
    const uint32_t basic = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C | bit_MOVBE;
    const uint32_t v3 = bit_AVX2 | bit_BMI | bit_BMI2;
    const uint32_t v4 = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
    const uint32_t wide_registers = 0x06, wider_registers = 0xe6; /* XCR0: XMM and YMM; and masks, upper halves, ZMM 16-31 */
    uint32_t a, b, c, d, extended;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !HAS(c, basic)) return 1;
    uint32_t state = saved_state();
    if (!__get_cpuid(0x80000001, &a, &b, &extended, &d) || !HAS(extended, bit_LZCNT)) return 1;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !HAS(b, v3) || !HAS(state, wide_registers)) return 1;
    return HAS(b, v4) && HAS(state, wider_registers) ? 4 : 3;
}
#else
static int ask(void) { return 1; }
#endif

int par_vector_generation(void)
{
    static int generation; /* 0: not asked yet; racing threads write the same value */
    int known = __atomic_load_n(&generation, __ATOMIC_RELAXED);
    if (known) return known;
    known = ask();
    __atomic_store_n(&generation, known, __ATOMIC_RELAXED);
    return known;
}
