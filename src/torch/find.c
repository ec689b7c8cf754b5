#include "torch/find.h"

#include <dlfcn.h>
#include <lauxlib.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "codec/compat.h"
#include "torch/bridge.h"

static th_functions functions[PAR_TYPE_COUNT]; /* the same for all threads; under the lock until a thread has seen it filled */
static pthread_mutex_t functions_lock = PTHREAD_MUTEX_INITIALIZER;

static void *symbol(void *library, par_type type, const char *suffix)
{
    char name[64];
    snprintf(name, sizeof name, "TH%s%s", par_type_name(type), suffix);
    return dlsym(library, name);
}

/* The library of a C function, kept loaded for ever: what is freed last may need it. */
static void *library_of(lua_CFunction function)
{
    Dl_info info;
    void *address;
    memcpy(&address, &function, sizeof address);
    if (!dladdr(address, &info) || !info.dli_fname) return NULL;
    void *library = dlopen(info.dli_fname, RTLD_NOLOAD | RTLD_NOW | RTLD_NODELETE);
    return library ? library : dlopen(NULL, RTLD_NOW); /* Torch may be part of the program itself */
}

static bool are_found(par_type type)
{
    pthread_mutex_lock(&functions_lock);
    bool found = functions[type].tensor_set != NULL;
    pthread_mutex_unlock(&functions_lock);
    return found;
}

bool par_torch_find(lua_State *L, par_type type)
{
    if (are_found(type)) return true;
    lua_pushliteral(L, "torch.DoubleTensor");
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushliteral(L, "__factory");
    lua_rawget(L, -2);
    lua_CFunction factory = lua_tocfunction(L, -1);
    lua_pop(L, 2);
    void *library = factory ? library_of(factory) : NULL;
    if (!library) return false;
    void *found[] = {symbol(library, type, "Storage_newWithDataAndAllocator"), symbol(library, type, "Storage_free"),
                     symbol(library, type, "Tensor_new"), symbol(library, type, "Tensor_free"),
                     symbol(library, type, "Tensor_setStorageNd")};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        if (!found[i]) return false;
    pthread_mutex_lock(&functions_lock);
    memcpy(&functions[type], found, sizeof found); /* five function pointers, in this order */
    pthread_mutex_unlock(&functions_lock);
    return true;
}
_Static_assert(sizeof(th_functions) == 5 * sizeof(void *), "found[] fills th_functions");

const th_functions *par_torch_functions(par_type type) { return &functions[type]; }

bool par_torch_is_loaded(lua_State *L)
{
    luaL_checkstack(L, 3, "torch");
    lua_pushliteral(L, "torch.DoubleTensor");
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool loaded = lua_istable(L, -1);
    if (loaded) {
        lua_rawget(L, LUA_REGISTRYINDEX);
        loaded = lua_type(L, -1) == LUA_TSTRING;
    }
    lua_pop(L, 1);
    return loaded;
}

/* "torch.DoubleTensor" and so on: the type, and whether it is a tensor. */
static bool parse_name(const char *name, par_type *type, bool *is_tensor)
{
    if (!name || strncmp(name, "torch.", 6) != 0) return false;
    name += 6;
    for (int t = 0; t < PAR_TYPE_COUNT; t++) {
        size_t length = strlen(par_type_name((par_type)t));
        if (strncmp(name, par_type_name((par_type)t), length) != 0) continue;
        *type = (par_type)t;
        *is_tensor = strcmp(name + length, "Tensor") == 0;
        return *is_tensor || strcmp(name + length, "Storage") == 0;
    }
    return false;
}

bool par_torch_kind(lua_State *L, int idx, par_type *type, bool *is_tensor)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || lua_rawlen(L, idx) < sizeof(void *) || !lua_checkstack(L, 6)) return false;
    if (!lua_getmetatable(L, idx)) return false;
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool good = lua_type(L, -1) == LUA_TSTRING && parse_name(lua_tostring(L, -1), type, is_tensor);
    lua_pop(L, 1);
    return good;
}
