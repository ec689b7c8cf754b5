/* libFuzzer: any bytes from somebody who may not send code, to a receiver with types and classes of his own. It gives an error or
 * values; nothing is required, no chunk is compiled by name or text, and no function is among what came. The first byte chooses
 * the flags, the second how many values are not the user's. */
#include "../codec/state.h"

static alloc_meter meter;
static par_error err;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good) abort();
}

static int never(lua_State *L)
{
    (void)L;
    abort();
}

static int push_class_file(lua_State *L)
{
    lua_getglobal(L, "class_file");
    return 1;
}

static const char receiver[] =
    "local metatable, class = {}, {}\n"
    "class_file = {\n"
    "  make = function(metatable) return setmetatable({}, metatable) end,\n"
    "  read = function(object, method, contents) object.contents = contents[2] return object end,\n"
    "}\n"
    "types = {known = {encode = function(t) return t.a, t.b end, decode = function(a, b) return {a = a, b = b} end},\n"
    "  table = {metatable = metatable}}\n"
    "known_metatables = {[metatable] = true, [class] = true}\n"
    "the_class = class\n"
    "local getmetatable = debug.getmetatable\n"
    "function look(...)\n"
    "  local seen, left = {}, {...}\n"
    "  local n = select('#', ...)\n"
    "  local function visit(v)\n"
    "    if type(v) == 'function' or type(v) == 'thread' then never() end\n"
    "    if type(v) == 'table' and not seen[v] and not known_metatables[v] then seen[v] = true n = n + 1 left[n] = v end\n"
    "  end\n"
    "  for i = 1, n do local v = left[i] left[i] = false visit(v) end\n"
    "  while n > 0 do\n"
    "    local t = left[n]\n"
    "    left[n] = nil\n"
    "    n = n - 1\n"
    "    if t then\n"
    "      if t == _G or t == package.loaded then never() end\n"
    "      for k, v in next, t do visit(k) visit(v) end\n"
    "      visit(getmetatable(t))\n"
    "    end\n"
    "  end\n"
    "end\n"
    "for _, name in ipairs{'require', 'load', 'loadstring', 'dofile', 'loadfile'} do _G[name] = never end\n"
    "table.insert(package.searchers, 1, never)\n";

static lua_State *open_receiver(void)
{
    lua_State *L = state_open(&meter);
    par_codec *codec = par_codec_of(L);
    par_codec_hooks hooks = {
        .to_tensor = state_to_object, .push_tensor = state_push_tensor, .push_storage = state_push_storage, .class_file = push_class_file};
    par_codec_set_hooks(codec, &hooks);
    lua_register(L, "never", never);
    check(luaL_loadstring(L, receiver) == LUA_OK && lua_pcall(L, 0, 0, 0) == LUA_OK);
    lua_getglobal(L, "types");
    for (lua_pushnil(L); lua_next(L, 1);) {
        par_codec_register(L, codec, 2, 3); /* leaves what is up to the spec */
        lua_settop(L, 2);
    }
    lua_settop(L, 0);
    lua_getglobal(L, "the_class");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "Class");
    lua_pushliteral(L, "Class");
    lua_rawset(L, LUA_REGISTRYINDEX);
    return L;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    static unsigned runs;
    if (!L) L = open_receiver();
    if (size < 2) return 0;
    par_codec_origin origin = {.id = 7, .what = "message", .skip = data[1] % 4};
    uint8_t *copy = malloc(size - 2 ? size - 2 : 1);
    memcpy(copy, data + 2, size - 2);
    int n = par_codec_decode_from(L, par_codec_of(L), copy, size - 2, NULL, 0, data[0] & PAR_DECODE_LOSSY, &origin, &err);
    free(copy);
    check(lua_gettop(L) == (n > 0 ? n : 0));
    check(n >= 0 || err.text[0]);
    if (n > 0 && n < 200) {
        lua_getglobal(L, "look");
        lua_insert(L, 1);
        check(lua_pcall(L, n, 0, 0) == LUA_OK);
    }
    lua_settop(L, 0);
    if (++runs % 1024 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}
