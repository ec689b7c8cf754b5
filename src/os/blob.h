/* Blobs of private memory. */
#ifndef PAR_OS_BLOB_H
#define PAR_OS_BLOB_H

#include "base/blob.h"

/* One reference; NULL when there is no memory. From 2 MiB on it is aligned for huge pages. */
par_blob *par_os_blob_new(size_t bytes, bool zeroed);

#endif
