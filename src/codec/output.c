/* Where the encoder writes: the caller's span as long as it suffices, then a buffer of its own. Scalars on the wire. */
#include "codec/output.h"

#include "codec/shapes.h"

int par_output_full(par_encoder *e)
{
    return par_error_set(e->err, PAR_E_NOMEM, "%s: no memory for the encoded message after %zu bytes", e->name, par_output_at(e));
}

bool par_output_grow(par_encoder *e, size_t want)
{
    size_t used = par_output_at(e);
    e->own.len = e->in_span ? 0 : used;
    if (want > SIZE_MAX - used) return false;
    if (par_buffer_reserve(&e->own, e->in_span ? used + want : want) != PAR_OK) return false;
    if (e->in_span && used) memcpy(e->own.data, e->start, used);
    e->in_span = false;
    e->start = e->own.data;
    e->p = e->start + used;
    e->end = e->start + e->own.capacity;
    return true;
}

bool par_output_leave_span(par_encoder *e) { return !e->in_span || par_output_grow(e, 1); }

/* ---- runs ---- */

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "numbers are copied as they lie in memory: this has to learn to swap bytes"
#endif

void par_put_run(par_encoder *e, unsigned tag, unsigned n)
{
    par_put_u8(e, tag);
    par_put_varint(e, n);
}

void par_put_floats(par_encoder *e, const double *values, unsigned n)
{
    par_put_run(e, PAR_TAG_RUN_F64, n);
    par_put_bytes(e, values, n * sizeof *values);
}

#define PUT_NARROWED(e, tag, type)                                      \
    do {                                                                \
        par_put_run((e), (tag), n);                                     \
        uint8_t *p_ = (e)->p;                                           \
        for (unsigned i_ = 0; i_ < n; i_++) {                           \
            type narrow_ = (type)values[i_];                            \
            memcpy(p_ + i_ * sizeof narrow_, &narrow_, sizeof narrow_); \
        }                                                               \
        (e)->p += n * sizeof(type);                                     \
    } while (0)

void par_put_integers(par_encoder *e, const int64_t *values, unsigned n, uint64_t bits)
{
    if (bits <= INT8_MAX) PUT_NARROWED(e, PAR_TAG_RUN_I8, int8_t);
    else if (bits <= INT16_MAX) PUT_NARROWED(e, PAR_TAG_RUN_I16, int16_t);
    else if (bits <= INT32_MAX) PUT_NARROWED(e, PAR_TAG_RUN_I32, int32_t);
    else PUT_NARROWED(e, PAR_TAG_RUN_I64, int64_t);
}

/* ---- strings and the dictionary ---- */

void par_put_word(par_encoder *e, uint32_t index)
{
    if (index < 64) *e->p++ = (uint8_t)(PAR_TAG_WORD + index);
    else if (index < 64 + 256) par_put_wide(e, PAR_TAG_WORD8, index - 64, 1);
    else par_put_wide(e, PAR_TAG_WORD32, index, 4);
}

int par_output_payload(par_encoder *e, const par_payload *payload)
{
    if (e->n_payloads >= PAR_PAYLOADS_MAX)
        return par_error_set(e->err, PAR_E_LIMIT, "%s: more than %u large storages in one message", e->name, PAR_PAYLOADS_MAX);
    par_payload *grown = par_codec_grow(e->payloads, &e->payloads_capacity, e->n_payloads + 1u, sizeof *grown);
    if (!grown) return par_output_full(e);
    e->payloads = grown;
    e->payloads[e->n_payloads++] = *payload;
    return PAR_OK;
}

/* Is it better sent as it lies than copied into a buffer first? In the ring itself it is one copy less still. */
static bool goes_beside(const par_encoder *e, size_t len)
{
    if (len < PAR_PAYLOAD_MIN_BYTES || (e->flags & PAR_ENCODE_INLINE) || e->n_payloads >= PAR_PAYLOADS_MAX) return false;
    return !e->in_span || (size_t)(e->end - e->p) < len + PAR_NUMBER_MAX;
}

static int put_beside(par_encoder *e, const char *s, size_t len, bool define)
{
    if (!par_output_room(e, 12)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_BESIDE);
    par_put_u8(e, define);
    par_put_varint(e, len);
    return par_output_payload(e, &(par_payload){.data = s, .bytes = len});
}

static int put_fresh(par_encoder *e, const char *s, size_t len, bool define)
{
    if (goes_beside(e, len)) return put_beside(e, s, len, define);
    if (!par_output_room(e, len + PAR_NUMBER_MAX)) return par_output_full(e);
    if (len < 32) *e->p++ = (uint8_t)((define ? PAR_TAG_STRING_DEF : PAR_TAG_STRING) + len);
    else if (len <= UINT8_MAX) par_put_wide(e, define ? PAR_TAG_STR8_DEF : PAR_TAG_STR8, len, 1);
    else if (len <= UINT32_MAX) par_put_wide(e, define ? PAR_TAG_STR32_DEF : PAR_TAG_STR32, len, 4);
    else par_put_wide(e, define ? PAR_TAG_STR64_DEF : PAR_TAG_STR64, len, 8);
    par_put_bytes(e, s, len);
    return PAR_OK;
}

int par_put_plain_string(par_encoder *e, const char *s, size_t len) { return put_fresh(e, s, len, false); }

#define DEFINED_AT_ONCE 256 /* from here on a definition costs nothing beside the string */

void par_output_forget(par_encoder *e)
{
    par_shapes_forget(&e->shapes);
    e->plain_metatable = NULL;
    if (++e->words_epoch != 0) return;
    memset(e->words, 0, PAR_WORD_SLOTS * sizeof *e->words);
    e->words_epoch = 1;
}

/* Long strings of Lua 5.5 may share their bytes, one being longer than the other. */
static size_t *word_len(const par_encoder *e, const par_word *word)
{
    return (size_t *)(void *)(e->words + PAR_WORD_SLOTS) + (word - e->words);
}

int par_put_long_string(par_encoder *e, const char *s, size_t len)
{
    if (len < PAR_WORTH_A_WORD) return put_fresh(e, s, len, false);
    par_word *word = par_find_word(e, s);
    if (!word) return put_fresh(e, s, len, false);
    bool known = par_word_is(e, word, s);
    if (known && len > PAR_SHORT_MAX && *word_len(e, word) != len) return put_fresh(e, s, len, false);
    if (known && word->index != PAR_WORD_ONCE) {
        if (!par_output_room(e, PAR_NUMBER_MAX)) return par_output_full(e);
        par_put_word(e, word->index);
        return PAR_OK;
    }
    bool define = known || len >= DEFINED_AT_ONCE;
    *word = (par_word){.key = s, .epoch = e->words_epoch, .index = define ? e->words_defined++ : PAR_WORD_ONCE};
    *word_len(e, word) = len;
    return put_fresh(e, s, len, define);
}

int par_put_block(par_encoder *e, const void *bytes, size_t len)
{
    if (len > SIZE_MAX - 10 || !par_output_room(e, len + 10)) return par_output_full(e);
    par_put_varint(e, len);
    par_put_bytes(e, bytes, len);
    return PAR_OK;
}
