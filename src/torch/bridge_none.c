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
