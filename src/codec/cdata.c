/* LuaJIT's cdata: numbers, and structs and arrays of numbers, by the name of their C type. What needs the type's inside
 * is asked of the ffi module, by a few lines of Lua. */
#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/types.h"

#if PAR_LUAJIT

static const char helper[] =
    "local settle_nans = ...\n"
    "local ffi, bit = require 'ffi', require 'bit'\n"
    "local tostring, tonumber, pcall = tostring, tonumber, pcall\n"
    "local info_of, child_mask = ffi.typeinfo, 0xffff\n"
    /* Only numbers all the way down? Kinds: 0 number, 1 struct, 3 array, 5 enum, 7 typedef, 8 attribute, 9 field,
     * 10 bit field, 11 constant. */
    "local function plain(id)\n"
    "  local t = info_of(id)\n"
    "  local kind = bit.rshift(t.info, 28)\n"
    "  if kind == 0 or kind == 5 then return true end\n"
    "  if kind == 3 or kind == 7 or kind == 8 then return plain(bit.band(t.info, child_mask)) end\n"
    "  if kind ~= 1 then return false end\n"
    "  local id = t.sib\n"
    "  while id and id ~= 0 do\n"
    "    local f = info_of(id)\n"
    "    local kind = bit.rshift(f.info, 28)\n"
    "    if kind == 9 or kind == 8 then\n"
    "      if not plain(bit.band(f.info, child_mask)) then return false end\n"
    "    elseif kind ~= 10 and kind ~= 11 then return false end\n"
    "    id = f.sib\n"
    "  end\n"
    "  return true\n"
    "end\n"
    "local function scalar(ct)\n"
    "  local kind = bit.rshift(info_of(tonumber(ct)).info, 28)\n"
    "  return kind == 0 or kind == 5 or tostring(ct):find('^ctype<complex')\n"
    "end\n"
    "local function describe(value)\n"
    "  local ct = ffi.typeof(value)\n"
    "  local name = tostring(ct):match('^ctype<(.*)>$')\n"
    "  if not name then return nil, 'cdata' end\n"
    "  if name:find('^[%w_ ]+ &$') then\n"
    "    name = name:sub(1, -3)\n"
    "    ct = ffi.typeof(name)\n"
    "    if not ffi.sizeof(ct) or not plain(tonumber(ct)) then return nil, name end\n"
    "    value = ffi.new(ct, value)\n"
    "  end\n"
    "  if not name:find('^[%w_ %[%]?]+$') or not plain(tonumber(ct)) then return nil, name end\n"
    "  if name:find('^struct %d') or name:find('^union %d') or name:find('^enum %d') then return nil, name end\n"
    "  if scalar(ct) then\n"
    "    local box = ffi.new(name .. '[1]')\n"
    "    box[0] = value\n"
    "    return name, ffi.string(box, ffi.sizeof(ct))\n"
    "  end\n"
    "  return name, ffi.string(ffi.cast('const char *', value), ffi.sizeof(value))\n"
    "end\n"
    "local function raw(id)\n"
    "  local t = info_of(id)\n"
    "  local kind = bit.rshift(t.info, 28)\n"
    "  if kind == 7 or kind == 8 then return raw(bit.band(t.info, child_mask)) end\n"
    "  return t, kind\n"
    "end\n"
    "local function fields(t)\n"
    "  local id = t.sib\n"
    "  return function()\n"
    "    local f = id and id ~= 0 and info_of(id)\n"
    "    if f then id = f.sib end\n"
    "    return f or nil\n"
    "  end\n"
    "end\n"
    "local has_float\n"
    "local function field_has_float(f)\n"
    "  local kind = bit.rshift(f.info, 28)\n"
    "  return (kind == 9 or kind == 8) and has_float(bit.band(f.info, child_mask))\n"
    "end\n"
    "function has_float(id)\n"
    "  local t, kind = raw(id)\n"
    "  if kind == 0 then return bit.band(t.info, 0x04000000) ~= 0 end\n"
    "  if kind == 3 then return has_float(bit.band(t.info, child_mask)) end\n"
    "  for f in fields(t) do\n"
    "    if kind == 1 and field_has_float(f) then return true end\n"
    "  end\n"
    "  return false\n"
    "end\n"
    /* The floats in the `size` bytes at `at` of a value. What else lies where a float of a union does has any bits. */
    "local function settle(value, id, at, size)\n"
    "  local t, kind = raw(id)\n"
    "  if kind == 0 then settle_nans(value, at, t.size, size / t.size) end\n"
    "  if kind == 3 then\n"
    "    local element = bit.band(t.info, child_mask)\n"
    "    local inner, kind = raw(element)\n"
    "    local step = kind == 0 and size or inner.size\n"
    "    for place = at, at + size - 1, step do settle(value, element, place, step) end\n"
    "  end\n"
    "  if kind ~= 1 then return true end\n"
    "  if bit.band(t.info, 0x00800000) ~= 0 then return false end\n"
    "  local good = true\n"
    "  for f in fields(t) do\n"
    "    local inner = bit.band(f.info, child_mask)\n"
    "    if field_has_float(f) then good = settle(value, inner, at + f.size, raw(inner).size) and good end\n"
    "  end\n"
    "  return good\n"
    "end\n"
    "local function fill(value, id, bytes, trusted)\n"
    "  ffi.copy(value, bytes, #bytes)\n"
    "  if not has_float(id) or settle(value, id, 0, #bytes) or trusted then return value end\n"
    "  return nil, 'with floats in a union, which may hold what is no number'\n"
    "end\n"
    /* LuaJIT keeps each type that it hears of, and has room for 65536: a name takes at most a hundred of them. */
    "local most, strangers, known = 256, 0, {}\n"
    "local function may_name(name, trusted)\n"
    "  if trusted or known[name] then return true end\n"
    "  if strangers == most then return false end\n"
    "  strangers, known[name] = strangers + 1, true\n"
    "  return true\n"
    "end\n"
    "local function make(name, bytes, trusted)\n"
    "  if not name:find('^[%w_ %[%]?]+$') then return end\n"
    "  if not may_name(name, trusted) then return nil, ('after %d other types'):format(most) end\n"
    "  local element = name:match('^([%w_ ]+) %[%?%]$')\n"
    "  local ok, ct = pcall(ffi.typeof, element or name)\n"
    "  if not ok or not plain(tonumber(ct)) then return end\n"
    "  if element then\n"
    "    local size = ffi.sizeof(ct)\n"
    "    if not size or size == 0 or #bytes % size ~= 0 then return end\n"
    "    local array = ffi.typeof(name)\n"
    "    return fill(ffi.new(array, #bytes / size), tonumber(array), bytes, trusted)\n"
    "  end\n"
    "  if ffi.sizeof(ct) ~= #bytes then return end\n"
    "  if scalar(ct) then\n"
    "    return ffi.new(ct, fill(ffi.new(name .. '[1]'), tonumber(ct), bytes)[0])\n"
    "  end\n"
    "  return fill(ffi.new(ct), tonumber(ct), bytes, trusted)\n"
    "end\n"
    "return {describe, make}\n";

/* LuaJIT takes other NaNs than its own for references when a program reads them from a cdata. */
#define SETTLE(type, infinity, nan)                        \
    for (size_t i = 0; i < n; i++) {                       \
        type bits;                                         \
        memcpy(&bits, at + i * sizeof bits, sizeof bits);  \
        if (bits <= (infinity)) continue; /* negative's */ \
        bits = (nan);                                      \
        memcpy(at + i * sizeof bits, &bits, sizeof bits);  \
    }

/* settle_nans(value, at, size, n): n floats of `size` bytes at a place of a cdata, whose C type says that they are there */
static int settle_nans(lua_State *L)
{
    uint8_t *at = (uint8_t *)(uintptr_t)lua_topointer(L, 1) + (size_t)lua_tonumber(L, 2);
    size_t size = (size_t)lua_tonumber(L, 3), n = (size_t)lua_tonumber(L, 4);
    if (size == sizeof(double)) SETTLE(uint64_t, UINT64_C(0xfff0) << 48, UINT64_C(0xfff8) << 48)
    if (size == sizeof(float)) SETTLE(uint32_t, UINT32_C(0xff800000), UINT32_C(0xffc00000))
    return 0;
}

/* Pushes the helper's function 1 or 2; false: this LuaJIT has no ffi. */
static bool push_helper(lua_State *L, par_codec *codec, int which)
{
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &codec->anchors.cdata);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        int rc = luaL_loadbuffer(L, helper, sizeof helper - 1, "=cdata");
        lua_pushcfunction(L, settle_nans);
        if (rc != LUA_OK || lua_pcall(L, 1, 1, 0) != LUA_OK) {
            lua_settop(L, top);
            return false;
        }
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &codec->anchors.cdata);
    }
    lua_rawgeti(L, -1, which);
    lua_remove(L, -2);
    return true;
}

/* A cdata that is no plain data, and the name of its type (both at the top), which the user may have registered. */
static int encode_registered(lua_State *L, par_codec *codec, par_encoder *e)
{
    lua_pushvalue(L, -1);
    if (!par_types_named(L, codec))
        return par_refuse(L, e, "cannot send a cdata (%s): only numbers, and named structs and arrays of them", lua_tostring(L, -1));
    lua_getfield(L, -1, "encode");
    if (lua_isnil(L, -1)) return par_refuse(L, e, "cannot send a cdata (%s): it is registered without encode", lua_tostring(L, -3));
    lua_pop(L, 1);
    lua_remove(L, -2);
    return par_encode_by_hook(L, codec, e);
}

int par_encode_cdata(lua_State *L, par_codec *codec, par_encoder *e)
{
    int rc = par_encode_seen(L, e, lua_topointer(L, -1), 0);
    if (rc != 0) return rc;
    if (!push_helper(L, codec, 1)) return par_refuse(L, e, "cannot send a cdata without the ffi module");
    lua_pushvalue(L, -2);
    if (lua_pcall(L, 1, 2, 0) != LUA_OK) return par_refuse(L, e, "cannot send a cdata: %s", lua_tostring(L, -1));
    size_t name_len, len;
    const char *name = lua_tolstring(L, -2, &name_len), *bytes = lua_tolstring(L, -1, &len);
    if (!name) {
        lua_remove(L, -2);
        return encode_registered(L, codec, e);
    }
    if (!par_output_room(e, 1)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_CDATA);
    rc = par_put_block(e, name, name_len);
    if (rc == PAR_OK) rc = par_put_block(e, bytes, len);
    lua_pop(L, 2);
    return rc == PAR_OK ? 1 : rc;
}

static int push_cdata(lua_State *L, par_codec *codec, par_decoder *d, const char *name, const uint8_t *bytes, size_t len)
{
    if (!push_helper(L, codec, 2)) return par_error_set(d->err, PAR_E_UNSUPPORTED, "a cdata needs the ffi module");
    lua_pushstring(L, name);
    lua_pushlstring(L, (const char *)bytes, len);
    lua_pushboolean(L, (d->flags & PAR_DECODE_FUNCTIONS) != 0);
    int rc = lua_pcall(L, 3, 2, 0);
    if (rc == LUA_OK && !lua_isnil(L, -2)) {
        lua_pop(L, 1);
        return 1;
    }
    if (rc == LUA_OK && lua_isstring(L, -1))
        return par_error_set(d->err, PAR_E_UNSUPPORTED, "a cdata (%.100s) %s: functions=false forbids that", name, lua_tostring(L, -1));
    return par_error_set(d->err, PAR_E_UNSUPPORTED, "a cdata whose type '%.100s' is not declared here as it was", name);
}

#else

/* 64-bit integers have a home in a Lua that has integers. */
static int push_cdata(lua_State *L, par_codec *codec, par_decoder *d, const char *name, const uint8_t *bytes, size_t len)
{
    (void)codec;
#if PAR_LUA_INTEGERS
    int64_t value;
    bool is_signed = strcmp(name, "int64_t") == 0, is_unsigned = strcmp(name, "uint64_t") == 0;
    if (len == sizeof value && (is_signed || is_unsigned)) {
        memcpy(&value, bytes, sizeof value);
        if (is_signed || value >= 0) {
            lua_pushinteger(L, value);
            return 1;
        }
    }
#else
    (void)L, (void)bytes, (void)len;
#endif
    return par_error_set(d->err, PAR_E_UNSUPPORTED, "a cdata (%.100s), which only LuaJIT has", name);
}

#endif

int par_decode_cdata(lua_State *L, par_codec *codec, par_decoder *d, size_t at, bool later)
{
    const uint8_t *name, *bytes;
    size_t name_len, len;
    char text[256];
    if (!par_get_block(d, &name, &name_len) || name_len >= sizeof text || !par_get_block(d, &bytes, &len))
        return par_corrupt(d, "it ends inside a cdata");
    memcpy(text, name, name_len);
    text[name_len] = '\0';
    int rc = push_cdata(L, codec, d, text, bytes, len);
    if (rc == 1 && later) {
        rc = par_decode_remember(L, d, at);
        if (rc == PAR_OK) rc = 1;
    }
    return rc;
}
