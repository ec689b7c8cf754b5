/* Calls into Lua during which the codec's state is left alone, and small helpers that need no codec. */
#include <stdlib.h>

#include "codec/state.h"

int par_codec_call(lua_State *L, par_codec *codec, int args, int results)
{
    codec->calls_out++;
    int rc = lua_pcall(L, args, results, 0);
    codec->calls_out--;
    return rc;
}

void par_codec_push_globals(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
#else
    lua_pushvalue(L, LUA_GLOBALSINDEX);
#endif
}

int par_codec_count_upvalues(lua_State *L)
{
    int n = 0;
    while (lua_getupvalue(L, -1, n + 1)) {
        lua_pop(L, 1);
        n++;
    }
    return n;
}

void *par_codec_grow(void *array, size_t *capacity, size_t want, size_t size)
{
    if (want <= *capacity) return array;
    size_t grown = *capacity * 2 > want ? *capacity * 2 : want;
    if (grown < 16) grown = 16;
    if (grown > SIZE_MAX / size) return NULL;
    void *memory = realloc(array, grown * size);
    if (memory) *capacity = grown;
    return memory;
}
