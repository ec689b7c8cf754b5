#include "journal/journal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite.h"
#include "os/file.h"
#include "os/os.h"

#define APPLICATION_ID 1346458188 /* "PArL": what `file` and others know our files by */
#define FORMAT 1
#define BUSY_MS 2000 /* somebody who looks at it is waited for */

typedef enum statement { NOTE, READ_NOTE, PUT, FIND, NEXT, COUNT, STATEMENTS } statement;

static const char *const texts[STATEMENTS] = {
    [NOTE] = "INSERT OR REPLACE INTO note VALUES (?1, ?2)",
    [READ_NOTE] = "SELECT text FROM note WHERE name = ?1",
    [PUT] = "INSERT OR REPLACE INTO task VALUES (?1, ?2, ?3, ?4, ?5, (julianday('now') - 2440587.5) * 86400.0)",
    [FIND] = "SELECT number, state, item, value, message, at FROM task WHERE number = ?1",
    [NEXT] = "SELECT number, state, item, value, message, at FROM task WHERE state = ?1 AND number > ?2 ORDER BY number LIMIT 1",
    [COUNT] = "SELECT coalesce(sum(state = 1), 0), coalesce(sum(state = 2), 0), coalesce(min(at), 0), coalesce(max(at), 0) FROM task",
};

struct par_journal {
    const par_sqlite *sqlite;
    par_sqlite_db *db;
    int lock_fd;  /* -1: it is only read. Closed after db: a file's locks go when any descriptor of it is closed */
    bool changed; /* a transaction is open */
    par_sqlite_statement *statements[STATEMENTS];
    const char *path;
    char file[]; /* the same for SQLite, which takes names like ":memory:" and "file:x" for something else: behind "./" */
};

/* --- errors --- */

static int code_of(int sqlite_code)
{
    switch (sqlite_code & 0xff) {
    case PAR_SQLITE_BUSY: return PAR_E_AGAIN;
    case PAR_SQLITE_NOTADB: return PAR_E_UNSUPPORTED;
    case PAR_SQLITE_CORRUPT: return PAR_E_CORRUPT;
    default: return PAR_E_SYSTEM;
    }
}

static int failed(const par_journal *journal, par_error *err)
{
    int code = journal->sqlite->errcode(journal->db);
    const char *what = journal->sqlite->errmsg(journal->db);
    if ((code & 0xff) == PAR_SQLITE_NOTADB)
        return par_error_set(err, PAR_E_UNSUPPORTED, "journal %s: this is no journal, and no database: give another file", journal->path);
    return par_error_set(err, code_of(code), "journal %s: %s", journal->path, what);
}

static int execute(par_journal *journal, const char *text, par_error *err)
{
    return journal->sqlite->exec(journal->db, text, NULL, NULL, NULL) == PAR_SQLITE_OK ? PAR_OK : failed(journal, err);
}

/* --- statements --- */

static par_sqlite_statement *statement_of(par_journal *journal, statement which, par_error *err)
{
    par_sqlite_statement **at = &journal->statements[which];
    if (!*at && journal->sqlite->prepare(journal->db, texts[which], -1, at, NULL) != PAR_SQLITE_OK) failed(journal, err);
    else journal->sqlite->reset(*at); /* what it was asked last is read */
    return *at;
}

static bool bind_bytes(par_journal *journal, par_sqlite_statement *s, int place, const char *bytes, size_t len, bool text)
{
    if (!bytes) return journal->sqlite->bind_blob(s, place, NULL, 0, NULL) == PAR_SQLITE_OK; /* NULL */
    if (len > INT_MAX) return false;
    int rc = text ? journal->sqlite->bind_text(s, place, bytes, (int)len, NULL)
                  : journal->sqlite->bind_blob(s, place, bytes, (int)len, NULL);
    return rc == PAR_SQLITE_OK;
}

/* Runs one that gives no rows. */
static int run(par_journal *journal, par_sqlite_statement *s, bool bound, par_error *err)
{
    int rc = PAR_OK;
    if (!bound) rc = par_error_set(err, PAR_E_LIMIT, "journal %s: a value is too large for it", journal->path);
    else if (journal->sqlite->step(s) != PAR_SQLITE_DONE) rc = failed(journal, err);
    journal->sqlite->reset(s);
    return rc;
}

/* The next row of a statement, if there is one. */
static int step(par_journal *journal, par_sqlite_statement *s, bool *found, par_error *err)
{
    int rc = journal->sqlite->step(s);
    *found = rc == PAR_SQLITE_ROW;
    if (*found || rc == PAR_SQLITE_DONE) return PAR_OK;
    rc = failed(journal, err);
    journal->sqlite->reset(s);
    return rc;
}

static int64_t ask_number(par_journal *journal, const char *text, par_error *err)
{
    bool found = false;
    par_sqlite_statement *s = NULL;
    int64_t answer = -1;
    if (journal->sqlite->prepare(journal->db, text, -1, &s, NULL) != PAR_SQLITE_OK) failed(journal, err);
    else if (step(journal, s, &found, err) == PAR_OK) answer = found ? journal->sqlite->column_int64(s, 0) : 0;
    journal->sqlite->finalize(s);
    return answer;
}

/* --- open, close --- */

static int make_tables(par_journal *journal, par_error *err)
{
    char text[500];
    snprintf(text, sizeof text,
             "BEGIN IMMEDIATE; PRAGMA application_id = %d; PRAGMA user_version = %d;"
             "CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;"
             "CREATE TABLE task (number INTEGER PRIMARY KEY, state INTEGER, item TEXT, value BLOB, message TEXT, at REAL);"
             "CREATE INDEX failed ON task (number) WHERE state = 2; COMMIT",
             APPLICATION_ID, FORMAT);
    return execute(journal, text, err);
}

/* Is it ours? One that is empty becomes ours. */
static int check_format(par_journal *journal, bool read_only, par_error *err)
{
    err->code = PAR_OK;
    int64_t id = ask_number(journal, "PRAGMA application_id", err), format = ask_number(journal, "PRAGMA user_version", err);
    int64_t tables = ask_number(journal, "SELECT count(*) FROM sqlite_master", err);
    if (err->code != PAR_OK) return err->code;
    if (id == 0 && tables == 0 && !read_only) return make_tables(journal, err);
    if (id != APPLICATION_ID)
        return par_error_set(err, PAR_E_UNSUPPORTED, "journal %s: this database belongs to another program: give another file",
                             journal->path);
    if (format != FORMAT)
        return par_error_set(err, PAR_E_UNSUPPORTED, "journal %s: it was written by another release of this library (format %d, here %d)",
                             journal->path, (int)format, FORMAT);
    return PAR_OK;
}

static int open_file(par_journal *journal, const char *name, int flags, par_error *err)
{
    if (journal->sqlite->open(name, &journal->db, flags, NULL) == PAR_SQLITE_OK) return PAR_OK;
    return journal->db ? failed(journal, err) : par_error_set(err, PAR_E_NOMEM, "journal %s: not enough memory", journal->path);
}

/* The path as a URI that says that nobody changes the file. Owned by the caller; NULL: no memory. */
static char *unchanging_uri(const char *path)
{
    static const char before[] = "file:", behind[] = "?immutable=1";
    size_t len = strlen(path), at = sizeof before - 1;
    char *uri = malloc(sizeof before + 3 * len + sizeof behind);
    if (!uri) return NULL;
    memcpy(uri, before, at);
    for (size_t i = 0; i < len; i++) at += (size_t)snprintf(uri + at, 4, path[i] == '/' ? "%c" : "%%%02x", (unsigned char)path[i]);
    memcpy(uri + at, behind, sizeof behind);
    return uri;
}

/* Even to read a file in WAL mode SQLite wants to write beside it. Where that cannot be done, and the log beside it is empty, the file
 * is all that there is. */
static int open_unchanging(par_journal *journal, par_error *err)
{
    char log[4096];
    if (snprintf(log, sizeof log, "%s-wal", journal->path) >= (int)sizeof log || par_os_file_bytes(log) != 0) return err->code;
    char *uri = unchanging_uri(journal->path);
    if (!uri) return err->code;
    journal->sqlite->close(journal->db);
    journal->db = NULL;
    int rc = open_file(journal, uri, PAR_SQLITE_OPEN_READONLY | PAR_SQLITE_OPEN_URI, err);
    free(uri);
    return rc == PAR_OK ? check_format(journal, true, err) : rc;
}

static int open_to_read(par_journal *journal, par_error *err)
{
    int rc = open_file(journal, journal->file, PAR_SQLITE_OPEN_READONLY, err);
    if (rc != PAR_OK) return rc;
    journal->sqlite->busy_timeout(journal->db, BUSY_MS);
    rc = check_format(journal, true, err);
    int code = rc == PAR_OK ? PAR_SQLITE_OK : journal->sqlite->errcode(journal->db) & 0xff;
    return code == PAR_SQLITE_READONLY || code == PAR_SQLITE_CANTOPEN ? open_unchanging(journal, err) : rc;
}

/* In WAL mode a commit writes once and waits for no disk; the file itself is only changed by a checkpoint, which waits for it. */
static int open_to_write(par_journal *journal, par_error *err)
{
    int rc = open_file(journal, journal->file, PAR_SQLITE_OPEN_READWRITE | PAR_SQLITE_OPEN_CREATE, err);
    if (rc != PAR_OK) return rc;
    journal->sqlite->busy_timeout(journal->db, BUSY_MS);
    rc = check_format(journal, false, err);
    if (rc == PAR_OK) rc = execute(journal, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", err);
    return rc;
}

int par_journal_open(const char *path, bool read_only, par_journal **out, par_error *err)
{
    const par_sqlite *sqlite = par_sqlite_load(err);
    if (!sqlite) return err->code;
    size_t len = strlen(path), before = *path == '/' ? 0 : 2;
    par_journal *journal = calloc(1, sizeof *journal + before + len + 1);
    if (!journal) return par_error_set(err, PAR_E_NOMEM, "journal %s: not enough memory", path);
    memcpy(journal->file, "./", before);
    journal->path = memcpy(journal->file + before, path, len);
    journal->sqlite = sqlite;
    journal->lock_fd = -1;
    int rc = read_only ? PAR_OK : par_os_file_lock(path, &journal->lock_fd, err);
    if (rc != PAR_OK) journal->lock_fd = -1;
    else rc = read_only ? open_to_read(journal, err) : open_to_write(journal, err);
    if (rc != PAR_OK) par_journal_close(journal);
    else *out = journal;
    return rc;
}

void par_journal_close(par_journal *journal)
{
    par_error ignored;
    if (!journal) return;
    if (journal->changed) par_journal_commit(journal, false, &ignored);
    for (int i = 0; i < STATEMENTS; i++) journal->sqlite->finalize(journal->statements[i]);
    journal->sqlite->close(journal->db);
    if (journal->lock_fd >= 0) par_os_close(journal->lock_fd);
    free(journal);
}

/* --- notes --- */

static int begin(par_journal *journal, par_error *err)
{
    if (journal->changed) return PAR_OK;
    int rc = execute(journal, "BEGIN IMMEDIATE", err);
    journal->changed = rc == PAR_OK;
    return rc;
}

int par_journal_note(par_journal *journal, const char *name, const char *text, size_t len, par_error *err)
{
    int rc = begin(journal, err);
    par_sqlite_statement *s = rc == PAR_OK ? statement_of(journal, NOTE, err) : NULL;
    if (!s) return err->code;
    bool bound = bind_bytes(journal, s, 1, name, strlen(name), true) && bind_bytes(journal, s, 2, text, len, true);
    return run(journal, s, bound, err);
}

int par_journal_read_note(par_journal *journal, const char *name, const char **text, size_t *len, par_error *err)
{
    bool found;
    *text = NULL;
    *len = 0;
    par_sqlite_statement *s = statement_of(journal, READ_NOTE, err);
    if (!s) return err->code;
    bind_bytes(journal, s, 1, name, strlen(name), true);
    int rc = step(journal, s, &found, err);
    if (rc != PAR_OK || !found) return rc;
    *text = (const char *)journal->sqlite->column_text(s, 0);
    *len = (size_t)journal->sqlite->column_bytes(s, 0);
    return PAR_OK;
}

/* --- rows --- */

int par_journal_put(par_journal *journal, const par_journal_row *row, par_error *err)
{
    int rc = begin(journal, err);
    par_sqlite_statement *s = rc == PAR_OK ? statement_of(journal, PUT, err) : NULL;
    if (!s) return err->code;
    bool bound = journal->sqlite->bind_int64(s, 1, row->number) == PAR_SQLITE_OK &&
                 journal->sqlite->bind_int64(s, 2, row->state) == PAR_SQLITE_OK &&
                 bind_bytes(journal, s, 3, row->item, row->item_len, true) &&
                 bind_bytes(journal, s, 4, row->bytes, row->bytes_len, false) &&
                 bind_bytes(journal, s, 5, row->message, row->message_len, true);
    return run(journal, s, bound, err);
}

static const char *column(par_journal *journal, par_sqlite_statement *s, int place, size_t *len)
{
    const char *bytes = journal->sqlite->column_blob(s, place);
    *len = bytes ? (size_t)journal->sqlite->column_bytes(s, place) : 0;
    return bytes ? bytes : "";
}

static int read_row(par_journal *journal, par_sqlite_statement *s, par_journal_row *row, bool *found, par_error *err)
{
    int rc = step(journal, s, found, err);
    if (rc != PAR_OK || !*found) return rc;
    row->number = journal->sqlite->column_int64(s, 0);
    row->state = journal->sqlite->column_int64(s, 1);
    row->item = column(journal, s, 2, &row->item_len);
    row->bytes = column(journal, s, 3, &row->bytes_len);
    row->message = column(journal, s, 4, &row->message_len);
    row->at_seconds = journal->sqlite->column_double(s, 5);
    return PAR_OK;
}

int par_journal_find(par_journal *journal, int64_t number, par_journal_row *row, bool *found, par_error *err)
{
    *found = false;
    par_sqlite_statement *s = statement_of(journal, FIND, err);
    if (!s) return err->code;
    journal->sqlite->bind_int64(s, 1, number);
    return read_row(journal, s, row, found, err);
}

int par_journal_next(par_journal *journal, int64_t state, int64_t after, par_journal_row *row, bool *found, par_error *err)
{
    *found = false;
    par_sqlite_statement *s = statement_of(journal, NEXT, err);
    if (!s) return err->code;
    journal->sqlite->bind_int64(s, 1, state);
    journal->sqlite->bind_int64(s, 2, after);
    return read_row(journal, s, row, found, err);
}

int par_journal_commit(par_journal *journal, bool sync, par_error *err)
{
    int rc = PAR_OK;
    for (int i = 0; i < STATEMENTS; i++)
        if (journal->statements[i]) journal->sqlite->reset(journal->statements[i]); /* one that still reads would keep it open */
    if (journal->changed) rc = execute(journal, "COMMIT", err);
    if (rc == PAR_OK) journal->changed = false;
    if (rc == PAR_OK && sync) rc = execute(journal, "PRAGMA wal_checkpoint(PASSIVE)", err);
    return rc;
}

int par_journal_count(par_journal *journal, par_journal_counts *counts, par_error *err)
{
    bool found;
    *counts = (par_journal_counts){0};
    par_sqlite_statement *s = statement_of(journal, COUNT, err);
    if (!s) return err->code;
    int rc = step(journal, s, &found, err);
    if (rc != PAR_OK || !found) return rc;
    counts->done = journal->sqlite->column_int64(s, 0);
    counts->failed = journal->sqlite->column_int64(s, 1);
    counts->first_seconds = journal->sqlite->column_double(s, 2);
    counts->last_seconds = journal->sqlite->column_double(s, 3);
    return PAR_OK;
}

int par_journal_clear(par_journal *journal, par_error *err)
{
    int rc = begin(journal, err);
    return rc == PAR_OK ? execute(journal, "DELETE FROM task; DELETE FROM note", err) : rc;
}
