/* Random numbers, drawn from distributions. */
#include <math.h>
#include <string.h>

#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"
#include "tensor/loop.h"

enum { UNIFORM, NORMAL, EXPONENTIAL, CAUCHY, LOG_NORMAL, GEOMETRIC, BERNOULLI, RANDOM, DISTRIBUTIONS };

typedef struct draw_job {
    par_random *random;
    int what;
    par_type type;
    double a, b;
    int64_t low, range; /* RANDOM: range 0 means the type's whole range */
} draw_job;

static par_value draw(draw_job *job)
{
    par_random *r = job->random;
    double d;
    switch (job->what) {
    case UNIFORM: d = par_random_uniform(r, job->a, job->b); break;
    case NORMAL: d = par_random_normal(r, job->a, job->b); break;
    case EXPONENTIAL: d = par_random_exponential(r, job->a); break;
    case CAUCHY: d = par_random_cauchy(r, job->a, job->b); break;
    case LOG_NORMAL: d = par_random_log_normal(r, job->a, job->b); break;
    case GEOMETRIC: d = (double)par_random_geometric(r, job->a); break;
    case BERNOULLI: d = par_random_bernoulli(r, job->a); break;
    default: {
        int64_t i = (int64_t)((uint64_t)par_random_next(r) % (uint64_t)job->range + (uint64_t)job->low);
        return par_type_is_float(job->type) ? (par_value){.d = (double)i} : (par_value){.i = i};
    }
    }
    return par_lua_value_of_double(d, job->type);
}

static void draw_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    draw_job *job = arg;
    int64_t bytes = (int64_t)par_type_bytes(job->type) * step[0];
    if (job->what == UNIFORM && job->type == PAR_DOUBLE && step[0] == 1) {
        par_random_uniform_doubles(job->random, job->a, job->b, n, (double *)data[0]);
        return;
    }
    for (int64_t i = 0; i < n; i++) par_element_set(job->type, data[0] + i * bytes, draw(job));
}

static int64_t whole_range(par_type type)
{
    static const int64_t ranges[] = {256, 128, 32768, (int64_t)1 << 31, INT64_MAX, ((int64_t)1 << 24) + 1, ((int64_t)1 << 53) + 1};
    return ranges[type];
}

static const struct {
    double a, b;
} DEFAULTS[DISTRIBUTIONS] = {{0, 1}, {0, 1}, {1, 0}, {0, 1}, {1, 2}, {0.5, 0}, {0.5, 0}, {0, 0}};

static void value_error(const par_call *c, const char *text, double got) { par_call_error(c, "%s, got %f", text, (lua_Number)got); }

static void check_parameters(const par_call *c, const draw_job *job)
{
    int what = job->what;
    if ((what == NORMAL || what == LOG_NORMAL) && !(job->b > 0)) value_error(c, "standard deviation must be strictly positive", job->b);
    if (what == GEOMETRIC && !(job->a > 0 && job->a < 1)) value_error(c, "probability must be > 0 and < 1", job->a);
    if (what == BERNOULLI && !(job->a >= 0 && job->a <= 1)) value_error(c, "probability must be >= 0 and <= 1", job->a);
}

static void set_random_range(draw_job *job, const par_call *c)
{
    job->low = c->has_i[1] ? c->i[0] : 1;
    int64_t high = c->has_i[1] ? c->i[1] : c->i[0];
    if (!c->has_i[0]) {
        job->low = 0;
        job->range = job->type == PAR_TYPE_COUNT ? (int64_t)1 << 32 : whole_range(job->type);
        return;
    }
    if (!c->has_i[1] && high < 1) value_error(c, "upper bound must be strictly positive", (double)high);
    if (high < job->low)
        par_call_error(c, "upper bound must be larger than lower bound, got %s and %s", par_lua_push_digits(c->L, job->low),
                       par_lua_push_digits(c->L, high));
    if (__builtin_sub_overflow(high, job->low, &job->range) || __builtin_add_overflow(job->range, 1, &job->range)) {
        par_call_error(c, "bounds too far apart");
    }
}

/* torch.uniform([gen,] a, b) draws one number; torch.uniform(t, [gen,] a, b) and t:uniform([gen,] a, b) fill t. */
static int distribution(par_call *c)
{
    bool filling = c->result != NULL;
    draw_job job = {.random = c->random, .what = c->data, .type = filling ? c->type : PAR_DOUBLE};
    job.a = c->has_n[0] ? c->n[0] : DEFAULTS[c->data].a;
    job.b = c->has_n[1] ? c->n[1] : DEFAULTS[c->data].b;
    if (job.type == PAR_FLOAT && c->data < GEOMETRIC) job.a = (float)job.a, job.b = (float)job.b; /* as Torch takes them */
    if (c->data == RANDOM) {
        if (!filling) job.type = PAR_TYPE_COUNT;
        set_random_range(&job, c);
        if (!filling) job.type = PAR_LONG;
    }
    check_parameters(c, &job);
    if (!filling) {
        if (c->data == GEOMETRIC || c->data == BERNOULLI) job.type = PAR_LONG;
        par_lua_push_value(c->L, job.type, draw(&job));
        return 1;
    }
    const par_tensor *const one[] = {c->result};
    par_loop(draw_run, &job, 1, one);
    return par_call_return(c);
}

static void bernoulli_run(int64_t n, char *const *data, const int64_t *step, void *arg)
{
    draw_job *job = arg;
    par_type p_type = (par_type)job->low;
    for (int64_t i = 0; i < n; i++) {
        job->a = par_element_get(p_type, data[1] + i * step[1] * (int64_t)par_type_bytes(p_type)).d;
        if (!(job->a >= 0 && job->a <= 1)) job->range = 1; /* said after the loop */
        par_element_set(job->type, data[0] + i * step[0] * (int64_t)par_type_bytes(job->type), draw(job));
    }
}

/* t:bernoulli(p) where p is a tensor of probabilities, else a number. */
static int bernoulli(par_call *c)
{
    if (c->n_t == 0) return distribution(c);
    draw_job job = {.random = c->random, .what = BERNOULLI, .type = c->type, .low = c->t[0]->type};
    par_lua_check_same_elements(c->L, c->result, "tensor", c->t[0], "p");
    const par_tensor *const pair[] = {c->result, c->t[0]};
    par_loop(bernoulli_run, &job, 2, pair);
    if (job.range) return par_call_error(c, "probability must be >= 0 and <= 1");
    return par_call_return(c);
}

/* torch.rand and torch.randn. */
static int fresh(par_call *c)
{
    draw_job job = {.random = c->random, .what = c->data, .type = c->type, .a = DEFAULTS[c->data].a, .b = DEFAULTS[c->data].b};
    par_lua_resize(c->L, c->result, c->n_sizes, c->sizes);
    const par_tensor *const one[] = {c->result};
    par_loop(draw_run, &job, 1, one);
    return par_call_return(c);
}

static int randperm(par_call *c)
{
    lua_State *L = c->L;
    int64_t n = c->i[0];
    if (n < 1) return par_call_error(c, "the number must be strictly positive, got %s", par_lua_push_digits(L, n));
    par_lua_resize(L, c->result, 1, &n);
    int64_t step = c->result->stride[0] * (int64_t)par_type_bytes(c->type);
    char *data = par_tensor_data(c->result);
    for (int64_t i = 0; i < n; i++) par_element_set(c->type, data + i * step, par_lua_value_of_double((double)(i + 1), c->type));
    for (int64_t i = 0; i < n - 1; i++) {
        int64_t z = i + (int64_t)(par_random_next(c->random) % (uint64_t)(n - i));
        par_value here = par_element_get(c->type, data + i * step), there = par_element_get(c->type, data + z * step);
        par_element_set(c->type, data + i * step, there);
        par_element_set(c->type, data + z * step, here);
    }
    return par_call_return(c);
}

/* --- multinomial: rows of weights; without replacement a category is drawn once --- */
static int64_t find_slot(const double *cumulated, int64_t n, double sample)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (cumulated[middle] < sample) low = middle + 1;
        else high = middle;
    }
    return low;
}

static void take_out(double *cumulated, int64_t n, int64_t slot)
{
    double gone = cumulated[slot] - (slot ? cumulated[slot - 1] : 0), left = 1.0 - gone;
    for (int64_t k = 0; k < n; k++) cumulated[k] = (cumulated[k] - (k >= slot ? gone : 0)) / left;
}

static void multinomial_row(par_call *c, const char *weights, int64_t step, int64_t n, double *cumulated, int64_t samples, int64_t *out)
{
    double sum = 0;
    bool replacement = c->flag;
    for (int64_t j = 0; j < n; j++) {
        double w = par_element_get(c->t[0]->type, weights + j * step).d;
        if (!(w >= 0)) par_call_error(c, "invalid multinomial distribution (a probability is negative or NaN)");
        cumulated[j] = sum += w;
    }
    if (!(sum > 0)) par_call_error(c, "invalid multinomial distribution (sum of probabilities <= 0)");
    for (int64_t j = 0; j < n; j++) cumulated[j] /= sum;
    for (int64_t j = 0; j < samples; j++) {
        double sample = par_random_uniform(c->random, 0, 1);
        cumulated[n - 1] = 1;
        int64_t slot = find_slot(cumulated, n, sample);
        if (slot >= n) slot = n - 1;
        out[j] = slot + 1;
        if (!replacement) take_out(cumulated, n, slot);
    }
}

static int multinomial(par_call *c)
{
    lua_State *L = c->L;
    const par_tensor *p = c->t[0];
    if (p->ndim != 1 && p->ndim != 2) return par_call_error(c, "prob_dist must be a vector or a matrix, got %s", par_lua_push_size(L, p));
    int64_t rows = p->ndim == 2 ? p->size[0] : 1, n = p->size[p->ndim - 1], samples = c->i[0];
    if (samples < 1) return par_call_error(c, "cannot sample n_sample < 1 samples, got %s", par_lua_push_digits(L, samples));
    if (!c->flag && samples > n)
        return par_call_error(c, "cannot sample n_sample > prob_dist:size(1) samples without replacement: %s of %s",
                              par_lua_push_digits(L, samples), par_lua_push_size(L, p));
    int64_t sizes[2] = {rows, samples}, bytes = (int64_t)par_type_bytes(p->type);
    double *cumulated = par_tensor_data(par_call_scratch(c, PAR_DOUBLE, 1, &n));
    int64_t *out = par_tensor_data(par_call_scratch(c, PAR_LONG, 2, sizes));
    par_tensor *drawn = par_lua_to_tensor(L, -1);
    for (int64_t r = 0; r < rows; r++) {
        const char *weights = (const char *)par_tensor_data(p) + (p->ndim == 2 ? r * p->stride[0] * bytes : 0);
        multinomial_row(c, weights, p->stride[p->ndim - 1] * bytes, n, cumulated, samples, out + r * samples);
    }
    par_lua_resize(L, c->places, p->ndim, p->ndim == 2 ? sizes : sizes + 1);
    par_lua_copy(L, c->places, drawn);
    lua_pushvalue(L, c->places_at);
    return 1;
}

static const par_function FUNCTIONS[] = {{"uniform", "Gmm|WGmm", distribution, UNIFORM, PAR_FOR_FLOATS, "WGmm"},
                                         {"normal", "Gmm|WGmm", distribution, NORMAL, PAR_FOR_FLOATS, "WGmm"},
                                         {"exponential", "Gm|WGm", distribution, EXPONENTIAL, PAR_FOR_FLOATS, "WGm"},
                                         {"cauchy", "Gmm|WGmm", distribution, CAUCHY, PAR_FOR_FLOATS, "WGmm"},
                                         {"logNormal", "Gmm|WGmm", distribution, LOG_NORMAL, PAR_FOR_FLOATS, "WGmm"},
                                         {"geometric", "Gm|WGm", distribution, GEOMETRIC, PAR_FOR_ALL, "WGm"},
                                         {"bernoulli", "Gm|WGm|WGF", bernoulli, BERNOULLI, PAR_FOR_ALL, "WGm|WGF"},
                                         {"random", "Gjj|WGjj", distribution, RANDOM, PAR_FOR_ALL, "WGjj"},
                                         {"rand", "RGZ", fresh, UNIFORM, PAR_FOR_FLOATS, NULL},
                                         {"randn", "RGZ", fresh, NORMAL, PAR_FOR_FLOATS, NULL},
                                         {"multinomial", "PGTib", multinomial, 0, PAR_FOR_FLOATS, NULL},
                                         {"randperm", "RGi", randperm, 0, PAR_FOR_ALL, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_random(lua_State *L) { par_lua_call_register(L, FUNCTIONS); }
