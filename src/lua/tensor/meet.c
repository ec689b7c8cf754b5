/* What parallel.torch.meet asks about a real Torch7. */
#include "codec/compat.h"
#include "lua/tensor/module.h"
#include "lua/tensor/parts.h"
#include "torch/bridge.h"

static int torch_is_loaded(lua_State *L)
{
    lua_pushboolean(L, par_torch_is_loaded(L));
    return 1;
}

/* torch_methods(): Torch's tensors and storages get those of ours that it has not. */
static int torch_methods(lua_State *L)
{
    static const luaL_Reg methods[] = {{"share", par_lua_share}, {"isShared", par_lua_is_shared}, {NULL, NULL}};
    par_torch_add_methods(L, methods);
    return 0;
}

/* torch_timer(timer [, running, real, user, system]) -> running: sets the seconds that it has counted */
static int torch_timer(lua_State *L)
{
    par_torch_times now, wanted = {.running = lua_toboolean(L, 2)};
    bool set = lua_gettop(L) > 1;
    for (int i = 0; set && i < 3; i++) wanted.seconds[i] = luaL_checknumber(L, 3 + i);
    if (!par_torch_timer(L, 1, &now, set ? &wanted : NULL)) return luaL_argerror(L, 1, "a torch.Timer of a real Torch expected");
    lua_pushboolean(L, now.running);
    return 1;
}

void par_lua_open_torch(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"torch_is_loaded", torch_is_loaded}, {"torch_methods", torch_methods}, {"torch_timer", torch_timer}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
