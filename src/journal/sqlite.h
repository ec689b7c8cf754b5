/* What is used of SQLite, which is loaded when it is first needed: where the library is not, only journals cannot be had. */
#ifndef PAR_JOURNAL_SQLITE_H
#define PAR_JOURNAL_SQLITE_H

#include <stdint.h>

#include "base/status.h"

typedef struct par_sqlite_db par_sqlite_db;
typedef struct par_sqlite_statement par_sqlite_statement;

typedef struct par_sqlite {
    int (*open)(const char *path, par_sqlite_db **db, int flags, const char *vfs);
    int (*close)(par_sqlite_db *db);
    int (*exec)(par_sqlite_db *db, const char *text, int (*callback)(void *, int, char **, char **), void *context, char **message);
    const char *(*errmsg)(par_sqlite_db *db);
    int (*errcode)(par_sqlite_db *db);
    int (*busy_timeout)(par_sqlite_db *db, int ms);
    int (*prepare)(par_sqlite_db *db, const char *text, int len, par_sqlite_statement **statement, const char **tail);
    int (*finalize)(par_sqlite_statement *statement);
    int (*step)(par_sqlite_statement *statement);
    int (*reset)(par_sqlite_statement *statement);
    int (*bind_int64)(par_sqlite_statement *statement, int place, int64_t value);
    int (*bind_text)(par_sqlite_statement *statement, int place, const char *text, int len, void (*destructor)(void *));
    int (*bind_blob)(par_sqlite_statement *statement, int place, const void *bytes, int len, void (*destructor)(void *));
    int64_t (*column_int64)(par_sqlite_statement *statement, int column);
    double (*column_double)(par_sqlite_statement *statement, int column);
    const unsigned char *(*column_text)(par_sqlite_statement *statement, int column);
    const void *(*column_blob)(par_sqlite_statement *statement, int column);
    int (*column_bytes)(par_sqlite_statement *statement, int column);
} par_sqlite;

/* As the library's interface numbers them. */
enum {
    PAR_SQLITE_OK = 0,
    PAR_SQLITE_BUSY = 5,
    PAR_SQLITE_READONLY = 8,
    PAR_SQLITE_CORRUPT = 11,
    PAR_SQLITE_CANTOPEN = 14,
    PAR_SQLITE_NOTADB = 26,
    PAR_SQLITE_ROW = 100,
    PAR_SQLITE_DONE = 101,
    PAR_SQLITE_OPEN_READONLY = 1,
    PAR_SQLITE_OPEN_READWRITE = 2,
    PAR_SQLITE_OPEN_CREATE = 4,
    PAR_SQLITE_OPEN_URI = 64
};

/* NULL: it cannot be loaded, and err says what to install. */
const par_sqlite *par_sqlite_load(par_error *err);

#endif
