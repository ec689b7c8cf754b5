/* All entries of a shared table at one moment: copied under its lock, read afterwards. */
#include <string.h>

#include "group/table_layout.h"

static int append(par_buffer *all, const par_entry *entry)
{
    if (par_buffer_reserve(all, entry->words * 8) != PAR_OK) return PAR_E_NOMEM;
    for (size_t i = 0; i < entry->words; i++, all->len += 8) {
        uint64_t word = par_table_load(entry->at + i);
        memcpy(all->data + all->len, &word, sizeof word);
    }
    /* What was checked counts, whoever writes there meanwhile. */
    uint64_t lengths = entry->key_len | (uint64_t)entry->value_len << PAR_TABLE_STRING_BITS | (uint64_t)entry->key_kind << 56 |
                       (uint64_t)entry->value_kind << 60;
    memcpy(all->data + all->len - (entry->words - PAR_ENTRY_LENGTHS) * 8, &lengths, sizeof lengths);
    return PAR_OK;
}

static int copy_all(par_table *table, par_buffer *all, uint64_t *entries, par_error *err)
{
    uint64_t turn = par_table_turn(table);
    *entries = 0;
    all->len = 0;
    for (size_t i = 0; i < table->slots; i++) {
        uint32_t place = atomic_load_explicit(par_table_slot(table, turn, i), memory_order_acquire); /* with publish */
        par_entry entry;
        if (place <= PAR_TABLE_GONE) continue;
        if (!par_entry_read(table, turn, place, &entry)) return par_table_corrupt(err);
        if (append(all, &entry) != PAR_OK) return par_error_set(err, PAR_E_NOMEM, "not enough memory for all of a shared table");
        ++*entries;
    }
    return PAR_OK;
}

int par_table_snapshot(par_table *table, par_buffer *all, uint64_t *count, par_error *err)
{
    int rc = par_table_begin(table, err);
    if (rc != PAR_OK) return rc;
    rc = copy_all(table, all, count, err);
    par_table_end(table);
    if (rc != PAR_OK) all->len = 0;
    return rc;
}

/* A value as it lies in the copy; its bytes are borrowed from there. */
static par_table_value value_at(par_table_kind kind, uint64_t word, const uint8_t *bytes, size_t len)
{
    par_table_value value = par_entry_unpack(kind, word);
    if (kind == PAR_TABLE_STRING) {
        value.bytes = bytes;
        value.len = len;
    }
    return value;
}

bool par_table_next(const par_buffer *all, size_t *position, par_table_value *key, par_table_value *value)
{
    uint64_t word[PAR_ENTRY_WORDS];
    if (*position >= all->len) return false;
    const uint8_t *at = all->data + *position, *bytes = at + sizeof word;
    memcpy(word, at, sizeof word);
    uint64_t lengths = word[PAR_ENTRY_LENGTHS];
    size_t key_len = lengths & PAR_TABLE_STRING_MAX, value_len = lengths >> PAR_TABLE_STRING_BITS & PAR_TABLE_STRING_MAX;
    size_t key_bytes = par_table_words(key_len) * 8, value_bytes = par_table_words(value_len) * 8;
    *key = value_at((par_table_kind)(lengths >> 56 & 15), word[PAR_ENTRY_KEY], bytes, key_len);
    *value = value_at((par_table_kind)(lengths >> 60), word[PAR_ENTRY_VALUE], bytes + key_bytes, value_len);
    *position += sizeof word + key_bytes + value_bytes;
    return true;
}
