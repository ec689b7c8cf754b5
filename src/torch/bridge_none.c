/* Where Torch's sizes, which are longs, have 32 bits there is no bridge to it. */
#include "torch/bridge.h"

bool par_torch_is_loaded(lua_State *L)
{
    (void)L;
    return false;
}

bool par_torch_to_tensor(lua_State *L, int idx, const void **identity, par_tensor **tensor, par_storage **storage)
{
    (void)L, (void)idx, (void)identity, (void)tensor, (void)storage;
    return false;
}

void par_torch_renew(par_storage *storage) { (void)storage; }

bool par_torch_push_tensor(lua_State *L, par_tensor *tensor)
{
    (void)L;
    par_tensor_release(tensor);
    return false;
}

bool par_torch_push_storage(lua_State *L, par_storage *storage)
{
    (void)L;
    par_storage_release(storage);
    return false;
}

bool par_torch_share(lua_State *L, int idx, par_segment_maker *make, int *rc, par_error *err)
{
    (void)L, (void)idx, (void)make, (void)rc, (void)err;
    return false;
}

bool par_torch_is_shared(lua_State *L, int idx, bool *shared)
{
    (void)L, (void)idx, (void)shared;
    return false;
}

bool par_torch_timer(lua_State *L, int idx, par_torch_times *now, const par_torch_times *set)
{
    (void)L, (void)idx, (void)now, (void)set;
    return false;
}

void par_torch_add_methods(lua_State *L, const luaL_Reg *methods) { (void)L, (void)methods; }
