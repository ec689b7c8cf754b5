/* A journal: the results of a long map, kept in an SQLite file as they come, so that a program that was killed takes up where it ended.
 *
 * One file is one map. It has notes (name, text), which say what the map was, and a row for each task that is over. Rows belong to a
 * transaction until they are committed: then they outlast the process; after a commit with `sync` also the machine. Not safe for threads;
 * nothing here may be called in a process that was forked from the one that opened it. */
#ifndef PAR_JOURNAL_JOURNAL_H
#define PAR_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct par_journal par_journal;

typedef enum par_journal_state { PAR_JOURNAL_DONE = 1, PAR_JOURNAL_FAILED = 2 } par_journal_state;

typedef struct par_journal_row {
    int64_t number;                     /* of the task, from 1 */
    int64_t state;                      /* of par_journal_state; read from a file it may be anything */
    const char *item, *bytes, *message; /* the item's hash; the encoded result or error; an error's text. None has to end with 0 */
    size_t item_len, bytes_len, message_len;
    double at_seconds; /* when it was kept, since 1970 */
} par_journal_row;

typedef struct par_journal_counts {
    int64_t done, failed;
    double first_seconds, last_seconds; /* when the first and the last were kept, since 1970; 0: none was */
} par_journal_counts;

/* All return PAR_OK or fill err: PAR_E_UNSUPPORTED (no SQLite; a file that is no journal), PAR_E_AGAIN (in use by another program),
 * PAR_E_SYSTEM (it cannot be read or written, the disk is full), PAR_E_CORRUPT, PAR_E_NOMEM. */

/* Opens a journal. One that is not there is made, unless read_only. A journal that is written belongs to this process until it is closed;
 * others may look at it meanwhile. */
int par_journal_open(const char *path, bool read_only, par_journal **out, par_error *err);
/* Commits and closes. NULL is allowed. What could not be committed is lost: commit before. */
void par_journal_close(par_journal *journal);

int par_journal_note(par_journal *journal, const char *name, const char *text, size_t len, par_error *err);
/* *text is NULL when there is no such note. It is good until the next call on this journal. */
int par_journal_read_note(par_journal *journal, const char *name, const char **text, size_t *len, par_error *err);

/* Replaces the row of this number. */
int par_journal_put(par_journal *journal, const par_journal_row *row, par_error *err);
/* The row of a number; *found false: there is none. The row is good until the next call on this journal. */
int par_journal_find(par_journal *journal, int64_t number, par_journal_row *row, bool *found, par_error *err);
/* The first row behind a number with this state. */
int par_journal_next(par_journal *journal, int64_t state, int64_t after, par_journal_row *row, bool *found, par_error *err);
int par_journal_commit(par_journal *journal, bool sync, par_error *err);
int par_journal_count(par_journal *journal, par_journal_counts *counts, par_error *err);
/* Forgets all rows and notes. */
int par_journal_clear(par_journal *journal, par_error *err);

#endif
