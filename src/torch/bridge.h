/* Objects of a real Torch7, where a program has loaded one: its tensors are sent as ours, and what arrives becomes its.
 *
 * Torch is recognised by what it leaves in the registry: a metatable under "torch.DoubleTensor", and that name under
 * the metatable. */
#ifndef PAR_TORCH_BRIDGE_H
#define PAR_TORCH_BRIDGE_H

#include <lua.h>
#include <stdbool.h>

#include "tensor/tensor.h"

/* Is a real Torch loaded in this state? */
bool par_torch_is_loaded(lua_State *L);

/* Sees a Torch tensor or storage as one of ours, on the same elements: sets one of the two, with a reference for the
 * caller. identity is Torch's own object, one for all userdata that stand for it, as long as one of these lives. false: no
 * such object, or no memory. */
bool par_torch_to_tensor(lua_State *L, int idx, const void **identity, par_tensor **tensor, par_storage **storage);

/* A storage that the function above made, after code has run that may have resized Torch's: shows what is there now. Does
 * nothing to any other. */
void par_torch_renew(par_storage *storage);

/* Push Torch's own object on our elements. They take over one reference, also when they return false: Torch's functions
 * were not found, or there is no memory; nothing was pushed then. */
bool par_torch_push_tensor(lua_State *L, par_tensor *tensor);
bool par_torch_push_storage(lua_State *L, par_storage *storage);

#endif
