#include "tensor/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/shape.h"

/* --- opening and closing --- */

static int parse_mode(par_file *file, const char *mode, bool both, par_error *err)
{
    file->readable = strcmp(mode, "r") == 0 || strcmp(mode, "rw") == 0;
    file->writable = strcmp(mode, "w") == 0 || strcmp(mode, "rw") == 0;
    if ((file->readable || file->writable) && (both || !file->readable || !file->writable)) return PAR_OK;
    return par_error_set(err, PAR_E_INVALID, "file mode should be 'r', 'w'%s, not '%.20s'", both ? " or 'rw'" : "", mode);
}

static int new_file(const char *name, const char *mode, bool both, par_file **out, par_error *err)
{
    par_file made = {.auto_spacing = true, .long_bytes = 8};
    int status = parse_mode(&made, mode, both, err);
    if (status) return status;
    par_file *file = malloc(sizeof *file);
    made.name = name ? strdup(name) : NULL;
    if (!file || (name && !made.name)) {
        free(file);
        free(made.name);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a file");
    }
    *file = made;
    *out = file;
    return PAR_OK;
}

/* Frees the file when it could not be opened. */
static int opened(int status, par_file *file, par_file **out)
{
    if (status) par_file_free(file);
    else *out = file;
    return status;
}

int par_file_open(const char *path, const char *mode, par_file **out, par_error *err)
{
    par_file *file;
    int status = new_file(path, mode, true, &file, err);
    if (status) return status;
    return opened(par_os_file_open(path, file->readable, file->writable, &file->stream, err), file, out);
}

int par_file_command(const char *command, const char *mode, par_file **out, par_error *err)
{
    par_file *file;
    int status = new_file(command, mode, false, &file, err);
    if (status) return status;
    return opened(par_os_file_command(command, file->writable, &file->stream, err), file, out);
}

int par_file_memory(par_storage *storage, const char *mode, par_file **out, par_error *err)
{
    par_file *file;
    if (storage && (storage->type != PAR_CHAR || storage->size < 1 || ((const char *)storage->data)[storage->size - 1]))
        return par_error_set(err, PAR_E_INVALID, "provided CharStorage must be terminated by 0");
    int status = new_file(NULL, mode, true, &file, err);
    if (status) return status;
    file->storage = storage ? par_storage_retain(storage) : par_storage_new(PAR_CHAR, 1);
    if (!file->storage) return opened(par_error_set(err, PAR_E_NOMEM, "not enough memory for a file"), file, out);
    if (!storage) *(char *)file->storage->data = '\0';
    file->size = file->storage->size - 1;
    return opened(PAR_OK, file, out);
}

bool par_file_is_open(const par_file *file) { return file->stream || file->storage; }

static const char *why_not(void) { return errno == EPIPE ? "nobody reads it any more" : "is the disk full?"; }

static bool let_go(par_file *file)
{
    bool good = !file->stream || par_os_file_close(file->stream);
    par_storage_release(file->storage);
    file->stream = NULL;
    file->storage = NULL;
    return good;
}

void par_file_free(par_file *file)
{
    let_go(file);
    free(file->name);
    free(file);
}

int par_file_close(par_file *file, par_error *err)
{
    if (!par_file_is_open(file)) return par_error_set(err, PAR_E_INVALID, "attempt to use a closed file");
    bool writing = file->writable;
    if (let_go(file) || !writing) return PAR_OK;
    return par_file_fail(file, err, "what was written last to <%s> could not be kept: %s", file->name, why_not());
}

/* --- errors --- */

int par_file_check(const par_file *file, bool reading, par_error *err)
{
    if (!par_file_is_open(file)) return par_error_set(err, PAR_E_INVALID, "attempt to use a closed file");
    if (reading && !file->readable) return par_error_set(err, PAR_E_INVALID, "attempt to read in a write-only file");
    if (!reading && !file->writable) return par_error_set(err, PAR_E_INVALID, "attempt to write in a read-only file");
    return PAR_OK;
}

int par_file_fail(par_file *file, par_error *err, const char *format, ...)
{
    file->failed = true;
    if (file->quiet) return PAR_OK;
    va_list args;
    va_start(args, format);
    int code = par_error_vset(err, PAR_E_CORRUPT, format, args);
    va_end(args);
    return code;
}

/* --- bytes --- */

/* Another may have made the storage smaller meanwhile. */
static int64_t left_in_memory(const par_file *file)
{
    int64_t size = file->size < file->storage->size ? file->size : file->storage->size;
    return size > file->position ? size - file->position : 0;
}

static char *here(const par_file *file) { return (char *)file->storage->data + file->position; }

size_t par_file_get_bytes(par_file *file, void *bytes, size_t len)
{
    if (file->stream) return par_os_file_read(file->stream, bytes, len);
    size_t left = (size_t)left_in_memory(file);
    if (len > left) len = left;
    if (len) memmove(bytes, here(file), len); /* into the file's own storage, perhaps */
    file->position += (int64_t)len;
    return len;
}

int par_file_get(par_file *file)
{
    if (file->stream) return par_os_file_get(file->stream);
    if (left_in_memory(file) == 0) return -1;
    int byte = (unsigned char)*here(file);
    file->position++;
    return byte;
}

void par_file_unget(par_file *file, int byte)
{
    if (file->stream) par_os_file_unget(file->stream, byte);
    else if (byte >= 0) file->position--;
}

/* Room for `more` bytes at the position and the 0 behind them. */
static int grow(par_file *file, size_t more, par_error *err)
{
    int64_t old = file->storage->size, wanted;
    if (__builtin_add_overflow(file->position, more, &wanted) || __builtin_add_overflow(wanted, 1, &wanted))
        return par_error_set(err, PAR_E_LIMIT, "a file in memory of more than 2^63 bytes");
    if (wanted <= old) return PAR_OK;
    if (wanted < old + old / 2) wanted = old + old / 2;
    return par_storage_resize(file->storage, wanted, err);
}

/* The bytes may be the file's own: the block that they lie in stays until they are copied. */
static int put_in_memory(par_file *file, const void *bytes, size_t len, par_error *err)
{
    par_blob *old = file->storage->blob ? par_blob_retain(file->storage->blob) : NULL;
    int status = grow(file, len, err);
    if (status == PAR_OK) {
        if (len) memmove(here(file), bytes, len);
        file->position += (int64_t)len;
        if (file->position > file->size) {
            file->size = file->position;
            *here(file) = '\0';
        }
    }
    par_blob_release(old);
    return status;
}

int par_file_put_bytes(par_file *file, const void *bytes, size_t len, par_error *err)
{
    if (file->stream) {
        if (par_os_file_write(file->stream, bytes, len) == len) return PAR_OK;
        return par_file_fail(file, err, "write error: not all of %zu bytes could be written to <%s>: %s", len, file->name, why_not());
    }
    return put_in_memory(file, bytes, len, err);
}

/* --- text --- */

#define CHUNK_BYTES 4096

static int read_rest(par_file *file, par_buffer *out)
{
    char chunk[CHUNK_BYTES];
    size_t n;
    do {
        n = par_file_get_bytes(file, chunk, sizeof chunk);
        if (par_buffer_append(out, chunk, n) != PAR_OK) return PAR_E_NOMEM;
    } while (n == sizeof chunk);
    return PAR_OK;
}

static int read_line(par_file *file, par_buffer *out)
{
    char chunk[CHUNK_BYTES];
    for (int byte = 0; byte >= 0 && byte != '\n';) {
        size_t n = 0;
        while (n < sizeof chunk && (byte = par_file_get(file)) >= 0 && byte != '\n') chunk[n++] = (char)byte;
        if (par_buffer_append(out, chunk, n) != PAR_OK) return PAR_E_NOMEM;
    }
    return PAR_OK;
}

int par_file_read_text(par_file *file, bool whole, par_buffer *out, par_error *err)
{
    int status = par_file_check(file, true, err);
    if (status) return status;
    int first = par_file_get(file);
    if (first < 0) return par_file_fail(file, err, "read error: read 0 blocks instead of 1, the file ends here");
    par_file_unget(file, first);
    if ((whole ? read_rest(file, out) : read_line(file, out)) == PAR_OK) return PAR_OK;
    return par_error_set(err, PAR_E_NOMEM, "not enough memory for the text of a file");
}

int64_t par_file_write_text(par_file *file, const char *text, size_t len, par_error *err)
{
    int status = par_file_check(file, false, err);
    if (status == PAR_OK) status = par_file_put_bytes(file, text, len, err);
    return status ? status : (int64_t)len;
}

/* --- positions --- */

int par_file_synchronize(par_file *file, par_error *err)
{
    if (!par_file_is_open(file)) return par_error_set(err, PAR_E_INVALID, "attempt to use a closed file");
    if (!file->stream || !file->writable || par_os_file_flush(file->stream)) return PAR_OK;
    return par_file_fail(file, err, "what was written to <%s> could not be kept: %s", file->name, why_not());
}

int par_file_seek(par_file *file, int64_t position, par_error *err)
{
    if (!par_file_is_open(file)) return par_error_set(err, PAR_E_INVALID, "attempt to use a closed file");
    if (file->stream ? par_os_file_seek(file->stream, position) : position >= 0 && position <= file->size) {
        file->position = position;
        return PAR_OK;
    }
    return par_file_fail(file, err, "unable to seek to position %lld", (long long)position + 1);
}

int par_file_seek_end(par_file *file, par_error *err)
{
    if (!par_file_is_open(file)) return par_error_set(err, PAR_E_INVALID, "attempt to use a closed file");
    file->position = file->size;
    if (!file->stream || par_os_file_seek_end(file->stream)) return PAR_OK;
    return par_file_fail(file, err, "unable to seek at end of file");
}

int64_t par_file_position(par_file *file) { return file->stream ? par_os_file_position(file->stream) : file->position; }
