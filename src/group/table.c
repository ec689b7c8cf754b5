#include "group/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "group/table_layout.h"

#define LOOKS_MAX 64 /* at a table that turns again and again, before a reader takes the lock */

/* --- opening one --- */
static void measure(par_table *table, size_t bytes)
{
    size_t page_words = par_table_words(par_round_up(sizeof(par_table_page), PAR_CACHE_LINE));
    table->half_words = (bytes / 8 - page_words) / 2;
    for (table->slots = 64; table->slots * 2 <= table->half_words / 2; table->slots *= 2) {} /* one for 16 to 32 bytes */
    table->heap_at = table->slots / 2;
    for (int i = 0; i < 2; i++) table->half[i] = (_Atomic uint64_t *)(void *)table->page + page_words + (size_t)i * table->half_words;
}

int par_table_format(void *memory, size_t bytes, par_error *err)
{
    par_table table = {.page = memory};
    if (bytes < PAR_TABLE_MIN_BYTES || bytes > PAR_TABLE_MAX_BYTES)
        return par_error_set(err, PAR_E_INVALID, "a shared table has %zu to %zu bytes, not %zu", PAR_TABLE_MIN_BYTES, PAR_TABLE_MAX_BYTES,
                             bytes);
    measure(&table, bytes);
    memset(memory, 0, sizeof *table.page);
    for (size_t i = 0; i < table.slots; i++) atomic_store_explicit(par_table_slot(&table, 0, i), PAR_TABLE_EMPTY, memory_order_relaxed);
    par_table_store(&table.page->used, table.heap_at);
    table.page->magic = PAR_TABLE_MAGIC;
    table.page->version = PAR_TABLE_VERSION;
    table.page->bytes = bytes;
    return PAR_OK;
}

static int open(par_table *table, size_t bytes, int fd, uint64_t at, par_error *err)
{
    if (bytes < PAR_TABLE_MIN_BYTES || bytes > PAR_TABLE_MAX_BYTES || table->page->magic != PAR_TABLE_MAGIC ||
        table->page->version != PAR_TABLE_VERSION || table->page->bytes != bytes)
        return par_error_set(err, PAR_E_CORRUPT, "this is no shared table of %zu bytes", bytes);
    measure(table, bytes);
    return par_lock_attach(&table->lock, &table->page->lock, fd, at, err);
}

int par_table_open(par_table **out, void *memory, size_t bytes, int fd, uint64_t at, par_error *err)
{
    par_table *table = calloc(1, sizeof *table);
    if (!table) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a shared table");
    table->page = memory;
    int rc = open(table, bytes, fd, at, err);
    if (rc == PAR_OK) *out = table;
    else free(table);
    return rc;
}

void par_table_close(par_table *table)
{
    par_lock_detach(&table->lock);
    par_buffer_fini(&table->string);
    free(table);
}

void par_table_set_interrupted(par_table *table, bool (*interrupted)(void *context), void *context)
{
    table->lock.interrupted = interrupted;
    table->lock.context = context;
}

/* --- the lock --- */
int par_table_begin(par_table *table, par_error *err)
{
    bool abandoned;
    int rc = par_lock_take(&table->lock, PAR_NEVER, &abandoned, err);
    if (rc == PAR_OK && abandoned) rc = par_room_count(table, err);
    if (rc != PAR_OK && par_lock_is_ours(&table->lock)) par_table_end(table);
    return rc;
}

void par_table_end(par_table *table)
{
    par_error ignored;
    par_lock_give(&table->lock, &ignored);
}

/* --- reading --- */
/* 1: *value is it; 0: there is none; or a code. Whoever holds the lock is sure of it, others look whether the table has turned. */
static int look_up(par_table *table, uint64_t turn, const par_key *key, par_buffer *string, par_table_value *value, par_error *err)
{
    par_entry entry;
    size_t slot;
    int found = par_entry_find(table, turn, key, &slot, &entry);
    *value = (par_table_value){.kind = PAR_TABLE_NIL};
    if (found < 0) return par_table_corrupt(err);
    if (!found) return 0;
    int rc = par_entry_value(&entry, string, value, err);
    return rc == PAR_OK ? 1 : rc;
}

int par_table_get(par_table *table, const par_table_value *key, par_buffer *string, par_table_value *value, par_error *err)
{
    par_key k;
    int rc = par_entry_key(key, &k, err);
    if (rc != PAR_OK) return rc;
    for (int i = 0; i < LOOKS_MAX; i++) {
        uint64_t turn = par_table_turn(table);
        int found = look_up(table, turn, &k, string, value, err);
        if (par_table_turn(table) == turn) return found < 0 ? found : PAR_OK;
    }
    rc = par_table_begin(table, err);
    if (rc != PAR_OK) return rc;
    int found = look_up(table, par_table_turn(table), &k, string, value, err);
    par_table_end(table);
    return found < 0 ? found : PAR_OK;
}

/* --- writing, under the lock --- */
static void count(_Atomic uint64_t *word, int64_t n) { par_table_store(word, par_table_load(word) + (uint64_t)n); }

static void publish(par_table *table, size_t slot, uint32_t place)
{
    atomic_store_explicit(par_table_slot(table, par_table_turn(table), slot), place, memory_order_release); /* with par_entry_find */
}

static void remove_entry(par_table *table, size_t slot, const par_entry *entry)
{
    publish(table, slot, PAR_TABLE_GONE);
    count(&table->page->entries, -1);
    count(&table->page->gone, 1);
    count(&table->page->live, -(int64_t)entry->words);
}

/* instead: the entry that is there, or NULL. */
static int put_new(par_table *table, const par_key *key, const par_table_value *value, const par_entry *instead, par_error *err)
{
    par_entry old;
    size_t slot, words = par_entry_size(&key->value, value);
    int rc = par_room_make(table, words, instead, err);
    if (rc != PAR_OK) return rc;
    uint64_t turn = par_table_turn(table), used = par_table_load(&table->page->used);
    int found = par_entry_find(table, turn, key, &slot, &old);
    if (found < 0) return par_table_corrupt(err);
    bool reused = !found && atomic_load_explicit(par_table_slot(table, turn, slot), memory_order_relaxed) == PAR_TABLE_GONE;
    par_entry_write(table, turn, used, key, value);
    par_table_store(&table->page->used, used + words); /* before it is published: nobody's room is given away twice */
    publish(table, slot, (uint32_t)used);
    count(&table->page->live, (int64_t)words - (found ? (int64_t)old.words : 0));
    count(&table->page->entries, !found);
    count(&table->page->gone, -(int64_t)reused);
    return PAR_OK;
}

/* found, slot, entry: what par_entry_find said. */
static int put(par_table *table, const par_key *key, const par_table_value *value, int found, size_t slot, const par_entry *entry,
               par_error *err)
{
    if (value->kind == PAR_TABLE_NIL) {
        if (found) remove_entry(table, slot, entry);
        return PAR_OK;
    }
    if (value->kind == PAR_TABLE_STRING && value->len > PAR_TABLE_STRING_MAX)
        return par_error_set(err, PAR_E_LIMIT, "a string of %zu bytes is too long for a shared table", value->len);
    if (!found || value->kind != entry->value_kind || value->kind == PAR_TABLE_STRING)
        return put_new(table, key, value, found ? entry : NULL, err);
    par_table_store(&entry->at[PAR_ENTRY_VALUE], par_entry_word(value)); /* one word, one store */
    return PAR_OK;
}

/* What to do with a value under the lock: *value is what is there, and becomes what is to be there, unless *put_it is made false. */
typedef int change(void *context, par_table_value *value, bool *put_it, par_error *err);

static int to_set(void *context, par_table_value *value, bool *put_it, par_error *err)
{
    (void)put_it, (void)err;
    *value = *(const par_table_value *)context;
    return PAR_OK;
}

static int change_entry(par_table *table, const par_table_value *key, change *how, void *context, par_error *err)
{
    par_key k;
    par_entry entry;
    size_t slot;
    bool put_it = true;
    par_table_value value = {.kind = PAR_TABLE_NIL};
    int rc = par_entry_key(key, &k, err);
    if (rc == PAR_OK) rc = par_table_begin(table, err);
    if (rc != PAR_OK) return rc;
    int found = par_entry_find(table, par_table_turn(table), &k, &slot, &entry);
    if (found < 0) rc = par_table_corrupt(err);
    if (found > 0 && how != to_set) rc = par_entry_value(&entry, &table->string, &value, err);
    if (rc == PAR_OK) rc = how(context, &value, &put_it, err);
    if (rc == PAR_OK && put_it) rc = put(table, &k, &value, found, slot, &entry, err);
    par_table_end(table);
    return rc;
}

int par_table_set(par_table *table, const par_table_value *key, const par_table_value *value, par_error *err)
{
    return change_entry(table, key, to_set, (void *)(uintptr_t)value, err);
}

typedef struct adding {
    const par_table_value *n;
    par_table_value *sum;
} adding;

static bool is_number(const par_table_value *value) { return value->kind == PAR_TABLE_INTEGER || value->kind == PAR_TABLE_FLOAT; }

static double number_of(const par_table_value *value) { return value->kind == PAR_TABLE_FLOAT ? value->number : (double)value->integer; }

static int to_add(void *context, par_table_value *value, bool *put_it, par_error *err)
{
    (void)put_it;
    const adding *what = context;
    if (value->kind == PAR_TABLE_NIL) *value = (par_table_value){.kind = PAR_TABLE_INTEGER};
    if (!is_number(value)) return par_error_set(err, PAR_E_INVALID, "what is there is no number to add to");
    if (value->kind == PAR_TABLE_INTEGER && what->n->kind == PAR_TABLE_INTEGER)
        value->integer = (int64_t)((uint64_t)value->integer + (uint64_t)what->n->integer);
    else *value = (par_table_value){.kind = PAR_TABLE_FLOAT, .number = number_of(value) + number_of(what->n)};
    *what->sum = *value;
    return PAR_OK;
}

int par_table_add(par_table *table, const par_table_value *key, const par_table_value *n, par_table_value *sum, par_error *err)
{
    adding what = {.n = n, .sum = sum};
    if (!is_number(n)) return par_error_set(err, PAR_E_INVALID, "only a number can be added");
    return change_entry(table, key, to_add, &what, err);
}

typedef struct comparing {
    const par_table_value *old, *value;
    bool *done;
} comparing;

/* As == in Lua: numbers by their value. */
static bool equal(const par_table_value *a, const par_table_value *b)
{
    if (a->kind == PAR_TABLE_INTEGER && b->kind == PAR_TABLE_FLOAT) return equal(b, a);
    if (a->kind == PAR_TABLE_FLOAT && b->kind == PAR_TABLE_INTEGER)
        return par_double_fits_i64(a->number) && (double)(int64_t)a->number == a->number && (int64_t)a->number == b->integer;
    if (a->kind != b->kind) return false;
    if (a->kind == PAR_TABLE_FLOAT) return a->number == b->number;
    if (a->kind == PAR_TABLE_STRING) return a->len == b->len && (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
    return par_entry_word(a) == par_entry_word(b);
}

static int to_compare(void *context, par_table_value *value, bool *put_it, par_error *err)
{
    (void)err;
    const comparing *what = context;
    *put_it = *what->done = equal(value, what->old);
    if (*put_it) *value = *what->value;
    return PAR_OK;
}

int par_table_compare_and_set(par_table *table, const par_table_value *key, const par_table_value *old, const par_table_value *value,
                              bool *done, par_error *err)
{
    comparing what = {.old = old, .value = value, .done = done};
    return change_entry(table, key, to_compare, &what, err);
}
