/* parallel.core: the C half of the library, as one table of functions. Users see lua/parallel/init.lua. */
#include <lauxlib.h>
#include <lua.h>

#include "codec/codec.h"
#include "codec/compat.h"
#include "lua/parts.h"
#include "lua/tensor/hooks.h"
#include "lua/tensor/module.h"

__attribute__((visibility("default"))) int luaopen_parallel_core(lua_State *L);

int luaopen_parallel_core(lua_State *L)
{
    lua_newtable(L);
    lua_pushliteral(L, PARALLEL_VERSION);
    lua_setfield(L, -2, "_VERSION");
    par_lua_open_codec(L);
    par_codec_set_hooks(par_codec_of(L), &par_lua_tensor_hooks);
    lua_pushcfunction(L, par_lua_open_tensor);
    lua_setfield(L, -2, "tensor");
    par_lua_open_errors(L);
    par_lua_open_links(L);
    par_lua_open_start(L);
    par_lua_open_forkserver(L);
    par_lua_open_join(L);
    par_lua_open_select(L);
    par_lua_open_system(L);
    par_lua_open_pool(L);
    par_lua_open_pool_seed(L);
    par_lua_open_limit(L);
    par_lua_open_trace(L);
    par_lua_open_cluster(L);
    return 1;
}
