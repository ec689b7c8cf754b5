#include "cluster/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "os/os.h"

par_cache *par_cache_new(void)
{
    par_error ignored;
    par_cache *cache = calloc(1, sizeof *cache);
    if (!cache) return NULL;
    cache->coming = -1;
    if (par_os_random(cache->secret, sizeof cache->secret, &ignored) == PAR_OK) return cache;
    free(cache);
    return NULL;
}

void par_cache_free(par_cache *cache)
{
    if (!cache) return;
    for (uint32_t place = 0; place < PAR_CACHE_PLACES; place++) par_cache_drop(cache, place);
    free(cache);
}

/* --- what the other side has --- */
/* Each block under those before it: its quarters, and what is left behind them. */
void par_cache_hash(par_cache *cache, par_cache_key *key, uint32_t part, const void *bytes, size_t len)
{
    size_t quarter = len / 32 * 8;
    struct {
        uint64_t before[2], part, len, quarters[4][2], rest[2];
    } chain = {{key->hash[0], key->hash[1]}, part, len, {{0}}, {0}};
    par_siphash_four(chain.quarters, cache->secret, bytes, quarter);
    par_siphash(chain.rest, cache->secret, (const uint8_t *)bytes + 4 * quarter, len - 4 * quarter);
    par_siphash(key->hash, cache->secret, &chain, sizeof chain);
    key->bytes += len;
}

static bool is_same(const par_cache_key *a, const par_cache_key *b)
{
    if (a->number || b->number) return a->number == b->number;
    return a->is_part == b->is_part && a->bytes == b->bytes && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

int par_cache_find(const par_cache *cache, const par_cache_key *key)
{
    for (int place = 0; place < (int)PAR_CACHE_PLACES; place++)
        if (cache->entries[place].state != PAR_CACHE_FREE && is_same(&cache->entries[place].key, key)) return place;
    return -1;
}

/* Of those of a sort so many stay. */
static unsigned most_of(const par_cache_key *key)
{
    return key->number ? PAR_CACHE_PASSING_MAX : key->is_part ? PAR_CACHE_PARTS_MAX : PAR_CACHE_PLACES;
}

/* The one that was used longest ago, of all or of those of one sort; and how many there are of them. */
static int oldest(const par_cache *cache, const par_cache_key *sort, unsigned *n)
{
    int best = -1;
    *n = 0;
    for (int place = 0; place < (int)PAR_CACHE_PLACES; place++) {
        const par_cache_entry *entry = &cache->entries[place];
        if (entry->state != PAR_CACHE_THERE || (sort && most_of(&entry->key) != most_of(sort))) continue;
        ++*n;
        if (best < 0 || entry->used < cache->entries[best].used) best = place;
    }
    return best;
}

int par_cache_room(const par_cache *cache, const par_cache_key *key, int *gone)
{
    unsigned n, n_alike;
    int first = oldest(cache, NULL, &n), first_alike = oldest(cache, key, &n_alike);
    *gone = -1;
    if (key->bytes > PAR_CACHE_MAX_BYTES) return -1;
    if (n_alike >= most_of(key)) *gone = first_alike;
    else if (cache->bytes + key->bytes > PAR_CACHE_MAX_BYTES || n == PAR_CACHE_PLACES) *gone = first;
    if (*gone >= 0) return -1;
    for (int place = 0; place < (int)PAR_CACHE_PLACES; place++)
        if (cache->entries[place].state == PAR_CACHE_FREE) return place;
    return -1;
}

void par_cache_begin(par_cache *cache, int place, const par_cache_key *key)
{
    cache->entries[place] = (par_cache_entry){.state = PAR_CACHE_COMING, .key = *key};
    cache->bytes += key->bytes;
    cache->coming = place;
}

void par_cache_filled(par_cache *cache)
{
    cache->entries[cache->coming].state = PAR_CACHE_THERE;
    cache->coming = -1;
}

bool par_cache_use(par_cache *cache, int place, uint32_t streams)
{
    par_cache_entry *entry = &cache->entries[place];
    entry->users++;
    entry->used = ++cache->count;
    return entry->key.number && entry->users >= streams;
}

bool par_cache_unuse(par_cache *cache, int place) { return --cache->entries[place].users == 0; }

void par_cache_forget(par_cache *cache, int place)
{
    cache->bytes -= cache->entries[place].key.bytes;
    cache->entries[place] = (par_cache_entry){0};
    if (cache->coming == place) cache->coming = -1;
}

/* --- what is here --- */
void par_cache_put(par_cache *cache, uint32_t place, par_blob **blobs, uint32_t n_payloads, uint64_t len)
{
    par_cache_drop(cache, place);
    par_cache_kept *kept = &cache->kept[place];
    *kept = (par_cache_kept){.blobs = blobs, .n_payloads = n_payloads, .len = len, .bytes = len};
    for (uint32_t i = 1; i <= n_payloads; i++) kept->bytes += blobs[i]->bytes;
}

void par_cache_drop(par_cache *cache, uint32_t place)
{
    par_cache_kept *kept = &cache->kept[place];
    if (!kept->blobs) return;
    for (uint32_t i = 0; i <= kept->n_payloads; i++) par_blob_release(kept->blobs[i]);
    free(kept->blobs);
    *kept = (par_cache_kept){0};
}
