#include "lua/tensor/call.h"

#include <stdarg.h>
#include <string.h>

#include "lua/tensor/generator.h"

/* One attempt to fit the arguments to a form. at[k] is the stack index for the k-th letter, 0: left out. */
typedef struct matcher {
    lua_State *L;
    const char *form;
    int length, top;
    par_type type;
    bool method;
    int at[PAR_CALL_ARGS_MAX];
} matcher;

static bool is_tensor_of(lua_State *L, int idx, par_type type)
{
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    return tensor && tensor->type == type;
}

static bool fits(const matcher *m, char letter, int idx)
{
    lua_State *L = m->L;
    par_tensor *tensor = par_lua_to_tensor(L, idx);
    switch (letter) {
    case 'R':
    case 'W':
    case 'S':
    case 'O':
    case 'T': return is_tensor_of(L, idx, m->type);
    case 'Q': return is_tensor_of(L, idx, PAR_BYTE) || is_tensor_of(L, idx, m->type);
    case 'P':
    case 'L': return is_tensor_of(L, idx, PAR_LONG);
    case 'B': return is_tensor_of(L, idx, PAR_BYTE);
    case 'F': return tensor && par_type_is_float(tensor->type);
    case 'G': return par_lua_to_random(L, idx) != NULL;
    case 'b': return lua_isboolean(L, idx);
    case 's': return lua_type(L, idx) == LUA_TSTRING;
    default: return lua_isnumber(L, idx); /* v w n m i j d e */
    }
}

static bool optional(const matcher *m, int k)
{
    if (m->form[k] == 'R') return !m->method;
    if (m->form[k] == 'S') return m->method;
    return strchr("OPQGwmjebs", m->form[k]) != NULL;
}

static bool match_from(matcher *m, int k, int idx)
{
    if (k == m->length) return idx > m->top;
    if (m->form[k] == 'Z') {
        m->at[k] = idx;
        return true;
    }
    if (idx <= m->top && fits(m, m->form[k], idx)) {
        m->at[k] = idx;
        if (match_from(m, k + 1, idx + 1)) return true;
    }
    m->at[k] = 0;
    return optional(m, k) && match_from(m, k + 1, idx);
}

static void expected_letter(luaL_Buffer *b, char letter, bool optional_arg, const char *type)
{
    static const char *const names[][2] = {
        {"L", "LongTensor"}, {"P", "*LongTensor*"}, {"B", "ByteTensor"}, {"F", "FloatTensor or DoubleTensor"},
        {"G", "Generator"},  {"b", "boolean"},      {"s", "string"},     {"Z", "sizes"},
        {"d", "index"},      {"e", "index"}};
    luaL_addstring(b, optional_arg ? "[" : "");
    const char *word = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i][0][0] == letter) word = names[i][1];
    if (word) {
        luaL_addstring(b, word);
    } else if (strchr("RWSOTQ", letter)) {
        bool star = strchr("RWOQ", letter) != NULL;
        luaL_addstring(b, star ? "*" : "");
        luaL_addstring(b, type);
        luaL_addstring(b, star ? "Tensor*" : "Tensor");
    } else {
        luaL_addstring(b, "number");
    }
    luaL_addstring(b, optional_arg ? "] " : " ");
}

static void push_expected(lua_State *L, const char *forms, bool method, const char *type)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    while (*forms) {
        int length = (int)strcspn(forms, "|");
        matcher m = {.L = L, .form = forms, .length = length, .method = method};
        for (int k = 0; k < length; k++) expected_letter(&b, forms[k], optional(&m, k), type);
        forms += length;
        if (*forms == '|') luaL_addstring(&b, "| "), forms++;
    }
    luaL_pushresult(&b);
}

static int no_match(lua_State *L, const char *name, const char *forms, bool method, par_type type)
{
    const char *given = par_lua_push_kinds(L, lua_gettop(L));
    push_expected(L, forms, method, par_type_name(type));
    return luaL_error(L, "invalid arguments: %s\nexpected arguments of %s: %s", given, name, lua_tostring(L, -1));
}

/* --- taking the arguments --- */
static void take_result(par_call *c, int at, char letter)
{
    c->result_given = at != 0;
    c->result = at ? par_lua_to_tensor(c->L, at) : par_lua_new_tensor(c->L, letter == 'Q' ? PAR_BYTE : c->type);
    c->result_at = at ? at : lua_gettop(c->L);
}

static void take_tensor(par_call *c, int at, char letter)
{
    par_tensor *tensor = at ? par_lua_to_tensor(c->L, at) : c->result;
    par_lua_check_sound(c->L, tensor);
    if (letter == 'L') c->longs = tensor;
    else if (letter == 'B') c->bytes = tensor;
    else c->t[c->n_t++] = tensor;
}

static void take_number(par_call *c, int at, char letter)
{
    lua_State *L = c->L;
    if (letter == 'v' || letter == 'w') {
        c->has_v[c->n_v] = at != 0;
        c->v[c->n_v++] = at ? par_lua_check_value(L, at, c->type) : par_lua_value_of_double(1, c->type);
    } else if (letter == 'n' || letter == 'm') {
        c->has_n[c->n_n] = at != 0;
        c->n[c->n_n++] = at ? (double)lua_tonumber(L, at) : 0;
    } else if (letter == 'i' || letter == 'j') {
        c->has_i[c->n_i] = at != 0;
        c->i[c->n_i++] = at ? par_lua_check_i64(L, at) : 0;
    } else {
        const par_tensor *of = c->n_t ? c->t[c->n_t - 1] : c->result;
        c->has_i[c->n_i] = at != 0;
        c->i[c->n_i++] = at ? par_lua_check_dim(L, at, of) : -1;
    }
}

static void take_other(par_call *c, int at, char letter)
{
    lua_State *L = c->L;
    if (letter == 'b') {
        bool on = at && lua_toboolean(L, at);
        if (c->n_flags++ > 0) c->flag2 = on;
        else c->flag = on, c->has_flag = at != 0;
    }
    if (letter == 's') c->text = at ? lua_tostring(L, at) : NULL;
    else if (letter == 'G') c->random = at ? par_lua_to_random(L, at) : par_lua_default_random(L);
    else if (letter == 'Z') c->n_sizes = par_lua_check_sizes(L, at, c->sizes);
    else if (letter == 'P') {
        c->places = at ? par_lua_to_tensor(L, at) : par_lua_new_tensor(L, PAR_LONG);
        c->places_at = at ? at : lua_gettop(L);
    }
}

static void take(par_call *c, const matcher *m)
{
    /* Sizes first: they end at the top of the stack, onto which results are pushed. */
    for (int k = 0; k < m->length; k++)
        if (m->form[k] == 'Z') take_other(c, m->at[k], 'Z');
    for (int k = 0; k < m->length; k++) {
        char letter = m->form[k];
        if (strchr("RWOQ", letter)) take_result(c, m->at[k], letter);
        else if (strchr("STLBF", letter)) take_tensor(c, m->at[k], letter);
        else if (strchr("bsGP", letter)) take_other(c, m->at[k], letter);
        else if (letter != 'Z') take_number(c, m->at[k], letter);
    }
    if (c->result) par_lua_check_sound(c->L, c->result);
    if (c->places) par_lua_check_sound(c->L, c->places);
}

/* Torch's rule: the first argument's type, else the second's, else the default. The result of a comparison and a
 * tensor of positions may stand in front of the sources and be of another type. */
static par_type dispatch_type(lua_State *L, const char *forms)
{
    par_tensor *first = par_lua_to_tensor(L, 1), *second = par_lua_to_tensor(L, 2);
    if (!first && !second && par_lua_to_random(L, 2)) second = par_lua_to_tensor(L, 3);
    if (first && second && (forms[0] == 'Q' || forms[0] == 'P') && first->type != second->type) return second->type;
    return first ? first->type : second ? second->type : par_lua_default_type(L);
}

static int run(lua_State *L, const par_function *f, const char *forms, bool method)
{
    par_call call = {.L = L, .name = f->name, .data = f->data, .type = dispatch_type(L, forms), .given = lua_gettop(L)};
    if (!(f->types >> call.type & 1)) {
        return luaL_error(L, "torch.%sTensor does not implement the torch.%s() function (invalid arguments: %s)", par_type_name(call.type),
                          f->name, par_lua_push_kinds(L, call.given));
    }
    luaL_checkstack(L, 16, "tensors");
    for (const char *form = forms; *form; call.form++) {
        int length = (int)strcspn(form, "|");
        matcher m = {.L = L, .form = form, .length = length, .top = lua_gettop(L), .type = call.type, .method = method};
        if (match_from(&m, 0, 1)) {
            take(&call, &m);
            return f->run(&call);
        }
        form += length;
        form += *form == '|';
    }
    return no_match(L, f->name, forms, method, call.type);
}

static int call_function(lua_State *L)
{
    const par_function *f = lua_touserdata(L, lua_upvalueindex(1));
    return run(L, f, f->forms, false);
}

static int call_method(lua_State *L)
{
    const par_function *f = lua_touserdata(L, lua_upvalueindex(1));
    return run(L, f, f->method_forms ? f->method_forms : f->forms, true);
}

int par_lua_call_forms(lua_State *L)
{
    bool function = lua_tocfunction(L, 1) == call_function;
    if (!function && lua_tocfunction(L, 1) != call_method) return 0;
    lua_getupvalue(L, 1, 1);
    const par_function *f = lua_touserdata(L, -1);
    lua_pushstring(L, function || !f->method_forms ? f->forms : f->method_forms);
    lua_pushinteger(L, (lua_Integer)f->types);
    return 2;
}

static void set_closure(lua_State *L, lua_CFunction function, const par_function *f)
{
    lua_pushlightuserdata(L, (void *)f);
    lua_pushstring(L, f->name); /* for errors */
    lua_pushcclosure(L, function, 2);
    lua_setfield(L, -2, f->name);
}

void par_lua_call_register(lua_State *L, const par_function *list)
{
    for (const par_function *f = list; f->name; f++)
        if (*f->forms) set_closure(L, call_function, f);
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        par_lua_push_metatable(L, (par_type)type, false);
        for (const par_function *f = list; f->name; f++) {
            if (!(f->method_forms && !*f->method_forms)) set_closure(L, call_method, f);
        }
        lua_pop(L, 1);
    }
}

int par_call_error(const par_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = lua_pushvfstring(call->L, format, args);
    va_end(args);
    return luaL_error(call->L, "torch.%s: %s", call->name, text);
}

int par_call_return(par_call *call)
{
    lua_pushvalue(call->L, call->result_at);
    return 1;
}

void par_call_result_as(par_call *call, const par_tensor *like) { par_lua_resize_as(call->L, call->result, like); }

par_tensor *par_call_scratch(par_call *call, par_type type, int ndim, const int64_t *size)
{
    luaL_checkstack(call->L, 4, "tensors");
    par_tensor *tensor = par_lua_new_tensor(call->L, type);
    par_lua_resize(call->L, tensor, ndim, size);
    return tensor;
}
