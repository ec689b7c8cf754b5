/* Objects of a real Torch7, where a program has loaded one: its tensors are sent as ours, and what arrives becomes its.
 *
 * Torch is recognised by what it leaves in the registry: a metatable under "torch.DoubleTensor", and that name under
 * the metatable. */
#ifndef PAR_TORCH_BRIDGE_H
#define PAR_TORCH_BRIDGE_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "tensor/shape.h"

/* Is a real Torch loaded in this state? */
bool par_torch_is_loaded(lua_State *L);

/* Sees a Torch tensor or storage as one of ours, on the same elements: sets one of the two, with a reference for the
 * caller. identity is Torch's own object, one for all userdata that stand for it, as long as one of these lives. false: no
 * such object, or no memory. */
bool par_torch_to_tensor(lua_State *L, int idx, const void **identity, par_tensor **tensor, par_storage **storage);

/* A storage that the function above made, after code has run that may have resized Torch's: shows what is there now. Does
 * nothing to any other. */
void par_torch_renew(par_storage *storage);

/* Moves the elements of the Torch tensor's or storage's storage into memory that `make` gives, where its tensors find them; it can no
 * longer be resized. Views of the old memory that are storages of their own are left behind, as after a resize. *rc: PAR_OK,
 * PAR_E_INVALID (it is such a view itself), or what `make` says. false: no such object. */
bool par_torch_share(lua_State *L, int idx, par_segment_maker *make, int *rc, par_error *err);
bool par_torch_is_shared(lua_State *L, int idx, bool *shared);
/* What a torch.Timer of Torch's had counted when it was stopped last: real, user and system time; and whether it is running. Becomes
 * what `set` says, unless that is NULL. false: no such object. */
typedef struct par_torch_times {
    bool running;
    double seconds[3];
} par_torch_times;
bool par_torch_timer(lua_State *L, int idx, par_torch_times *now, const par_torch_times *set);
/* Gives the methods to the classes of Torch's tensors and storages. */
void par_torch_add_methods(lua_State *L, const luaL_Reg *methods);

/* Push Torch's own object on our elements. They take over one reference, also when they return false: Torch's functions
 * were not found, or there is no memory; nothing was pushed then. */
bool par_torch_push_tensor(lua_State *L, par_tensor *tensor);
bool par_torch_push_storage(lua_State *L, par_storage *storage);

#endif
