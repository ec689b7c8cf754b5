/* Large blocks of an allocator, kept for who wants such a one next: to touch fresh pages takes longer than to copy into them.
 *
 * A kept block is one that the allocator behind has given, of the size that its owner named last. So any block may go back to that
 * allocator past this cache: who takes the cache away, or puts it on top of blocks that are there, need not know which went through it. */
#ifndef PAR_BASE_BLOCKS_H
#define PAR_BASE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#define PAR_BLOCK_MIN_BYTES ((size_t)128 << 10) /* what is smaller is passed through */
#define PAR_BLOCKS_IDLE_MAX 64
#define PAR_BLOCKS_IDLE_TURNS 256 /* a block that nobody has taken while so many large ones came and went goes back */

/* A lua_Alloc: without a block (old_bytes says nothing then) a new one; bytes 0 frees it; else it is resized. NULL: no memory. */
typedef void *(*par_allocate)(void *context, void *block, size_t old_bytes, size_t bytes);

typedef struct par_block {
    void *data;
    size_t bytes;
    uint64_t turn; /* in which it came */
} par_block;

typedef struct par_blocks {
    par_allocate inner;
    void *inner_context;
    size_t idle_max_bytes, idle_bytes;
    uint64_t given_bytes; /* large blocks given, ever */
    int64_t used_bytes;   /* large blocks given and not yet back; less than 0 where some were there before */
    uint64_t turn;        /* large blocks that came or went */
    unsigned n_idle;
    par_block idle[PAR_BLOCKS_IDLE_MAX]; /* oldest first */
} par_blocks;

/* A par_allocate; its context is a par_blocks with inner and inner_context set. */
void *par_blocks_allocate(void *context, void *block, size_t old_bytes, size_t bytes);
/* So many bytes may be idle; what is more goes back at once. */
void par_blocks_limit(par_blocks *blocks, size_t idle_max_bytes);
/* All idle ones go back. */
void par_blocks_trim(par_blocks *blocks);

#endif
