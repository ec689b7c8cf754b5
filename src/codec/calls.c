/* Small helpers that need no codec. */
#include <stdlib.h>

#include "codec/state.h"

int par_codec_raised(lua_State *L, int top, par_error *err)
{
    if (lua_gettop(L) > top + 1) lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return par_error_set(err, PAR_E_RAISED, "a function of the user raised an error");
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
