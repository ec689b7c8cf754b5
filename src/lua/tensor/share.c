/* Storages in memory that other processes see. */
#include "link/share.h"
#include "lua/tensor/box.h"
#include "lua/tensor/parts.h"
#include "torch/bridge.h"

static par_storage *storage_at_1(lua_State *L)
{
    par_storage *of = par_lua_to_storage(L, 1);
    return of ? of : par_lua_check_any_tensor(L, 1)->storage;
}

int par_lua_share(lua_State *L)
{
    int rc;
    par_error err;
    if (!par_torch_share(L, 1, par_share_blob_new, &rc, &err)) {
        par_storage *of = storage_at_1(L);
        rc = of ? par_storage_share(of, par_share_blob_new, &err) : PAR_OK;
    }
    par_lua_check_status(L, rc, &err);
    lua_settop(L, 1);
    return 1;
}

int par_lua_is_shared(lua_State *L)
{
    bool shared;
    if (!par_torch_is_shared(L, 1, &shared)) {
        const par_storage *of = storage_at_1(L);
        shared = of && of->shared;
    }
    lua_pushboolean(L, shared);
    return 1;
}

/* The address of the first element, which LuaJIT's FFI can use: t:data() is made of it in Lua. */
int par_lua_address(lua_State *L)
{
    par_storage *of = par_lua_to_storage(L, 1);
    lua_pushlightuserdata(L, of ? of->data : par_tensor_data(par_lua_check_tensor(L, 1)));
    return 1;
}
