/* Segments that this thread owns: kept mapped, because fresh pages cost more than the copy into them. */
#include "channel/pool.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "channel/segment.h"
#include "os/os.h"

#define SMALLEST ((size_t)64 << 10)
#define SEGMENTS_MAX 512u /* each has a descriptor */

static _Thread_local struct {
    par_segment *unused; /* ring of free segments, the one used last first */
    unsigned n;          /* all segments */
    uint64_t total_bytes, lent_bytes;
    uint64_t cap_bytes;
} pool;

static uint64_t cap(void)
{
    if (!pool.cap_bytes) {
        uint64_t quarter = par_os_memory_total_bytes() / 4;
        pool.cap_bytes = quarter && quarter < PAR_SEGMENT_POOL_MAX_BYTES ? quarter : PAR_SEGMENT_POOL_MAX_BYTES;
    }
    return pool.cap_bytes;
}

/* Four classes for each doubling, whole pages: at most a quarter is not used (nor committed before it is). */
static size_t class_bytes(size_t bytes)
{
    if (bytes < SMALLEST) bytes = SMALLEST;
    size_t step = SMALLEST / 4;
    while (step * 8 < bytes) step *= 2;
    size_t page = par_os_page_bytes();
    return par_round_up(bytes, step > page ? step : page);
}

/* --- the free ones --- */
static void unlink_unused(par_segment *segment)
{
    segment->before->next = segment->next;
    segment->next->before = segment->before;
    if (pool.unused == segment) pool.unused = segment->next == segment ? NULL : segment->next;
}

static void link_unused(par_segment *segment)
{
    par_segment *first = pool.unused;
    if (!first) {
        segment->next = segment->before = segment;
    } else {
        segment->next = first;
        segment->before = first->before;
        first->before->next = segment;
        first->before = segment;
    }
    pool.unused = segment;
}

static void destroy(par_segment *segment)
{
    pool.n--;
    pool.total_bytes -= segment->bytes;
    par_segment_destroy(segment);
}

void par_pool_give(par_segment *segment)
{
    if (segment->spoiled)
        destroy(segment);
    else
        link_unused(segment);
}

static bool fits(const par_segment *segment, size_t bytes, uint32_t mode)
{
    return segment->mode == mode && segment->bytes >= bytes && segment->bytes / 2 < bytes;
}

/* Of those that fit and were used lately the one that was not used for longest: what the peer has just read lies in its
 * core's cache, and taking it out of there costs more than using the cache that both cores share (64 KB: 17 instead of
 * 27 GB/s). Those that the peer knows go first: their pages are mapped there. */
static par_segment *find_unused(size_t bytes, uint32_t mode, const par_channel *channel)
{
    par_segment *best = NULL, *known = NULL, *at = pool.unused;
    size_t seen_bytes = 0;
    if (!at) return NULL;
    do {
        if (fits(at, bytes, mode)) {
            bool knows = channel && par_lend_knows(channel, at);
            if (knows) known = at;
            if (!known) best = at;
            if (knows || !channel) seen_bytes += at->bytes;
        }
        at = at->next;
    } while (at != pool.unused && seen_bytes < PAR_FLIGHT_MAX_BYTES);
    return known ? known : best;
}

/* Forgets the ones that were not used for longest until `bytes` more are allowed. */
static bool make_room(size_t bytes)
{
    if (bytes > cap()) return false;
    while (pool.unused && (pool.total_bytes + bytes > cap() || pool.n >= SEGMENTS_MAX)) {
        par_segment *oldest = pool.unused->before;
        unlink_unused(oldest);
        destroy(oldest);
    }
    return pool.total_bytes + bytes <= cap() && pool.n < SEGMENTS_MAX;
}

static int segment_new(size_t bytes, size_t touched, par_segment **out, par_error *err)
{
    par_segment *segment = calloc(1, sizeof *segment);
    if (!segment) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a shared segment");
    void *data;
    int rc = par_os_memory_open(bytes, &segment->fd, err);
    if (rc == PAR_OK) {
        rc = par_os_memory_map(segment->fd, 0, bytes, &data, err);
        if (rc != PAR_OK) par_os_close(segment->fd);
    }
    if (rc != PAR_OK) {
        free(segment);
        return rc;
    }
    par_os_memory_prefault(data, touched, true);
    segment->data = data;
    segment->bytes = bytes;
    segment->own = true;
    pool.n++;
    pool.total_bytes += bytes;
    *out = segment;
    return PAR_OK;
}

static par_segment *reuse(size_t bytes, uint32_t mode, par_channel *channel)
{
    par_segment *segment = find_unused(bytes, mode, channel);
    /* Taking in messages that stand before a release costs less than fresh pages. */
    for (int take = 0; !segment && take <= 1; take++)
        if (par_lend_look_for_releases(take)) segment = find_unused(bytes, mode, channel);
    if (segment) unlink_unused(segment);
    return segment;
}

int par_pool_take(size_t bytes, uint32_t mode, par_channel *channel, par_segment **out, par_error *err)
{
    size_t whole;
    if (!par_checked_add_size(bytes, bytes / 2 + SMALLEST, &whole) || bytes > cap())
        return par_error_set(err, PAR_E_LIMIT, "%zu bytes of shared memory (this process may have %llu)", bytes,
                             (unsigned long long)cap());
    whole = class_bytes(bytes);
    par_segment *segment = reuse(bytes, mode, channel);
    if (!segment && !make_room(whole)) {
        return par_error_set(err, PAR_E_LIMIT, "shared memory is used up: %llu of %llu bytes are in use",
                             (unsigned long long)pool.total_bytes, (unsigned long long)cap());
    }
    if (!segment && segment_new(whole, bytes, &segment, err) != PAR_OK) return err->code;
    segment->mode = mode;
    segment->refs = 1;
    *out = segment;
    return PAR_OK;
}

void par_pool_count_lent(par_segment *segment, bool lent)
{
    if (!segment->own) return;
    pool.lent_bytes += lent ? segment->bytes : 0 - (uint64_t)segment->bytes;
}

/* --- for everybody --- */
int par_pool_blob_new(size_t bytes, par_blob **out, par_error *err)
{
    par_segment *segment;
    int rc = par_pool_take(bytes, PAR_LEND_SHARED, NULL, &segment, err);
    if (rc != PAR_OK) return rc;
    *out = par_segment_blob(segment, 0, bytes, PAR_BLOB_SEGMENT);
    par_segment_release(segment, 1); /* the blob has its own */
    return *out ? PAR_OK : par_error_set(err, PAR_E_NOMEM, "not enough memory for a shared storage");
}

void par_pool_usage(uint64_t *total_bytes, uint64_t *lent_bytes)
{
    *total_bytes = pool.total_bytes;
    *lent_bytes = pool.lent_bytes;
}

void par_pool_trim(void)
{
    while (pool.unused) {
        par_segment *segment = pool.unused;
        unlink_unused(segment);
        destroy(segment);
    }
}
