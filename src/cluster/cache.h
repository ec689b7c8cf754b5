/* Messages that several children of one host get: each crosses the connection once. The sending end (the bridge's) decides what the other
 * one (the agent's) keeps, and in which of its places; the agent does as it is told.
 *
 * What is told by its content (functions, arguments of a start) stays as long as a child lives that has got it. A broadcast is told by its
 * number, and goes when all children have it. A long part of a message that has come again (seen.h) is told by its content, too; of these
 * the last few stay. What is kept takes up at most PAR_CACHE_MAX_BYTES: what was used longest ago goes first. */
#ifndef PAR_CLUSTER_CACHE_H
#define PAR_CLUSTER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "cluster/seen.h"

#define PAR_CACHE_PLACES 64u
#define PAR_CACHE_PASSING_MAX 4u /* broadcasts that not everybody has */
#define PAR_CACHE_PARTS_MAX 8u   /* parts of messages that have come again */
#define PAR_CACHE_MAX_BYTES (UINT64_C(1) << 30)

/* What makes two messages the same. */
typedef struct par_cache_key {
    uint64_t number; /* of a broadcast; 0: none, and the hash tells */
    uint64_t hash[2];
    uint64_t bytes;
    bool is_part; /* of a message; else all of one */
} par_cache_key;

typedef enum par_cache_state { PAR_CACHE_FREE, PAR_CACHE_COMING, PAR_CACHE_THERE } par_cache_state;

/* The sender's side: what the other one has. */
typedef struct par_cache_entry {
    par_cache_state state;
    par_cache_key key;
    uint32_t users; /* streams that have got it */
    uint64_t used;  /* last: by the cache's own count */
} par_cache_entry;

/* The receiver's side. */
typedef struct par_cache_kept {
    par_blob **blobs; /* [0] its bytes, [i] its i-th payload; NULL: nothing is there */
    uint32_t n_payloads;
    uint64_t len, bytes; /* of the message's own bytes; of all of it */
} par_cache_kept;

typedef struct par_cache {
    uint64_t secret[2]; /* of the hash */
    par_seen seen;
    uint64_t bytes, count;
    int coming; /* the place that is being filled; -1: none */
    par_cache_entry entries[PAR_CACHE_PLACES];
    par_cache_kept kept[PAR_CACHE_PLACES];
} par_cache;

/* NULL: no memory, or no random number for the secret. */
par_cache *par_cache_new(void);
void par_cache_free(par_cache *cache);

/* The key of a message that is told by its content, block after block: the next one, of this part (0 its bytes, i its i-th payload). */
void par_cache_hash(par_cache *cache, par_cache_key *key, uint32_t part, const void *bytes, size_t len);
/* Its place, whether it is there or coming; -1: none. */
int par_cache_find(const par_cache *cache, const par_cache_key *key);
/* A free place for it; -1: there is none before *gone is forgotten, and none at all (it is too long) when that is -1 too. */
int par_cache_room(const par_cache *cache, const par_cache_key *key, int *gone);
void par_cache_begin(par_cache *cache, int place, const par_cache_key *key);
void par_cache_filled(par_cache *cache); /* what was coming is there */
/* One more stream has got it, of `streams`; one less has. true: nobody needs it any more. */
bool par_cache_use(par_cache *cache, int place, uint32_t streams);
bool par_cache_unuse(par_cache *cache, int place);
void par_cache_forget(par_cache *cache, int place);

/* The receiver's: takes the blobs over; lets them go. */
void par_cache_put(par_cache *cache, uint32_t place, par_blob **blobs, uint32_t n_payloads, uint64_t len);
void par_cache_drop(par_cache *cache, uint32_t place);

#endif
