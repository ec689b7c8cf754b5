/* Numbers in files: as a machine has them in memory, or as text. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "tensor/file.h"
#include "tensor/kernels.h"

#define TOKEN_BYTES 64 /* no number is longer that was written by a program */
#define PART_ELEMENTS 512

static bool is_raw(par_type type) { return type == PAR_BYTE || type == PAR_CHAR; }

static size_t binary_bytes(const par_file *file, par_type type)
{
    return type == PAR_LONG ? (size_t)file->long_bytes : par_type_bytes(type);
}

static void reverse(char *data, size_t bytes, int64_t n)
{
    for (int64_t i = 0; i < n; i++, data += bytes) {
        for (size_t low = 0, high = bytes - 1; low < high; low++, high--) {
            char byte = data[low];
            data[low] = data[high];
            data[high] = byte;
        }
    }
}

/* --- binary --- */

static int64_t read_binary(par_file *file, par_type type, void *data, int64_t n)
{
    size_t bytes = binary_bytes(file, type);
    int64_t got = (int64_t)(par_file_get_bytes(file, data, (size_t)n * bytes) / bytes);
    if (file->swapped) reverse(data, bytes, got);
    if (bytes == par_type_bytes(type)) return got;
    for (int64_t i = got; i-- > 0;) { /* a long of 4 bytes, from the last on: they become wider in place */
        int32_t narrow;
        memcpy(&narrow, (char *)data + 4 * i, sizeof narrow);
        ((int64_t *)data)[i] = narrow;
    }
    return got;
}

/* Elements that have to be changed on their way. */
static int write_changed(par_file *file, par_type type, const char *data, int64_t n, par_error *err)
{
    char part[PART_ELEMENTS * sizeof(int64_t)];
    size_t bytes = binary_bytes(file, type), own = par_type_bytes(type);
    for (int64_t done = 0, some; done < n; done += some) {
        some = n - done < PART_ELEMENTS ? n - done : PART_ELEMENTS;
        if (bytes == own) memcpy(part, data + done * (int64_t)own, (size_t)some * own);
        else
            for (int64_t i = 0; i < some; i++) {
                int64_t wide = ((const int64_t *)data)[done + i];
                int32_t narrow = (int32_t)wide;
                if (narrow != wide) return par_error_set(err, PAR_E_INVALID, "%" PRId64 " does not fit into a long of 4 bytes", wide);
                memcpy(part + 4 * i, &narrow, sizeof narrow);
            }
        if (file->swapped) reverse(part, bytes, some);
        int status = par_file_put_bytes(file, part, (size_t)some * bytes, err);
        if (status) return status;
    }
    return PAR_OK;
}

static int write_binary(par_file *file, par_type type, const void *data, int64_t n, par_error *err)
{
    size_t bytes = binary_bytes(file, type);
    if (bytes != par_type_bytes(type) || (file->swapped && bytes > 1)) return write_changed(file, type, data, n, err);
    return par_file_put_bytes(file, data, (size_t)n * bytes, err);
}

/* --- text --- */

static bool is_number_part(int byte) { return byte >= 0 && (isalnum(byte) || byte == '+' || byte == '-' || byte == '.'); }

/* The next number's text; false: there is none, or it is longer than any. */
static bool read_token(par_file *file, char *token)
{
    int byte;
    size_t n = 0;
    do byte = par_file_get(file);
    while (byte >= 0 && isspace(byte));
    for (; is_number_part(byte) && n < TOKEN_BYTES - 1; byte = par_file_get(file)) token[n++] = (char)byte;
    par_file_unget(file, byte);
    token[n] = '\0';
    return n > 0 && !is_number_part(byte);
}

static bool parse_integer(const char *token, int64_t least, int64_t most, par_value *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(token, &end, 10);
    out->i = value;
    return *end == '\0' && errno == 0 && value >= least && value <= most;
}

static bool parse(par_type type, const char *token, par_value *out)
{
    char *end;
    switch (type) {
    case PAR_SHORT: return parse_integer(token, INT16_MIN, INT16_MAX, out);
    case PAR_INT: return parse_integer(token, INT32_MIN, INT32_MAX, out);
    case PAR_LONG: return parse_integer(token, INT64_MIN, INT64_MAX, out);
    case PAR_FLOAT: out->d = (double)par_decimal_read_float(token, &end); break;
    default: out->d = par_decimal_read(token, &end); break;
    }
    return *end == '\0';
}

static int64_t read_text_numbers(par_file *file, par_type type, void *data, int64_t n)
{
    char token[TOKEN_BYTES];
    par_value value;
    for (int64_t i = 0; i < n; i++) {
        if (!read_token(file, token) || !parse(type, token, &value)) return i;
        par_element_set(type, (char *)data + i * (int64_t)par_type_bytes(type), value);
    }
    return n;
}

static int64_t read_text(par_file *file, par_type type, void *data, int64_t n)
{
    int64_t got = is_raw(type) ? (int64_t)par_file_get_bytes(file, data, (size_t)n) : read_text_numbers(file, type, data, n);
    if (!file->auto_spacing || n == 0) return got;
    int byte = par_file_get(file);
    if (byte != '\n') par_file_unget(file, byte);
    return got;
}

static int print(par_type type, par_value value, char *out, size_t room)
{
    if (type == PAR_FLOAT) return par_decimal_print(out, room, "%.9g", value.d);
    if (type == PAR_DOUBLE) return par_decimal_print(out, room, "%.17g", value.d);
    return snprintf(out, room, "%" PRId64, value.i);
}

/* As many numbers as find room go on together: each writing to a pipe costs system calls. */
static int write_text_numbers(par_file *file, par_type type, const char *data, int64_t n, par_error *err)
{
    char text[PART_ELEMENTS * TOKEN_BYTES];
    size_t len = 0;
    for (int64_t i = 0; i < n; i++) {
        par_value value = par_element_get(type, data + i * (int64_t)par_type_bytes(type));
        len += (size_t)print(type, value, text + len, TOKEN_BYTES - 1);
        if (file->auto_spacing && i < n - 1) text[len++] = ' ';
        if (i < n - 1 && len + TOKEN_BYTES <= sizeof text) continue;
        int status = par_file_put_bytes(file, text, len, err);
        if (status) return status;
        len = 0;
    }
    return PAR_OK;
}

static int write_text(par_file *file, par_type type, const char *data, int64_t n, par_error *err)
{
    int status = is_raw(type) ? par_file_put_bytes(file, data, (size_t)n, err) : write_text_numbers(file, type, data, n, err);
    if (status == PAR_OK && file->auto_spacing && n > 0) status = par_file_put_bytes(file, "\n", 1, err);
    return status;
}

/* --- both --- */

int64_t par_file_elements_left(par_file *file, par_type type)
{
    int64_t size = file->storage ? file->size : 0, left = file->storage ? size - file->position : par_os_file_left(file->stream);
    if (left < 0) return file->storage ? 0 : INT64_MAX;
    if (file->binary) return left / (int64_t)binary_bytes(file, type);
    return is_raw(type) ? left : left / 2 + 1; /* a digit and a space */
}

int64_t par_file_read(par_file *file, par_type type, void *data, int64_t n, par_error *err)
{
    int status = par_file_check(file, true, err);
    if (status) return status;
    int64_t at = par_file_position(file);
    int64_t got = file->binary ? read_binary(file, type, data, n) : read_text(file, type, data, n);
    if (got == n) return n;
    status = par_file_fail(file, err, "read error: read %lld blocks instead of %lld (a torch.%sStorage from position %lld on)",
                           (long long)got, (long long)n, par_type_name(type), (long long)at + 1);
    return status ? status : got;
}

int64_t par_file_write(par_file *file, par_type type, const void *data, int64_t n, par_error *err)
{
    int status = par_file_check(file, false, err);
    if (status) return status;
    bool before = file->failed;
    file->failed = false;
    status = file->binary ? write_binary(file, type, data, n, err) : write_text(file, type, data, n, err);
    int64_t written = file->failed ? 0 : n; /* a quiet file: nobody knows how many */
    file->failed = file->failed || before;
    return status ? status : written;
}
