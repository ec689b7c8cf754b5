#include "lua/shared/object.h"

#include <string.h>

#include "codec/compat.h"
#include "link/share.h"
#include "lua/error.h"
#include "lua/shared/parts.h"
#include "lua/tensor/box.h"
#include "lua/tensor/hooks.h"
#include "os/os.h"

/* --- handles --- */
static par_lua_shared *push_handle(lua_State *L, const par_lua_shared_kind *kind)
{
    par_lua_shared *object = lua_newuserdata(L, kind->handle_bytes);
    memset(object, 0, kind->handle_bytes);
    object->kind = kind;
    object->waiting = par_lua_waiting_of(L);
    luaL_getmetatable(L, kind->type);
    lua_setmetatable(L, -2);
    return object;
}

static bool is_of_kind(lua_State *L, int idx, const par_lua_shared_kind *kind)
{
    if (!lua_isuserdata(L, idx) || !lua_getmetatable(L, idx)) return false;
    luaL_getmetatable(L, kind->type);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/* For metamethods, which anybody may call with anything. Upvalue 1 is the kind. */
static par_lua_shared *own_object(lua_State *L)
{
    const par_lua_shared_kind *kind = lua_touserdata(L, lua_upvalueindex(1));
    return luaL_checkudata(L, 1, kind->type);
}

static int object_gc(lua_State *L)
{
    par_lua_shared *object = own_object(L);
    if (object->memory && object->kind->close) object->kind->close(object);
    par_storage_release(object->storage);
    object->storage = NULL;
    object->memory = NULL;
    return 0;
}

void *par_lua_shared_check(lua_State *L, const char *method, const par_lua_shared_kind *kind)
{
    if (!is_of_kind(L, 1, kind))
        par_lua_misuse(L, "%s: a %s expected, got %s (call it as %s:%s(), with a colon)", method, kind->type, luaL_typename(L, 1),
                       kind->what, method);
    par_lua_shared *object = lua_touserdata(L, 1);
    if (!object->memory && object->storage) par_lua_shared_open(L, object); /* there was no room when it came */
    if (!object->memory) par_lua_misuse(L, "%s: this %s is no more", method, kind->what);
    return object;
}

static int open(par_lua_shared *object, par_error *err)
{
    int fd;
    uint64_t at;
    const par_lua_shared_kind *kind = object->kind;
    par_storage *storage = object->storage;
    size_t bytes = storage ? (size_t)storage->size * par_type_bytes(storage->type) : 0;
    if (!storage || !storage->shared || bytes < kind->least_bytes || !par_share_place(storage->blob, &fd, &at))
        return par_error_set(err, PAR_E_CORRUPT, "parallel.%s: what came is not the shared memory of one", kind->what);
    at += (uint64_t)((uint8_t *)storage->data - (uint8_t *)storage->blob->data);
    object->memory = storage->data;
    int rc = kind->open ? kind->open(object, bytes, fd, at, err) : PAR_OK;
    if (rc != PAR_OK) object->memory = NULL; /* there is nothing to be closed */
    return rc;
}

void par_lua_shared_open(lua_State *L, par_lua_shared *object)
{
    par_error err;
    if (open(object, &err) != PAR_OK) par_lua_throw_status(L, 0, &err);
}

par_lua_shared *par_lua_shared_new(lua_State *L, const par_lua_shared_kind *kind, size_t bytes)
{
    par_error err;
    par_blob *blob;
    par_lua_shared *object = push_handle(L, kind);
    bytes = (bytes + 7) & ~(size_t)7;
    int rc = par_share_blob_new(bytes, &blob, &err);
    if (rc != PAR_OK) par_lua_throw_status(L, 0, &err);
    object->storage = par_storage_new_blob(PAR_LONG, blob, 0, (int64_t)(bytes / 8));
    if (!object->storage) {
        par_blob_release(blob);
        luaL_error(L, "not enough memory for a %s", kind->what);
    }
    object->storage->shared = true;
    return object;
}

/* --- traveling --- */
/* core.shared.storage(object) -> the storage by which it travels */
static int object_storage(lua_State *L)
{
    par_lua_shared *object = lua_touserdata(L, 1);
    if (!object || lua_rawlen(L, 1) < sizeof *object || !object->kind) return luaL_argerror(L, 1, "shared object expected");
    luaL_checkudata(L, 1, object->kind->type);
    if (!object->storage) return par_lua_misuse(L, "this %s is no more", object->kind->what);
    par_lua_push_storage(L, par_storage_retain(object->storage));
    return 1;
}

static par_storage *storage_at(lua_State *L, int idx)
{
    par_codec_object seen;
    if (!lua_isuserdata(L, idx) || !par_lua_tensor_hooks.to_tensor(L, idx, &seen)) return NULL;
    par_tensor_release(seen.tensor);
    return seen.storage;
}

/* core.shared.identity(storage) -> a string that all handles of the same shared memory have, however it came here; "" of other memory */
static int object_identity(lua_State *L)
{
    par_error err;
    int fd;
    struct {
        uint64_t object[2], at;
    } identity;
    par_storage *storage = storage_at(L, 1);
    if (!storage) return luaL_argerror(L, 1, "storage expected");
    bool shared = storage->shared && par_share_place(storage->blob, &fd, &identity.at) &&
                  par_os_memory_identity(fd, identity.object, &err) == PAR_OK;
    if (shared) identity.at += (uint64_t)((uint8_t *)storage->data - (uint8_t *)storage->blob->data);
    par_storage_release(storage);
    lua_pushlstring(L, (const char *)&identity, shared ? sizeof identity : 0);
    return 1;
}

/* attach(storage) -> object: a handle on what another process made. Upvalue 1 is the kind. Where there is no room for its descriptors
 * the message that brings it is not lost: it is opened when it is used. */
static int object_attach(lua_State *L)
{
    par_error err;
    par_lua_shared *object = push_handle(L, lua_touserdata(L, lua_upvalueindex(1)));
    object->storage = storage_at(L, 1);
    int rc = open(object, &err);
    return rc == PAR_OK || rc == PAR_E_LIMIT ? 1 : par_lua_throw_status(L, 0, &err);
}

/* --- waits --- */
void par_lua_shared_enter(lua_State *L, par_lua_shared *object)
{
    object->outer = object->waiting->L;
    object->waiting->L = L;
}

void par_lua_shared_leave(par_lua_shared *object) { object->waiting->L = object->outer; }

bool par_lua_shared_interrupted(void *object) { return par_lua_interrupted(((par_lua_shared *)object)->waiting); }

/* --- kinds --- */
static int object_tostring(lua_State *L)
{
    par_lua_shared *object = own_object(L);
    lua_pushfstring(L, "%s: %p", object->kind->type, object->memory);
    return 1;
}

static void make_metatable(lua_State *L, const par_lua_shared_kind *kind)
{
    luaL_newmetatable(L, kind->type);
    lua_pushstring(L, kind->type);
    lua_setfield(L, -2, "__name");
    lua_pushlightuserdata(L, (void *)kind);
    lua_pushcclosure(L, object_gc, 1);
    lua_setfield(L, -2, "__gc");
    lua_pushlightuserdata(L, (void *)kind);
    lua_pushcclosure(L, object_tostring, 1);
    lua_setfield(L, -2, "__tostring");
    lua_newtable(L);
    luaL_setfuncs(L, kind->methods, 0);
    lua_setfield(L, -2, "__index");
}

void par_lua_shared_add(lua_State *L, const par_lua_shared_kind *kind, const luaL_Reg *functions)
{
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, (void *)kind);
    lua_pushcclosure(L, object_attach, 1);
    lua_setfield(L, -2, "attach");
    make_metatable(L, kind);
    lua_getfield(L, -1, "__index");
    lua_setfield(L, -3, "methods");
    lua_setfield(L, -2, "metatable");
    lua_setfield(L, -2, kind->what);
}

void par_lua_open_shared_object(lua_State *L)
{
    static const luaL_Reg functions[] = {{"storage", object_storage}, {"identity", object_identity}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
