/* Things that travel by name, and objects of registered types. */
#include "codec/classes.h"
#include "codec/encoder.h"
#include "codec/names.h"
#include "codec/types.h"

int par_encode_string(lua_State *L, par_encoder *e)
{
    size_t len;
    const char *s = lua_tolstring(L, -1, &len);
    return par_put_string(e, s, len);
}

/* Is the value at the top parallel.children? The receiver would find its own by that name. */
static bool is_children(lua_State *L)
{
    if (!lua_istable(L, -1) || !lua_getmetatable(L, -1)) return false;
    char type[32];
    par_metatable_name(L, type, sizeof type);
    lua_pop(L, 1);
    return strcmp(type, PAR_TYPE_CHILDREN) == 0;
}

int par_encode_named(lua_State *L, par_codec *codec, par_encoder *e, bool renew)
{
    if (!par_names_find(L, codec, renew)) return 0;
    if (e->flags & PAR_ENCODE_NO_FUNCTIONS) {
        lua_pop(L, 1);
        return par_refuse(L, e, "cannot send a %s of a library here", luaL_typename(L, -1));
    }
    lua_insert(L, -2); /* name, value */
    if (is_children(L)) {
        lua_remove(L, -2);
        return par_refuse_handle(L, e, PAR_TYPE_CHILDREN);
    }
    lua_insert(L, -2);
    size_t len;
    const char *name = lua_tolstring(L, -1, &len), *end = name + len;
    unsigned fields = 0;
    for (const char *c = name; c < end; c++) fields += *c == '\0';
    if (!par_output_room(e, 2)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_NAMED);
    par_put_u8(e, fields);
    int rc = PAR_OK;
    for (const char *part = name; rc == PAR_OK && part <= end; part += strlen(part) + 1) rc = par_put_block(e, part, strlen(part));
    lua_pop(L, 1);
    return rc == PAR_OK ? 1 : rc;
}

void par_encode_keep(lua_State *L, par_codec *codec, par_encoder *e)
{
    const char *key = &codec->anchors.kept;
    if (e->kept == 0) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    } else {
        lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    }
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (int)++e->kept);
    lua_pop(L, 1);
}

/* Calls spec.encode(object), both at the top; leaves in the place of the spec a table of the results, of which it
 * returns the number. PAR_E_RAISED: the error is at the top. */
static int call_encode(lua_State *L)
{
    int spec = lua_gettop(L);
    luaL_checkstack(L, 280, "no room for the values of an encode hook");
    lua_getfield(L, spec, "encode");
    lua_pushvalue(L, spec - 1);
    if (lua_pcall(L, 1, LUA_MULTRET, 0) != LUA_OK) return PAR_E_RAISED;
    int n = lua_gettop(L) - spec;
    lua_createtable(L, n < 250 ? n : 0, 0);
    lua_replace(L, spec);
    for (int i = n; i > 0; i--) lua_rawseti(L, spec, i);
    return n;
}

/* object, name, table of n results: written as far as the name, then the results are a level in the object's place. */
static int enter_results(lua_State *L, par_codec *codec, par_encoder *e, par_step step, size_t at, int n)
{
    if (!par_output_room(e, 2)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_HOOKED);
    par_put_u8(e, (unsigned)n);
    par_encode_keep(L, codec, e);
    lua_insert(L, -2); /* object, results, name */
    int rc = par_encode_string(L, e);
    if (rc != PAR_OK) return rc;
    lua_pop(L, 1);
    lua_replace(L, -2); /* the results are the container of the level */
    if (n == 0) return 1;
    par_open *open;
    rc = par_encode_enter(L, e, step, at, &open);
    if (rc != PAR_OK) return rc;
    open->n = (size_t)n;
    if (step == PAR_STEP_HOOKED) e->hooked_open++;
    lua_pushnil(L);
    return 0;
}

int par_encode_hooked(lua_State *L, par_codec *codec, par_encoder *e)
{
    int rc = par_encode_seen(L, e, lua_topointer(L, -2), 0);
    if (rc == 0) return par_encode_by_hook(L, codec, e);
    lua_pop(L, 1);
    return rc;
}

int par_encode_by_hook(lua_State *L, par_codec *codec, par_encoder *e)
{
    size_t at = par_output_at(e);
    lua_getfield(L, -1, "name");
    lua_insert(L, -2); /* object, name, spec */
    lua_pushvalue(L, -3);
    lua_insert(L, -2); /* object, name, object, spec */
    if (!par_output_leave_span(e)) return par_output_full(e);
    int n = call_encode(L);
    if (n < 0) return n;
    par_output_forget(e);
    lua_replace(L, -2); /* object, name, results */
    if (n > UINT8_MAX) return par_refuse(L, e, "its encode hook returned more than 255 values");
    return enter_results(L, codec, e, PAR_STEP_HOOKED, at, n);
}

/* Calls write(object, method, metatable) of class_file.lua for the object and its name at the top; pushes its result. */
static int call_write(lua_State *L, par_codec *codec, par_encoder *e)
{
    luaL_checkstack(L, 20, NULL);
    int name = lua_gettop(L);
    lua_pushvalue(L, name - 1);
    lua_getmetatable(L, name - 1);
    par_class_push_method(L, -1, "write");
    lua_insert(L, -2);
    if (par_class_call(L, codec, "write", 3)) return PAR_OK;
    return par_refuse(L, e, "writing an object of class '%.60s': %.230s", lua_tostring(L, name), lua_tostring(L, -1));
}

int par_encode_classed(lua_State *L, par_codec *codec, par_encoder *e)
{
    int rc = par_encode_seen(L, e, lua_topointer(L, -2), 1);
    if (rc != 0) {
        lua_pop(L, 1);
        return rc;
    }
    size_t at = par_output_at(e) + 1;
    if (!par_output_leave_span(e)) return par_output_full(e);
    rc = call_write(L, codec, e); /* object, name, contents */
    if (rc != PAR_OK) return rc;
    par_output_forget(e);
    if (!par_output_room(e, 1)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_META);
    return enter_results(L, codec, e, PAR_STEP_CLASS, at, PAR_CLASS_CONTENTS);
}

bool par_encode_is_globals(lua_State *L, par_encoder *e, const void *table)
{
    if (!e->globals) {
        par_lua_push_globals(L);
        e->globals = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    return table == e->globals;
}

/* A function is about to be written. Should the table that holds it have been written by name? Only such tables hold
 * functions, so that tables of data never pay for the question. */
int par_encode_check_holder(lua_State *L, par_codec *codec, par_encoder *e)
{
    if (e->check_names || e->levels.depth == 0) return PAR_OK;
    par_open *open = &e->open[e->levels.depth - 1];
    if (open->step > PAR_STEP_HASH || open->named_checked) return PAR_OK;
    open->named_checked = true;
    luaL_checkstack(L, 16, NULL);
    par_levels_push(L, &e->levels, e->levels.depth - 1, 0);
    bool named = par_encode_is_globals(L, e, lua_topointer(L, -1)) || par_names_find(L, codec, false);
    if (!named) lua_pop(L, 1);
    return named ? PAR_AGAIN_WITH_NAMES : PAR_OK;
}
