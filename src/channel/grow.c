#include "channel/grow.h"

#include <stdlib.h>

#include "base/limits.h"
#include "os/blob.h"
#include "os/os.h"

/* A blob in a mapping of its own, which can grow without copying. */
typedef struct par_mapped {
    par_blob blob;
    size_t mapped;
} par_mapped;

static void mapped_free(par_blob *blob)
{
    par_mapped *mapped = (par_mapped *)blob;
    par_os_private_unmap(blob->data, mapped->mapped);
    free(mapped);
}

static par_blob *mapped_new(size_t bytes)
{
    par_mapped *mapped = calloc(1, sizeof *mapped);
    if (!mapped) return NULL;
    void *data = par_os_private_map(bytes);
    if (!data) {
        free(mapped);
        return NULL;
    }
    mapped->blob = (par_blob){.data = data, .bytes = bytes, .refs = 1, .kind = PAR_BLOB_HEAP, .free = mapped_free};
    mapped->mapped = bytes;
    return &mapped->blob;
}

int par_growing_begin(par_growing *growing, size_t goal)
{
    bool trusted = goal <= PAR_CLAIM_TRUSTED_BYTES;
    par_blob *blob = trusted ? par_os_blob_new(goal, false) : mapped_new(PAR_CLAIM_TRUSTED_BYTES);
    if (!blob) return PAR_E_NOMEM;
    par_growing_begin_in(growing, blob, goal);
    return PAR_OK;
}

void par_growing_begin_in(par_growing *growing, par_blob *blob, size_t goal) { *growing = (par_growing){.blob = blob, .goal = goal}; }

/* Only one that par_growing_begin has mapped ever has to grow. */
static bool grow(par_growing *growing, size_t need)
{
    par_mapped *mapped = (par_mapped *)growing->blob;
    size_t bytes = mapped->mapped > growing->goal / 2 ? growing->goal : mapped->mapped * 2;
    if (bytes < need) bytes = need;
    void *data = par_os_private_resize(mapped->blob.data, mapped->mapped, bytes);
    if (!data) return false;
    mapped->blob.data = data;
    mapped->blob.bytes = mapped->mapped = bytes;
    return true;
}

uint8_t *par_growing_room(par_growing *growing, size_t more)
{
    size_t need = growing->len + more; /* <= goal, which was checked against PAR_MESSAGE_MAX_BYTES */
    if (need > growing->blob->bytes && !grow(growing, need)) return NULL;
    return (uint8_t *)growing->blob->data + growing->len;
}

par_blob *par_growing_take(par_growing *growing)
{
    par_blob *blob = growing->blob;
    blob->bytes = growing->goal;
    *growing = (par_growing){0};
    return blob;
}

void par_growing_fini(par_growing *growing)
{
    par_blob_release(growing->blob);
    *growing = (par_growing){0};
}
