/* torch.File and its kinds: a userdata that holds a par_file. Their classes are made in lua/parallel/torch/file.lua. */
#include "tensor/file.h"

#include <string.h>

#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

typedef struct file_box {
    const char *magic; /* tells it from any other userdata */
    par_file *file;    /* NULL: it could not be opened, or it was collected */
} file_box;
static const char file_magic;

static par_file *to_file(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || lua_rawlen(L, idx) < sizeof(file_box)) return NULL;
    const file_box *box = lua_touserdata(L, idx);
    return box->magic == &file_magic ? box->file : NULL;
}

static par_file *check_file(lua_State *L)
{
    par_file *file = to_file(L, 1);
    if (!file) par_lua_arg_error(L, 1, "torch.File expected, got %s", par_lua_push_kind(L, 1));
    return file;
}

/* Raises the error of a negative result. */
static int64_t checked(lua_State *L, par_file *file, int64_t result, const par_error *err)
{
    if (result >= 0) return result;
    return luaL_error(L, file->name ? "<%s>: %s" : "%s%s", file->name ? file->name : "", err->text);
}

static int myself(lua_State *L)
{
    lua_settop(L, 1);
    return 1;
}

/* --- opening and closing --- */

enum { DISK, COMMAND, MEMORY };

static int open_kind(lua_State *L, int kind, const char *mode, par_file **out, par_error *err)
{
    if (kind == DISK) return par_file_open(luaL_checkstring(L, 3), mode, out, err);
    if (kind == COMMAND) return par_file_command(luaL_checkstring(L, 3), mode, out, err);
    return par_file_memory(lua_isnil(L, 3) ? NULL : par_lua_check_storage(L, 3), mode, out, err);
}

/* open(metatable, kind, path or command or storage or nil, mode, quiet) -> a file of the class; nil when it is to be quiet */
static int open_file(lua_State *L)
{
    par_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 5);
    int kind = (int)luaL_checkinteger(L, 2);
    const char *mode = lua_tostring(L, 4);
    if (!mode) return luaL_error(L, "file mode should be 'r', 'w' or 'rw', not a %s", luaL_typename(L, 4));
    file_box *box = lua_newuserdata(L, sizeof *box);
    *box = (file_box){.magic = &file_magic};
    lua_pushvalue(L, 1);
    lua_setmetatable(L, -2);
    int status = open_kind(L, kind, mode, &box->file, &err);
    if (status == PAR_OK) box->file->quiet = lua_toboolean(L, 5);
    else if (status == PAR_E_INVALID || !lua_toboolean(L, 5)) return luaL_error(L, "%s", err.text);
    return status == PAR_OK;
}

static int collect(lua_State *L)
{
    if (!to_file(L, 1)) return 0;
    file_box *box = lua_touserdata(L, 1);
    par_file_free(box->file);
    box->file = NULL;
    return 0;
}

/* file:_reopen(storage, mode): a file in memory becomes another one. */
static int reopen(lua_State *L)
{
    par_error err;
    par_file *made;
    par_file *file = check_file(L);
    if (file->name) return luaL_error(L, "this file is not in memory");
    par_lua_check_status(L, par_file_memory(par_lua_check_storage(L, 2), par_lua_check_text(L, 3, NULL), &made, &err), &err);
    ((file_box *)lua_touserdata(L, 1))->file = made;
    par_file_free(file);
    return 0;
}

static int close_(lua_State *L)
{
    par_error err;
    par_file *file = check_file(L);
    checked(L, file, par_file_close(file, &err), &err);
    return myself(L);
}

static int synchronize(lua_State *L)
{
    par_error err;
    par_file *file = check_file(L);
    checked(L, file, par_file_synchronize(file, &err), &err);
    return myself(L);
}

/* "torch.DiskFile on <name> [status: open -- mode rw]" */
static int describe(lua_State *L)
{
    const par_file *file = check_file(L);
    const char *class = par_lua_check_text(L, 2, NULL);
    if (file->name) lua_pushfstring(L, "%s on <%s>", class, file->name);
    else lua_pushstring(L, class);
    lua_pushfstring(L, " [status: %s -- mode: %s%s]", par_file_is_open(file) ? "open" : "closed", file->readable ? "r" : " ",
                    file->writable ? "w" : " ");
    lua_concat(L, 2);
    return 1;
}

/* --- what it is --- */

static int is_quiet(lua_State *L) { return lua_pushboolean(L, check_file(L)->quiet), 1; }
static int is_readable(lua_State *L) { return lua_pushboolean(L, check_file(L)->readable), 1; }
static int is_writable(lua_State *L) { return lua_pushboolean(L, check_file(L)->writable), 1; }
static int is_binary(lua_State *L) { return lua_pushboolean(L, check_file(L)->binary), 1; }
static int is_ascii(lua_State *L) { return lua_pushboolean(L, !check_file(L)->binary), 1; }
static int is_auto_spacing(lua_State *L) { return lua_pushboolean(L, check_file(L)->auto_spacing), 1; }
static int has_error(lua_State *L) { return lua_pushboolean(L, check_file(L)->failed), 1; }

static int binary(lua_State *L) { return check_file(L)->binary = true, myself(L); }
static int ascii(lua_State *L) { return check_file(L)->binary = false, myself(L); }
static int auto_spacing(lua_State *L) { return check_file(L)->auto_spacing = true, myself(L); }
static int no_auto_spacing(lua_State *L) { return check_file(L)->auto_spacing = false, myself(L); }
static int quiet(lua_State *L) { return check_file(L)->quiet = true, myself(L); }
static int pedantic(lua_State *L) { return check_file(L)->quiet = false, myself(L); }
static int clear_error(lua_State *L) { return check_file(L)->failed = false, myself(L); }

#define LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
static int is_little_endian(lua_State *L) { return lua_pushboolean(L, LITTLE), 1; }
static int is_big_endian(lua_State *L) { return lua_pushboolean(L, !LITTLE), 1; }
static int native_endian(lua_State *L) { return check_file(L)->swapped = false, myself(L); }
static int little_endian(lua_State *L) { return check_file(L)->swapped = !LITTLE, myself(L); }
static int big_endian(lua_State *L) { return check_file(L)->swapped = LITTLE, myself(L); }

static int long_size(lua_State *L)
{
    par_file *file = check_file(L);
    int64_t bytes = par_lua_check_i64(L, 2);
    if (bytes != 0 && bytes != 4 && bytes != 8) return par_lua_arg_error(L, 2, "the size of a long is 4 or 8 bytes (0: this machine's)");
    file->long_bytes = bytes == 4 ? 4 : 8;
    return myself(L);
}

static int no_buffer(lua_State *L)
{
    par_file *file = check_file(L);
    if (file->stream && !par_os_file_unbuffer(file->stream)) return luaL_error(L, "cannot disable buffer");
    return myself(L);
}

/* --- positions --- */

static int seek(lua_State *L)
{
    par_error err;
    par_file *file = check_file(L);
    int64_t position = par_lua_check_i64(L, 2);
    if (position < 1) return par_lua_arg_error(L, 2, "position has to be greater than 0!");
    checked(L, file, par_file_seek(file, position - 1, &err), &err);
    return myself(L);
}

static int seek_end(lua_State *L)
{
    par_error err;
    par_file *file = check_file(L);
    checked(L, file, par_file_seek_end(file, &err), &err);
    return myself(L);
}

/* nil: it has no positions */
static int position(lua_State *L)
{
    par_file *file = check_file(L);
    if (!par_file_is_open(file)) return luaL_error(L, "attempt to use a closed file");
    int64_t at = par_file_position(file);
    if (at < 0) return 0;
    par_lua_push_i64(L, at + 1);
    return 1;
}

/* The chars of a file in memory, with the 0 behind them. */
static int storage(lua_State *L)
{
    par_error err;
    par_file *file = check_file(L);
    if (!file->storage) return luaL_error(L, file->name ? "this file is not in memory" : "attempt to use a closed file");
    par_lua_check_status(L, par_storage_resize(file->storage, file->size + 1, &err), &err);
    par_lua_push_storage(L, par_storage_retain(file->storage));
    return 1;
}

/* --- numbers: functions that have the type as their upvalue, behind their name --- */

static par_type type_of(lua_State *L) { return (par_type)lua_tointeger(L, lua_upvalueindex(2)); }

static int read_one(lua_State *L, par_file *file, par_type type)
{
    par_error err;
    int64_t element = 0;
    checked(L, file, par_file_read(file, type, &element, 1, &err), &err);
    par_lua_push_value(L, type, par_element_get(type, &element));
    return 1;
}

#define FIRST_ELEMENTS ((int64_t)1 << 16) /* taken before it is known that so many come */

/* A new storage of n elements. Memory is taken as elements come, so that a count that is wrong costs nothing. */
static int read_many(lua_State *L, par_file *file, par_type type, int64_t n)
{
    par_error err;
    if (n < 0) return par_lua_arg_error(L, 2, "a size must not be negative");
    checked(L, file, par_file_check(file, true, &err), &err);
    int64_t left = par_file_elements_left(file, type), room = n;
    if (left < n) {
        checked(L, file,
                par_file_fail(file, &err, "read error: read %lld blocks instead of %lld: no more are left from position %lld on",
                              (long long)left, (long long)n, (long long)par_file_position(file) + 1),
                &err);
        n = room = left;
    } else if (left == INT64_MAX && n > FIRST_ELEMENTS) {
        room = FIRST_ELEMENTS;
    }
    par_storage *made = par_lua_new_storage(L, type, room);
    for (int64_t done = 0, got;; done += got) {
        char *to = made->data; /* of no elements: none */
        if (done > 0) to += (size_t)done * par_type_bytes(type);
        got = checked(L, file, par_file_read(file, type, to, room - done, &err), &err);
        bool ended = got < room - done;
        if (!ended && room == n) return 1;
        int64_t more = ended ? done + got : room < n / 2 ? 2 * room : n;
        par_lua_check_status(L, par_storage_resize(made, more, &err), &err);
        if (ended) return 1;
        room = more;
    }
}

/* file:readInt() -> number; readInt(n) -> storage of n; readInt(storage) -> how many were read into it */
static int read_numbers(lua_State *L)
{
    par_error err;
    par_type type = type_of(L);
    par_file *file = check_file(L);
    if (lua_gettop(L) == 1) return read_one(L, file, type);
    if (lua_isnumber(L, 2)) return read_many(L, file, type, par_lua_check_i64(L, 2));
    par_storage *into = par_lua_to_storage(L, 2);
    if (!into || into->type != type)
        return par_lua_arg_error(L, 2, "nothing, number, or torch.%sStorage expected, got %s", par_type_name(type),
                                 par_lua_push_kind(L, 2));
    par_lua_push_i64(L, checked(L, file, par_file_read(file, type, into->data, into->size, &err), &err));
    return 1;
}

/* file:writeInt(number); file:writeInt(storage) -> how many were written */
static int write_numbers(lua_State *L)
{
    par_error err;
    par_type type = type_of(L);
    par_file *file = check_file(L);
    par_storage *from = par_lua_to_storage(L, 2);
    if (lua_isnumber(L, 2)) {
        int64_t element = 0;
        par_element_set(type, &element, par_lua_check_value(L, 2, type));
        checked(L, file, par_file_write(file, type, &element, 1, &err), &err);
        return 0;
    }
    if (!from || from->type != type)
        return par_lua_arg_error(L, 2, "number, or torch.%sStorage expected, got %s", par_type_name(type), par_lua_push_kind(L, 2));
    par_lua_push_i64(L, checked(L, file, par_file_write(file, type, from->data, from->size, &err), &err));
    return 1;
}

/* --- text --- */

static int push_buffer(lua_State *L)
{
    const par_buffer *buffer = lua_touserdata(L, 1);
    lua_pushlstring(L, (const char *)buffer->data, buffer->len);
    return 1;
}

/* file:readString('*a' or '*l') */
static int read_string(lua_State *L)
{
    par_error err;
    par_buffer text = {0};
    par_file *file = check_file(L);
    const char *format = par_lua_check_text(L, 2, NULL);
    if (format[0] != '*' || (format[1] != 'a' && format[1] != 'l')) return par_lua_arg_error(L, 2, "format must be '*a' or '*l'");
    lua_settop(L, 2);
    int status = par_file_read_text(file, format[1] == 'a', &text, &err);
    lua_pushcfunction(L, push_buffer); /* protected, so that the buffer is freed when Lua has no memory for the string */
    lua_pushlightuserdata(L, &text);
    int outcome = status == PAR_OK ? lua_pcall(L, 1, 1, 0) : LUA_OK;
    par_buffer_fini(&text);
    checked(L, file, status, &err);
    return outcome == LUA_OK ? 1 : lua_error(L);
}

static int write_string(lua_State *L)
{
    size_t len;
    par_error err;
    par_file *file = check_file(L);
    if (lua_type(L, 2) != LUA_TSTRING) return par_lua_arg_error(L, 2, "string expected, got %s", par_lua_push_kind(L, 2));
    const char *text = lua_tolstring(L, 2, &len);
    par_lua_push_i64(L, checked(L, file, par_file_write_text(file, text, len, &err), &err));
    return 1;
}

static const luaL_Reg METHODS[] = {{"close", close_},
                                   {"synchronize", synchronize},
                                   {"isQuiet", is_quiet},
                                   {"isReadable", is_readable},
                                   {"isWritable", is_writable},
                                   {"isBinary", is_binary},
                                   {"isAscii", is_ascii},
                                   {"isAutoSpacing", is_auto_spacing},
                                   {"hasError", has_error},
                                   {"binary", binary},
                                   {"ascii", ascii},
                                   {"autoSpacing", auto_spacing},
                                   {"noAutoSpacing", no_auto_spacing},
                                   {"quiet", quiet},
                                   {"pedantic", pedantic},
                                   {"clearError", clear_error},
                                   {"seek", seek},
                                   {"seekEnd", seek_end},
                                   {"position", position},
                                   {"readString", read_string},
                                   {"writeString", write_string},
                                   {"isLittleEndianCPU", is_little_endian},
                                   {"isBigEndianCPU", is_big_endian},
                                   {"nativeEndianEncoding", native_endian},
                                   {"littleEndianEncoding", little_endian},
                                   {"bigEndianEncoding", big_endian},
                                   {"longSize", long_size},
                                   {"noBuffer", no_buffer},
                                   {"storage", storage},
                                   {"_reopen", reopen},
                                   {"__gc", collect},
                                   {NULL, NULL}};

static void add_numbers(lua_State *L, const char *verb, lua_CFunction function)
{
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        lua_pushfstring(L, "%s%s", verb, par_type_name((par_type)type));
        lua_pushvalue(L, -1);
        lua_pushinteger(L, type);
        lua_pushcclosure(L, function, 2);
        lua_rawset(L, -3);
    }
}

void par_lua_tensor_add_file(lua_State *L)
{
    static const luaL_Reg functions[] = {{"open", open_file}, {"describe", describe}, {NULL, NULL}};
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_newtable(L);
    par_lua_add_functions(L, METHODS);
    add_numbers(L, "read", read_numbers);
    add_numbers(L, "write", write_numbers);
    lua_setfield(L, -2, "methods");
    lua_setfield(L, -2, "_file");
}
