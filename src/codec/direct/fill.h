/* Runs of numbers straight into the array part of a table: the one thing that is written into the VM's memory. The table is one that
 * the decoder has just made with room for them, and a number refers to nothing that the collector would have to be told of. A hook
 * may have seen the table already: so how much room there is is read each time.
 * Included after a layout. */
#ifndef PAR_CODEC_DIRECT_FILL_H
#define PAR_CODEC_DIRECT_FILL_H

#include "codec/direct/scalars.h"
#include "codec/format.h"

#define FILL(type, set)                                         \
    for (size_t i = 0; i < n; i++) {                            \
        type value;                                             \
        memcpy(&value, bytes + i * sizeof value, sizeof value); \
        set(&v, position + i, value);                           \
    }

static bool fill(const void *table, size_t first, size_t n, unsigned tag, const uint8_t *bytes)
{
    raw_view v = raw_view_of(table);
    size_t max = elements_max(&v);
    if (first == 0 || first > max || n > max - first + 1) return false;
    size_t position = first - RAW_FIRST_KEY;
    switch (tag) {
    case PAR_TAG_RUN_I8: FILL(int8_t, raw_set_integer) return true;
    case PAR_TAG_RUN_I16: FILL(int16_t, raw_set_integer) return true;
    case PAR_TAG_RUN_I32: FILL(int32_t, raw_set_integer) return true;
#if PAR_LUA_INTEGERS
    case PAR_TAG_RUN_I64: FILL(int64_t, raw_set_integer) return true;
#endif
    case PAR_TAG_RUN_F64: FILL(double, raw_set_float) return true;
    default: return false; /* integers that this Lua may not be able to hold */
    }
}

#endif
