/* A hostile sender who may not send code: whatever he names or brings, wherever it stands, is refused, and nothing runs or is loaded
 * but what the receiver has registered himself. */
#include "tap.h"
#include "codec/format.h"
#include "state.h"

static par_error err;
static int ran;      /* modules that were asked for, functions that compile, functions that came */
static int loaded;   /* chunks that the codec itself compiled */
static int received; /* calls of what is registered here */

static void note_loaded(const char *name) { loaded += strcmp(name, "=fingerprint") != 0; }

#if LUA_VERSION_NUM >= 502 || PAR_LUAJIT
int __real_luaL_loadbufferx(lua_State *L, const char *text, size_t len, const char *name, const char *mode);
int __wrap_luaL_loadbufferx(lua_State *L, const char *text, size_t len, const char *name, const char *mode);
int __wrap_luaL_loadbufferx(lua_State *L, const char *text, size_t len, const char *name, const char *mode)
{
    note_loaded(name);
    return __real_luaL_loadbufferx(L, text, len, name, mode);
}
#endif
#ifndef luaL_loadbuffer /* a function of its own */
int __real_luaL_loadbuffer(lua_State *L, const char *text, size_t len, const char *name);
int __wrap_luaL_loadbuffer(lua_State *L, const char *text, size_t len, const char *name);
int __wrap_luaL_loadbuffer(lua_State *L, const char *text, size_t len, const char *name)
{
    note_loaded(name);
    return __real_luaL_loadbuffer(L, text, len, name);
}
#endif

static int note_run(lua_State *L)
{
    (void)L;
    ran++;
    return 0;
}

static int note_received(lua_State *L)
{
    received++;
    lua_settop(L, 1);
    return 1;
}

static const char class_file[] =
    "return {make = function(metatable) received() return setmetatable({}, metatable) end,\n"
    "        read = function(object, method, contents) received() object.contents = contents[2] return object end}";

static int push_class_file(lua_State *L)
{
    lua_getglobal(L, "class_file");
    return 1;
}

static const char prepare[] =
    "register_metatable = {}\n"
    "for _, name in ipairs{'require', 'load', 'loadstring', 'dofile', 'loadfile', 'module'} do _G[name] = run end\n"
    "package.preload.evil = run\n"
    "table.insert(package.searchers or package.loaders, 1, run)\n";

static lua_State *open_receiver(alloc_meter *meter)
{
    lua_State *L = state_open(meter);
    CHECK_INT(luaL_loadstring(L, class_file) || lua_pcall(L, 0, 1, 0), 0);
    lua_setglobal(L, "class_file");
    lua_register(L, "run", note_run);
    lua_register(L, "received", note_received);
    CHECK_INT(luaL_loadstring(L, prepare) || lua_pcall(L, 0, 0, 0), 0);
    par_codec *codec = par_codec_of(L);
    par_codec_hooks hooks = {
        .to_tensor = state_to_object, .push_tensor = state_push_tensor, .push_storage = state_push_storage, .class_file = push_class_file};
    par_codec_set_hooks(codec, &hooks);
    lua_pushliteral(L, "known"); /* a type with hooks */
    lua_newtable(L);
    lua_pushcfunction(L, note_received);
    lua_setfield(L, -2, "encode");
    lua_getglobal(L, "received");
    CHECK_INT(luaL_loadstring(L, "return function(...) return received(...) end") || lua_pcall(L, 0, 1, 0), 0);
    lua_replace(L, -2);
    lua_setfield(L, -2, "decode");
    par_codec_register(L, codec, 1, 2);
    lua_settop(L, 0);
    lua_newtable(L); /* a class, known both ways round */
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "Class");
    lua_pushliteral(L, "Class");
    lua_rawset(L, LUA_REGISTRYINDEX);
    luaL_newmetatable(L, "a.library"); /* a metatable that only a C library knows what to do with */
    lua_pushcfunction(L, note_run);
    lua_setfield(L, -2, "__gc");
    lua_settop(L, 0);
    ran = loaded = received = 0;
    return L;
}

typedef struct piece {
    uint8_t bytes[600];
    size_t len;
} piece;

static void put(piece *to, const void *bytes, size_t len)
{
    CHECK(to->len + len <= sizeof to->bytes);
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

static void put_u8(piece *to, unsigned byte) { put(to, (const uint8_t[]){(uint8_t)byte}, 1); }

static void put_string(piece *to, const char *text)
{
    put_u8(to, PAR_TAG_STRING + (unsigned)strlen(text));
    put(to, text, strlen(text));
}

static void put_name(piece *to, const char *text)
{
    put_u8(to, (unsigned)strlen(text));
    put(to, text, strlen(text));
}

/* --- what is sent --- */

/* The value of some Lua code, as the encoder has it. */
static piece encoded(const char *code, unsigned flags)
{
    alloc_meter meter;
    lua_State *L = state_open(&meter);
    par_encoded out;
    piece value = {.len = 0};
    CHECK_INT(luaL_loadbuffer(L, code, strlen(code), code) || lua_pcall(L, 0, 1, 0), 0);
    CHECK_INT(par_codec_encode(L, par_codec_of(L), 1, 1, "value", flags | PAR_ENCODE_INLINE, NULL, 0, &out, &err), PAR_OK);
    CHECK_INT(out.bytes[1], 0); /* no references, no storages: it can stand anywhere */
    put(&value, out.bytes + PAR_FORMAT_HEADER, out.len - PAR_FORMAT_HEADER);
    lua_close(L);
    return value;
}

static piece named(unsigned fields, const char *module, const char *first, const char *second)
{
    piece value = {.len = 0};
    put_u8(&value, PAR_TAG_NAMED);
    put_u8(&value, fields);
    put_name(&value, module);
    if (fields > 0) put_name(&value, first);
    if (fields > 1) put_name(&value, second);
    return value;
}

static piece of_type(const char *name)
{
    piece value = {.len = 0};
    put_u8(&value, PAR_TAG_HOOKED);
    put_u8(&value, 1);
    put_string(&value, name);
    put_u8(&value, 7);
    return value;
}

static piece with_metatable(const char *name)
{
    piece value = {.len = 0};
    put_u8(&value, PAR_TAG_META);
    put_u8(&value, PAR_TAG_EMPTY);
    put_string(&value, name);
    return value;
}

static piece of_class(const char *name, const piece *inside)
{
    piece value = {.len = 0};
    put_u8(&value, PAR_TAG_META);
    put_u8(&value, PAR_TAG_HOOKED);
    put_u8(&value, 3);
    put_string(&value, name);
    put_string(&value, "o");
    put_u8(&value, PAR_TAG_ARRAY);
    put_u8(&value, 0);
    put_u8(&value, 1);
    put(&value, inside->bytes, inside->len);
    put_u8(&value, 1);
    return value;
}

/* --- where it stands --- */

static const struct place {
    const char *name;
    uint8_t before[24];
    size_t before_len;
    uint8_t after[2];
    size_t after_len;
} places[] = {
    {"alone", {0}, 0, {0}, 0},
    {"first element", {PAR_TAG_ARRAY, 0, 2}, 3, {1}, 1},
    {"last element", {PAR_TAG_ARRAY, 0, 2, 1}, 4, {0}, 0},
    {"value", {PAR_TAG_HASH, 0, PAR_TAG_STRING + 1, 'a'}, 4, {PAR_TAG_END}, 1},
    {"key", {PAR_TAG_HASH, 0}, 2, {1, PAR_TAG_END}, 2},
    {"metatable", {PAR_TAG_META, PAR_TAG_EMPTY}, 2, {0}, 0},
    {"finalizer", {PAR_TAG_META, PAR_TAG_EMPTY, PAR_TAG_HASH, 0, PAR_TAG_STRING + 4, '_', '_', 'g', 'c'}, 9, {PAR_TAG_END}, 1},
    {"for a hook", {PAR_TAG_HOOKED, 1, PAR_TAG_STRING + 5, 'k', 'n', 'o', 'w', 'n'}, 8, {0}, 0},
    {"second for a hook", {PAR_TAG_HOOKED, 2, PAR_TAG_STRING + 5, 'k', 'n', 'o', 'w', 'n', 1}, 9, {0}, 0},
    {"for a class",
     {PAR_TAG_META, PAR_TAG_HOOKED, 3, PAR_TAG_STRING + 5, 'C', 'l', 'a', 's', 's', PAR_TAG_STRING + 1, 'o', PAR_TAG_ARRAY, 0, 1},
     14,
     {1},
     1},
    {"letters for a class", {PAR_TAG_META, PAR_TAG_HOOKED, 3, PAR_TAG_STRING + 5, 'C', 'l', 'a', 's', 's'}, 9, {1, 1}, 2},
    {"deep", {PAR_TAG_ARRAY, 0, 1, PAR_TAG_ARRAY, 0, 1, PAR_TAG_HASH, 0, 3, PAR_TAG_ARRAY, 0, 1}, 12, {PAR_TAG_END}, 1},
};

static int decode_from(lua_State *L, const piece *message)
{
    static const par_codec_origin origin = {.id = 7, .what = "result"};
    uint8_t *copy = malloc(message->len); /* its own block, so that the sanitizer sees a read behind the end */
    memcpy(copy, message->bytes, message->len);
    int n = par_codec_decode_from(L, par_codec_of(L), copy, message->len, NULL, 0, 0, &origin, &err);
    free(copy);
    return n;
}

static piece message_of(const struct place *place, const piece *value)
{
    piece message = {.len = 0};
    put(&message, (const uint8_t[]){PAR_FORMAT_VERSION, 0, 0, 1}, PAR_FORMAT_HEADER);
    put(&message, place->before, place->before_len);
    put(&message, value->bytes, value->len);
    put(&message, place->after, place->after_len);
    return message;
}

static void check_nothing_ran(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT, 0);
    CHECK_INT(ran, 0);
    CHECK_INT(loaded, 0);
}

/* Refused at every place, and the next message is taken as if nothing had been. */
static void refused_everywhere(lua_State *L, const piece *value, const char *what)
{
    loaded = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        piece message = message_of(&places[i], value), honest = message_of(&places[1], &(piece){{1}, 1});
        int n = decode_from(L, &message);
        if (n != PAR_E_UNSUPPORTED || !strstr(err.text, what)) printf("# %s: %d %s, not %s\n", places[i].name, n, err.text, what);
        CHECK_INT(n, PAR_E_UNSUPPORTED);
        CHECK(strstr(err.text, what) != NULL);
        CHECK_INT(lua_gettop(L), 0);
        CHECK_INT(decode_from(L, &honest), 1);
        lua_settop(L, 0);
    }
    check_nothing_ran(L);
}

static void code_is_refused_everywhere(void)
{
    alloc_meter meter;
    lua_State *L = open_receiver(&meter);
    const struct {
        piece value;
        const char *what;
    } sent[] = {
        {encoded("return function() run() end", 0), "child 7 sent a function at result"},
        {encoded("return function() run() end", PAR_ENCODE_FOREIGN), "child 7 sent a function (as source text) at result"},
        {encoded("return _G", 0), "child 7 sent the globals at result"},
        {encoded("return os.execute", 0), "child 7 sent 'os.execute' by its name at result"},
        {encoded("return string", 0), "child 7 sent the module 'string' at result"},
        {named(0, "evil", NULL, NULL), "child 7 sent the module 'evil' at result"},
        {named(1, "evil", "f", NULL), "child 7 sent 'evil.f' by its name at result"},
        {named(2, "package", "loaded", "evil"), "child 7 sent 'package.loaded.evil' by its name at result"},
    };
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) refused_everywhere(L, &sent[i].value, sent[i].what);
    lua_close(L);
    CHECK_INT(meter.used, 0);
}

static void names_that_are_not_known_load_nothing(void)
{
    alloc_meter meter;
    lua_State *L = open_receiver(&meter);
    piece number = {{1}, 1}, type = of_type("evil"), class = of_class("evil", &number), table = with_metatable("a.library"),
          globals = with_metatable("_LOADED");
    refused_everywhere(L, &type, "an object of type 'evil'");
    refused_everywhere(L, &class, "an object of class 'evil'");
    refused_everywhere(L, &table, "the metatable 'a.library' is not known here");
    refused_everywhere(L, &globals, "the metatable '_LOADED' is not known here");
    lua_close(L);
    CHECK_INT(ran, 0);
}

/* The receiver's own hooks and classes are his code: they get the data. */
static void what_is_registered_here_runs(void)
{
    alloc_meter meter;
    lua_State *L = open_receiver(&meter);
    piece number = {{1}, 1}, type = of_type("known"), class = of_class("Class", &number);
    piece message = message_of(&places[0], &type);
    CHECK_INT(decode_from(L, &message), 1);
    CHECK_INT(lua_tointeger(L, 1), 7);
    CHECK_INT(received, 1);
    lua_settop(L, 0);
    message = message_of(&places[0], &class);
    CHECK_INT(decode_from(L, &message), 1);
    CHECK(lua_istable(L, 1));
    CHECK_INT(received, 3);
    check_nothing_ran(L);
    lua_close(L);
}

static void the_path_is_told(void)
{
    alloc_meter meter;
    lua_State *L = open_receiver(&meter);
    const par_codec_origin task = {.id = 7, .what = "result", .skip = 1};
    piece value = named(1, "evil", "f", NULL), message = {.len = 0};
    put(&message, (const uint8_t[]){PAR_FORMAT_VERSION, 0, 0, 2, 5, PAR_TAG_HASH, 0, PAR_TAG_STRING + 1, 'f'}, 9);
    put(&message, value.bytes, value.len);
    put_u8(&message, PAR_TAG_END);
    CHECK_INT(decode_from(L, &message), PAR_E_UNSUPPORTED);
    CHECK(strcmp(err.text, "child 7 sent 'evil.f' by its name at result 2.f, which functions=false forbids") == 0);
    CHECK_INT(par_codec_decode_from(L, par_codec_of(L), message.bytes, message.len, NULL, 0, 0, &task, &err), PAR_E_UNSUPPORTED);
    CHECK(strcmp(err.text, "child 7 sent 'evil.f' by its name at result.f, which functions=false forbids") == 0);
    lua_close(L);
}

TAP_MAIN(TEST(code_is_refused_everywhere), TEST(names_that_are_not_known_load_nothing), TEST(what_is_registered_here_runs),
         TEST(the_path_is_told))
