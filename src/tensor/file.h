/* Files of numbers as Torch7 reads and writes them: on disk, from and to commands, in memory; binary or as text.
 *
 * A number is read and written as an element of its type. As text, numbers of one call are separated by spaces and end with a
 * new line ("auto spacing"); bytes and chars are always written as they are. Knows nothing of Lua. */
#ifndef PAR_TENSOR_FILE_H
#define PAR_TENSOR_FILE_H

#include "base/buffer.h"
#include "os/file.h"
#include "tensor/tensor.h"

typedef struct par_file {
    par_os_file *stream;    /* NULL in memory, and once it is closed */
    par_storage *storage;   /* in memory: chars, with one reference of ours and a 0 behind the last; NULL once it is closed */
    char *name;             /* path or command; NULL in memory */
    int64_t size, position; /* in memory, from 0 */
    bool readable, writable, binary, auto_spacing;
    bool quiet; /* what goes wrong only sets failed */
    bool failed;
    bool swapped;   /* binary numbers have the other order of bytes than this machine's */
    int long_bytes; /* of a binary long: 4 or 8 */
} par_file;

/* mode: "r", "w" or "rw" (a command: one of the first two). PAR_E_INVALID, PAR_E_SYSTEM or PAR_E_NOMEM. */
int par_file_open(const char *path, const char *mode, par_file **out, par_error *err);
int par_file_command(const char *command, const char *mode, par_file **out, par_error *err);
/* A file in the chars of storage, which ends with a 0 (retained); NULL: in a new one. */
int par_file_memory(par_storage *storage, const char *mode, par_file **out, par_error *err);
/* Closes and frees. */
void par_file_free(par_file *file);
bool par_file_is_open(const par_file *file);

/* The functions from here on want an open file that may be read or written as they do; PAR_E_INVALID says what it is not. */

/* Closes; PAR_E_SYSTEM when what was written last is lost. */
int par_file_close(par_file *file, par_error *err);
/* n elements. Returns how many, or a negative code; fewer than n set `failed` and are PAR_E_CORRUPT unless the file is quiet. */
int64_t par_file_read(par_file *file, par_type type, void *data, int64_t n, par_error *err);
int64_t par_file_write(par_file *file, par_type type, const void *data, int64_t n, par_error *err);
/* How many elements may be left: a bound on what is worth allocating. INT64_MAX: not known. */
int64_t par_file_elements_left(par_file *file, par_type type);
/* Appends the rest (whole) or the next line, without its end, to the buffer. */
int par_file_read_text(par_file *file, bool whole, par_buffer *out, par_error *err);
int64_t par_file_write_text(par_file *file, const char *text, size_t len, par_error *err);

int par_file_synchronize(par_file *file, par_error *err);
int par_file_seek(par_file *file, int64_t position, par_error *err); /* from 0 */
int par_file_seek_end(par_file *file, par_error *err);
int64_t par_file_position(par_file *file); /* -1: it has none */

/* Bytes, for file_numbers.c: fewer than asked for at the end. */
size_t par_file_get_bytes(par_file *file, void *bytes, size_t len);
int par_file_get(par_file *file);
void par_file_unget(par_file *file, int byte);
int par_file_put_bytes(par_file *file, const void *bytes, size_t len, par_error *err);
/* Sets `failed`; the error unless the file is quiet, in which case PAR_OK. */
int par_file_fail(par_file *file, par_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
int par_file_check(const par_file *file, bool reading, par_error *err);

#endif
