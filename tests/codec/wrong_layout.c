/* The direct walk for the layout of another Lua than the one that this is compiled for: PAR_WRONG_LAYOUT is its LUA_VERSION_NUM, or 0 for
 * LuaJIT. It stands for every Lua that was patched or built with options nobody thought of. */
#include "codec/compat.h"
#include "codec/direct/direct.h"

#undef LUA_VERSION_NUM /* the layouts ask for it; what they include of the library has been included above */
#define LUA_VERSION_NUM PAR_WRONG_LAYOUT

#if PAR_WRONG_LAYOUT == 0
#define RAW_GC64 1
#include "codec/direct/luajit.h"
#elif PAR_WRONG_LAYOUT == 501
#include "codec/direct/lua51.h"
#elif PAR_WRONG_LAYOUT == 502
#include "codec/direct/lua52.h"
#elif PAR_WRONG_LAYOUT == 503
#include "codec/direct/lua53.h"
#elif PAR_WRONG_LAYOUT == 504
#include "codec/direct/lua54.h"
#else
#include "codec/direct/lua55.h"
#endif

#include "codec/direct/walk.h"

#define NAME_OF(number) par_wrong_layout_##number
#define NAME(number) NAME_OF(number)
extern const par_direct NAME(PAR_WRONG_LAYOUT);
const par_direct NAME(PAR_WRONG_LAYOUT) = {
    .layout = "another Lua's", .suits = suits, .walk = walk, .put_small = put_small, .fill = fill, .compare = compare};
