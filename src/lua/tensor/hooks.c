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

/* What arrives may be the first tensor of this state, and the module has the metatables. False: an error is at the top. */
static bool open_module(lua_State *L)
{
    if (par_lua_tensor_is_open(L)) return true;
    lua_pushcfunction(L, par_lua_open_tensor);
    return lua_pcall(L, 0, 0, 0) == LUA_OK;
}

/* The reference is given back where nothing takes it over. */
static void push_own_tensor(lua_State *L, par_tensor *tensor)
{
    if (open_module(L)) {
        par_lua_push_tensor(L, tensor);
        return;
    }
    par_tensor_release(tensor);
    lua_error(L);
}

static void push_own_storage(lua_State *L, par_storage *storage)
{
    if (open_module(L)) {
        par_lua_push_storage(L, storage);
        return;
    }
    par_storage_release(storage);
    lua_error(L);
}

/* Where a real Torch is loaded, what arrives becomes its own; else it is ours. */
static void hook_push_tensor(lua_State *L, par_tensor *tensor)
{
    par_lua_relieve(L);
    if (!par_torch_is_loaded(L)) push_own_tensor(L, tensor);
    else if (!par_torch_push_tensor(L, tensor))
        luaL_error(L, "cannot make a torch tensor: out of memory, or a Torch without its C functions");
}

static void hook_push_storage(lua_State *L, par_storage *storage)
{
    par_lua_relieve(L);
    if (!par_torch_is_loaded(L)) push_own_storage(L, storage);
    else if (!par_torch_push_storage(L, storage))
        luaL_error(L, "cannot make a torch storage: out of memory, or a Torch without its C functions");
}

const par_codec_hooks par_lua_tensor_hooks = {hook_to_tensor, par_torch_renew, hook_push_tensor, hook_push_storage,
                                              par_lua_class_file};
