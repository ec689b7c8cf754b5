#include "lua/child/handle.h"

#include <lauxlib.h>

#include "codec/compat.h"
#include "link/family.h"
#include "link/message.h"
#include "lua/child/parts.h"
#include "lua/error.h"
#include "lua/object.h"

#define LINK_MAGIC UINT64_C(0x9d1f3ba6c25e7401)

static const char methods_key;  /* registry: the methods that all children share */
static const char fallback_key; /* registry: metatable of every fields table */

/* --- making and finding --- */

static int link_gc(lua_State *L);
static int link_tostring(lua_State *L);

static const par_lua_object_kind kind = {
    .name = "parallel.child", .bytes = sizeof(par_lua_link), .fallback = &fallback_key, .gc = link_gc, .tostring = link_tostring};

/* A method, of those at the top, becomes a field of the table at `to` while it is pushed. */
static void copy_method(lua_State *L, const char *name, int to, const char *field)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_setfield(L, to, field);
}

par_lua_link *par_lua_link_new(lua_State *L, uint32_t id)
{
    luaL_checkstack(L, 6, "no room for a child");
    par_lua_link *self = par_lua_object_new(L, &kind);
    *self = (par_lua_link){.magic = LINK_MAGIC, .id = id, .decode_flags = PAR_DECODE_FUNCTIONS};
    lua_getmetatable(L, -2);
    lua_pushvalue(L, -2); /* programs set fields of their own */
    lua_setfield(L, -2, "__newindex");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key);
    copy_method(L, "close", -3, "__close"); /* the parent is made before there is one */
    copy_method(L, "send", -4, "send");     /* who calls these for each message finds them at once */
    copy_method(L, "receive", -4, "receive");
    lua_pop(L, 2);
    self->codec = par_codec_of(L);
    self->waiting = par_lua_waiting_of(L);
    self->blocks = par_lua_blocks_of(L);
    return self;
}

par_lua_link *par_lua_link_to(lua_State *L, int idx)
{
    par_lua_link *self = lua_touserdata(L, idx);
    if (self && lua_rawlen(L, idx) == sizeof *self && self->magic == LINK_MAGIC) return self;
    return NULL;
}

par_lua_link *par_lua_link_expect(lua_State *L, int idx)
{
    par_lua_link *self = par_lua_link_to(L, idx);
    if (!self) par_lua_misuse(L, "parallel: a child expected, got %s (call it as child:method(), with a colon)", luaL_typename(L, idx));
    return self;
}

par_lua_link *par_lua_link_check(lua_State *L, int idx)
{
    par_lua_link *self = par_lua_link_expect(L, idx);
    if (!self->link || self->link->closed) par_lua_throw_closed(L, self);
    return self;
}

static bool link_interrupted(void *host) { return par_lua_interrupted(((par_lua_link *)host)->waiting); }

static void link_freed(void *host) { ((par_lua_link *)host)->link = NULL; }

void par_lua_link_bind(par_lua_link *self, par_link *link)
{
    self->link = link;
    link->host = self;
    link->interrupted = link_interrupted;
    link->freed = link_freed;
}

/* --- calls on it --- */

void par_lua_link_leave_claim(lua_State *L, par_lua_link *self)
{
    if (!par_codec_leave_span(L, self->codec)) luaL_error(L, "not enough memory");
    self->claiming = NULL;
}

int par_lua_throw_closed(lua_State *L, par_lua_link *self)
{
    if (self->id == 0) return par_lua_misuse(L, "parallel: the link to the parent was closed: it can no longer be used");
    return par_lua_misuse(L, "parallel: child %d was closed: it can no longer be used", (int)self->id);
}

/* --- its end --- */

void par_lua_link_close(par_lua_link *self)
{
    if (self->link && !self->link->closed) par_link_close(self->link);
}

/* Nobody can use it any more. The parent's socket is our life line: it stays open until the process ends. */
static int link_gc(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    if (!self || !self->link) return 0;
    par_link *link = self->link;
    self->link = NULL;
    link->interrupted = NULL;
    link->freed = NULL;
    if (link->is_parent) return 0;
    par_family_report(link);
    par_link_free(link);
    return 0;
}

static int link_tostring(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    if (!self) return luaL_argerror(L, 1, "child expected");
    const char *state = "closed";
    if (self->link && !self->link->closed) state = self->link->is_parent ? "parent" : par_link_state_name(self->link->state);
    lua_pushfstring(L, "parallel.child %d (%s)", (int)self->id, state);
    return 1;
}

/* core.child.forget(child): closes the handle; a process that still runs is killed. */
static int link_forget(lua_State *L)
{
    par_lua_link_close(par_lua_link_expect(L, 1));
    return 0;
}

/* --- questions --- */

/* core.child.is_child(value) */
static int is_child(lua_State *L)
{
    lua_pushboolean(L, par_lua_link_to(L, 1) != NULL);
    return 1;
}

static bool is_closed(const par_lua_link *self) { return !self || !self->link || self->link->closed; }

/* core.child.retired(child), ended(child), is_parent(child): without side effects, of whatever value */
static int link_retired(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    lua_pushboolean(L, is_closed(self) || !self->link->channel);
    return 1;
}

static int link_ended(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    lua_pushboolean(L, is_closed(self) || par_link_ended(self->link));
    return 1;
}

static int link_is_parent(lua_State *L)
{
    par_lua_link *self = par_lua_link_to(L, 1);
    lua_pushboolean(L, self && self->link && self->link->is_parent);
    return 1;
}

/* core.child.fields(child) -> the table behind child.id and the rest */
static int link_fields(lua_State *L)
{
    par_lua_link_expect(L, 1);
    luaL_getmetafield(L, 1, "__index");
    return 1;
}

/* core.child.retire(child) -> is it gone, with no message left? Its channel is closed then. */
static int link_retire(lua_State *L)
{
    lua_pushboolean(L, par_link_retire(par_lua_link_check(L, 1)->link));
    return 1;
}

/* core.child.limit_inbox(child, bytes): so much of its messages may wait to be received. */
static int link_limit_inbox(lua_State *L)
{
    par_link_limit_inbox(par_lua_link_check(L, 1)->link, (uint64_t)luaL_checknumber(L, 2));
    return 0;
}

/* core.child.inbox_default() -> the bytes that may wait where nobody has said how many */
static int inbox_default(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)par_link_inbox_default());
    return 1;
}

/* core.child.set_joined(child): from now on its last message lets it leave. */
static int link_set_joined(lua_State *L)
{
    par_lua_link_check(L, 1)->joined = true;
    return 0;
}

/* core.child.set_far(parent): it is on another machine */
static int link_set_far(lua_State *L)
{
    par_lua_link_check(L, 1)->link->far = true;
    return 0;
}

void par_lua_child_methods(lua_State *L, const luaL_Reg *methods)
{
    lua_getfield(L, -1, "methods");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}

void par_lua_open_handle(lua_State *L)
{
    static const luaL_Reg functions[] = {{"forget", link_forget},          {"is_child", is_child},    {"retire", link_retire},
                                         {"retired", link_retired},        {"ended", link_ended},     {"is_parent", link_is_parent},
                                         {"set_joined", link_set_joined},  {"set_far", link_set_far}, {"limit_inbox", link_limit_inbox},
                                         {"inbox_default", inbox_default}, {"fields", link_fields},   {NULL, NULL}};
    lua_newtable(L); /* for users: child:send(...) */
    par_lua_object_open(L, &kind);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &methods_key);
    lua_setfield(L, -2, "methods");
    luaL_setfuncs(L, functions, 0);
}
