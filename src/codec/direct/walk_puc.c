/* The direct walk of Lua 5.1 to 5.4. */
#include "codec/compat.h"

#if !PAR_LUAJIT && LUA_VERSION_NUM >= 501 && LUA_VERSION_NUM <= 504
#include "codec/direct/layout.h"
#include "codec/direct/walk.h"

static const par_direct walk_puc = {.layout = LUA_VERSION, .suits = suits, .walk = walk, .fill = fill, .compare = compare};
#if LUA_VERSION_NUM > 501
const par_direct *const par_direct_walks[] = {&walk_puc, &par_direct_old, NULL};
#else
const par_direct *const par_direct_walks[] = {&walk_puc, NULL};
#endif
#elif !PAR_LUAJIT
#include "codec/direct/direct.h"

const par_direct *const par_direct_walks[] = {NULL};
#endif
