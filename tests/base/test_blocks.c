/* Blocks that are used again: what they are given for, what the allocator behind sees, and what is left when memory ends. */
#include "base/blocks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define KB ((size_t)1024)
#define MB (KB * KB)

/* --- an allocator that keeps count, and knows what it gave --- */

#define KNOWN 300

static struct {
    struct {
        void *data;
        size_t bytes;
    } blocks[KNOWN];
    size_t last_old_bytes; /* of its last call */
    unsigned n, calls, made, resized;
    bool full; /* gives nothing more, and resizes nothing */
} host;

static unsigned place_of(const void *block)
{
    unsigned i = 0;
    while (i < host.n && host.blocks[i].data != block) i++;
    return i;
}

static void *host_make(size_t bytes)
{
    void *data = host.full || host.n == KNOWN ? NULL : malloc(bytes);
    if (!data) return NULL;
    host.made++;
    host.blocks[host.n].data = data;
    host.blocks[host.n++].bytes = bytes;
    return data;
}

static void *host_allocate(void *context, void *block, size_t old_bytes, size_t bytes)
{
    CHECK(context == &host);
    host.calls++;
    host.last_old_bytes = old_bytes;
    if (!block) return bytes ? host_make(bytes) : NULL;
    unsigned i = place_of(block);
    CHECK(i < host.n && host.blocks[i].bytes == old_bytes); /* nobody's memory, or of another size */
    if (!bytes) {
        host.blocks[i] = host.blocks[--host.n];
        free(block);
        return NULL;
    }
    void *data = host.full ? NULL : realloc(block, bytes);
    if (!data) return NULL;
    host.resized++;
    host.blocks[i].data = data;
    host.blocks[i].bytes = bytes;
    return data;
}

static par_blocks blocks;

static void begin(size_t idle_max_bytes)
{
    memset(&host, 0, sizeof host);
    blocks = (par_blocks){.inner = host_allocate, .inner_context = &host, .idle_max_bytes = idle_max_bytes};
}

static void end(void)
{
    par_blocks_trim(&blocks);
    CHECK_INT(blocks.idle_bytes, 0);
    CHECK_INT(host.n, 0);
}

static void *make(size_t bytes) { return par_blocks_allocate(&blocks, NULL, 4, bytes); }
static void drop(void *block, size_t bytes) { CHECK(!par_blocks_allocate(&blocks, block, bytes, 0)); }

/* --- tests --- */

static void what_is_small_passes_as_it_is(void)
{
    begin(MB);
    void *block = par_blocks_allocate(&blocks, NULL, 7, 100);
    CHECK_INT(host.last_old_bytes, 7);
    block = par_blocks_allocate(&blocks, block, 100, PAR_BLOCK_MIN_BYTES - 1);
    CHECK_INT(host.last_old_bytes, 100);
    drop(block, PAR_BLOCK_MIN_BYTES - 1);
    CHECK_INT(host.calls, 3);
    CHECK_INT(blocks.turn, 0);
    CHECK(!par_blocks_allocate(&blocks, NULL, 0, 0));
    end();
}

static void a_large_one_is_used_again(void)
{
    begin(8 * MB);
    for (int i = 0; i < 100; i++) {
        void *block = make(MB);
        memset(block, i, MB);
        CHECK_INT(blocks.used_bytes, MB);
        drop(block, MB);
        CHECK_INT(blocks.idle_bytes, MB);
    }
    CHECK_INT(host.made, 1);
    CHECK_INT(host.resized, 0);
    CHECK_INT(blocks.given_bytes, 100 * MB);
    CHECK_INT(blocks.used_bytes, 0);
    end();
}

static void the_one_that_fits_best_is_cut_to_size(void)
{
    begin(32 * MB);
    void *four = make(4 * MB), *two = make(2 * MB), *three = make(3 * MB);
    drop(four, 4 * MB);
    drop(two, 2 * MB);
    drop(three, 3 * MB);
    void *block = make(2 * MB + 1);
    CHECK_INT(host.made, 4); /* three is too large for it: more than a fifth would be wasted */
    drop(block, 2 * MB + 1);
    block = make(3 * MB - 100 * KB);
    CHECK_INT(host.made, 4);
    CHECK_INT(host.resized, 1);
    CHECK_INT(blocks.idle_bytes, 8 * MB + 1);
    drop(block, 3 * MB - 100 * KB); /* its size is what its owner says */
    block = make(3 * MB);
    CHECK_INT(host.made, 5);
    drop(block, 3 * MB);
    end();
}

static void what_is_idle_is_bounded(void)
{
    begin(3 * MB);
    void *list[5];
    for (int i = 0; i < 5; i++) list[i] = make(MB + (size_t)i);
    for (int i = 0; i < 5; i++) {
        drop(list[i], MB + (size_t)i);
        CHECK(blocks.idle_bytes <= 3 * MB);
    }
    CHECK_INT(host.n, 2); /* three would be some bytes more than 3 MB */
    void *large = make(3 * MB + 1);
    drop(large, 3 * MB + 1);
    CHECK_INT(host.n, 2); /* it was not worth to drop the others */
    par_blocks_limit(&blocks, MB);
    CHECK_INT(host.n, 0);
    end();
}

static void there_are_not_too_many(void)
{
    begin(SIZE_MAX);
    void *list[PAR_BLOCKS_IDLE_MAX + 10];
    for (int i = 0; i < PAR_BLOCKS_IDLE_MAX + 10; i++) list[i] = make(PAR_BLOCK_MIN_BYTES);
    for (int i = 0; i < PAR_BLOCKS_IDLE_MAX + 10; i++) drop(list[i], PAR_BLOCK_MIN_BYTES);
    CHECK_INT(host.n, PAR_BLOCKS_IDLE_MAX);
    end();
}

static void what_nobody_takes_goes_back(void)
{
    begin(64 * MB);
    void *unused = make(16 * MB);
    drop(unused, 16 * MB);
    for (int i = 0; i < PAR_BLOCKS_IDLE_TURNS; i++) drop(make(MB), MB);
    CHECK_INT(blocks.idle_bytes, MB);
    end();
}

static void resizing_is_the_allocators(void)
{
    begin(64 * MB);
    drop(make(2 * MB), 2 * MB);
    void *block = par_blocks_allocate(&blocks, NULL, 0, 100);
    block = par_blocks_allocate(&blocks, block, 100, 2 * MB); /* not from what is idle: its contents are to be kept */
    CHECK_INT(host.resized, 1);
    CHECK_INT(blocks.used_bytes, 2 * MB);
    block = par_blocks_allocate(&blocks, block, 2 * MB, MB);
    CHECK_INT(blocks.used_bytes, MB);
    block = par_blocks_allocate(&blocks, block, MB, 50);
    CHECK_INT(blocks.used_bytes, 0);
    drop(block, 50);
    end();
}

static void one_from_before_is_as_good(void)
{
    begin(64 * MB);
    void *block = host_allocate(&host, NULL, 0, MB);
    drop(block, MB);
    CHECK_INT(blocks.idle_bytes, MB);
    CHECK(make(MB) == block);
    host_allocate(&host, block, MB, 0); /* and may go back past us */
    end();
}

static void idle_ones_go_when_there_is_no_memory(void)
{
    begin(64 * MB);
    void *kept = make(MB);
    drop(make(4 * MB), 4 * MB);
    host.full = true;
    CHECK(!make(2 * MB)); /* what is idle is too large for it, and went for it */
    CHECK_INT(host.n, 1);
    CHECK(!par_blocks_allocate(&blocks, kept, MB, 2 * MB));
    CHECK_INT(blocks.used_bytes, MB); /* it is as it was */
    host.full = false;
    drop(kept, MB);
    host.full = true;
    CHECK(!make(MB - 1)); /* cannot be cut: it goes, and there is no other */
    CHECK_INT(host.n, 0);
    end();
}

TAP_MAIN(TEST(what_is_small_passes_as_it_is), TEST(a_large_one_is_used_again), TEST(the_one_that_fits_best_is_cut_to_size),
         TEST(what_is_idle_is_bounded), TEST(there_are_not_too_many), TEST(what_nobody_takes_goes_back), TEST(resizing_is_the_allocators),
         TEST(one_from_before_is_as_good), TEST(idle_ones_go_when_there_is_no_memory))
