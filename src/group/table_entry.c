/* Entries of a shared table: finding, reading and writing one. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "group/table_layout.h"

/* --- keys --- */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static uint32_t hash_of(par_table_kind kind, uint64_t word, const uint8_t *bytes, size_t len)
{
    uint64_t hash = mix(mix(kind, word), len);
    for (size_t at = 0; at < len; at += 8) {
        uint64_t part = 0;
        memcpy(&part, bytes + at, len - at < 8 ? len - at : 8);
        hash = mix(hash, part);
    }
    return (uint32_t)(mix(hash, 0) >> 32);
}

uint64_t par_entry_word(const par_table_value *value)
{
    uint64_t word = 0;
    if (value->kind == PAR_TABLE_BOOLEAN) return value->boolean;
    if (value->kind == PAR_TABLE_INTEGER) return (uint64_t)value->integer;
    if (value->kind == PAR_TABLE_FLOAT) memcpy(&word, &value->number, sizeof word);
    return word;
}

int par_entry_key(const par_table_value *key, par_key *out, par_error *err)
{
    par_table_value value = *key;
    if (value.kind == PAR_TABLE_NIL) return par_error_set(err, PAR_E_INVALID, "a key cannot be nil");
    if (value.kind == PAR_TABLE_FLOAT && isnan(value.number)) return par_error_set(err, PAR_E_INVALID, "a key cannot be NaN");
    if (value.kind == PAR_TABLE_FLOAT && par_double_fits_i64(value.number) && (double)(int64_t)value.number == value.number)
        value = (par_table_value){.kind = PAR_TABLE_INTEGER, .integer = (int64_t)value.number};
    if (value.kind != PAR_TABLE_STRING) value.len = 0;
    if (value.len > PAR_TABLE_STRING_MAX) return par_error_set(err, PAR_E_LIMIT, "a key of %zu bytes is too long", value.len);
    out->value = value;
    out->word = par_entry_word(&value);
    out->hash = hash_of(value.kind, out->word, value.bytes, value.len);
    return PAR_OK;
}

/* --- reading --- */
static bool is_kind(par_table_kind kind) { return kind > PAR_TABLE_NIL && kind <= PAR_TABLE_STRING; }

bool par_entry_read(const par_table *table, uint64_t turn, uint32_t place, par_entry *out)
{
    if (place < table->heap_at || place > table->half_words - PAR_ENTRY_WORDS) return false;
    out->at = table->half[turn & 1] + place;
    uint64_t head = par_table_load(&out->at[PAR_ENTRY_HEAD]), lengths = par_table_load(&out->at[PAR_ENTRY_LENGTHS]);
    out->words = (uint32_t)head;
    out->hash = (uint32_t)(head >> 32);
    out->key_len = lengths & PAR_TABLE_STRING_MAX;
    out->value_len = lengths >> PAR_TABLE_STRING_BITS & PAR_TABLE_STRING_MAX;
    out->key_kind = (par_table_kind)(lengths >> 56 & 15);
    out->value_kind = (par_table_kind)(lengths >> 60);
    return is_kind(out->key_kind) && is_kind(out->value_kind) && out->words <= table->half_words - place &&
           out->words == PAR_ENTRY_WORDS + par_table_words(out->key_len) + par_table_words(out->value_len);
}

static void copy_out(uint8_t *to, const _Atomic uint64_t *from, size_t len)
{
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = par_table_load(from++);
        memcpy(to + at, &word, len - at < 8 ? len - at : 8);
    }
}

static bool holds(const _Atomic uint64_t *from, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = par_table_load(from++);
        if (memcmp(&word, bytes + at, len - at < 8 ? len - at : 8) != 0) return false;
    }
    return true;
}

static bool has_key(const par_entry *entry, const par_key *key)
{
    return entry->hash == key->hash && entry->key_kind == key->value.kind && entry->key_len == key->value.len &&
           par_table_load(&entry->at[PAR_ENTRY_KEY]) == key->word && holds(entry->at + PAR_ENTRY_WORDS, key->value.bytes, key->value.len);
}

int par_entry_find(const par_table *table, uint64_t turn, const par_key *key, size_t *slot, par_entry *entry)
{
    bool reusable = false;
    for (size_t i = key->hash; i < key->hash + table->slots; i++) {
        uint32_t place = atomic_load_explicit(par_table_slot(table, turn, i), memory_order_acquire); /* with publish in table.c */
        if (place <= PAR_TABLE_GONE) {
            if (!reusable) *slot = i;
            reusable = true;
            if (place == PAR_TABLE_EMPTY) return 0;
            continue;
        }
        if (!par_entry_read(table, turn, place, entry)) return PAR_E_CORRUPT;
        if (!has_key(entry, key)) continue;
        *slot = i;
        return 1;
    }
    return PAR_E_CORRUPT; /* some slots always stay empty */
}

par_table_value par_entry_unpack(par_table_kind kind, uint64_t word)
{
    par_table_value value = {.kind = kind};
    if (kind == PAR_TABLE_BOOLEAN) value.boolean = word != 0;
    else if (kind == PAR_TABLE_INTEGER) value.integer = (int64_t)word;
    else if (kind == PAR_TABLE_FLOAT) memcpy(&value.number, &word, sizeof word);
    return value;
}

int par_entry_value(const par_entry *entry, par_buffer *string, par_table_value *out, par_error *err)
{
    *out = par_entry_unpack(entry->value_kind, par_table_load(&entry->at[PAR_ENTRY_VALUE]));
    if (out->kind != PAR_TABLE_STRING) return PAR_OK;
    string->len = 0;
    if (par_buffer_reserve(string, entry->value_len + 1) != PAR_OK)
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a string of a shared table");
    copy_out(string->data, entry->at + PAR_ENTRY_WORDS + par_table_words(entry->key_len), entry->value_len);
    out->bytes = string->data;
    out->len = string->len = entry->value_len;
    return PAR_OK;
}

/* --- writing --- */
static size_t string_words(const par_table_value *value) { return value->kind == PAR_TABLE_STRING ? par_table_words(value->len) : 0; }

size_t par_entry_size(const par_table_value *key, const par_table_value *value)
{
    return PAR_ENTRY_WORDS + string_words(key) + string_words(value);
}

static void copy_in(_Atomic uint64_t *to, const uint8_t *from, size_t len)
{
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, from + at, len - at < 8 ? len - at : 8);
        par_table_store(to++, word);
    }
}

void par_entry_write(const par_table *table, uint64_t turn, size_t place, const par_key *key, const par_table_value *value)
{
    _Atomic uint64_t *at = table->half[turn & 1] + place;
    size_t key_len = key->value.len, value_len = value->kind == PAR_TABLE_STRING ? value->len : 0;
    par_table_store(&at[PAR_ENTRY_HEAD], par_entry_size(&key->value, value) | (uint64_t)key->hash << 32);
    par_table_store(&at[PAR_ENTRY_LENGTHS],
                    key_len | (uint64_t)value_len << PAR_TABLE_STRING_BITS | (uint64_t)key->value.kind << 56 | (uint64_t)value->kind << 60);
    par_table_store(&at[PAR_ENTRY_KEY], key->word);
    par_table_store(&at[PAR_ENTRY_VALUE], par_entry_word(value));
    copy_in(at + PAR_ENTRY_WORDS, key->value.bytes, key_len);
    copy_in(at + PAR_ENTRY_WORDS + par_table_words(key_len), value->bytes, value_len);
}
