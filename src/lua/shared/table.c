/* parallel.table */
#include "group/table.h"

#include <string.h>

#include "codec/compat.h"
#include "lua/error.h"
#include "lua/shared/object.h"
#include "lua/shared/parts.h"
#include "lua/tensor/value.h"

#define DEFAULT_BYTES ((size_t)1 << 20)

typedef struct lua_table {
    par_lua_shared object;
    par_table *table;
    par_buffer string; /* for table_get */
} lua_table;

static int open(par_lua_shared *object, size_t bytes, int fd, uint64_t at, par_error *err)
{
    lua_table *self = (lua_table *)object;
    int rc = par_table_open(&self->table, object->memory, bytes, fd, at, err);
    if (rc == PAR_OK) par_table_set_interrupted(self->table, par_lua_shared_interrupted, object);
    return rc;
}

static void close(par_lua_shared *object)
{
    lua_table *self = (lua_table *)object;
    par_table_close(self->table);
    par_buffer_fini(&self->string);
}

static const luaL_Reg methods[];
static const par_lua_shared_kind kind = {.type = "parallel.table",
                                         .what = "table",
                                         .handle_bytes = sizeof(lua_table),
                                         .least_bytes = PAR_TABLE_MIN_BYTES,
                                         .open = open,
                                         .close = close,
                                         .methods = methods};

static lua_table *to_table(lua_State *L, const char *method) { return par_lua_shared_check(L, method, &kind); }

/* core.shared.table.new([bytes]) */
static int table_new(lua_State *L)
{
    par_error err;
    lua_Number bytes = lua_isnoneornil(L, 1) ? (lua_Number)DEFAULT_BYTES : lua_type(L, 1) == LUA_TNUMBER ? lua_tonumber(L, 1) : 0;
    if (!(bytes >= (lua_Number)PAR_TABLE_MIN_BYTES && bytes <= (lua_Number)PAR_TABLE_MAX_BYTES))
        return par_lua_misuse(L, "parallel.table: option 'bytes' must be a number from %d to %d, got %s", (int)PAR_TABLE_MIN_BYTES,
                              (int)PAR_TABLE_MAX_BYTES, lua_type(L, 1) == LUA_TNUMBER ? lua_tostring(L, 1) : luaL_typename(L, 1));
    par_lua_shared *object = par_lua_shared_new(L, &kind, (size_t)bytes);
    if (par_table_format(object->storage->data, (size_t)object->storage->size * 8, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    par_lua_shared_open(L, object);
    return 1;
}

/* --- values --- */
static par_table_value value_at(lua_State *L, int idx, const char *what, const char *part)
{
    par_table_value value = {.kind = PAR_TABLE_NIL};
    switch (lua_type(L, idx)) {
    case LUA_TNONE:
    case LUA_TNIL: break;
    case LUA_TBOOLEAN:
        value.kind = PAR_TABLE_BOOLEAN;
        value.boolean = lua_toboolean(L, idx);
        break;
    case LUA_TNUMBER:
        value.kind = lua_isinteger(L, idx) ? PAR_TABLE_INTEGER : PAR_TABLE_FLOAT;
        if (value.kind == PAR_TABLE_INTEGER) value.integer = (int64_t)lua_tointeger(L, idx);
        else value.number = (double)lua_tonumber(L, idx);
        break;
    case LUA_TSTRING:
        value.kind = PAR_TABLE_STRING;
        value.bytes = lua_tolstring(L, idx, &value.len);
        break;
    default:
        par_lua_misuse(L, "%s: a shared table cannot have a %s as its %s: only strings, numbers and booleans", what, luaL_typename(L, idx),
                       part);
    }
    return value;
}

static void push_value(lua_State *L, const par_table_value *value)
{
    switch (value->kind) {
    case PAR_TABLE_BOOLEAN: lua_pushboolean(L, value->boolean); break;
    case PAR_TABLE_INTEGER: par_lua_push_i64(L, value->integer); break;
    case PAR_TABLE_FLOAT: lua_pushnumber(L, (lua_Number)value->number); break;
    case PAR_TABLE_STRING: lua_pushlstring(L, value->bytes, value->len); break;
    default: lua_pushnil(L);
    }
}

static void settle(lua_State *L, lua_table *self, const char *what, int rc, par_error *err)
{
    par_lua_shared_leave(&self->object);
    if (rc == PAR_OK) return;
    err->code = rc;
    if (rc == PAR_E_INVALID) par_lua_misuse(L, "%s: %s", what, err->text);
    par_lua_throw_status(L, 0, err);
}

/* --- methods --- */
static int push_string(lua_State *L)
{
    push_value(L, lua_touserdata(L, 1));
    return 1;
}

/* A string in a buffer of ours: freed, whatever is raised. */
static void push_and_free(lua_State *L, par_buffer *string, par_table_value *value)
{
    lua_pushcfunction(L, push_string);
    lua_pushlightuserdata(L, value);
    int rc = lua_pcall(L, 1, 1, 0);
    par_buffer_fini(string);
    if (rc != LUA_OK) lua_error(L);
}

/* table:get(key). Making a string may run a finalizer, which may call this: what it is made of belongs to this call alone. */
static int table_get(lua_State *L)
{
    char copy[256];
    par_error err;
    lua_table *self = to_table(L, "get");
    par_table_value key = value_at(L, 2, "get", "key"), value;
    par_lua_shared_enter(L, &self->object);
    int rc = par_table_get(self->table, &key, &self->string, &value, &err);
    settle(L, self, "get", rc, &err);
    if (value.kind == PAR_TABLE_STRING && value.len > sizeof copy) {
        par_buffer string = self->string;
        self->string = (par_buffer){0};
        push_and_free(L, &string, &value);
        return 1;
    }
    if (value.kind == PAR_TABLE_STRING && value.len) value.bytes = memcpy(copy, value.bytes, value.len);
    push_value(L, &value);
    return 1;
}

/* table:set(key, value): nil removes it */
static int table_set(lua_State *L)
{
    par_error err;
    lua_table *self = to_table(L, "set");
    par_table_value key = value_at(L, 2, "set", "key"), value = value_at(L, 3, "set", "value");
    par_lua_shared_enter(L, &self->object);
    int rc = par_table_set(self->table, &key, &value, &err);
    settle(L, self, "set", rc, &err);
    return 0;
}

/* table:add(key [, n]) -> the sum; what is not there counts as 0 */
static int table_add(lua_State *L)
{
    par_error err;
    lua_table *self = to_table(L, "add");
    par_table_value key = value_at(L, 2, "add", "key"), n = value_at(L, 3, "add", "value"), sum;
    if (n.kind == PAR_TABLE_NIL) n = (par_table_value){.kind = PAR_TABLE_INTEGER, .integer = 1};
    par_lua_shared_enter(L, &self->object);
    int rc = par_table_add(self->table, &key, &n, &sum, &err);
    settle(L, self, "add", rc, &err);
    push_value(L, &sum);
    return 1;
}

/* table:compare_and_set(key, old, value) -> was it old, and is it value now? */
static int table_compare_and_set(lua_State *L)
{
    par_error err;
    bool done;
    lua_table *self = to_table(L, "compare_and_set");
    par_table_value key = value_at(L, 2, "compare_and_set", "key"), old = value_at(L, 3, "compare_and_set", "value"),
                    value = value_at(L, 4, "compare_and_set", "value");
    par_lua_shared_enter(L, &self->object);
    int rc = par_table_compare_and_set(self->table, &key, &old, &value, &done, &err);
    settle(L, self, "compare_and_set", rc, &err);
    lua_pushboolean(L, done);
    return 1;
}

static int snapshot_gc(lua_State *L)
{
    par_buffer_fini(lua_touserdata(L, 1));
    return 0;
}

/* An empty buffer, freed by Lua whatever is raised. */
static par_buffer *snapshot_new(lua_State *L)
{
    par_buffer *all = lua_newuserdata(L, sizeof *all);
    *all = (par_buffer){0};
    if (luaL_newmetatable(L, "parallel.snapshot")) {
        lua_pushcfunction(L, snapshot_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return all;
}

/* table:copy() -> a plain table with all that is in it at one moment, and how many entries that are */
static int table_copy(lua_State *L)
{
    par_error err;
    uint64_t count;
    size_t position = 0;
    par_table_value key, value;
    par_buffer *all = snapshot_new(L);
    lua_table *self = to_table(L, "copy");
    par_lua_shared_enter(L, &self->object);
    int rc = par_table_snapshot(self->table, all, &count, &err);
    settle(L, self, "copy", rc, &err);
    lua_createtable(L, 0, count < 1024 ? (int)count : 1024);
    while (par_table_next(all, &position, &key, &value)) {
        push_value(L, &key);
        push_value(L, &value);
        lua_rawset(L, -3);
    }
    par_buffer_fini(all);
    lua_pushinteger(L, (lua_Integer)count);
    return 2;
}

static const luaL_Reg methods[] = {{"get", table_get},   {"set", table_set}, {"add", table_add}, {"compare_and_set", table_compare_and_set},
                                   {"copy", table_copy}, {NULL, NULL}};

void par_lua_open_shared_table(lua_State *L)
{
    static const luaL_Reg functions[] = {{"new", table_new}, {NULL, NULL}};
    par_lua_shared_add(L, &kind, functions);
}
