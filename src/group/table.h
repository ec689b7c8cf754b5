/* A table in shared memory: keys and values are strings, numbers and booleans. Bounded by the memory that it was given.
 *
 * Readers take no lock and are never stopped. A writer takes the table's lock, writes a new entry beside the old one and then
 * publishes it with one store; so whoever dies in the middle of it has either changed the table or not. When the room is used up
 * what is still wanted is copied into the other half of the memory, which is published in the same way.
 * What stands in the memory is not believed: an entry that cannot be gives PAR_E_CORRUPT. A handle belongs to one thread. */
#ifndef PAR_GROUP_TABLE_H
#define PAR_GROUP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "group/lock.h"

typedef enum par_table_kind { PAR_TABLE_NIL, PAR_TABLE_BOOLEAN, PAR_TABLE_INTEGER, PAR_TABLE_FLOAT, PAR_TABLE_STRING } par_table_kind;

typedef struct par_table_value {
    par_table_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double number;
    };
    const void *bytes; /* of STRING; borrowed */
    size_t len;
} par_table_value;

typedef struct par_table par_table;

#define PAR_TABLE_MIN_BYTES ((size_t)16 << 10)
#define PAR_TABLE_MAX_BYTES ((size_t)1 << 30)

/* A fresh table in memory that nobody else has yet. */
int par_table_format(void *memory, size_t bytes, par_error *err);
/* fd: of the memory, which begins `at` bytes into it. PAR_E_CORRUPT: there is no table of this size. PAR_E_NOMEM, PAR_E_LIMIT,
 * PAR_E_SYSTEM. The memory has to outlive the handle. */
int par_table_open(par_table **out, void *memory, size_t bytes, int fd, uint64_t at, par_error *err);
void par_table_close(par_table *table);
/* Asked while the lock is waited for; true: PAR_E_INTERRUPTED. */
void par_table_set_interrupted(par_table *table, bool (*interrupted)(void *context), void *context);

/* Keys: STRING, BOOLEAN, INTEGER, FLOAT that is a number; a FLOAT with the value of an integer is that integer. Else PAR_E_INVALID.
 * A string that is given out is put into `string`, a buffer of the caller's. */
int par_table_get(par_table *table, const par_table_value *key, par_buffer *string, par_table_value *value, par_error *err);
/* NIL removes the key. PAR_E_LIMIT: the table is full. */
int par_table_set(par_table *table, const par_table_value *key, const par_table_value *value, par_error *err);
/* Adds to a number (nothing counts as 0), and gives the sum. Integers wrap. PAR_E_INVALID: what is there is no number. */
int par_table_add(par_table *table, const par_table_value *key, const par_table_value *n, par_table_value *sum, par_error *err);
/* Sets it if it is `old`, as == says; *done tells. */
int par_table_compare_and_set(par_table *table, const par_table_value *key, const par_table_value *old, const par_table_value *value,
                              bool *done, par_error *err);

/* All entries as they are at one moment, put into `all`, an empty buffer of the caller's, to be read by par_table_next. */
int par_table_snapshot(par_table *table, par_buffer *all, uint64_t *count, par_error *err);
/* The entry after *position, which is 0 at the beginning; false: there is none. */
bool par_table_next(const par_buffer *all, size_t *position, par_table_value *key, par_table_value *value);

#endif
