/* The direct walk of the first releases of Lua 5.2, 5.3 and 5.4. */
#include "codec/compat.h"

#if LUA_VERSION_NUM >= 502 && LUA_VERSION_NUM <= 504
#define RAW_OLD 1
#include "codec/direct/layout.h"
#include "codec/direct/walk.h"

const par_direct par_direct_old = {
    .layout = LUA_VERSION ", first releases", .suits = suits, .walk = walk, .put_small = put_small, .fill = fill, .compare = compare};
#endif
