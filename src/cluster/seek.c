#include "cluster/seek.h"

#include <ctype.h>
#include <string.h>

#include "os/file.h"

/* Words with points between them: whoever asks may be hostile, and is to get modules only. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > PAR_SEEK_NAME_MAX || name[0] == '.' || name[len - 1] == '.' || strstr(name, "..")) return false;
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (!isalnum(c) && c != '_' && c != '-' && c != '.' && c < 128) return false;
    }
    return true;
}

static void append_name(par_buffer *out, const char *name)
{
    for (; *name; name++) par_buffer_append(out, *name == '.' ? "/" : name, 1);
}

/* The path that the next template makes of the name, terminated. false: there is no further one, or no memory. */
static bool next_path(const char **templates, const char *name, par_buffer *out)
{
    out->len = 0;
    while (**templates == ';') (*templates)++;
    if (!**templates) return false;
    for (; **templates && **templates != ';'; (*templates)++) {
        if (**templates == '?') append_name(out, name);
        else par_buffer_append(out, *templates, 1);
    }
    return par_buffer_append(out, "", 1) == PAR_OK;
}

/* The first regular file of these templates. NULL: there is none. Its path stays in `path`. */
static par_os_file *find(const char *templates, const char *name, par_buffer *path, size_t *bytes)
{
    par_error err;
    while (next_path(&templates, name, path)) {
        par_os_file *file;
        if (par_os_file_open((const char *)path->data, true, false, &file, &err) != PAR_OK) continue;
        int64_t left = par_os_file_left(file);
        *bytes = left > 0 ? (size_t)left : 0;
        if (left >= 0 && *bytes <= PAR_SEEK_FILE_MAX) return file;
        par_os_file_close(file);
    }
    return NULL;
}

static int put(par_buffer *out, const char *name, char letter, const par_buffer *path)
{
    int rc = par_buffer_append(out, name, strlen(name) + 1);
    if (rc == PAR_OK) rc = par_buffer_append(out, &letter, 1);
    return rc == PAR_OK ? par_buffer_append(out, path ? (const void *)path->data : "", path ? path->len : 1) : rc;
}

static int put_source(par_buffer *out, const char *name, const par_buffer *path, par_os_file *file, size_t bytes)
{
    int rc = put(out, name, PAR_SEEK_SOURCE, path);
    if (rc == PAR_OK) rc = par_buffer_reserve(out, bytes);
    if (rc == PAR_OK) out->len += par_os_file_read(file, out->data + out->len, bytes);
    par_os_file_close(file);
    return rc;
}

int par_seek_module(par_buffer *out, const char *path, const char *cpath, const char *name)
{
    par_buffer at = {0};
    size_t bytes;
    int rc;
    bool good = is_name(name);
    par_os_file *file = good ? find(path, name, &at, &bytes) : NULL;
    if (file) {
        rc = put_source(out, name, &at, file, bytes);
    } else if (good && (file = find(cpath, name, &at, &bytes))) {
        par_os_file_close(file);
        rc = put(out, name, PAR_SEEK_BINARY, &at);
    } else {
        rc = put(out, name, PAR_SEEK_NOTHING, NULL);
    }
    par_buffer_fini(&at);
    return rc;
}
