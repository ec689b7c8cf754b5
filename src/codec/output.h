/* Where the encoder writes: room, then scalars and strings on the wire. */
#ifndef PAR_CODEC_OUTPUT_H
#define PAR_CODEC_OUTPUT_H

#include <string.h>

#include "codec/copy.h"
#include "codec/state.h"

bool par_output_grow(par_encoder *e, size_t want);
int par_output_full(par_encoder *e); /* sets PAR_E_NOMEM */
/* Before anything is called that may use the span for another message. */
bool par_output_leave_span(par_encoder *e);
/* The dictionary starts over: whatever was called may have let objects go, whose addresses come back with others. */
void par_output_forget(par_encoder *e);

static inline bool par_output_room(par_encoder *e, size_t want) { return (size_t)(e->end - e->p) >= want || par_output_grow(e, want); }

static inline size_t par_output_at(const par_encoder *e) { return (size_t)(e->p - e->start); }

/* These write without a look at the room. */
static inline void par_put_u8(par_encoder *e, unsigned value) { *e->p++ = (uint8_t)value; }

static inline void par_put_bytes(par_encoder *e, const void *bytes, size_t len)
{
    if (len) memcpy(e->p, bytes, len);
    e->p += len;
}

static inline void par_put_varint(par_encoder *e, uint64_t value) /* at most 10 bytes */
{
    for (; value >= 0x80; value >>= 7) *e->p++ = (uint8_t)(value | 0x80);
    *e->p++ = (uint8_t)value;
}

static inline void par_put_zigzag(par_encoder *e, int64_t value) { par_put_varint(e, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63)); }

#define PAR_NUMBER_MAX 9 /* bytes of any number */
/* These write at p, where room for PAR_NUMBER_MAX is, and return where they ended. `bytes` of the value behind its tag: */
static inline uint8_t *par_write_wide(uint8_t *p, unsigned tag, uint64_t value, unsigned bytes)
{
    *p = (uint8_t)tag;
    memcpy(p + 1, &value, sizeof value);
    return p + 1 + bytes;
}

static inline uint8_t *par_write_integer(uint8_t *p, int64_t value)
{
    if (value >= -16 && value < 64) {
        *p = (uint8_t)(value >= 0 ? PAR_TAG_INT + value : PAR_TAG_NEGATIVE + value + 16);
        return p + 1;
    }
    if (value >= INT8_MIN && value <= INT8_MAX) return par_write_wide(p, PAR_TAG_I8, (uint64_t)value, 1);
    if (value >= INT16_MIN && value <= INT16_MAX) return par_write_wide(p, PAR_TAG_I16, (uint64_t)value, 2);
    if (value >= INT32_MIN && value <= INT32_MAX) return par_write_wide(p, PAR_TAG_I32, (uint64_t)value, 4);
    return par_write_wide(p, PAR_TAG_I64, (uint64_t)value, 8);
}

static inline uint8_t *par_write_float(uint8_t *p, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return par_write_wide(p, PAR_TAG_F64, bits, 8);
}

static inline void par_put_wide(par_encoder *e, unsigned tag, uint64_t value, unsigned bytes)
{
    e->p = par_write_wide(e->p, tag, value, bytes);
}

static inline void par_put_integer(par_encoder *e, int64_t value) { e->p = par_write_integer(e->p, value); }
static inline void par_put_float(par_encoder *e, double value) { e->p = par_write_float(e->p, value); }

/* Begins a run of n numbers. */
void par_put_run(par_encoder *e, unsigned tag, unsigned n);
/* Runs of n numbers; the integers as narrow as they all are: none needs other bits than these, and its sign. */
void par_put_floats(par_encoder *e, const double *values, unsigned n);
void par_put_integers(par_encoder *e, const int64_t *values, unsigned n, uint64_t bits);
int par_put_plain_string(par_encoder *e, const char *s, size_t len); /* past the dictionary */
void par_put_word(par_encoder *e, uint32_t index);                   /* an entry of the dictionary */
/* Any string; short ones go a faster way. */
int par_put_long_string(par_encoder *e, const char *s, size_t len);
/* Something travels beside the message. */
int par_output_payload(par_encoder *e, const par_payload *payload);
/* Length and bytes without a tag. */
int par_put_block(par_encoder *e, const void *bytes, size_t len);

/* ---- short strings, inline: most of what is sent is made of them ---- */

#define PAR_WORTH_A_WORD 2 /* shorter strings are as cheap as a reference */
#define PAR_SHORT_MAX 31

static inline bool par_word_is(const par_encoder *e, const par_word *word, const char *key)
{
    return word->key == key && word->epoch == e->words_epoch;
}

/* The slot that knows this string, or one that may be taken for it, or NULL: both candidates are busy. */
static inline par_word *par_find_word(const par_encoder *e, const char *key)
{
    size_t slot = (size_t)(((uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15)) >> 54);
    par_word *word = &e->words[slot], *other = &e->words[slot ^ 1];
    if (par_word_is(e, word, key)) return word;
    if (par_word_is(e, other, key)) return other;
    if (word->epoch != e->words_epoch || word->index == PAR_WORD_ONCE) return word;
    return other->epoch != e->words_epoch || other->index == PAR_WORD_ONCE ? other : NULL;
}

/* Where many strings in a row were not known, only every fourth is looked up, and in the end every sixteenth. */
#define PAR_MISSES_MANY 256u
#define PAR_MISSES_VERY_MANY 4096u

/* How many strings behind those that were missed are not looked up. */
static inline uint32_t par_words_without_a_look(uint32_t missed)
{
    uint32_t each = missed < PAR_MISSES_VERY_MANY ? 4 : 16;
    return missed < PAR_MISSES_MANY ? 0 : each - 1 - (missed & (each - 1));
}

/* Plain at the first sight, defined at the second, then one or two bytes. Lua holds a short string once, so its address
 * is its identity; long ones are found only when it is the same string object. */
static inline int par_put_string(par_encoder *e, const char *s, size_t len)
{
    unsigned tag = PAR_TAG_STRING;
    if (len > PAR_SHORT_MAX || (size_t)(e->end - e->p) <= PAR_SHORT_MAX) return par_put_long_string(e, s, len);
    par_word *word = len >= PAR_WORTH_A_WORD && par_words_without_a_look(e->words_missed++) == 0 ? par_find_word(e, s) : NULL;
    if (word && par_word_is(e, word, s)) {
        e->words_missed = 0;
        if (word->index != PAR_WORD_ONCE) {
            par_put_word(e, word->index);
            return PAR_OK;
        }
        word->index = e->words_defined++;
        tag = PAR_TAG_STRING_DEF;
    } else if (word) {
        *word = (par_word){.key = s, .epoch = e->words_epoch, .index = PAR_WORD_ONCE};
    }
    uint8_t *p = e->p; /* bytes that are written may be those of anything, as far as the compiler knows, so of *e */
    *p = (uint8_t)(tag + len);
    par_copy_short(p + 1, (const uint8_t *)s, len);
    e->p = p + 1 + len;
    return PAR_OK;
}

#endif
