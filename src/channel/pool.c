/* Segments that this thread owns: kept mapped, because fresh pages cost more than the copy into them. */
#include "channel/pool.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "channel/lend.h"
#include "channel/releases.h"
#include "os/os.h"

#define SMALLEST ((size_t)64 << 10)
#define SEGMENTS_MAX 512u                   /* each has a descriptor */
#define SLAB_STORAGES 8                     /* a storage goes into a slab that has room for as many of its size */
#define SLABS_ABOUT 64                      /* so many hold all that is shared: the more there is, the larger they are made */
#define SLAB_TOUCH_BYTES ((size_t)64 << 10) /* in such steps its pages are made */
#define UNUSED_SHARED_MAX 8                 /* each has a descriptor here and at every peer, who gives it back only when the segment goes */

static _Thread_local struct {
    par_segment *unused;      /* ring of free segments, the one used last first */
    unsigned n;               /* all segments */
    unsigned n_unused_shared; /* of the unused ones: those that were shared */
    uint64_t total_bytes;
    uint64_t shared_bytes; /* of total_bytes: in share()d storages, which are as many as the program wants */
    uint64_t cap_bytes;    /* for the others */
    /* Shared storages lie side by side in one segment, unless they are large: */
    par_segment *slab;
    size_t slab_used;
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
    if (segment->mode == PAR_LEND_SHARED) pool.n_unused_shared--;
    segment->before->next = segment->next;
    segment->next->before = segment->before;
    if (pool.unused == segment) pool.unused = segment->next == segment ? NULL : segment->next;
}

static void link_unused(par_segment *segment)
{
    par_segment *first = pool.unused;
    if (segment->mode == PAR_LEND_SHARED) pool.n_unused_shared++;
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

/* Forgets the ones that were not used for longest until `bytes` more are allowed. */
static bool make_room(size_t bytes)
{
    while (pool.unused && (pool.total_bytes - pool.shared_bytes + bytes > cap() || pool.n >= SEGMENTS_MAX)) {
        par_segment *oldest = pool.unused->before;
        unlink_unused(oldest);
        destroy(oldest);
    }
    return pool.total_bytes - pool.shared_bytes + bytes <= cap();
}

/* A process that shared much and shares no more gives the descriptors back. */
static void drop_unused_shared(void)
{
    par_segment *at = pool.unused ? pool.unused->before : NULL;
    while (pool.n_unused_shared > UNUSED_SHARED_MAX) {
        par_segment *before = at->before;
        if (at->mode == PAR_LEND_SHARED) {
            unlink_unused(at);
            destroy(at);
        }
        at = before;
    }
}

/* Nobody uses it any more. */
static void give(par_segment *segment)
{
    if (segment->mode == PAR_LEND_SHARED) pool.shared_bytes -= segment->bytes;
    if (segment->spoiled) {
        destroy(segment);
        return;
    }
    link_unused(segment);
    make_room(0);
    drop_unused_shared();
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

/* A thread that ends leaves nobody who could use them again. */
static void (*const at_thread_end)(void) = par_pool_trim;

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
    segment->unused = give;
    par_os_at_thread_end(&at_thread_end);
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
        if (par_releases_look(take)) segment = find_unused(bytes, mode, channel);
    if (segment) unlink_unused(segment);
    return segment;
}

/* Is a new segment allowed? By value: within the cap. A shared one was asked for: as long as there is memory. */
static bool may_grow(size_t bytes, uint32_t mode)
{
    uint64_t memory = par_os_memory_total_bytes();
    bool room = make_room(mode == PAR_LEND_SHARED ? 0 : bytes) || mode == PAR_LEND_SHARED;
    return room && pool.n < SEGMENTS_MAX && (!memory || pool.total_bytes + bytes <= memory);
}

static int used_up(size_t bytes, par_error *err)
{
    if (pool.n >= SEGMENTS_MAX)
        return par_error_set(err, PAR_E_LIMIT, "%u pieces of shared memory are in use, and a process may have no more", pool.n);
    return par_error_set(err, PAR_E_LIMIT, "no room for %zu bytes of shared memory: %llu are in use", bytes,
                         (unsigned long long)pool.total_bytes);
}

/* `touched`: so many bytes will be written to at once. */
static int take(size_t bytes, size_t touched, uint32_t mode, par_channel *channel, par_segment **out, par_error *err)
{
    size_t whole;
    if (!par_checked_add_size(bytes, bytes / 2 + SMALLEST, &whole)) return used_up(bytes, err);
    if (mode != PAR_LEND_SHARED && bytes > cap()) return used_up(bytes, err);
    whole = class_bytes(bytes);
    par_segment *segment = reuse(bytes, mode, channel);
    if (!segment && !may_grow(whole, mode)) return used_up(bytes, err);
    if (!segment && segment_new(whole, touched, &segment, err) != PAR_OK) return err->code;
    if (mode == PAR_LEND_SHARED) pool.shared_bytes += segment->bytes;
    segment->mode = mode;
    segment->closed = false;
    segment->refs = 1;
    *out = segment;
    return PAR_OK;
}

int par_pool_take(size_t bytes, uint32_t mode, par_channel *channel, par_segment **out, par_error *err)
{
    return take(bytes, bytes, mode, channel, out, err);
}

int par_pool_take_empty(size_t bytes, uint32_t mode, par_channel *channel, par_segment **out, par_error *err)
{
    return take(bytes, 0, mode, channel, out, err);
}

/* --- for everybody --- */
static void leave_slab(void)
{
    par_segment *segment = pool.slab;
    pool.slab = NULL;
    if (!segment) return;
    segment->closed = true;
    par_segment_release(segment, 1);
}

/* Where all memory is taken up from the beginning, slabs are small. */
static size_t slab_max(void) { return par_os_memory_is_lazy() ? PAR_SLAB_MAX_BYTES : PAR_SLAB_MIN_BYTES; }

static size_t slab_bytes(size_t bytes)
{
    size_t slab = PAR_SLAB_MIN_BYTES;
    while (slab < slab_max() && (slab < bytes * SLAB_STORAGES || slab < pool.shared_bytes / SLABS_ABOUT)) slab *= 2;
    return slab;
}

/* Room behind the others, or in a fresh segment when that one is full or must not be used again. */
static int slab_room(size_t bytes, par_error *err)
{
    if (pool.slab && pool.slab->refs == 1) pool.slab_used = 0; /* all that were in it are gone */
    if (pool.slab && !pool.slab->spoiled && pool.slab->bytes - pool.slab_used >= bytes) return PAR_OK;
    leave_slab();
    pool.slab_used = 0;
    return take(slab_bytes(bytes), 0, PAR_LEND_SHARED, NULL, &pool.slab, err);
}

static void touch_slab(size_t end)
{
    par_segment *slab = pool.slab;
    if (end <= slab->mapped) return;
    end = par_round_up(end, SLAB_TOUCH_BYTES);
    if (end > slab->bytes) end = slab->bytes;
    par_os_memory_prefault(slab->data + slab->mapped, end - slab->mapped, true);
    slab->mapped = end;
}

static int small_blob_new(size_t bytes, par_blob **out, par_error *err)
{
    size_t room = par_round_up(bytes, PAR_CACHE_LINE);
    if (slab_room(room, err) != PAR_OK) return err->code;
    *out = par_segment_blob(pool.slab, pool.slab_used, bytes, PAR_BLOB_SEGMENT);
    if (!*out) return PAR_OK;
    pool.slab_used += room;
    touch_slab(pool.slab_used);
    return PAR_OK;
}

static int large_blob_new(size_t bytes, par_blob **out, par_error *err)
{
    par_segment *segment;
    int rc = take(bytes, bytes, PAR_LEND_SHARED, NULL, &segment, err);
    if (rc != PAR_OK) return rc;
    *out = par_segment_blob(segment, 0, bytes, PAR_BLOB_SEGMENT);
    par_segment_release(segment, 1); /* the blob has its own */
    return PAR_OK;
}

int par_pool_blob_new(size_t bytes, par_blob **out, par_error *err)
{
    int rc = bytes <= slab_max() / SLAB_STORAGES ? small_blob_new(bytes, out, err) : large_blob_new(bytes, out, err);
    if (rc != PAR_OK || *out) return rc;
    return par_error_set(err, PAR_E_NOMEM, "not enough memory for a shared storage");
}

void par_pool_usage(uint64_t *total_bytes, uint64_t *lent_bytes)
{
    *total_bytes = pool.total_bytes;
    *lent_bytes = par_lend_bytes();
}

void par_pool_trim(void)
{
    leave_slab();
    while (pool.unused) {
        par_segment *segment = pool.unused;
        unlink_unused(segment);
        destroy(segment);
    }
}
