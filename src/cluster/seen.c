#include "cluster/seen.h"

#include <string.h>

#include "base/siphash.h"

#define SAMPLES 32u
#define SAMPLE_BYTES 64u
#define MISSES_MAX 3u /* of a part that changes where we do not look; the first one is that it had not been hashed before */
#define REST_MAX 1024u

uint64_t par_seen_mark(const uint64_t secret[2], const void *bytes, size_t len)
{
    uint8_t some[SAMPLES * SAMPLE_BYTES + sizeof(uint64_t)];
    uint64_t mark[2], all = len;
    size_t last = len > SAMPLE_BYTES ? len - SAMPLE_BYTES : 0, n = len < SAMPLE_BYTES ? len : SAMPLE_BYTES;
    memset(some, 0, sizeof some);
    for (size_t i = 0; i < SAMPLES; i++) memcpy(some + i * SAMPLE_BYTES, (const uint8_t *)bytes + last / (SAMPLES - 1) * i, n);
    memcpy(some + (SAMPLES - 1) * SAMPLE_BYTES, (const uint8_t *)bytes + last, n);
    memcpy(some + SAMPLES * SAMPLE_BYTES, &all, sizeof all);
    par_siphash(mark, secret, some, sizeof some);
    return mark[0];
}

static par_seen_look *find(par_seen *seen, uint64_t mark)
{
    for (unsigned i = 0; i < PAR_SEEN_MAX; i++)
        if (seen->looks[i].mark == mark) return &seen->looks[i];
    return NULL;
}

bool par_seen_again(par_seen *seen, uint64_t mark)
{
    par_seen_look *look = find(seen, mark);
    if (!look) {
        seen->looks[seen->next] = (par_seen_look){.mark = mark};
        seen->next = (seen->next + 1) % PAR_SEEN_MAX;
        return false;
    }
    if (look->rest == 0) return true;
    look->rest--;
    return false;
}

void par_seen_tell(par_seen *seen, uint64_t mark, bool same)
{
    par_seen_look *look = find(seen, mark);
    if (!look) return;
    look->misses = same ? 0 : look->misses + 1;
    if (look->misses < MISSES_MAX) return;
    look->rest = look->misses < 10 ? 1u << look->misses : REST_MAX;
}
