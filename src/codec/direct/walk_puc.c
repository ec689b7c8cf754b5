/* The direct walk of Lua 5.1 to 5.5. */
#include "codec/compat.h"

#if !PAR_LUAJIT
#include "codec/direct/layout.h"
#include "codec/direct/walk.h"

static const par_direct walk_puc = {
    .layout = LUA_VERSION, .suits = suits, .walk = walk, .put_small = put_small, .fill = fill, .compare = compare};
#if LUA_VERSION_NUM > 501 && LUA_VERSION_NUM < 505
const par_direct *const par_direct_walks[] = {&walk_puc, &par_direct_old, NULL};
#else
const par_direct *const par_direct_walks[] = {&walk_puc, NULL};
#endif
#endif
