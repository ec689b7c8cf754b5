/* What is found of Torch7 in this process: its functions, where its own library is, and which userdata are its objects. */
#ifndef PAR_TORCH_FIND_H
#define PAR_TORCH_FIND_H

#include <lua.h>
#include <stdbool.h>

#include "tensor/tensor.h"
#include "torch/th.h"

/* Looks for the functions of a type, once. false: they are not there. */
bool par_torch_find(lua_State *L, par_type type);
/* Those of a type that was found; else its members are NULL. */
const th_functions *par_torch_functions(par_type type);
/* Is that a tensor or storage of Torch's, and of which type? */
bool par_torch_kind(lua_State *L, int idx, par_type *type, bool *is_tensor);

#endif
