/* Children on other machines, for Lua: the bridge as the user's process has it, and the main functions of bridge and agent. */
#include "lua/cluster.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/agent.h"
#include "cluster/bridge.h"
#include "codec/codec.h"
#include "codec/compat.h"
#include "link/protocol.h"
#include "lua/child/strings.h"
#include "lua/error.h"
#include "lua/parts.h"
#include "lua/waiting.h"
#include "trace/trace.h"

typedef struct par_lua_bridge {
    par_client client;
    par_lua_waiting *waiting;
} par_lua_bridge;

static const char metatable_key;

static int bridge_gc(lua_State *L)
{
    par_lua_bridge *self = lua_touserdata(L, 1);
    self->client.interrupted = NULL;
    par_client_close(&self->client);
    return 0;
}

static bool bridge_interrupted(void *host) { return par_lua_interrupted(((par_lua_bridge *)host)->waiting); }

par_client *par_lua_bridge_to(lua_State *L, int idx)
{
    par_lua_bridge *self = lua_touserdata(L, idx);
    if (!self || !lua_getmetatable(L, idx)) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!same) return NULL;
    self->waiting->L = L;
    return &self->client;
}

static par_client *check_bridge(lua_State *L)
{
    par_client *client = par_lua_bridge_to(L, 1);
    if (!client) luaL_argerror(L, 1, "bridge expected");
    return client;
}

static uint32_t check_host(lua_State *L)
{
    lua_Integer host = luaL_checkinteger(L, 2);
    luaL_argcheck(L, host >= 1 && host < (lua_Integer)PAR_HOSTS_MAX, 2, "number of a host expected");
    return (uint32_t)host;
}

/* core.bridge_open(program, args) -> bridge */
static int bridge_open(lua_State *L)
{
    par_error err;
    par_os_spawn_options spawn = {.program = luaL_checkstring(L, 1)};
    par_lua_bridge *self = lua_newuserdata(L, sizeof *self);
    *self = (par_lua_bridge){.client = {.socket = -1}, .waiting = par_lua_waiting_of(L)};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    spawn.argv = par_lua_push_vector(L, 2, spawn.program);
    if (par_client_open(&self->client, &spawn, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    self->client.interrupted = bridge_interrupted;
    self->client.host = self;
    lua_pop(L, 1);
    return 1;
}

/* core.bridge_close(bridge): ends it, all agents and their children */
static int bridge_close(lua_State *L)
{
    par_client_close(check_bridge(L));
    return 0;
}

/* core.bridge_launch(bridge, host, name, argv, timeout [, address, first port, last port, encrypt]): has the agent of host number `host`
 * started; does not wait. address: of ours, to which the agent connects */
static int bridge_launch(lua_State *L)
{
    par_error err;
    par_client *client = check_bridge(L);
    uint32_t host = check_host(L);
    lua_settop(L, 9);
    par_launch launch = {.name = luaL_checkstring(L, 3), .timeout_ms = (uint32_t)(luaL_checknumber(L, 5) * 1000)};
    launch.address = luaL_optstring(L, 6, "");
    launch.first = (uint32_t)luaL_optinteger(L, 7, 0);
    launch.last = (uint32_t)luaL_optinteger(L, 8, 0);
    launch.plain = lua_isboolean(L, 9) && !lua_toboolean(L, 9);
    launch.argv = (const char *const *)par_lua_push_vector(L, 4, NULL);
    if (par_client_launch(client, host, &launch, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    return 0;
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, uint32_t number)
{
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, name);
}

/* core.bridge_await(bridge, host, seconds) -> {fingerprint=, host=, cores=, pid=, same_kind=}: waits until the host is up; nil and why it
 * is down; nil alone when the time is up. */
static int bridge_await(lua_State *L)
{
    par_error err;
    par_frame_hello hello;
    par_client *client = check_bridge(L);
    uint32_t host = check_host(L);
    double seconds = luaL_checknumber(L, 3);
    int rc = par_client_await(client, host, seconds > 0 ? par_os_now_ns() + (int64_t)(seconds * 1e9) : 0, &err);
    if (rc == PAR_E_INTERRUPTED || rc == PAR_E_NOMEM) return par_lua_throw_status(L, 0, &err);
    lua_settop(L, 0);
    if (rc == PAR_OK) rc = par_client_hello(client, host, &hello, &err);
    if (rc != PAR_OK) {
        lua_pushnil(L);
        if (rc == PAR_E_TIMEOUT) return 1;
        bool known = client->socket >= 0 && host < client->n_hosts && client->hosts[host].state == PAR_HOST_DOWN;
        lua_pushstring(L, known ? (const char *)client->hosts[host].said.data : err.text);
        return 2;
    }
    lua_createtable(L, 0, 5);
    set_text(L, "fingerprint", hello.fingerprint);
    set_text(L, "host", hello.host);
    set_number(L, "cores", hello.cores);
    set_number(L, "pid", hello.pid);
    lua_pushboolean(L, par_codec_flags_for(L, hello.fingerprint) == 0);
    lua_setfield(L, -2, "same_kind");
    return 1;
}

/* core.bridge_state(bridge, host) -> 'none', 'launching', 'up' or 'down' */
static int bridge_state(lua_State *L)
{
    static const char *const names[] = {"none", "launching", "up", "down"};
    lua_pushstring(L, names[par_client_state(check_bridge(L), check_host(L))]);
    return 1;
}

/* core.bridge_drop(bridge, host): ends the agent of this host */
static int bridge_drop(lua_State *L)
{
    par_error err;
    if (par_client_drop(check_bridge(L), check_host(L), &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    return 0;
}

/* core.bridge_paths(bridge, host, path, cpath): modules there may be sent to children on this host */
static int bridge_paths(lua_State *L)
{
    par_error err;
    const char *path = luaL_checkstring(L, 3), *cpath = luaL_checkstring(L, 4);
    if (par_client_set_paths(check_bridge(L), check_host(L), path, cpath, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    return 0;
}

/* --- a child --- */
int par_lua_place(void *context, int child_socket, const int output[2], par_error *err)
{
    par_lua_placing *placing = context;
    return par_client_start(placing->client, placing->host, placing->id, &placing->start, placing->env, child_socket, output, err);
}

/* The table of changes at idx ({NAME='value', OTHER=false}) as "NAME=value" and "NAME" in a vector inside a userdata; both it and the
 * texts' anchor stay on the stack. */
static const char *const *push_changes(lua_State *L, int idx)
{
    size_t n = 0, at = 0;
    if (lua_isnil(L, idx)) return NULL;
    luaL_checktype(L, idx, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) n++;
    const char **vector = lua_newuserdata(L, (n + 1) * sizeof *vector);
    lua_createtable(L, (int)n, 0);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        bool unset = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        if (lua_type(L, -2) != LUA_TSTRING || strchr(lua_tostring(L, -2), '=') || (!unset && !lua_isstring(L, -1)))
            luaL_error(L, "parallel: option 'env' takes names with strings as values, or false to remove a name");
        lua_pushvalue(L, -1);
        if (unset) lua_pushstring(L, lua_tostring(L, -3));
        else lua_pushfstring(L, "%s=%s", lua_tostring(L, -3), lua_tostring(L, -1));
        vector[at] = lua_tostring(L, -1);
        lua_rawseti(L, -5, (int)++at);
        lua_pop(L, 1);
    }
    vector[at] = NULL;
    return vector;
}

void par_lua_placing_init(lua_State *L, par_lua_placing *placing, int idx, const par_start_options *options)
{
    char *own = lua_newuserdata(L, sizeof((par_link *)0)->fingerprint);
    par_codec_fingerprint(L, own, sizeof((par_link *)0)->fingerprint);
    *placing = (par_lua_placing){.id = options->id};
    placing->start = (par_frame_start){.ring_bytes = options->ring_bytes, .fingerprint = own};
    if (options->output && strcmp(options->output, "null") == 0) placing->start.flags |= PAR_START_NO_OUTPUT;
    if (par_trace_is_on()) placing->start.flags |= PAR_START_TRACE;
    lua_getfield(L, idx, "bridge");
    placing->client = par_lua_bridge_to(L, -1);
    lua_getfield(L, idx, "host");
    placing->host = (uint32_t)lua_tointeger(L, -1);
    lua_getfield(L, idx, "program");
    placing->start.program = luaL_optstring(L, -1, "");
    lua_getfield(L, idx, "cwd");
    placing->start.cwd = luaL_optstring(L, -1, "");
    lua_getfield(L, idx, "env");
    placing->env = push_changes(L, lua_gettop(L));
}

/* --- the other processes --- */

/* core.bridge_serve(fd): the bridge's main; returns when the user's process is gone */
static int bridge_serve(lua_State *L)
{
    par_error err;
    if (par_bridge_serve((int)luaL_checkinteger(L, 1), &err) != PAR_OK) return luaL_error(L, "parallel: bridge: %s", err.text);
    return 0;
}

/* core.agent_serve(program, child_path, core_path): the agent's main; returns when its connection has ended */
static int agent_serve(lua_State *L)
{
    par_error err;
    char own[sizeof((par_link *)0)->fingerprint];
    par_codec_fingerprint(L, own, sizeof own);
    par_agent_options options = {
        .program = luaL_checkstring(L, 1), .child_path = luaL_checkstring(L, 2), .core_path = luaL_checkstring(L, 3), .fingerprint = own};
    if (par_agent_serve(&options, &err) != PAR_OK) return luaL_error(L, "parallel: agent: %s", err.text);
    return 0;
}

void par_lua_open_cluster(lua_State *L)
{
    static const luaL_Reg functions[] = {{"bridge_open", bridge_open},     {"bridge_close", bridge_close},
                                         {"bridge_launch", bridge_launch}, {"bridge_await", bridge_await},
                                         {"bridge_state", bridge_state},   {"bridge_drop", bridge_drop},
                                         {"bridge_paths", bridge_paths},   {"bridge_serve", bridge_serve},
                                         {"agent_serve", agent_serve},     {NULL, NULL}};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, bridge_gc);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
    luaL_setfuncs(L, functions, 0);
}
