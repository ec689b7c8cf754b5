/* Files and commands as buffered streams of bytes, with a position where there is one. */
#ifndef PAR_OS_FILE_H
#define PAR_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct par_os_file par_os_file;

/* Opens a file for reading, for writing (its content is dropped) or, with both, for both (it is made when it is not there, its
 * content kept). PAR_E_SYSTEM. */
int par_os_file_open(const char *path, bool read, bool write, par_os_file **out, par_error *err);
/* Runs a shell command and reads what it prints, or writes what it reads. */
int par_os_file_command(const char *command, bool write, par_os_file **out, par_error *err);
/* Writes what is buffered and closes. A command is waited for. False: the last bytes could not be written. */
bool par_os_file_close(par_os_file *stream);

/* How many bytes were read or written: fewer than `len` at the end or on failure. */
size_t par_os_file_read(par_os_file *stream, void *bytes, size_t len);
size_t par_os_file_write(par_os_file *stream, const void *bytes, size_t len);
int par_os_file_get(par_os_file *stream);              /* a byte, or -1 at the end */
void par_os_file_unget(par_os_file *stream, int byte); /* the one that was got last */
bool par_os_file_flush(par_os_file *stream);
bool par_os_file_unbuffer(par_os_file *stream);

/* From 0. A stream without positions (a command, a terminal) says -1 and cannot be moved. */
int64_t par_os_file_position(par_os_file *stream);
bool par_os_file_seek(par_os_file *stream, int64_t position);
bool par_os_file_seek_end(par_os_file *stream);
/* Bytes behind the position of a regular file, else -1. */
int64_t par_os_file_left(par_os_file *stream);
/* Bytes of the file of this name; 0 as well where there is none, -1 where that cannot be seen. */
int64_t par_os_file_bytes(const char *path);

/* --- one program at a time --- */
/* Opens a file, which is made when it is not there, and keeps others who call this away until *fd is closed or this process ends.
 * PAR_E_AGAIN: another one has it. PAR_E_SYSTEM. */
int par_os_file_lock(const char *path, int *fd, par_error *err);

#endif
