#include "journal/sqlite.h"

#include <stdbool.h>
#include <stddef.h>

#include "os/library.h"

static par_sqlite sqlite; /* of the process */
static const par_os_symbol symbols[] = {{"sqlite3_open_v2", &sqlite.open},
                                        {"sqlite3_close", &sqlite.close},
                                        {"sqlite3_exec", &sqlite.exec},
                                        {"sqlite3_errmsg", &sqlite.errmsg},
                                        {"sqlite3_errcode", &sqlite.errcode},
                                        {"sqlite3_busy_timeout", &sqlite.busy_timeout},
                                        {"sqlite3_prepare_v2", &sqlite.prepare},
                                        {"sqlite3_finalize", &sqlite.finalize},
                                        {"sqlite3_step", &sqlite.step},
                                        {"sqlite3_reset", &sqlite.reset},
                                        {"sqlite3_bind_int64", &sqlite.bind_int64},
                                        {"sqlite3_bind_text", &sqlite.bind_text},
                                        {"sqlite3_bind_blob", &sqlite.bind_blob},
                                        {"sqlite3_column_int64", &sqlite.column_int64},
                                        {"sqlite3_column_double", &sqlite.column_double},
                                        {"sqlite3_column_text", &sqlite.column_text},
                                        {"sqlite3_column_blob", &sqlite.column_blob},
                                        {"sqlite3_column_bytes", &sqlite.column_bytes}};
static const char *const names[] = {"libsqlite3.so.0", "libsqlite3.0.dylib", "libsqlite3.dylib", "libsqlite3.so", NULL};
static const par_os_library library = {
    .names = names,
    .symbols = symbols,
    .n_symbols = sizeof symbols / sizeof *symbols,
    .missing = "libsqlite3 is missing, which keeps journals: install it (Debian: libsqlite3-0)",
    .too_old = "this libsqlite3 is too old: 3.7 is needed",
};

const par_sqlite *par_sqlite_load(par_error *err)
{
    static bool loaded;
    return par_os_library_load(&library, &loaded, err) == PAR_OK ? &sqlite : NULL;
}
