/* What stands in the memory of a table, and how it is read and written: for the files of the table alone.
 *
 *   page        identity, lock, and the number of the half that is in use
 *   two halves  each: slots (places of entries, by hash of the key), then entries one behind the other
 *
 * An entry is written once, but for the word of a number's value. All words are atomics, since readers take no lock: what they
 * read counts only if the table has not turned to the other half meanwhile. */
#ifndef PAR_GROUP_TABLE_LAYOUT_H
#define PAR_GROUP_TABLE_LAYOUT_H

#include "group/table.h"

#define PAR_TABLE_MAGIC 0x656c626174726170u /* "partable" */
#define PAR_TABLE_VERSION 1u

#define PAR_TABLE_EMPTY 0u /* in a slot; else the place of an entry in the half, in words */
#define PAR_TABLE_GONE 1u  /* there was one */

typedef struct par_table_page {
    uint64_t magic, version, bytes;
    par_lock_words lock;
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t turn; /* the half in use is turn & 1 */
    /* Of that half; the lock's holder alone uses these, and computes them anew when the last one died. */
    _Atomic uint64_t used, live; /* words of the entries: all, those that slots point at */
    _Atomic uint64_t entries, gone;
} par_table_page;

/* Words of an entry, then the bytes of a STRING key and of a STRING value, each padded to whole words. */
enum {
    PAR_ENTRY_HEAD,    /* words in all (32 bits), hash of the key (32) */
    PAR_ENTRY_LENGTHS, /* of the key (28) and of the value (28), in bytes; their kinds (4 and 4) */
    PAR_ENTRY_KEY,     /* BOOLEAN, INTEGER, FLOAT: the key */
    PAR_ENTRY_VALUE,   /* the value; the one word that is written over */
    PAR_ENTRY_WORDS
};

struct par_table {
    par_table_page *page;
    par_lock lock;
    size_t slots, half_words, heap_at; /* a power of two; of a half; where its entries begin */
    _Atomic uint64_t *half[2];
    par_buffer string; /* a value that is compared */
};

/* An entry's place and head words, checked: it lies inside the half. */
typedef struct par_entry {
    _Atomic uint64_t *at;
    size_t words, key_len, value_len;
    par_table_kind key_kind, value_kind;
    uint32_t hash;
} par_entry;

typedef struct par_key { /* a key as it is looked for */
    par_table_value value;
    uint64_t word;
    uint32_t hash;
} par_key;

#define PAR_TABLE_STRING_BITS 28
#define PAR_TABLE_STRING_MAX (((size_t)1 << PAR_TABLE_STRING_BITS) - 1)

/* acquire and release: who reads a word of a half that is being written over for the next turn also sees that the table has turned
 * since (par_table_get). */
static inline uint64_t par_table_load(const _Atomic uint64_t *word) { return atomic_load_explicit(word, memory_order_acquire); }
static inline void par_table_store(_Atomic uint64_t *word, uint64_t value) { atomic_store_explicit(word, value, memory_order_release); }
static inline size_t par_table_words(size_t bytes) { return (bytes + 7) / 8; }

static inline uint64_t par_table_turn(const par_table *table) { return par_table_load(&table->page->turn); } /* with par_room_make */

static inline _Atomic uint32_t *par_table_slot(const par_table *table, uint64_t turn, size_t i)
{
    return (_Atomic uint32_t *)(void *)table->half[turn & 1] + (i & (table->slots - 1));
}

/* --- table_entry.c --- */
int par_entry_key(const par_table_value *key, par_key *out, par_error *err);
/* False: there is no such entry. */
bool par_entry_read(const par_table *table, uint64_t turn, uint32_t place, par_entry *out);
/* 1: the slot with the key; 0: *slot is where it may go; PAR_E_CORRUPT. */
int par_entry_find(const par_table *table, uint64_t turn, const par_key *key, size_t *slot, par_entry *entry);
/* The value; a string's bytes go to `string`. PAR_E_NOMEM. */
int par_entry_value(const par_entry *entry, par_buffer *string, par_table_value *out, par_error *err);
/* What a word and a kind stand for, but for strings. */
par_table_value par_entry_unpack(par_table_kind kind, uint64_t word);
size_t par_entry_size(const par_table_value *key, const par_table_value *value);
/* At `place`, of which nobody knows yet. */
void par_entry_write(const par_table *table, uint64_t turn, size_t place, const par_key *key, const par_table_value *value);
uint64_t par_entry_word(const par_table_value *value);

/* --- table_room.c --- */
/* What the lock's holder has to know after the last one died. PAR_E_CORRUPT. */
int par_room_count(par_table *table, par_error *err);
/* Makes sure that `words` more fit behind the entries, for an entry that comes instead of another one (or NULL), if need be by
 * going to the other half. PAR_E_LIMIT, PAR_E_CORRUPT. */
int par_room_make(par_table *table, size_t words, const par_entry *instead, par_error *err);
int par_table_corrupt(par_error *err);

/* --- table.c --- */
/* Takes the lock, and repairs what the last holder left when it died. */
int par_table_begin(par_table *table, par_error *err);
void par_table_end(par_table *table);

#endif
