/* A C program with Lua inside: it runs a map on all cores from its own Lua state. Children need a standalone interpreter of the same
 * kind; PARALLEL_LUA names one where the usual names are not on PATH, for example parallel-lua5.4, which comes with this library.
 *
 *   cc examples/hosts/embed.c $(pkg-config --cflags --libs lua5.4) -Wl,-E -o embed && ./embed
 */
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

static const char script[] =
    "local parallel = require 'parallel'\n"
    "local squares = parallel.map(function(x) return x * x end, {1, 2, 3, 4, 5}, {workers = 2})\n"
    "return table.concat(squares, ' ')\n";

int main(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_loadbuffer(L, script, sizeof script - 1, "=script") != 0 || lua_pcall(L, 0, 1, 0) != 0) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        return 1;
    }
    printf("%s\n", lua_tostring(L, -1));
    lua_close(L); /* ends the children that are left */
    return 0;
}
