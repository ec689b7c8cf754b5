/* Storages in Lua. */
#include <string.h>

#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

static int64_t check_place(lua_State *L, const par_storage *storage, int idx)
{
    int64_t i = par_lua_check_i64(L, idx);
    if (i < 1 || i > storage->size)
        par_lua_arg_error(L, idx, "index out of bounds: %s of a storage of %s elements", par_lua_push_digits(L, i),
                          par_lua_push_digits(L, storage->size));
    return i - 1;
}

static char *element(const par_storage *storage, int64_t i) { return (char *)storage->data + (size_t)i * par_type_bytes(storage->type); }

int par_lua_storage_index(lua_State *L)
{
    par_storage *storage = par_lua_check_storage(L, 1);
    if (lua_type(L, 2) != LUA_TNUMBER) {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        return 1;
    }
    int64_t i = check_place(L, storage, 2);
    par_lua_push_value(L, storage->type, par_element_get(storage->type, element(storage, i)));
    return 1;
}

int par_lua_storage_newindex(lua_State *L)
{
    par_storage *storage = par_lua_check_storage(L, 1);
    if (lua_type(L, 2) != LUA_TNUMBER)
        return par_lua_arg_error(L, 2, "a storage has no field that can be set: number expected as index, got %s", luaL_typename(L, 2));
    par_value value = par_lua_check_value(L, 3, storage->type);
    int64_t i = check_place(L, storage, 2);
    par_element_set(storage->type, element(storage, i), value);
    return 0;
}

/* The view of all elements of a storage as a tensor, pushed. */
static par_tensor *as_tensor(lua_State *L, par_storage *storage)
{
    par_error err;
    par_tensor *tensor = par_lua_new_tensor(L, storage->type);
    par_lua_check_status(L, par_tensor_set_view(tensor, storage, 0, 1, &storage->size, NULL, &err), &err);
    return tensor;
}

static int size(lua_State *L)
{
    par_lua_push_i64(L, par_lua_check_storage(L, 1)->size);
    return 1;
}

static int fill(lua_State *L)
{
    par_storage *storage = par_lua_check_storage(L, 1);
    par_value value = par_lua_check_value(L, 2, storage->type);
    par_lua_fill(as_tensor(L, storage), value);
    lua_settop(L, 1);
    return 1;
}

static int resize(lua_State *L)
{
    par_error err;
    par_storage *storage = par_lua_check_storage(L, 1);
    par_lua_check_status(L, par_storage_resize(storage, par_lua_check_i64(L, 2), &err), &err);
    lua_settop(L, 1);
    return 1;
}

static int copy(lua_State *L)
{
    par_storage *to = par_lua_check_storage(L, 1), *from = par_lua_check_storage(L, 2);
    if (to->size != from->size) {
        return par_lua_error(L, "size mismatch: cannot copy %s elements to a storage of %s", par_lua_push_digits(L, from->size),
                             par_lua_push_digits(L, to->size));
    }
    if (to->size > 0) par_lua_copy(L, as_tensor(L, to), as_tensor(L, from));
    lua_settop(L, 1);
    return 1;
}

/* storage:_take(other): the elements of both change places, all views go with them. */
static int take(lua_State *L)
{
    par_storage *a = par_lua_check_storage(L, 1), *b = par_lua_check_storage(L, 2);
    if (a->type != b->type) return par_lua_arg_error(L, 2, "a storage of the same type expected");
    if (a->shared || b->shared) return luaL_error(L, "the elements of a shared storage stay where they are");
    par_storage kept = *a;
    a->size = b->size, a->data = b->data, a->blob = b->blob;
    b->size = kept.size, b->data = kept.data, b->blob = kept.blob;
    return 0;
}

static int totable(lua_State *L)
{
    par_storage *storage = par_lua_check_storage(L, 1);
    int n = storage->size < INT32_MAX ? (int)storage->size : INT32_MAX;
    lua_createtable(L, n, 0);
    for (int i = 0; i < n && i < storage->size; i++) {
        par_lua_push_value(L, storage->type, par_element_get(storage->type, element(storage, i)));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int element_size(lua_State *L)
{
    par_lua_push_i64(L, (int64_t)par_type_bytes(par_lua_check_storage(L, 1)->type));
    return 1;
}

/* The bytes as a string, and a CharStorage's from one. */
static int string(lua_State *L)
{
    par_storage *storage = par_lua_check_storage(L, 1);
    if (storage->type != PAR_CHAR && storage->type != PAR_BYTE) return par_lua_arg_error(L, 1, "CharStorage or ByteStorage expected");
    if (lua_isnoneornil(L, 2)) {
        lua_pushlstring(L, storage->size ? storage->data : "", (size_t)storage->size);
        return 1;
    }
    par_error err;
    size_t length;
    const char *text = par_lua_check_text(L, 2, &length);
    par_lua_check_status(L, par_storage_resize(storage, (int64_t)length, &err), &err);
    if (length) memcpy(storage->data, text, length);
    lua_settop(L, 1);
    return 1;
}

const luaL_Reg par_lua_storage_methods[] = {{"size", size},
                                            {"__len", size},
                                            {"fill", fill},
                                            {"resize", resize},
                                            {"copy", copy},
                                            {"totable", totable},
                                            {"elementSize", element_size},
                                            {"string", string},
                                            {"share", par_lua_share},
                                            {"isShared", par_lua_is_shared},
                                            {"_take", take},
                                            {NULL, NULL}};

static void from_table(lua_State *L, par_type type)
{
    int64_t n = (int64_t)lua_rawlen(L, 1);
    par_storage *storage = par_lua_new_storage(L, type, n);
    for (int64_t i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (int)(i + 1));
        if (!lua_isnumber(L, -1)) par_lua_arg_error(L, 1, "element at index %d is not a number", (int)(i + 1));
        par_element_set(type, element(storage, i), par_lua_check_value(L, lua_gettop(L), type));
        lua_pop(L, 1);
    }
}

/* Storage(storage [, offset [, size]]): a view of the same memory. */
static void view_of(lua_State *L, par_type type)
{
    par_storage *of = par_lua_check_storage(L, 1);
    int64_t start = lua_isnoneornil(L, 2) ? 1 : par_lua_check_i64(L, 2), offset = start > 0 ? start - 1 : -1;
    if (of->type != type) par_lua_arg_error(L, 1, "a storage of the same type expected");
    if (offset < 0 || offset > of->size) par_lua_arg_error(L, 2, "offset out of range");
    int64_t n = lua_isnoneornil(L, 3) ? of->size - offset : par_lua_check_i64(L, 3);
    if (n < 0 || n > of->size - offset) par_lua_arg_error(L, 3, "size out of range");
    par_storage *view = NULL;
    if (n > 0) {
        size_t at = (size_t)((char *)of->data - (char *)of->blob->data) + (size_t)offset * par_type_bytes(type);
        view = par_storage_new_blob(type, par_blob_retain(of->blob), at, n);
        if (!view) par_blob_release(of->blob);
        if (view) view->shared = of->shared;
    } else {
        view = par_storage_new(type, 0);
    }
    if (!view) luaL_error(L, "not enough memory for a storage");
    par_lua_push_storage(L, view);
}

int par_lua_storage_construct(lua_State *L, par_type type)
{
    if (lua_istable(L, 1)) {
        from_table(L, type);
    } else if (par_lua_to_storage(L, 1)) {
        view_of(L, type);
    } else if (lua_type(L, 1) == LUA_TSTRING && (type == PAR_CHAR || type == PAR_BYTE)) {
        size_t length;
        const char *text = lua_tolstring(L, 1, &length);
        par_storage *storage = par_lua_new_storage(L, type, (int64_t)length);
        if (length) memcpy(storage->data, text, length);
    } else if (lua_isnoneornil(L, 1)) {
        par_lua_new_storage(L, type, 0);
    } else if (lua_type(L, 1) == LUA_TNUMBER) {
        int64_t n = par_lua_check_i64(L, 1);
        par_storage *storage = par_lua_new_storage(L, type, n);
        if (n > 0) memset(storage->data, 0, (size_t)n * par_type_bytes(type));
    } else {
        return par_lua_arg_error(L, 1, "expecting number, table or torch.%sStorage", par_type_name(type));
    }
    return 1;
}
