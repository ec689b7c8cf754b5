/* Buffers and blobs: growth, what stays when there is no memory, and who frees when. */
#include "base/buffer.h"

#include <stdint.h>

#include "base/blob.h"
#include "base/frame.h"
#include "base/status.h"
#include "os/blob.h"
#include "tap.h"

static void it_holds_what_was_appended(void)
{
    par_buffer buffer = {0};
    for (unsigned i = 0; i < 5000; i++) CHECK_INT(par_buffer_append(&buffer, &i, sizeof i % (i % 5 + 1)), PAR_OK);
    CHECK_INT(par_buffer_append(&buffer, NULL, 0), PAR_OK);
    size_t at = 0;
    for (unsigned i = 0; i < 5000; i++) {
        size_t len = sizeof i % (i % 5 + 1);
        CHECK(memcmp(buffer.data + at, &i, len) == 0);
        at += len;
    }
    CHECK_INT(buffer.len, at);
    par_buffer_fini(&buffer);
    CHECK(!buffer.data && !buffer.len && !buffer.capacity);
}

static void it_grows_by_half_at_least(void)
{
    par_buffer buffer = {0};
    int moves = 0;
    for (size_t i = 0; i < 100000; i++) {
        size_t before = buffer.capacity;
        CHECK_INT(par_buffer_append(&buffer, "x", 1), PAR_OK);
        if (buffer.capacity != before) {
            CHECK(buffer.capacity >= before + before / 2);
            moves++;
        }
    }
    CHECK(moves < 25);
    par_buffer_fini(&buffer);
}

static void more_than_there_are_addresses_changes_nothing(void)
{
    par_buffer buffer = {0};
    CHECK_INT(par_buffer_append(&buffer, "kept", 4), PAR_OK);
    uint8_t *data = buffer.data;
    size_t capacity = buffer.capacity;
    CHECK_INT(par_buffer_reserve(&buffer, SIZE_MAX), PAR_E_NOMEM);     /* the sum is none */
    CHECK_INT(par_buffer_reserve(&buffer, SIZE_MAX / 2), PAR_E_NOMEM); /* nobody has so much */
    CHECK(buffer.data == data && buffer.capacity == capacity && buffer.len == 4 && memcmp(data, "kept", 4) == 0);
    par_buffer_fini(&buffer);
}

static void what_is_small_is_kept_by_trim(void)
{
    par_buffer buffer = {0};
    CHECK_INT(par_buffer_reserve(&buffer, 1000), PAR_OK);
    buffer.len = 10;
    par_buffer_trim(&buffer, buffer.capacity);
    CHECK(buffer.data && buffer.len == 0);
    par_buffer_trim(&buffer, buffer.capacity - 1);
    CHECK(!buffer.data && buffer.len == 0 && buffer.capacity == 0);
}

static int freed;

static void count_free(par_blob *blob)
{
    CHECK_INT(blob->refs, 0);
    freed++;
}

static void the_last_release_frees_once(void)
{
    par_blob blob = {.refs = 1, .kind = PAR_BLOB_FOREIGN, .free = count_free};
    CHECK(par_blob_retain(&blob) == &blob);
    par_blob_release(&blob);
    CHECK_INT(freed, 0);
    par_blob_release(&blob);
    CHECK_INT(freed, 1);
    par_blob_release(NULL);
}

static void private_blobs_are_aligned_and_zeroed_when_asked(void)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, (2 << 20) - 1, 2 << 20, (4 << 20) + 3};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        par_blob *blob = par_os_blob_new(sizes[i], true);
        CHECK(blob && blob->bytes == sizes[i] && blob->refs == 1 && blob->kind == PAR_BLOB_HEAP);
        CHECK((uintptr_t)blob->data % (sizes[i] >= 2 << 20 ? 2 << 20 : 64) == 0);
        for (size_t at = 0; at < sizes[i]; at++) CHECK(((uint8_t *)blob->data)[at] == 0);
        par_blob_release(blob);
    }
    CHECK(!par_os_blob_new(SIZE_MAX, false));
    CHECK(!par_os_blob_new(SIZE_MAX - 63, false));
}

/* --- frames of calls --- */
static const void *inner(void) __attribute__((noinline));
static const void *inner(void) { return PAR_FRAME_HERE; }
static bool asked_below(const void *frame) __attribute__((noinline));
static bool asked_below(const void *frame) { return PAR_FRAME_LIVES(frame); }

static void a_call_is_under_way_until_it_has_ended(void)
{
    CHECK(asked_below(PAR_FRAME_HERE));
    CHECK(!PAR_FRAME_LIVES(inner()));
    CHECK(!asked_below(NULL));
}

TAP_MAIN(TEST(it_holds_what_was_appended), TEST(it_grows_by_half_at_least), TEST(more_than_there_are_addresses_changes_nothing),
         TEST(what_is_small_is_kept_by_trim), TEST(the_last_release_frees_once), TEST(private_blobs_are_aligned_and_zeroed_when_asked),
         TEST(a_call_is_under_way_until_it_has_ended))
