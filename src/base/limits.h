/* Every bound of the library by name. A bound that is reached gives PAR_E_LIMIT (or PAR_E_CORRUPT when a peer's
 * bytes ask for more), never a crash and never silence. */
#ifndef PAR_BASE_LIMITS_H
#define PAR_BASE_LIMITS_H

#include <stdint.h>

#include "base/target.h"

#define PAR_CACHE_LINE 128 /* bytes between words that different processes write (two lines: adjacent prefetch) */

#ifdef PAR_STRESS /* so small that what is rare happens all the time */
#define PAR_SMALL(usual, small) (small)
#else
#define PAR_SMALL(usual, small) (usual)
#endif

#define PAR_RING_DEFAULT_BYTES PAR_SMALL((size_t)2 << 20, (size_t)4 << 10)
#define PAR_RING_MIN_BYTES PAR_SMALL((size_t)16 << 10, (size_t)4 << 10)
#if SIZE_MAX > UINT32_MAX
#define PAR_RING_MAX_BYTES ((size_t)1 << 32)
#define PAR_MESSAGE_MAX_BYTES ((uint64_t)1 << 46) /* one message; the address space ends near here */
#else
#define PAR_RING_MAX_BYTES ((size_t)1 << 27)      /* two rings, each mapped twice */
#define PAR_MESSAGE_MAX_BYTES ((uint64_t)1 << 31) /* what a 32-bit process can hold at best */
#endif
#define PAR_SLAB_MIN_BYTES ((size_t)1 << 20)                                /* a segment in which shared storages lie side by side, */
#define PAR_SLAB_MAX_BYTES ((size_t)(SIZE_MAX > UINT32_MAX ? 64 : 8) << 20) /* and of those that much is shared already */
#define PAR_INBOX_MAX_BYTES ((uint64_t)1 << 30) /* messages taken in while something else was waited for (or an eighth of memory) */
#define PAR_CLAIM_TRUSTED_BYTES \
    PAR_SMALL((size_t)16 << 20, (size_t)64 << 10)      /* memory taken because a peer announced bytes; then as they come */
#define PAR_PAYLOAD_MIN_BYTES ((size_t)256 << 10)      /* from here a storage travels beside the message, not in it */
#define PAR_LEND_MIN_BYTES ((size_t)64 << 10)          /* from here such a storage goes in a pooled segment */
#define PAR_COMMON_MIN_BYTES ((size_t)64 << 10)        /* from here what several children get crosses a network once for each host */
#define PAR_AGAIN_MIN_BYTES ((size_t)256 << 10)        /* from here a part of a message that comes again and again does so twice */
#define PAR_FLIGHT_MAX_BYTES ((uint64_t)4 << 20)       /* lent by value and not yet taken, beyond two messages */
#define PAR_FLIGHT_HUGE_BYTES ((uint64_t)8 << 20)      /* a payload before which the last message has to be taken */
#define PAR_PAYLOADS_MAX 65536u                        /* payloads of one message */
#define PAR_SEGMENTS_PER_PEER_MAX 4096u                /* segments that one process may make another map */
#define PAR_SEGMENT_POOL_MAX_BYTES ((uint64_t)1 << 30) /* pooled segments of one process (or a quarter of memory) */

#define PAR_CODEC_DEPTH_MAX (100u << 20)        /* nested tables in one message */
#define PAR_CODEC_KEEP_BYTES ((size_t)16 << 20) /* buffer that a codec keeps between messages */
#define PAR_TENSOR_DIMS_MAX 64                  /* dimensions of a tensor */

#define PAR_GROUP_MEMBERS_MAX 4096u                /* members of a group */
#define PAR_BOARD_WINDOW_BYTES ((size_t)256 << 10) /* what a member shows of a tensor at a time */
#define PAR_BOARD_WINDOWS_BYTES ((size_t)64 << 20) /* all windows of a group; those of large groups are smaller */

#define PAR_NEVER INT64_MAX /* a deadline that does not come */

#endif
