/* Tensors as tables and as tensors of other types. */
#include <string.h>

#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

static void push_table(lua_State *L, const par_tensor *t, int dim, int64_t place)
{
    int64_t n = t->size[dim];
    luaL_checkstack(L, 4, "torch.totable");
    lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
    for (int64_t i = 0; i < n; i++, place += t->stride[dim]) {
        if (dim + 1 < t->ndim) {
            push_table(L, t, dim + 1, place);
        } else {
            const char *data = (const char *)t->storage->data + place * (int64_t)par_type_bytes(t->type);
            par_lua_push_value(L, t->type, par_element_get(t->type, data));
        }
        lua_rawseti(L, -2, (int)(i + 1));
    }
}

static int totable(lua_State *L)
{
    if (par_lua_to_storage(L, 1)) {
        lua_getfield(L, 1, "totable");
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
        return 1;
    }
    par_tensor *t = par_lua_check_tensor(L, 1);
    if (t->ndim == 0) lua_newtable(L);
    else push_table(L, t, 0, t->offset);
    return 1;
}

static int convert(lua_State *L, par_type type)
{
    par_tensor *t = par_lua_check_tensor(L, 1);
    lua_settop(L, 1);
    if (t->type == type) return 1;
    par_tensor *made = par_lua_new_tensor(L, type);
    par_lua_resize_as(L, made, t);
    par_lua_copy(L, made, t);
    return 1;
}

static int to_byte(lua_State *L) { return convert(L, PAR_BYTE); }
static int to_char(lua_State *L) { return convert(L, PAR_CHAR); }
static int to_short(lua_State *L) { return convert(L, PAR_SHORT); }
static int to_int(lua_State *L) { return convert(L, PAR_INT); }
static int to_long(lua_State *L) { return convert(L, PAR_LONG); }
static int to_float(lua_State *L) { return convert(L, PAR_FLOAT); }
static int to_double(lua_State *L) { return convert(L, PAR_DOUBLE); }
static int to_real(lua_State *L) { return convert(L, par_lua_default_type(L)); }

/* t:type() and t:type('torch.FloatTensor'); torch.typename gives the first for anything. */
static int type_(lua_State *L)
{
    par_tensor *t = par_lua_check_tensor(L, 1);
    if (lua_isnoneornil(L, 2)) {
        lua_pushfstring(L, "torch.%sTensor", par_type_name(t->type));
        return 1;
    }
    const char *name = par_lua_check_text(L, 2, NULL);
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        bool same = strcmp(name, lua_pushfstring(L, "torch.%sTensor", par_type_name((par_type)type))) == 0;
        lua_pop(L, 1);
        if (same) return convert(L, (par_type)type);
    }
    return par_lua_arg_error(L, 2, "'%s' is no type of tensor here", name);
}

static int type_as(lua_State *L) { return convert(L, par_lua_check_tensor(L, 2)->type); }

static const luaL_Reg METHODS[] = {{"totable", totable}, {"byte", to_byte}, {"char", to_char},   {"short", to_short},
                                   {"int", to_int},      {"long", to_long}, {"float", to_float}, {"double", to_double},
                                   {"real", to_real},    {"type", type_},   {"typeAs", type_as}, {NULL, NULL}};

void par_lua_tensor_add_convert(lua_State *L)
{
    static const luaL_Reg functions[] = {{"totable", totable}, {NULL, NULL}};
    par_lua_add_functions(L, functions);
    par_lua_add_methods(L, METHODS);
}
