#include "tensor/radix.h"

#define VALUES 256 /* of a digit */

static int digit(uint64_t word, int k) { return (int)(word >> (32 + 8 * k)) & (VALUES - 1); }

/* How often each value of a digit occurs becomes where it begins. false: there is but one. */
static bool begins(uint32_t *counts, int64_t n)
{
    uint32_t place = 0;
    for (int v = 0; v < VALUES; v++) {
        uint32_t count = counts[v];
        if (count == n) return false;
        counts[v] = place;
        place += count;
    }
    return true;
}

uint64_t *par_radix_sort(uint64_t *words, uint64_t *room, int64_t n, int digits)
{
    uint32_t counts[PAR_RADIX_DIGITS_MAX][VALUES] = {{0}};
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < digits; k++) counts[k][digit(words[i], k)]++;
    for (int k = 0; k < digits; k++) {
        if (!begins(counts[k], n)) continue;
        for (int64_t i = 0; i < n; i++) room[counts[k][digit(words[i], k)]++] = words[i];
        uint64_t *sorted = room;
        room = words, words = sorted;
    }
    return words;
}
