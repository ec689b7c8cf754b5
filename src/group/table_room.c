/* Room for the entries of a shared table. The lock's holder alone calls these. */
#include "group/table_layout.h"

int par_table_corrupt(par_error *err) { return par_error_set(err, PAR_E_CORRUPT, "somebody has written over a shared table"); }

static uint32_t place_in(const par_table *table, uint64_t turn, size_t slot)
{
    return atomic_load_explicit(par_table_slot(table, turn, slot), memory_order_relaxed); /* under the lock */
}

int par_room_count(par_table *table, par_error *err)
{
    uint64_t turn = par_table_turn(table), used = table->heap_at, live = 0, entries = 0, gone = 0;
    for (size_t i = 0; i < table->slots; i++) {
        uint32_t place = place_in(table, turn, i);
        par_entry entry;
        gone += place == PAR_TABLE_GONE;
        if (place <= PAR_TABLE_GONE) continue;
        if (!par_entry_read(table, turn, place, &entry)) return par_table_corrupt(err);
        entries++;
        live += entry.words;
        if (place + entry.words > used) used = place + entry.words;
    }
    par_table_store(&table->page->used, used);
    par_table_store(&table->page->live, live);
    par_table_store(&table->page->entries, entries);
    par_table_store(&table->page->gone, gone);
    return PAR_OK;
}

/* A search ends at an empty slot: an eighth of them stays empty. */
static bool has_slots(const par_table *table, uint64_t taken) { return taken < table->slots - table->slots / 8; }

static bool fits(const par_table *table, size_t words)
{
    const par_table_page *page = table->page;
    uint64_t used = par_table_load(&page->used), taken = par_table_load(&page->entries) + par_table_load(&page->gone);
    return used >= table->heap_at && used <= table->half_words && words <= table->half_words - used && has_slots(table, taken);
}

/* An eighth of the room is for what is not wanted any more, or every change would have to copy all. */
static bool is_full(const par_table *table, size_t words, const par_entry *instead)
{
    size_t heap = table->half_words - table->heap_at;
    uint64_t live = par_table_load(&table->page->live) + words - (instead ? instead->words : 0);
    return live > heap - heap / 8 || (!instead && !has_slots(table, par_table_load(&table->page->entries) + table->slots / 16));
}

/* Into a half without this key. False: there is no room, which cannot be. */
static bool copy_entry(const par_table *table, uint64_t to, const par_entry *entry, size_t place)
{
    size_t slot = entry->hash;
    if (entry->words > table->half_words - place) return false;
    for (size_t i = 0; i < entry->words; i++) par_table_store(table->half[to & 1] + place + i, par_table_load(entry->at + i));
    while (place_in(table, to, slot) != PAR_TABLE_EMPTY)
        if (++slot == entry->hash + table->slots) return false;
    atomic_store_explicit(par_table_slot(table, to, slot), (uint32_t)place, memory_order_release); /* with par_entry_find */
    return true;
}

/* Readers stay in the half that is left until they look at the turn again. */
static int turn_over(par_table *table, par_error *err)
{
    uint64_t from = par_table_turn(table);
    size_t used = table->heap_at;
    for (size_t i = 0; i < table->slots; i++)
        atomic_store_explicit(par_table_slot(table, from + 1, i), PAR_TABLE_EMPTY, memory_order_release); /* with par_entry_find */
    for (size_t i = 0; i < table->slots; i++) {
        uint32_t place = place_in(table, from, i);
        par_entry entry;
        if (place <= PAR_TABLE_GONE) continue;
        if (!par_entry_read(table, from, place, &entry) || !copy_entry(table, from + 1, &entry, used)) return par_table_corrupt(err);
        used += entry.words;
    }
    par_table_store(&table->page->turn, from + 1); /* with par_table_turn: all of it counts, or nothing */
    return par_room_count(table, err);
}

static int full(const par_table *table, size_t words, par_error *err)
{
    return par_error_set(err, PAR_E_LIMIT, "the table is full: %llu entries in %zu bytes, and no room for one of %zu; make it with more",
                         (unsigned long long)par_table_load(&table->page->entries), (size_t)table->page->bytes, words * 8);
}

int par_room_make(par_table *table, size_t words, const par_entry *instead, par_error *err)
{
    if (is_full(table, words, instead)) {
        int rc = par_room_count(table, err); /* what stands there may be wrong */
        if (rc != PAR_OK) return rc;
        if (is_full(table, words, instead)) return full(table, words, err);
    }
    if (fits(table, words)) return PAR_OK;
    int rc = turn_over(table, err);
    return rc != PAR_OK || fits(table, words) ? rc : full(table, words, err);
}
