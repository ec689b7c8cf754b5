/* Modules of the user's program, for children on hosts that lack them: the bridge looks for them where that program would. */
#ifndef PAR_CLUSTER_SEEK_H
#define PAR_CLUSTER_SEEK_H

#include "base/buffer.h"
#include "base/status.h"

#define PAR_SEEK_NAME_MAX 200                /* characters of a module's name */
#define PAR_SEEK_FILE_MAX ((size_t)16 << 20) /* bytes of a file that is sent */

/* What was found, in an answer. */
enum { PAR_SEEK_SOURCE = 's', PAR_SEEK_BINARY = 'c', PAR_SEEK_NOTHING = 'n' };

/* Appends the answer of PAR_KIND_MODULE: the name, a letter and the file's path, both terminated, and the file's bytes if it is a source.
 * path, cpath: as package.path and package.cpath are. A name that would lead out of their folders is found nowhere. PAR_OK, PAR_E_NOMEM. */
int par_seek_module(par_buffer *out, const char *path, const char *cpath, const char *name);

#endif
