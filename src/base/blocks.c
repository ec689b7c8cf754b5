#include "base/blocks.h"

#include <string.h>

static void *inner(par_blocks *blocks, void *block, size_t old_bytes, size_t bytes)
{
    return blocks->inner(blocks->inner_context, block, old_bytes, bytes);
}

/* --- the idle ones --- */

static par_block take_out(par_blocks *blocks, unsigned i)
{
    par_block block = blocks->idle[i];
    blocks->n_idle--;
    blocks->idle_bytes -= block.bytes;
    memmove(&blocks->idle[i], &blocks->idle[i + 1], (blocks->n_idle - i) * sizeof *blocks->idle);
    return block;
}

static void drop_oldest(par_blocks *blocks)
{
    par_block block = take_out(blocks, 0);
    inner(blocks, block.data, block.bytes, 0);
}

void par_blocks_limit(par_blocks *blocks, size_t idle_max_bytes)
{
    blocks->idle_max_bytes = idle_max_bytes;
    while (blocks->idle_bytes > idle_max_bytes) drop_oldest(blocks);
}

void par_blocks_trim(par_blocks *blocks)
{
    while (blocks->n_idle) drop_oldest(blocks);
}

/* The smallest that is large enough and of which no more than a fifth is cut off; of equal ones the last that came, for it may still be
 * in a cache of the processor. n_idle: there is none. */
static unsigned best_for(const par_blocks *blocks, size_t bytes)
{
    unsigned best = blocks->n_idle;
    for (unsigned i = 0; i < blocks->n_idle; i++) {
        size_t has = blocks->idle[i].bytes;
        if (has < bytes || has - bytes > bytes / 4) continue;
        if (best == blocks->n_idle || has <= blocks->idle[best].bytes) best = i;
    }
    return best;
}

/* --- what Lua wants --- */

/* With what is idle as a last resort. */
static void *resize(par_blocks *blocks, void *block, size_t old_bytes, size_t bytes)
{
    void *got = inner(blocks, block, old_bytes, bytes);
    if (got || !blocks->n_idle) return got;
    par_blocks_trim(blocks);
    return inner(blocks, block, old_bytes, bytes);
}

static void *take(par_blocks *blocks, size_t old_bytes, size_t bytes)
{
    unsigned best = best_for(blocks, bytes);
    if (best == blocks->n_idle) return resize(blocks, NULL, old_bytes, bytes);
    par_block block = take_out(blocks, best);
    if (block.bytes == bytes) return block.data;
    void *cut = inner(blocks, block.data, block.bytes, bytes);
    if (cut) return cut;
    inner(blocks, block.data, block.bytes, 0);
    return resize(blocks, NULL, old_bytes, bytes);
}

static void give_back(par_blocks *blocks, void *block, size_t bytes)
{
    if (bytes > blocks->idle_max_bytes) {
        inner(blocks, block, bytes, 0);
        return;
    }
    while (blocks->n_idle == PAR_BLOCKS_IDLE_MAX || blocks->idle_bytes > blocks->idle_max_bytes - bytes) drop_oldest(blocks);
    blocks->idle[blocks->n_idle++] = (par_block){block, bytes, blocks->turn};
    blocks->idle_bytes += bytes;
}

static size_t if_large(size_t bytes) { return bytes < PAR_BLOCK_MIN_BYTES ? 0 : bytes; }

static void *change(par_blocks *blocks, void *block, size_t old_bytes, size_t bytes)
{
    if (!block) return bytes < PAR_BLOCK_MIN_BYTES ? resize(blocks, NULL, old_bytes, bytes) : take(blocks, old_bytes, bytes);
    if (bytes) return resize(blocks, block, old_bytes, bytes);
    give_back(blocks, block, old_bytes);
    return NULL;
}

static void *allocate_large(par_blocks *blocks, void *block, size_t old_bytes, size_t bytes)
{
    blocks->turn++;
    while (blocks->n_idle && blocks->turn - blocks->idle[0].turn > PAR_BLOCKS_IDLE_TURNS) drop_oldest(blocks);
    void *got = change(blocks, block, old_bytes, bytes);
    if (!got && bytes) return NULL; /* the old one, if there is one, stays as it is */
    blocks->used_bytes += (int64_t)if_large(bytes) - (block ? (int64_t)if_large(old_bytes) : 0);
    blocks->given_bytes += block ? 0 : if_large(bytes);
    return got;
}

void *par_blocks_allocate(void *context, void *block, size_t old_bytes, size_t bytes)
{
    par_blocks *blocks = context;
    if ((old_bytes | bytes) >= PAR_BLOCK_MIN_BYTES) return allocate_large(blocks, block, old_bytes, bytes);
    return blocks->inner(blocks->inner_context, block, old_bytes, bytes);
}
