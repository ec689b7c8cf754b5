/* The torch-like module: the classes with their metatables, and the functions about objects of any class. The others are in
 * the files beside this one, and those that read better in Lua in lua/parallel/torch. */
#include "lua/tensor/module.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "lua/tensor/box.h"
#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"
#include "os/os.h"
#include "tensor/print.h"

static const char module_key; /* of the registry */

/* --- tostring --- */

static int push_text(lua_State *L)
{
    const par_buffer *buffer = lua_touserdata(L, 1);
    lua_pushlstring(L, (const char *)buffer->data, buffer->len);
    return 1;
}

static int object_tostring(lua_State *L)
{
    par_buffer buffer = {0};
    par_tensor *tensor = par_lua_to_tensor(L, 1);
    par_storage *storage = tensor ? NULL : par_lua_check_storage(L, 1);
    if (tensor) par_lua_check_sound(L, tensor);
    lua_pushcfunction(L, push_text); /* protected, so that the buffer is freed when Lua has no memory for the string */
    lua_pushlightuserdata(L, &buffer);
    int status = tensor ? par_print_tensor(&buffer, tensor) : par_print_storage(&buffer, storage);
    int outcome = status == PAR_OK ? lua_pcall(L, 1, 1, 0) : PAR_OK;
    par_buffer_fini(&buffer);
    if (status != PAR_OK) return luaL_error(L, "not enough memory for the text of a tensor");
    return outcome == LUA_OK ? 1 : lua_error(L);
}

static int object_equal(lua_State *L)
{
    par_tensor *a = par_lua_to_tensor(L, 1), *b = par_lua_to_tensor(L, 2);
    par_storage *c = par_lua_to_storage(L, 1), *d = par_lua_to_storage(L, 2);
    lua_pushboolean(L, a ? a == b : c && c == d);
    return 1;
}

/* --- constructors --- */
static int construct(lua_State *L)
{
    par_type type = (par_type)lua_tointeger(L, lua_upvalueindex(1));
    return lua_toboolean(L, lua_upvalueindex(3)) ? par_lua_storage_construct(L, type) : par_lua_tensor_construct(L, type);
}

/* The same as __call of a constructor table: the table itself comes first. */
static int construct_call(lua_State *L)
{
    lua_remove(L, 1);
    return construct(L);
}

static void push_constructor(lua_State *L, lua_CFunction function, par_type type, bool storage)
{
    lua_pushinteger(L, type);
    lua_pushfstring(L, "%s%s", par_type_name(type), storage ? "Storage" : "Tensor"); /* for errors */
    lua_pushboolean(L, storage);
    lua_pushcclosure(L, function, 3);
}

/* torch.DoubleTensor: a table that is called to construct, and through which methods are read and added. */
static void push_class(lua_State *L, par_type type, bool storage)
{
    lua_newtable(L);
    lua_newtable(L);
    par_lua_push_metatable(L, type, storage);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__newindex");
    lua_setfield(L, -2, "__metatable");
    push_constructor(L, construct_call, type, storage);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
}

static void make_metatable(lua_State *L, par_type type, bool storage)
{
    char name[40];
    snprintf(name, sizeof name, "torch.%s%s", par_type_name(type), storage ? "Storage" : "Tensor");
    lua_newtable(L);
    lua_pushvalue(L, -1);
    par_lua_set_metatable(L, type, storage);
    lua_pushstring(L, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__typename");
    lua_setfield(L, -2, "__name");
    lua_pushinteger(L, 1);
    lua_setfield(L, -2, "__version");
    lua_pushcfunction(L, par_lua_collect);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "tostring");
    lua_pushcclosure(L, object_tostring, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__tostring__");
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, object_equal);
    lua_setfield(L, -2, "__eq");
    lua_pushvalue(L, -1);
    lua_pushliteral(L, "index"); /* for errors: what Lua itself calls it differs, and not every Lua calls it anything */
    lua_pushcclosure(L, storage ? par_lua_storage_index : par_lua_tensor_index, 2);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "newindex");
    lua_pushcclosure(L, storage ? par_lua_storage_newindex : par_lua_tensor_newindex, 1);
    lua_setfield(L, -2, "__newindex");
    push_constructor(L, construct, type, storage);
    lua_setfield(L, -2, "new");
    if (storage) par_lua_add_functions(L, par_lua_storage_methods);
    lua_pop(L, 1);
}

/* torch.Tensor and torch.Storage are the default type's constructors. The module is at idx. */
static void set_default(lua_State *L, int idx, par_type type)
{
    char name[32];
    idx = lua_absindex(L, idx);
    par_lua_set_default_type(L, type);
    snprintf(name, sizeof name, "%sTensor", par_type_name(type));
    lua_getfield(L, idx, name);
    lua_setfield(L, idx, "Tensor");
    snprintf(name, sizeof name, "%sStorage", par_type_name(type));
    lua_getfield(L, idx, name);
    lua_setfield(L, idx, "Storage");
}

static int setdefaulttensortype(lua_State *L)
{
    const char *name = par_lua_check_text(L, 1, NULL);
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        char known[32];
        snprintf(known, sizeof known, "torch.%sTensor", par_type_name((par_type)type));
        if (strcmp(known, name) != 0) continue;
        par_lua_open_tensor(L);
        set_default(L, -1, (par_type)type);
        return 0;
    }
    return par_lua_arg_error(L, 1, "<%s> is not a string describing a torch object", name);
}

static int getdefaulttensortype(lua_State *L)
{
    lua_pushfstring(L, "torch.%sTensor", par_type_name(par_lua_default_type(L)));
    return 1;
}

static int is_tensor(lua_State *L)
{
    lua_pushboolean(L, par_lua_to_tensor(L, 1) != NULL);
    return 1;
}

static int is_storage(lua_State *L)
{
    lua_pushboolean(L, par_lua_to_storage(L, 1) != NULL);
    return 1;
}

/* torch.pointer: a number that is the object's identity. */
static int pointer(lua_State *L)
{
    const void *p = par_lua_to_tensor(L, 1);
    if (!p) p = par_lua_to_storage(L, 1);
    if (!p) p = lua_topointer(L, 1);
    if (!p) return par_lua_arg_error(L, 1, "torch object, table, thread, cdata or function expected");
    lua_pushnumber(L, (lua_Number)(uintptr_t)p);
    return 1;
}

/* Seconds: real, user, system. */
static int clock_seconds(lua_State *L)
{
    int64_t user_ns, system_ns;
    par_os_cpu_ns(&user_ns, &system_ns);
    lua_pushnumber(L, (lua_Number)par_os_now_ns() * 1e-9);
    lua_pushnumber(L, (lua_Number)user_ns * 1e-9);
    lua_pushnumber(L, (lua_Number)system_ns * 1e-9);
    return 3;
}

/* Makes a class known to the encoder: its metatable stands in the registry under its name, and its name under it. */
static int register_class(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_isnil(L, -1)) return 0; /* somebody else's, such as a real Torch's */
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_insert(L, 1);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return 0;
}

static const luaL_Reg FUNCTIONS[] = {{"setdefaulttensortype", setdefaulttensortype},
                                     {"getdefaulttensortype", getdefaulttensortype},
                                     {"isTensor", is_tensor},
                                     {"isStorage", is_storage},
                                     {"pointer", pointer},
                                     {"_clock", clock_seconds},
                                     {"_register", register_class},
                                     {"_forms", par_lua_call_forms},
                                     {NULL, NULL}};

/* Also gives the Lua side the metatables, as module._metatables[name]. */
static void add_classes(lua_State *L)
{
    char name[40];
    lua_newtable(L);
    lua_setfield(L, -2, "_metatables");
    for (int kind = 0; kind < 2; kind++) {
        for (int type = 0; type < PAR_TYPE_COUNT; type++) {
            make_metatable(L, (par_type)type, kind == 1);
            push_class(L, (par_type)type, kind == 1);
            snprintf(name, sizeof name, "%s%s", par_type_name((par_type)type), kind == 1 ? "Storage" : "Tensor");
            lua_setfield(L, -2, name);
            lua_getfield(L, -1, "_metatables");
            lua_pushfstring(L, "torch.%s", name);
            par_lua_push_metatable(L, (par_type)type, kind == 1);
            lua_rawset(L, -3);
            lua_pop(L, 1);
        }
    }
}

static void add_parts(lua_State *L)
{
    par_lua_tensor_add_shape(L);
    par_lua_tensor_add_apply(L);
    par_lua_tensor_add_convert(L);
    par_lua_tensor_add_fill(L);
    par_lua_tensor_add_cat(L);
    par_lua_tensor_add_lapack(L);
    par_lua_tensor_add_conv(L);
    par_lua_tensor_add_histogram(L);
    par_lua_tensor_add_pointwise(L);
    par_lua_tensor_add_products(L);
    par_lua_tensor_add_reduce(L);
    par_lua_tensor_add_select(L);
    par_lua_tensor_add_random(L);
    par_lua_tensor_add_generator(L);
    par_lua_tensor_add_file(L);
}

bool par_lua_tensor_is_open(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
    bool open = lua_istable(L, -1);
    lua_pop(L, 1);
    return open;
}

int par_lua_open_tensor(lua_State *L)
{
    luaL_checkstack(L, 12, "tensors");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
    if (lua_istable(L, -1)) return 1;
    lua_pop(L, 1);
    lua_newtable(L);
    par_lua_add_functions(L, FUNCTIONS);
    add_classes(L);
    add_parts(L);
    set_default(L, -1, PAR_DOUBLE);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "parallel.torch.tensor_more");
    lua_call(L, 1, 1);
    lua_pushvalue(L, -2);
    lua_call(L, 1, 0);
    return 1;
}
