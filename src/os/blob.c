#include "os/blob.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"

#define HUGE_PAGE ((size_t)2 << 20)

static void heap_free(par_blob *blob)
{
    free(blob->data);
    free(blob);
}

static void *aligned_memory(size_t bytes, bool zeroed)
{
    size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 64, rounded;
    if (!par_checked_add_size(bytes ? bytes : 1, align - 1, &rounded)) return NULL;
    rounded &= ~(align - 1);
    void *data = NULL;
    if (posix_memalign(&data, align, rounded) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (align == HUGE_PAGE) madvise(data, rounded, MADV_HUGEPAGE); /* a hint: failure costs only speed */
#endif
    if (zeroed) memset(data, 0, bytes);
    return data;
}

par_blob *par_os_blob_new(size_t bytes, bool zeroed)
{
    par_blob *blob = malloc(sizeof *blob);
    if (!blob) return NULL;
    void *data = aligned_memory(bytes, zeroed);
    if (!data) {
        free(blob);
        return NULL;
    }
    *blob = (par_blob){.data = data, .bytes = bytes, .refs = 1, .kind = PAR_BLOB_HEAP, .free = heap_free};
    return blob;
}
