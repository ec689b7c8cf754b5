/* LuaJIT's cdata: numbers, and structs and arrays of numbers, by the name of their C type. What needs the type's inside
 * is asked of the ffi module, by a few lines of Lua. */
#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/types.h"

#if PAR_LUAJIT

static const char helper[] =
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
    "local function make(name, bytes)\n"
    "  if not name:find('^[%w_ %[%]?]+$') then return end\n"
    "  local element = name:match('^([%w_ ]+) %[%?%]$')\n"
    "  local ok, ct = pcall(ffi.typeof, element or name)\n"
    "  if not ok or not plain(tonumber(ct)) then return end\n"
    "  if element then\n"
    "    local size = ffi.sizeof(ct)\n"
    "    if not size or size == 0 or #bytes % size ~= 0 then return end\n"
    "    local value = ffi.new(ffi.typeof(name), #bytes / size)\n"
    "    ffi.copy(value, bytes, #bytes)\n"
    "    return value\n"
    "  end\n"
    "  if ffi.sizeof(ct) ~= #bytes then return end\n"
    "  if scalar(ct) then\n"
    "    local box = ffi.new(name .. '[1]')\n"
    "    ffi.copy(box, bytes, #bytes)\n"
    "    return ffi.new(ct, box[0])\n"
    "  end\n"
    "  local value = ffi.new(ct)\n"
    "  ffi.copy(value, bytes, #bytes)\n"
    "  return value\n"
    "end\n"
    "return {describe, make}\n";

/* Pushes the helper's function 1 or 2; false: this LuaJIT has no ffi. */
static bool push_helper(lua_State *L, par_codec *codec, int which)
{
    luaL_checkstack(L, 8, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &codec->anchors.cdata);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        if (luaL_loadbuffer(L, helper, sizeof helper - 1, "=cdata") != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK) {
            lua_pop(L, 1);
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
    if (lua_pcall(L, 2, 1, 0) == LUA_OK && !lua_isnil(L, -1)) return 1;
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
