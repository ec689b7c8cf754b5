/* A C program with Lua inside, whose loop waits for no child: it looks at the pool's descriptor among its own, and asks Lua only when
 * something came. Children need a standalone interpreter of the same kind; PARALLEL_LUA names one where the usual names are not on PATH,
 * for example parallel-lua5.4, which comes with this library.
 *
 *   cc examples/hosts/embed.c $(pkg-config --cflags --libs lua5.4) -Wl,-E -o embed && ./embed
 */
#include <lauxlib.h>
#include <lualib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>

/* Returns the descriptor, and a function that takes in what came: all squares as a text once they are there. */
static const char script[] =
    "local parallel = require 'parallel'\n"
    "local pool = parallel.pool{workers = 2}\n"
    "local squares, left = {}, 5\n"
    "for i = 1, left do\n"
    "  pool:submit(function(x) return x * x end, i):on_done(function(future)\n"
    "    squares[i], left = future:result(), left - 1\n"
    "  end)\n"
    "end\n"
    "return pool:fd(), function()\n"
    "  pool:poll()\n"
    "  return left == 0 and table.concat(squares, ' ') or nil\n"
    "end\n";

static int fail(lua_State *L)
{
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return 1;
}

int main(void)
{
    lua_State *L = luaL_newstate();
    unsigned turns = 0;
    luaL_openlibs(L);
    if (luaL_loadbuffer(L, script, sizeof script - 1, "=script") != 0 || lua_pcall(L, 0, 2, 0) != 0) return fail(L);
    struct pollfd watched = {.fd = (int)lua_tointeger(L, 1), .events = POLLIN}; /* the program's other descriptors would stand beside it */
    for (bool done = false; !done; turns++) {
        if (poll(&watched, 1, 10) <= 0) continue; /* here the program does whatever it is for */
        lua_pushvalue(L, 2);
        if (lua_pcall(L, 0, 1, 0) != 0) return fail(L);
        done = lua_isstring(L, -1);
        if (done) printf("%s, after %u turns of the loop\n", lua_tostring(L, -1), turns + 1);
        lua_pop(L, 1);
    }
    lua_close(L); /* ends the children */
    return 0;
}
