/* Waiting for any of many children, and descriptors for event loops. */
#include "link/select.h"

#include <stdlib.h>

#include "codec/compat.h"
#include "link/message.h"
#include "link/share.h"
#include "lua/child/arguments.h"
#include "lua/child/ends.h"
#include "lua/child/parts.h"
#include "lua/error.h"
#include "view/view.h"

/* --- a selector as a userdata, so that an error cannot leak it --- */

typedef struct par_lua_selector {
    par_link_selector *selector;
    par_lua_waiting *waiting;
} par_lua_selector;

static const char selector_metatable_key;

static int selector_gc(lua_State *L)
{
    par_lua_selector *self = lua_touserdata(L, 1);
    par_link_selector_close(self->selector);
    self->selector = NULL;
    return 0;
}

static bool selector_interrupted(void *host)
{
    par_view_wait(PAR_VIEW_ANY, 0);
    return par_lua_interrupted(((par_lua_selector *)host)->waiting);
}

/* core.selector() -> an empty selector */
static int selector_new(lua_State *L)
{
    par_error err;
    par_lua_selector *self = lua_newuserdata(L, sizeof *self);
    *self = (par_lua_selector){.waiting = par_lua_waiting_of(L)};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &selector_metatable_key);
    lua_setmetatable(L, -2);
    if (par_link_selector_open(&self->selector, selector_interrupted, self, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    return 1;
}

static par_lua_selector *check_selector(lua_State *L, int idx)
{
    par_lua_selector *self = lua_touserdata(L, idx);
    if (!self || !lua_getmetatable(L, idx)) luaL_argerror(L, idx, "selector expected");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &selector_metatable_key);
    if (!lua_rawequal(L, -1, -2)) luaL_argerror(L, idx, "selector expected");
    lua_pop(L, 2);
    return self;
}

/* selector:add(child): reports this child from now on, by its id. A child that closes leaves by itself. */
static int selector_add(lua_State *L)
{
    par_error err;
    par_lua_selector *self = check_selector(L, 1);
    par_lua_link *child = par_lua_link_check(L, 2);
    int rc = par_link_selector_add(self->selector, child->link, &err);
    if (rc == PAR_E_CLOSED) return luaL_error(L, "parallel: child %d has ended", (int)child->id);
    return rc == PAR_OK ? 0 : par_lua_throw_status(L, child->id, &err);
}

/* selector:remove(child) */
static int selector_remove(lua_State *L)
{
    par_lua_selector *self = check_selector(L, 1);
    par_lua_link *child = par_lua_link_to(L, 2);
    if (child && child->link) par_link_selector_remove(self->selector, child->link);
    return 0;
}

/* selector:count() -> how many children are in it */
static int selector_count(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)par_link_selector_count(check_selector(L, 1)->selector));
    return 1;
}

/* selector:wait([timeout]) -> id of a child that has a message or has ended; nil when the time is up; nil, true when there is nobody
 * to wait for */
static int selector_wait(lua_State *L)
{
    par_error err;
    par_link *link;
    par_lua_selector *self = check_selector(L, 1);
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    lua_State *outer = self->waiting->L;
    self->waiting->L = L;
    int rc = par_link_selector_wait(self->selector, &link, deadline_ns, &err);
    self->waiting->L = outer;
    switch (rc) {
    case PAR_OK: lua_pushinteger(L, (lua_Integer)link->id); return 1;
    case PAR_E_TIMEOUT: return 0;
    case PAR_E_CLOSED:
        lua_pushnil(L);
        lua_pushboolean(L, 1);
        return 2;
    default: return par_lua_throw_status(L, 0, &err);
    }
}

/* selector:fd() -> a descriptor that is readable when wait may find something */
static int selector_fd(lua_State *L)
{
    par_error err;
    int fd;
    par_lua_selector *self = check_selector(L, 1);
    if (par_link_selector_fd(self->selector, &fd, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    lua_pushinteger(L, fd);
    return 1;
}

/* --- one child --- */

/* child:fd() -> a descriptor that is readable when something can be received */
static int link_fd(lua_State *L)
{
    par_error err;
    int fd;
    par_lua_link *self = par_lua_link_check(L, 1);
    int rc = par_link_fd(self->link, &fd, &err);
    if (rc == PAR_E_CLOSED) return luaL_error(L, "parallel: child %d has ended: it has no descriptor", (int)self->id);
    if (rc != PAR_OK) return par_lua_throw_status(L, self->id, &err);
    lua_pushinteger(L, fd);
    return 1;
}

/* core.child.news(child) -> would select report this child? */
static int link_news(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_use use = par_lua_enter(L, self);
    bool news = par_link_is_news(self->link);
    if (!par_lua_leave(self, use)) return par_lua_throw_closed(L, self);
    lua_pushboolean(L, news);
    return 1;
}

void par_lua_open_select(lua_State *L)
{
    static const luaL_Reg selector_methods[] = {{"add", selector_add},   {"remove", selector_remove}, {"count", selector_count},
                                                {"wait", selector_wait}, {"fd", selector_fd},         {NULL, NULL}};
    static const luaL_Reg functions[] = {{"selector", selector_new}, {"news", link_news}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"fd", link_fd}, {NULL, NULL}};
    lua_createtable(L, 0, 2);
    luaL_newlib(L, selector_methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, selector_gc);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &selector_metatable_key);
    luaL_setfuncs(L, functions, 0);
    par_lua_child_methods(L, methods);
}
