#include "lua/tensor/generator.h"

#include "lua/tensor/parts.h"
#include "lua/tensor/value.h"

static const char generator_key, generator_metatable_key;

typedef struct generator {
    const char *magic;
    par_random random;
} generator;

par_random *par_lua_to_random(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || lua_rawlen(L, idx) < sizeof(generator)) return NULL;
    generator *g = lua_touserdata(L, idx);
    return g->magic == &generator_key ? &g->random : NULL;
}

static par_random *new_generator(lua_State *L)
{
    generator *g = lua_newuserdata(L, sizeof *g);
    g->magic = &generator_key;
    par_random_seed_from_system(&g->random);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &generator_metatable_key);
    lua_setmetatable(L, -2);
    return &g->random;
}

/* The state's own generator is made when the first number is drawn. */
par_random *par_lua_default_random(lua_State *L)
{
    luaL_checkstack(L, 4, "generator");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &generator_key);
    par_random *random = par_lua_to_random(L, -1);
    if (!random) {
        random = new_generator(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &generator_key);
    }
    lua_pop(L, 1);
    return random;
}

static int generator_new(lua_State *L)
{
    new_generator(L);
    return 1;
}

static int generator_tostring(lua_State *L)
{
    const par_random *random = par_lua_to_random(L, 1);
    if (!random) return par_lua_arg_error(L, 1, "torch.Generator expected, got %s", par_lua_push_kind(L, 1));
    lua_pushfstring(L, "torch.Generator (initial seed %f)", (lua_Number)random->initial_seed);
    return 1;
}

/* The generator at 1, if there is one, else the state's own. *next is the index of the argument behind it. */
static par_random *optional_generator(lua_State *L, int *next)
{
    par_random *random = par_lua_to_random(L, 1);
    *next = random ? 2 : 1;
    return random ? random : par_lua_default_random(L);
}

static int manual_seed(lua_State *L)
{
    int next;
    par_random *random = optional_generator(L, &next);
    par_random_seed(random, (uint64_t)par_lua_check_i64(L, next));
    return 0;
}

static int seed(lua_State *L)
{
    int next;
    par_lua_push_i64(L, (int64_t)par_random_seed_from_system(optional_generator(L, &next)));
    return 1;
}

static int initial_seed(lua_State *L)
{
    int next;
    par_lua_push_i64(L, (int64_t)optional_generator(L, &next)->initial_seed);
    return 1;
}

static int get_state(lua_State *L)
{
    int next;
    int64_t size = (int64_t)par_random_state_bytes();
    par_random *random = optional_generator(L, &next);
    bool given = par_lua_to_tensor(L, next) != NULL;
    par_tensor *state = given ? par_lua_check_tensor_type(L, next, PAR_BYTE) : par_lua_new_tensor(L, PAR_BYTE);
    par_lua_resize(L, state, 1, &size);
    if (!par_tensor_is_contiguous(state)) return par_lua_arg_error(L, next, "RNG state needs to be contiguous");
    par_random_save(random, par_tensor_data(state));
    if (given) lua_pushvalue(L, next);
    return 1;
}

static int set_state(lua_State *L)
{
    int next;
    par_random *random = optional_generator(L, &next);
    par_tensor *state = par_lua_check_tensor_type(L, next, PAR_BYTE);
    if (par_tensor_elements(state) != (int64_t)par_random_state_bytes()) return par_lua_arg_error(L, next, "RNG state is wrong size");
    if (!par_tensor_is_contiguous(state)) return par_lua_arg_error(L, next, "RNG state needs to be contiguous");
    if (!par_random_load(random, par_tensor_data(state))) return par_lua_arg_error(L, next, "Invalid RNG state");
    return 0;
}

static const luaL_Reg FUNCTIONS[] = {
    {"Generator", generator_new}, {"manualSeed", manual_seed}, {"seed", seed}, {"initialSeed", initial_seed},
    {"getRNGState", get_state},   {"setRNGState", set_state},  {NULL, NULL}};

void par_lua_tensor_add_generator(lua_State *L)
{
    lua_newtable(L);
    lua_pushliteral(L, "torch.Generator");
    lua_setfield(L, -2, "__typename");
    lua_pushliteral(L, "tostring"); /* for errors */
    lua_pushcclosure(L, generator_tostring, 1);
    lua_setfield(L, -2, "__tostring");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &generator_metatable_key);
    par_lua_add_functions(L, FUNCTIONS);
}
