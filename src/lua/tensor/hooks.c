#include "lua/tensor/hooks.h"

#include "lua/parts.h"
#include "lua/tensor/box.h"
#include "lua/tensor/module.h"
#include "torch/bridge.h"

static bool hook_to_tensor(lua_State *L, int idx, par_codec_object *out)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    par_storage *storage = tensor ? NULL : par_lua_to_storage(L, idx);
    *out = (par_codec_object){.borrowed = !tensor && !storage};
    if (out->borrowed) return par_torch_to_tensor(L, idx, &out->identity, &out->tensor, &out->storage);
    if (tensor && !par_tensor_is_sound(tensor)) return false; /* its storage was made smaller: nothing to be sent */
    out->identity = tensor ? (const void *)tensor : storage;
    if (tensor) out->tensor = par_tensor_retain(tensor);
    else out->storage = par_storage_retain(storage);
    return true;
}

static bool hook_is_settled(lua_State *L) { return par_torch_is_loaded(L) || par_lua_tensor_is_open(L); }

/* A process has either Torch's tensors or ours: a real Torch that can be found is loaded before the first one is made. */
static int hook_settle(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "parallel.torch.real");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "load");
    lua_call(L, 0, 0);
    return par_torch_is_loaded(L) ? 0 : par_lua_open_tensor(L);
}

/* Where a real Torch is loaded, what arrives becomes its own; else it is ours. */
static void hook_push_tensor(lua_State *L, par_tensor *tensor)
{
    par_lua_relieve(L);
    if (!par_torch_is_loaded(L)) par_lua_push_tensor(L, tensor);
    else if (!par_torch_push_tensor(L, tensor))
        luaL_error(L, "cannot make a torch tensor: out of memory, or a Torch without its C functions");
}

static void hook_push_storage(lua_State *L, par_storage *storage)
{
    par_lua_relieve(L);
    if (!par_torch_is_loaded(L)) par_lua_push_storage(L, storage);
    else if (!par_torch_push_storage(L, storage))
        luaL_error(L, "cannot make a torch storage: out of memory, or a Torch without its C functions");
}

const par_codec_hooks par_lua_tensor_hooks = {.to_tensor = hook_to_tensor,
                                              .renew_storage = par_torch_renew,
                                              .is_settled = hook_is_settled,
                                              .settle = hook_settle,
                                              .push_tensor = hook_push_tensor,
                                              .push_storage = hook_push_storage,
                                              .class_file = par_lua_class_file};
