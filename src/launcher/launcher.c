/* parallel-lua5.4 and its kin: the least interpreter that children need, for machines where Lua is only a library inside of other
 * programs. Runs a script with its arguments, or the text behind -e. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int add_traceback(lua_State *L)
{
    if (!lua_isstring(L, 1)) { /* an error object says itself what happened, as those of this library do */
        luaL_callmeta(L, 1, "__tostring");
        return 1;
    }
    lua_getglobal(L, "debug");
    lua_getfield(L, -1, "traceback");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

/* The table `arg` as every interpreter makes it: the script at 0, what comes before it below. */
static void set_arg(lua_State *L, int argc, char **argv, int script)
{
    lua_createtable(L, argc, 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

/* main(argc, argv) -> status, in Lua's protection */
static int run(lua_State *L)
{
    int argc = (int)lua_tointeger(L, 1), script = 1;
    char **argv = lua_touserdata(L, 2);
    bool text = argc > 2 && strcmp(argv[1], "-e") == 0;
    if (text) script = 2;
    luaL_openlibs(L);
    set_arg(L, argc, argv, script);
    lua_pushcfunction(L, add_traceback);
    int rc = text ? luaL_loadbuffer(L, argv[2], strlen(argv[2]), "=(command line)") : luaL_loadfile(L, argv[1]);
    if (rc == 0) {
        luaL_checkstack(L, argc, "too many arguments");
        for (int i = script + 1; i < argc; i++) lua_pushstring(L, argv[i]);
        rc = lua_pcall(L, argc - script - 1, 0, lua_gettop(L) - (argc - script - 1) - 1);
    }
    if (rc == 0) return 0;
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "%s: %s\n", argv[0], message ? message : "an error that is no text");
    lua_pushinteger(L, 1);
    return 1;
}

static int usage(const char *name)
{
    fprintf(stderr, "usage: %s script [arguments]    or    %s -e text [arguments]\n", name, name);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "-e") != 0)) return usage(argc ? argv[0] : "parallel-lua");
    lua_State *L = luaL_newstate();
    if (!L) {
        fprintf(stderr, "%s: not enough memory\n", argv[0]);
        return 1;
    }
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int rc = lua_pcall(L, 2, 1, 0), status = 1;
    if (rc == 0) status = (int)lua_tointeger(L, -1);
    else fprintf(stderr, "%s: %s\n", argv[0], lua_tostring(L, -1));
    lua_close(L);
    return status;
}
