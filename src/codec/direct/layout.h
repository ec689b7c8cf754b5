/* The layout of the Lua that this is compiled for. */
#ifndef PAR_CODEC_DIRECT_LAYOUT_H
#define PAR_CODEC_DIRECT_LAYOUT_H

#include "codec/compat.h"

#if PAR_LUAJIT
#include "codec/direct/luajit.h"
#elif LUA_VERSION_NUM == 501
#include "codec/direct/lua51.h"
#elif LUA_VERSION_NUM == 502
#include "codec/direct/lua52.h"
#elif LUA_VERSION_NUM == 503
#include "codec/direct/lua53.h"
#elif LUA_VERSION_NUM == 504
#include "codec/direct/lua54.h"
#else
#include "codec/direct/lua55.h"
#endif

#endif
