/* Lua functions over elements: they may do anything, also resize what is walked over. */
#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

/* The place of the i-th element in the tensor's own order, or NULL when the tensor has changed and has no such element.
 */
static char *nth(const par_tensor *t, int64_t i)
{
    int64_t place = t->offset;
    for (int d = t->ndim; d-- > 0; i /= t->size[d]) place += i % t->size[d] * t->stride[d];
    if (i > 0 || !t->storage || place < 0 || place >= t->storage->size) return NULL;
    return (char *)t->storage->data + place * (int64_t)par_type_bytes(t->type);
}

/* t:apply(f), t:map(a, f), t:map2(a, b, f): each element becomes what f gives, unless that is nil. */
static int apply_with(lua_State *L, int sources)
{
    par_tensor *t[3];
    for (int k = 0; k <= sources; k++) t[k] = par_lua_check_tensor(L, k + 1);
    for (int k = 1; k <= sources; k++) par_lua_check_same_elements(L, t[0], "tensor", t[k], "src");
    int function = sources + 2;
    if (!lua_isfunction(L, function) && !luaL_getmetafield(L, function, "__call"))
        return par_lua_arg_error(L, function, "function expected, got %s", par_lua_push_kind(L, function));
    lua_settop(L, function);
    int64_t n = par_tensor_elements(t[0]);
    for (int64_t i = 0; i < n; i++) {
        lua_pushvalue(L, function);
        for (int k = 0; k <= sources; k++) {
            char *place = nth(t[k], i);
            if (!place) return par_lua_error(L, "the tensor was resized by the function that is applied to it");
            par_lua_push_value(L, t[k]->type, par_element_get(t[k]->type, place));
        }
        lua_call(L, sources + 1, 1);
        char *place = nth(t[0], i);
        if (!place) return par_lua_error(L, "the tensor was resized by the function that is applied to it");
        if (lua_isnumber(L, -1)) par_element_set(t[0]->type, place, par_lua_check_value(L, lua_gettop(L), t[0]->type));
        else if (!lua_isnil(L, -1)) return par_lua_error(L, "given function should return a number or nil");
        lua_pop(L, 1);
    }
    lua_settop(L, 1);
    return 1;
}

static int apply(lua_State *L) { return apply_with(L, 0); }
static int map(lua_State *L) { return apply_with(L, 1); }
static int map2(lua_State *L) { return apply_with(L, 2); }

void par_lua_tensor_add_apply(lua_State *L)
{
    static const luaL_Reg methods[] = {{"apply", apply}, {"map", map}, {"map2", map2}, {NULL, NULL}};
    par_lua_add_methods(L, methods);
}
