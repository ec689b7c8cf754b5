/* The timeline for Lua (trace/trace.h). */
#include <lauxlib.h>

#include "codec/compat.h"
#include "lua/parts.h"
#include "trace/trace.h"

typedef struct task { /* the one that a Lua state runs */
    int64_t began_ns;
    double number;
} task;

/* core.trace(path): from now on this process and the children it starts are traced to a new file; nil: no longer. */
static int trace_start(lua_State *L)
{
    par_error err;
    const char *path = luaL_optstring(L, 1, NULL);
    if (par_trace_to_file(path, &err) != PAR_OK) return luaL_error(L, "parallel.trace: %s", err.text);
    return 0;
}

/* core.trace_on() */
static int trace_on(lua_State *L)
{
    lua_pushboolean(L, par_trace_is_on());
    return 1;
}

/* core.trace_name(name): what this process is called in the picture */
static int trace_name(lua_State *L)
{
    par_trace_name(luaL_checkstring(L, 1));
    return 0;
}

/* core.trace_task(number): a task begins */
static int trace_task(lua_State *L)
{
    task *running = lua_touserdata(L, lua_upvalueindex(1));
    running->number = luaL_checknumber(L, 1);
    running->began_ns = par_os_now_ns();
    return 0;
}

/* core.trace_task_end(failed): and ends */
static int trace_task_end(lua_State *L)
{
    task *ended = lua_touserdata(L, lua_upvalueindex(1));
    if (par_trace_is_on() && ended->began_ns) par_trace_record_task(ended->number, ended->began_ns, lua_toboolean(L, 1));
    ended->began_ns = 0;
    return 0;
}

void par_lua_open_trace(lua_State *L)
{
    static const luaL_Reg functions[] = {{"trace", trace_start}, {"trace_on", trace_on}, {"trace_name", trace_name}, {NULL, NULL}};
    static const luaL_Reg tasks[] = {{"trace_task", trace_task}, {"trace_task_end", trace_task_end}, {NULL, NULL}};
    par_error err;
    luaL_setfuncs(L, functions, 0);
    task *none = lua_newuserdata(L, sizeof *none);
    *none = (task){0};
    luaL_setfuncs(L, tasks, 1);
    if (par_trace_open(&err) != PAR_OK) luaL_error(L, "parallel.trace: %s", err.text);
}
