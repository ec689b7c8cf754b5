#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum last_use { NOTHING, READING, WRITING } last_use;

struct par_os_file {
    FILE *file;
    bool command, pipe; /* a command's is one, too */
    last_use last;      /* between reading and writing the C library wants to be repositioned */
};

/* While a pipe is written: when nobody reads it any more that is an error (EPIPE), not the end of this process. */
static void begin_quiet(bool pipe, sigset_t *before)
{
    sigset_t broken;
    if (!pipe) return;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, before);
}

/* failed: there may be a signal, which is taken unless the program keeps it from itself. */
static void end_quiet(bool pipe, const sigset_t *before, bool failed)
{
    int number, error = errno;
    sigset_t broken, pending;
    if (!pipe) return;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    if (failed && !sigismember(before, SIGPIPE) && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE)) sigwait(&broken, &number);
    pthread_sigmask(SIG_SETMASK, before, NULL);
    errno = error;
}

static int wrap(FILE *file, bool command, par_os_file **out, par_error *err)
{
    par_os_file *stream = malloc(sizeof *stream);
    if (!stream) {
        if (command) pclose(file);
        else fclose(file);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a file");
    }
    struct stat about;
    bool pipe = command || (fstat(fileno(file), &about) == 0 && S_ISFIFO(about.st_mode));
    *stream = (par_os_file){.file = file, .command = command, .pipe = pipe};
    *out = stream;
    return PAR_OK;
}

int par_os_file_open(const char *path, bool read, bool write, par_os_file **out, par_error *err)
{
    FILE *file = fopen(path, !write ? "rbe" : read ? "r+be" : "wbe");
    if (!file && read && write) file = fopen(path, "w+be");
    if (!file) return par_error_system(err, "cannot open <%s> in mode %s%s", path, read ? "r" : "", write ? "w" : "");
    return wrap(file, false, out, err);
}

int par_os_file_command(const char *command, bool write, par_os_file **out, par_error *err)
{
    sigset_t before;
    begin_quiet(true, &before);
    fflush(NULL); /* what was printed before comes before what the command prints */
    end_quiet(true, &before, true);
    FILE *file = popen(command, write ? "we" : "re");
    if (!file) return par_error_system(err, "cannot run <%s>", command);
    return wrap(file, true, out, err);
}

bool par_os_file_close(par_os_file *stream)
{
    sigset_t before;
    bool pipe = stream->pipe;
    begin_quiet(pipe, &before);
    bool flushed = stream->last != WRITING || fflush(stream->file) == 0;
    int error = errno;
    bool closed = stream->command ? pclose(stream->file) != -1 : fclose(stream->file) == 0;
    if (!flushed) errno = error;
    end_quiet(pipe, &before, true);
    free(stream);
    return flushed && closed;
}

static void turn_to(par_os_file *stream, last_use use)
{
    if (stream->last != NOTHING && stream->last != use) fseeko(stream->file, 0, SEEK_CUR);
    stream->last = use;
}

size_t par_os_file_read(par_os_file *stream, void *bytes, size_t len)
{
    turn_to(stream, READING);
    return fread(bytes, 1, len, stream->file);
}

size_t par_os_file_write(par_os_file *stream, const void *bytes, size_t len)
{
    sigset_t before;
    turn_to(stream, WRITING);
    begin_quiet(stream->pipe, &before);
    size_t written = fwrite(bytes, 1, len, stream->file);
    end_quiet(stream->pipe, &before, written < len);
    return written;
}

int par_os_file_get(par_os_file *stream)
{
    turn_to(stream, READING);
    int byte = getc(stream->file);
    return byte == EOF ? -1 : byte;
}

void par_os_file_unget(par_os_file *stream, int byte)
{
    if (byte >= 0) ungetc(byte, stream->file);
}

bool par_os_file_flush(par_os_file *stream)
{
    sigset_t before;
    begin_quiet(stream->pipe, &before);
    bool good = fflush(stream->file) == 0;
    end_quiet(stream->pipe, &before, !good);
    return good;
}

bool par_os_file_unbuffer(par_os_file *stream) { return setvbuf(stream->file, NULL, _IONBF, 0) == 0; }
int64_t par_os_file_position(par_os_file *stream) { return stream->command ? -1 : (int64_t)ftello(stream->file); }

static bool move(par_os_file *stream, off_t to, int whence)
{
    sigset_t before;
    if (stream->command) return false;
    begin_quiet(stream->pipe, &before); /* what is in its buffer is written first */
    bool good = fseeko(stream->file, to, whence) == 0;
    end_quiet(stream->pipe, &before, !good);
    if (good) stream->last = NOTHING;
    return good;
}

bool par_os_file_seek(par_os_file *stream, int64_t position)
{
    off_t to = (off_t)position;
    return (int64_t)to == position && move(stream, to, SEEK_SET);
}

bool par_os_file_seek_end(par_os_file *stream) { return move(stream, 0, SEEK_END); }

int64_t par_os_file_left(par_os_file *stream)
{
    struct stat about;
    int64_t position = par_os_file_position(stream);
    if (position < 0 || fstat(fileno(stream->file), &about) != 0 || !S_ISREG(about.st_mode)) return -1;
    return (int64_t)about.st_size > position ? (int64_t)about.st_size - position : 0;
}

int64_t par_os_file_bytes(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0) return (int64_t)about.st_size;
    return errno == ENOENT ? 0 : -1;
}

int par_os_file_lock(const char *path, int *fd, par_error *err)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) return par_error_system(err, "cannot open %s for writing", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return PAR_OK;
    int rc = errno == EWOULDBLOCK ? par_error_set(err, PAR_E_AGAIN, "%s is in use by another program", path)
                                  : par_error_system(err, "cannot lock %s", path);
    close(*fd);
    return rc;
}
