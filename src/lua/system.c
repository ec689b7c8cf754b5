/* Small things of the system: clock, cores, ids, a line on standard output. */
#include <dlfcn.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/message.h"
#include "link/share.h"
#include "lua/blocks.h"
#include "lua/parts.h"
#include "os/os.h"

/* core.clock() -> monotonic seconds */
static int system_clock(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)par_os_now_ns() * 1e-9);
    return 1;
}

/* core.wall_clock() -> seconds since 1970 */
static int system_wall_clock(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)par_os_wall_ns() * 1e-9);
    return 1;
}

/* core.sleep(seconds) */
static int system_sleep(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 1, "seconds from 0 on expected");
    par_os_sleep_ns((int64_t)(seconds * 1e9));
    return 0;
}

/* core.cores() -> usable cores */
static int system_cores(lua_State *L)
{
    lua_pushinteger(L, par_os_cores());
    return 1;
}

/* core.pid() */
static int system_pid(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)par_os_pid());
    return 1;
}

/* core.program_path() -> path of the running program, or nil */
static int system_program_path(lua_State *L)
{
    char path[PATH_MAX];
    size_t len = par_os_program_path(path, sizeof path);
    if (len == 0) return 0;
    lua_pushlstring(L, path, len);
    return 1;
}

/* core.module_path() -> path of this very library, for children to load */
static int system_module_path(lua_State *L)
{
    Dl_info info;
    if (!dladdr((void *)par_lua_open_system, &info) || !info.dli_fname) return 0;
    char *path = par_os_real_path(info.dli_fname);
    lua_pushstring(L, path ? path : info.dli_fname);
    free(path);
    return 1;
}

/* core.real_path(path) -> absolute path, or nil when there is no such file */
static int system_real_path(lua_State *L)
{
    char *path = par_os_real_path(luaL_checkstring(L, 1));
    if (!path) return 0;
    lua_pushstring(L, path);
    free(path);
    return 1;
}

/* core.write_line(text): text and a newline on standard output as one write, so that lines of processes never mix. */
static int system_write_line(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_settop(L, 1);
    char *line = lua_newuserdata(L, len + 1);
    memcpy(line, text, len);
    line[len] = '\n';
    fflush(stdout); /* what the program wrote before comes first */
    par_os_write_all(1, line, len + 1);
    return 0;
}

/* core.line_buffer_output(): standard output in lines, whatever it is connected to */
static int system_line_buffer(lua_State *L)
{
    (void)L;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    return 0;
}

/* core.hostname() -> name of this machine, or nil */
static int system_hostname(lua_State *L)
{
    char name[256];
    size_t len = par_os_hostname(name, sizeof name);
    if (len == 0) return 0;
    lua_pushlstring(L, name, len);
    return 1;
}

/* core.address_to(host) -> the address of ours from which that host is reached; nil: it is not */
static int system_address_to(lua_State *L)
{
    par_error err;
    char ip[64];
    if (par_os_address_to(luaL_checkstring(L, 1), ip, sizeof ip, &err) != PAR_OK) return 0;
    lua_pushstring(L, ip);
    return 1;
}

static void push_address(lua_State *L, const par_os_address *address)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, address->interface);
    lua_setfield(L, -2, "interface");
    lua_pushstring(L, address->ip);
    lua_setfield(L, -2, "ip");
    lua_pushinteger(L, address->family);
    lua_setfield(L, -2, "family");
    lua_pushboolean(L, address->loopback);
    lua_setfield(L, -2, "loopback");
}

/* core.addresses() -> list of {interface=, ip=, family=4|6, loopback=} of this machine */
static int system_addresses(lua_State *L)
{
    par_error err;
    par_os_address *list = lua_newuserdata(L, PAR_OS_ADDRESSES_MAX * sizeof *list);
    int n = par_os_addresses(list, PAR_OS_ADDRESSES_MAX, &err);
    if (n < 0) return luaL_error(L, "parallel: %s", err.text);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_address(L, &list[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int checked(lua_State *L, int rc, const par_error *err) { return rc == PAR_OK ? 0 : luaL_error(L, "parallel: %s", err->text); }

/* core.set_nice(n), core.set_affinity{core, ...} (numbers from 0 on), core.limit_memory(bytes): for this process */
static int system_set_nice(lua_State *L)
{
    par_error err;
    return checked(L, par_os_set_nice((int)luaL_checkinteger(L, 1), &err), &err);
}

static int system_set_affinity(lua_State *L)
{
    par_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    int n = (int)lua_rawlen(L, 1);
    int *cores = lua_newuserdata(L, ((size_t)n + 1) * sizeof *cores);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        cores[i] = (int)luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    return checked(L, par_os_set_affinity(cores, n, &err), &err);
}

static int system_limit_memory(lua_State *L)
{
    par_error err;
    return checked(L, par_os_limit_memory((uint64_t)luaL_checknumber(L, 1), &err), &err);
}

/* core.exit_now(status): ends the process without running any handler. */
static int system_exit_now(lua_State *L)
{
    fflush(NULL);
    _Exit((int)luaL_optinteger(L, 1, 0));
    return 0;
}

/* core.set_variable(name, value or false), core.set_directory(path): of this process */
static int set_variable(lua_State *L)
{
    par_error err;
    const char *value = lua_isboolean(L, 2) ? NULL : luaL_checkstring(L, 2);
    return checked(L, par_os_set_variable(luaL_checkstring(L, 1), value, &err), &err);
}

static int set_directory(lua_State *L)
{
    par_error err;
    return checked(L, par_os_set_directory(luaL_checkstring(L, 1), &err), &err);
}

/* core.is_terminal(fd) */
static int is_terminal(lua_State *L)
{
    lua_pushboolean(L, par_os_is_terminal((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* core.terminal_columns(fd) -> the width of a terminal, 0: it has none */
static int terminal_columns(lua_State *L)
{
    lua_pushinteger(L, par_os_terminal_columns((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* core.terminal_key(fd, seconds) -> the next key of a terminal as a character, nil: none in time | nil, true: it can give none */
static int terminal_key(lua_State *L)
{
    double seconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "seconds from 0 on expected");
    int key = par_os_terminal_key((int)luaL_checkinteger(L, 1), (int64_t)(seconds * 1e9));
    if (key >= 0) lua_pushfstring(L, "%c", key);
    else lua_pushnil(L);
    lua_pushboolean(L, key == PAR_E_UNSUPPORTED || key == PAR_E_CLOSED);
    return 2;
}

/* core.terminal_lines(fd): it gives lines again, and not keys */
static int terminal_lines(lua_State *L)
{
    par_os_terminal_give_lines((int)luaL_checkinteger(L, 1));
    return 0;
}

/* core.trim(): gives the memory back that is kept for large messages to come, and for large blocks of Lua. */
static int trim(lua_State *L)
{
    par_lua_blocks_trim(L);
    par_share_trim();
    return 0;
}

void par_lua_open_system(lua_State *L)
{
    static const luaL_Reg functions[] = {{"clock", system_clock},
                                         {"wall_clock", system_wall_clock},
                                         {"hostname", system_hostname},
                                         {"addresses", system_addresses},
                                         {"address_to", system_address_to},
                                         {"sleep", system_sleep},
                                         {"cores", system_cores},
                                         {"pid", system_pid},
                                         {"program_path", system_program_path},
                                         {"module_path", system_module_path},
                                         {"real_path", system_real_path},
                                         {"write_line", system_write_line},
                                         {"line_buffer_output", system_line_buffer},
                                         {"set_nice", system_set_nice},
                                         {"set_affinity", system_set_affinity},
                                         {"limit_memory", system_limit_memory},
                                         {"exit_now", system_exit_now},
                                         {"set_variable", set_variable},
                                         {"set_directory", set_directory},
                                         {"is_terminal", is_terminal},
                                         {"terminal_columns", terminal_columns},
                                         {"terminal_key", terminal_key},
                                         {"terminal_lines", terminal_lines},
                                         {"trim", trim},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_pushnumber(L, (lua_Number)PAR_RING_DEFAULT_BYTES);
    lua_setfield(L, -2, "RING_DEFAULT_BYTES");
    lua_pushnumber(L, (lua_Number)PAR_RING_MIN_BYTES);
    lua_setfield(L, -2, "RING_MIN_BYTES");
    lua_pushnumber(L, (lua_Number)PAR_RING_MAX_BYTES);
    lua_setfield(L, -2, "RING_MAX_BYTES");
}
