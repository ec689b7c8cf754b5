#include "torch/bridge.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "codec/compat.h"
#include "torch/find.h"
#include "torch/lend.h"

_Static_assert(sizeof(long) == sizeof(int64_t), "Torch's sizes are longs; the bridge is for systems where those have 64 bits");

/* The storage of the object at idx, or NULL: it has none, or is no object of Torch's, which `found` tells. */
static th_storage *storage_at(lua_State *L, int idx, par_type *type, bool *found)
{
    bool is_tensor;
    *found = par_torch_kind(L, idx, type, &is_tensor);
    void *object = *found ? *(void **)lua_touserdata(L, idx) : NULL;
    return object && is_tensor ? ((th_tensor *)object)->storage : object;
}

bool par_torch_share(lua_State *L, int idx, par_segment_maker *make, int *rc, par_error *err)
{
    par_type type;
    bool found;
    th_storage *of = storage_at(L, idx, &type, &found);
    *rc = of ? par_torch_share_storage(of, type, make, err) : PAR_OK;
    return found;
}

bool par_torch_is_shared(lua_State *L, int idx, bool *shared)
{
    par_type type;
    bool found;
    const th_storage *of = storage_at(L, idx, &type, &found);
    const par_storage *ours = of ? par_torch_lent_as(of) : NULL;
    *shared = ours && ours->shared;
    return found;
}

bool par_torch_timer(lua_State *L, int idx, par_torch_times *now, const par_torch_times *set)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx)) return false;
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool is_timer = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "torch.Timer") == 0;
    lua_pop(L, 1);
    th_timer *timer = is_timer && lua_rawlen(L, idx) >= sizeof(void *) ? *(th_timer **)lua_touserdata(L, idx) : NULL;
    if (!timer) return false;
    if (set) timer->running = set->running;
    if (set) memcpy(timer->total, set->seconds, sizeof timer->total);
    now->running = timer->running;
    memcpy(now->seconds, timer->total, sizeof timer->total);
    return true;
}

void par_torch_add_methods(lua_State *L, const luaL_Reg *methods)
{
    static const char *const kinds[] = {"Tensor", "Storage"};
    char name[40];
    luaL_checkstack(L, 5, "torch");
    for (int type = 0; type < PAR_TYPE_COUNT; type++)
        for (int k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "torch.%s%s", par_type_name((par_type)type), kinds[k]);
            lua_pushstring(L, name);
            lua_rawget(L, LUA_REGISTRYINDEX);
            for (const luaL_Reg *m = methods; lua_istable(L, -1) && m->name; m++) {
                lua_pushstring(L, m->name);
                lua_pushcfunction(L, m->func);
                lua_rawset(L, -3);
            }
            lua_pop(L, 1);
        }
}

typedef struct push_job {
    const char *kind;
    par_type type;
    void *object;
} push_job;

static int push_object(lua_State *L)
{
    push_job *job = lua_touserdata(L, 1);
    char name[40];
    snprintf(name, sizeof name, "torch.%s%s", par_type_name(job->type), job->kind);
    void **box = lua_newuserdata(L, sizeof *box);
    *box = NULL;
    lua_pushstring(L, name);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_istable(L, -1)) return luaL_error(L, "torch has no %s", name);
    *box = job->object; /* from here on its metatable frees it */
    lua_setmetatable(L, -2);
    return 1;
}

static bool push_protected(lua_State *L, push_job job)
{
    lua_pushcfunction(L, push_object);
    lua_pushlightuserdata(L, &job);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return true;
    lua_pop(L, 1);
    return false;
}

bool par_torch_push_storage(lua_State *L, par_storage *storage)
{
    par_type type = storage->type;
    luaL_checkstack(L, 4, "torch");
    if (!par_torch_find(L, type)) {
        par_storage_release(storage);
        return false;
    }
    th_storage *made = par_torch_lend(storage);
    if (made && push_protected(L, (push_job){"Storage", type, made})) return true;
    if (made) par_torch_functions(type)->storage_free(made);
    return false;
}

static th_tensor *make_tensor(const par_tensor *tensor)
{
    const th_functions *f = par_torch_functions(tensor->type);
    th_tensor *made = f->tensor_new();
    if (!made || tensor->ndim == 0) return made;
    th_storage *storage = par_torch_lend(par_storage_retain(tensor->storage));
    if (!storage) {
        f->tensor_free(made);
        return NULL;
    }
    f->tensor_set(made, storage, tensor->offset, tensor->ndim, (long *)tensor->size, (long *)tensor->stride);
    f->storage_free(storage); /* the tensor has its own reference */
    return made;
}

bool par_torch_push_tensor(lua_State *L, par_tensor *tensor)
{
    par_type type = tensor->type;
    luaL_checkstack(L, 4, "torch");
    th_tensor *made = par_torch_find(L, type) ? make_tensor(tensor) : NULL;
    par_tensor_release(tensor);
    if (made && push_protected(L, (push_job){"Tensor", type, made})) return true;
    if (made) par_torch_functions(type)->tensor_free(made);
    return false;
}
