/* Entries of the nodes that are plain, short strings, numbers and booleans, which most tables are made of. They are gone through a batch at a time:
 * first which nodes hold any, without a branch for each, since that is as good as random; meanwhile their strings come near.
 * Included after a layout. */
#ifndef PAR_CODEC_DIRECT_ENTRIES_H
#define PAR_CODEC_DIRECT_ENTRIES_H

#include "codec/direct/scalars.h"

#define ENTRIES_BATCH 16 /* nodes */

/* Which of the n nodes hold an entry. */
static inline unsigned find_entries(const raw_node *nodes, size_t n, const raw_node **found)
{
    unsigned count = 0;
    for (const raw_node *node = nodes; node < nodes + n; node++) {
        raw_slot key = raw_key_of(node), value = raw_value_of(node);
        __builtin_prefetch(raw_address_of(&key));
        found[count] = node;
        count += !raw_is_absent(&value);
    }
    return count;
}

typedef struct writing { /* what changes, apart from *e: written bytes may be those of anything, as far as the compiler knows */
    uint8_t *p;
    uint32_t given, left; /* strings that need no look whether they are known: there were, there are */
} writing;

static inline writing begin_writing(const par_encoder *e)
{
    uint32_t n = par_words_without_a_look(e->words_missed);
    return (writing){.p = e->p, .given = n, .left = n};
}

static inline void end_writing(par_encoder *e, writing to)
{
    e->p = to.p;
    e->words_missed += to.given - to.left;
}

static __attribute__((noinline)) writing write_after_a_look(par_encoder *e, writing to, const char *s, size_t len)
{
    end_writing(e, to);
    par_put_string(e, s, len); /* a short one, for which there is room */
    return begin_writing(e);
}

static inline writing write_text(par_encoder *e, writing to, const char *s, size_t len)
{
    bool looked_up = len >= PAR_WORTH_A_WORD;
    if (looked_up && to.left == 0) return write_after_a_look(e, to, s, len);
    *to.p = (uint8_t)(PAR_TAG_STRING + len);
    par_copy_short(to.p + 1, (const uint8_t *)s, len);
    to.p += 1 + len;
    to.left -= looked_up;
    return to;
}

/* A number or boolean. */
static inline uint8_t *write_short(uint8_t *p, const raw_slot *slot, raw_kind kind)
{
    if (kind == RAW_INTEGER) return par_write_integer(p, raw_integer(slot));
    if (kind != RAW_FLOAT) {
        *p = kind == RAW_TRUE ? PAR_TAG_TRUE : PAR_TAG_FALSE;
        return p + 1;
    }
#if !PAR_LUA_INTEGERS
    int64_t whole;
    if (par_number_is_integral(raw_float(slot), &whole)) return par_write_integer(p, whole);
#endif
    return par_write_float(p, raw_float(slot));
}

/* Writes entries as long as they are plain; how many. */
static unsigned put_plain_entries(par_encoder *e, const raw_node *const *found, unsigned n)
{
    size_t room = (size_t)(e->end - e->p) / (3 * (1 + PAR_SHORT_MAX));
    writing to = begin_writing(e);
    unsigned i = 0;
    if (n > room) n = (unsigned)room;
    for (; i < n; i++) {
        raw_slot key = raw_key_of(found[i]), value = raw_value_of(found[i]);
        raw_kind kind = raw_kind_of(&value);
        size_t len, value_len = 0;
        if (!raw_is_text(&key) || kind < RAW_FALSE || kind > RAW_TEXT) break;
        const char *s = raw_string(&key, &len), *value_s = kind == RAW_TEXT ? raw_string(&value, &value_len) : NULL;
        if (len > PAR_SHORT_MAX || value_len > PAR_SHORT_MAX) break;
        to = write_text(e, to, s, len);
        if (value_s) to = write_text(e, to, value_s, value_len);
        else to.p = write_short(to.p, &value, kind);
    }
    end_writing(e, to);
    return i;
}

#endif
