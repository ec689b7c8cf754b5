/* The direct walk of LuaJIT 2.1 with references of 32 bits. */
#include "codec/compat.h"

#if PAR_LUAJIT
#define RAW_GC64 0
#include "codec/direct/layout.h"
#include "codec/direct/walk.h"

const par_direct par_direct_gc32 = {
    .layout = "LuaJIT, references of 32 bits", .suits = suits, .walk = walk, .put_small = put_small, .fill = fill, .compare = compare};
#endif
