/* Long parts of messages that went out lately, as a few of their bytes tell: whoever sends one that looks like one of them may find that
 * it is the same, and need not send it. To look at a part costs next to nothing; whether two are really the same is for a hash of all
 * their bytes to say (cache.h), which is made only then. */
#ifndef PAR_CLUSTER_SEEN_H
#define PAR_CLUSTER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAR_SEEN_MAX 64u

typedef struct par_seen_look {
    uint64_t mark;   /* of some of its bytes, and how many it has */
    uint32_t misses; /* one after the other: it looked like one before, and was another */
    uint32_t rest;   /* times that it is not hashed any more, after too many of them */
} par_seen_look;

/* All zero at first. */
typedef struct par_seen {
    par_seen_look looks[PAR_SEEN_MAX];
    unsigned next; /* to be forgotten */
} par_seen;

uint64_t par_seen_mark(const uint64_t secret[2], const void *bytes, size_t len);
/* Did a part of this look go out lately, and is it worth while to ask whether it is the same? Remembers it. */
bool par_seen_again(par_seen *seen, uint64_t mark);
/* It was the same one, or not. */
void par_seen_tell(par_seen *seen, uint64_t mark, bool same);

#endif
