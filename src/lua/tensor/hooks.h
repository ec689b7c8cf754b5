/* What the codec asks about tensors: ours, or those of a real Torch. */
#ifndef PAR_LUA_TENSOR_HOOKS_H
#define PAR_LUA_TENSOR_HOOKS_H

#include "codec/codec.h"

extern const par_codec_hooks par_lua_tensor_hooks;

#endif
