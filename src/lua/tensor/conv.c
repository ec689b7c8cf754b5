/* torch.conv2, xcorr2, conv3, xcorr3: of one image or volume with one kernel, of planes with a kernel each, of all planes with a
 * kernel for each pair of input and output plane. */
#include "tensor/conv.h"

#include "lua/tensor/call.h"
#include "lua/tensor/parts.h"

enum { FLIPPED = 1, VOLUME = 2 }; /* data of a function */

typedef struct planes {
    const par_tensor *input, *kernel;
    int64_t inputs, outputs; /* planes */
    bool each;               /* a kernel for each plane: output plane i is of input plane i alone */
} planes;

/* The last `rank` sizes, behind ones. */
static void last_sizes(const par_tensor *t, int rank, int64_t *sizes)
{
    sizes[0] = 1;
    for (int d = 0; d < rank; d++) sizes[3 - rank + d] = t->size[t->ndim - rank + d];
}

static planes find_planes(par_call *c, int rank)
{
    const par_tensor *input = c->t[0], *kernel = c->t[1];
    planes p = {.input = input, .kernel = kernel, .inputs = 1, .outputs = 1};
    bool plain = input->ndim == rank && kernel->ndim == rank, matched = plain;
    if (input->ndim == rank + 1 && kernel->ndim == rank + 1) {
        p.inputs = p.outputs = input->size[0];
        p.each = true;
        matched = kernel->size[0] == input->size[0];
    } else if (input->ndim == rank + 1 && kernel->ndim == rank + 2) {
        p.inputs = input->size[0];
        p.outputs = kernel->size[0];
        matched = kernel->size[1] == input->size[0];
    }
    if (!matched)
        par_call_error(c, "%dD input and kernel, or with planes that match, expected, got %s and %s", rank, par_lua_push_size(c->L, input),
                       par_lua_push_size(c->L, kernel));
    return p;
}

static const par_tensor *dense(par_call *c, const par_tensor *t)
{
    if (par_tensor_is_contiguous(t)) return t;
    par_tensor *copy = par_call_scratch(c, t->type, t->ndim, t->size);
    par_lua_copy(c->L, copy, t);
    return copy;
}

static void add_planes(const par_conv *conv, const planes *p, const par_tensor *made, int64_t plane)
{
    size_t bytes = par_type_bytes(conv->type);
    size_t of_input = (size_t)(conv->input[0] * conv->input[1] * conv->input[2]) * bytes;
    size_t of_kernel = (size_t)(conv->kernel[0] * conv->kernel[1] * conv->kernel[2]) * bytes;
    char *output = par_tensor_data(made);
    const char *input = par_tensor_data(p->input), *kernel = par_tensor_data(p->kernel);
    for (int64_t o = 0; o < p->outputs; o++) {
        for (int64_t i = p->each ? o : 0; i < (p->each ? o + 1 : p->inputs); i++) {
            int64_t k = p->each ? o : o * p->inputs + i;
            par_conv_add(conv, output + (size_t)(o * plane) * bytes, input + (size_t)i * of_input, kernel + (size_t)k * of_kernel);
        }
    }
}

static bool is_full(par_call *c)
{
    const char *text = c->text ? c->text : "V";
    if ((*text != 'V' && *text != 'F') || text[1]) par_call_error(c, "'V' (valid) or 'F' (full) expected, got '%s'", text);
    return *text == 'F';
}

static int convolve(par_call *c)
{
    int rank = c->data & VOLUME ? 3 : 2;
    planes p = find_planes(c, rank);
    par_conv conv = {.type = c->type, .step = {1, 1, 1}, .full = is_full(c), .flipped = c->data & FLIPPED};
    int64_t out[3], size[4];
    last_sizes(p.input, rank, conv.input);
    last_sizes(p.kernel, rank, conv.kernel);
    if (!par_conv_sizes(&conv, out))
        return par_call_error(c, "the input is smaller than the kernel: %s and %s", par_lua_push_size(c->L, p.input),
                              par_lua_push_size(c->L, p.kernel));
    int ndim = p.input->ndim;
    size[0] = p.outputs;
    for (int d = 0; d < rank; d++) size[ndim - rank + d] = out[3 - rank + d];
    p.input = dense(c, p.input);
    p.kernel = dense(c, p.kernel);
    par_tensor *made = par_call_scratch(c, c->type, ndim, size);
    par_lua_fill(made, par_call_value(c, 0));
    add_planes(&conv, &p, made, out[0] * out[1] * out[2]);
    par_call_result_as(c, made);
    par_lua_copy(c->L, c->result, made);
    return par_call_return(c);
}

static const par_function FUNCTIONS[] = {{"conv2", "OTTs", convolve, FLIPPED, PAR_FOR_ALL, NULL},
                                         {"xcorr2", "OTTs", convolve, 0, PAR_FOR_ALL, NULL},
                                         {"conv3", "OTTs", convolve, FLIPPED | VOLUME, PAR_FOR_ALL, NULL},
                                         {"xcorr3", "OTTs", convolve, VOLUME, PAR_FOR_ALL, NULL},
                                         {NULL, NULL, NULL, 0, 0, NULL}};

void par_lua_tensor_add_conv(lua_State *L) { par_lua_call_register(L, FUNCTIONS); }
