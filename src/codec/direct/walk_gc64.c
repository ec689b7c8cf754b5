/* The direct walk of LuaJIT 2.1 with references of 64 bits. */
#include "codec/compat.h"

#if PAR_LUAJIT
#define RAW_GC64 1
#include "codec/direct/layout.h"
#include "codec/direct/walk.h"

const par_direct par_direct_gc64 = {
    .layout = "LuaJIT, references of 64 bits", .suits = suits, .walk = walk, .put_small = put_small, .fill = fill, .compare = compare};
const par_direct *const par_direct_walks[] = {&par_direct_gc64, &par_direct_gc32, NULL};
#endif
