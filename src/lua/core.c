/* parallel.core: the C half of the library, as one table of functions. Users see lua/parallel/init.lua. */
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/compat.h"
#include "lua/child/parts.h"
#include "lua/group/parts.h"
#include "lua/parts.h"
#include "lua/pool/parts.h"
#include "lua/shared/parts.h"
#include "lua/signals.h"
#include "lua/tensor/hooks.h"
#include "lua/tensor/module.h"
#include "lua/waiting.h"
#include "os/os.h"

typedef void (*part)(lua_State *L);

static const part child_parts[] = {par_lua_open_handle,  par_lua_open_send,   par_lua_open_receive, par_lua_open_join,
                                   par_lua_open_process, par_lua_open_select, par_lua_open_attach,  NULL};
/* What only who has children of its own needs. */
static const part parent_parts[] = {par_lua_open_broadcast, par_lua_open_start, par_lua_open_forkserver, NULL};
static const part group_parts[] = {par_lua_open_group_handle, par_lua_open_group_make, par_lua_open_group_take,
                                   par_lua_open_group_reduce, par_lua_open_group_move, NULL};
static const part shared_parts[] = {par_lua_open_shared_object, par_lua_open_shared_counter, par_lua_open_shared_lock,
                                    par_lua_open_shared_table, NULL};
static const part task_parts[] = {par_lua_open_tasks, par_lua_open_worker, NULL};

static const part cluster_parts[] = {par_lua_open_cluster, NULL};

static void add_parts(lua_State *L, const part *parts)
{
    for (; *parts; parts++) (*parts)(L);
}

/* A table of the module, filled by the parts of one folder. */
static void add_table(lua_State *L, const char *name, const part *parts)
{
    lua_newtable(L);
    add_parts(L, parts);
    lua_setfield(L, -2, name);
}

/* The table at the top gets a metatable with this __index. */
static void set_index(lua_State *L, lua_CFunction index)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* core.child[key] of what is not there yet: then all of it is. */
static int open_parent_parts(lua_State *L)
{
    lua_settop(L, 2);
    lua_insert(L, 1); /* key, table */
    lua_pushnil(L);
    lua_setmetatable(L, 2);
    add_parts(L, parent_parts);
    lua_pushvalue(L, 1);
    lua_rawget(L, 2);
    return 1;
}

static void open_group(lua_State *L) { add_table(L, "group", group_parts); }
static void open_shared(lua_State *L) { add_table(L, "shared", shared_parts); }
static void open_tasks(lua_State *L) { add_table(L, "tasks", task_parts); }
static void open_cluster(lua_State *L) { add_table(L, "cluster", cluster_parts); }

static void open_child(lua_State *L)
{
    lua_newtable(L);
    add_parts(L, child_parts);
    set_index(L, open_parent_parts);
    lua_setfield(L, -2, "child");
}

/* Made when somebody first asks for them: every child opens this module, and few need these. Each adds the field of its name to the module
 * table at the top. */
static const struct later {
    const char *name;
    part open;
} tables_later[] = {{"group", open_group},     {"shared", open_shared},           {"tasks", open_tasks},
                    {"cluster", open_cluster}, {"signals", par_lua_open_signals}, {"journal", par_lua_open_journal}};

/* core[name] of what is not there (yet). */
static int open_later(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *name = lua_tostring(L, 2);
    for (size_t i = 0; i < sizeof tables_later / sizeof *tables_later; i++) {
        if (strcmp(name, tables_later[i].name) != 0) continue;
        lua_pushvalue(L, 1);
        tables_later[i].open(L);
        lua_getfield(L, -1, name);
        return 1;
    }
    return 0;
}

/* A library that was compiled for another kind of Lua may load and then crash: it is refused by name. Before anything asks for the
 * registry: from 5.5 on its index is another. */
static void check_kind(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    luaL_checkversion(L);
#endif
    par_lua_push_global(L, "jit");
    bool is_jit = lua_istable(L, -1);
    par_lua_push_global(L, "_VERSION");
    const char *version = lua_tostring(L, -1);
    if (is_jit != PAR_LUAJIT || !version || strcmp(version, "Lua " PAR_LUA_VERSION) != 0)
        luaL_error(L, "parallel: this library was built for %s " PAR_LUA_VERSION ", and this is %s%s", PAR_LUAJIT ? "LuaJIT" : "Lua",
                   is_jit ? "LuaJIT with " : "", version ? version : "another");
    lua_pop(L, 2);
}

static const char module_key; /* registry: the module, which is one for a state, however often it is opened: */

/* what there is already points to what it has put into the registry. Programs empty package.loaded, those that run tests do. */
static bool push_opened(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
    if (lua_istable(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}

__attribute__((visibility("default"))) int luaopen_parallel_core(lua_State *L);

int luaopen_parallel_core(lua_State *L)
{
    check_kind(L);
    if (push_opened(L)) return 1;
    par_os_hold_standard();
    lua_newtable(L);
    lua_pushliteral(L, PARALLEL_VERSION);
    lua_setfield(L, -2, "_VERSION");
    par_lua_open_waiting(L);
    par_lua_open_blocks(L);
    par_lua_open_codec(L);
    par_codec_set_hooks(par_codec_of(L), &par_lua_tensor_hooks);
    lua_pushcfunction(L, par_lua_open_tensor);
    lua_setfield(L, -2, "tensor");
    par_lua_open_torch(L);
    par_lua_open_errors(L);
    par_lua_open_system(L);
    par_lua_open_philox(L);
    par_lua_open_limit(L);
    par_lua_open_trace(L);
    par_lua_open_view(L);
    open_child(L);
    set_index(L, open_later);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
    return 1;
}
