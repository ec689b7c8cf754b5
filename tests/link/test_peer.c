/* Two children of one parent, as links: memory that one lends the other beside messages of users, and other words that may be left out. Both
 * ends are in this process. */
#include "link/peer.h"

#include <string.h>

#include "base/limits.h"
#include "link/message.h"
#include "link/share.h"
#include "peers.h"

#define RING_BYTES 65536
#define BYTES 10000

typedef struct both {
    par_link *a, *b;
} both;

static both open_both(void)
{
    int sockets[2];
    both links;
    par_error err;
    CHECK_INT(par_peer_pair(RING_BYTES, sockets, &err), PAR_OK);
    CHECK_INT(par_peer_attach(&links.a, sockets[0], 1, &err), PAR_OK);
    CHECK_INT(par_peer_attach(&links.b, sockets[1], 2, &err), PAR_OK);
    return links;
}

static void close_both(both links)
{
    par_link_close(links.a);
    par_link_close(links.b);
}

static par_blob *shared(uint8_t with)
{
    par_blob *blob;
    par_error err;
    CHECK_INT(par_share_blob_new(BYTES, &blob, &err), PAR_OK);
    memset(blob->data, with, BYTES);
    return blob;
}

static void say(par_link *link, uint32_t kind, const void *bytes, size_t len)
{
    par_error err;
    CHECK_INT(par_link_send(link, kind, bytes, len, NULL, 0, SECONDS(60), &err), PAR_OK);
}

static void hear(par_link *link, const char *text)
{
    par_error err;
    par_message message;
    CHECK_INT(par_link_receive(link, &message, SECONDS(60), &err), PAR_OK);
    CHECK_INT(message.len, strlen(text));
    CHECK(memcmp(message.bytes, text, message.len) == 0);
    par_link_release(link, &message);
}

static void memory_is_the_same_for_both(void)
{
    par_error err;
    both links = open_both();
    par_blob *blob = shared(1);
    say(links.a, PAR_KIND_DATA, "before", 6);
    CHECK_INT(par_peer_lend(links.a, 7, blob, &err), PAR_OK);
    say(links.a, PAR_KIND_DATA, "after", 5);
    par_blob *came = par_peer_borrow(links.b, 7);
    CHECK(came && came->bytes == BYTES);
    memset(came->data, 2, BYTES);
    CHECK_INT(((uint8_t *)blob->data)[BYTES - 1], 2);
    CHECK(par_peer_borrow(links.b, 7) == NULL);
    hear(links.b, "before");
    hear(links.b, "after");
    par_blob_release(blob);
    close_both(links);
    CHECK_INT(((uint8_t *)came->data)[0], 2); /* it stays without the link */
    par_blob_release(came);
}

static void only_what_is_asked_for_is_had(void)
{
    const uint64_t number = 9;
    par_error err;
    both links = open_both();
    par_blob *one = shared(1), *other = shared(2);
    CHECK(par_peer_borrow(links.b, 0) == NULL);
    CHECK_INT(par_peer_lend(links.a, 1, one, &err), PAR_OK);
    CHECK(par_peer_borrow(links.b, 2) == NULL);
    CHECK(par_peer_borrow(links.b, 1) == NULL); /* it is gone */
    CHECK_INT(par_peer_lend(links.a, 3, one, &err), PAR_OK);
    CHECK_INT(par_peer_lend(links.a, 4, other, &err), PAR_OK);
    CHECK(!par_link_has_message(links.b)); /* takes in both */
    CHECK(links.b->controls && !links.b->controls->next);
    par_blob *came = par_peer_borrow(links.b, 4);
    CHECK(came && ((uint8_t *)came->data)[0] == 2);
    par_blob_release(came);
    say(links.a, PAR_KIND_MEMORY, &number, sizeof number); /* without any */
    CHECK(par_peer_borrow(links.b, number) == NULL);
    say(links.a, PAR_KIND_MEMORY, "", 0);
    CHECK(par_peer_borrow(links.b, 0) == NULL);
    par_blob_release(one);
    par_blob_release(other);
    close_both(links);
}

static void nothing_else_is_kept(void)
{
    both links = open_both();
    for (uint32_t kind = PAR_KIND_CONTROL; kind <= PAR_KIND_MAX; kind++)
        if (kind != PAR_KIND_MEMORY) say(links.a, kind, "x", 1);
    say(links.a, PAR_KIND_DATA, "data", 4);
    hear(links.b, "data");
    CHECK(links.b->controls == NULL);
    CHECK_INT(links.b->state, PAR_LINK_RUNNING);
    close_both(links);
}

/* Until no message has room. */
static void fill(par_link *link)
{
    int rc;
    par_error err;
    uint8_t bytes[1000] = {0};
    do rc = par_link_send(link, PAR_KIND_DATA, bytes, sizeof bytes, NULL, 0, 0, &err);
    while (rc == PAR_OK);
    do rc = par_link_send(link, PAR_KIND_DATA, bytes, 8, NULL, 0, 0, &err);
    while (rc == PAR_OK);
}

static void a_full_ring_is_not_waited_for(void)
{
    par_error err;
    both links = open_both();
    par_blob *blob = shared(1);
    fill(links.a);
    CHECK_INT(par_peer_lend(links.a, 1, blob, &err), PAR_E_AGAIN);
    CHECK(par_peer_borrow(links.b, 1) == NULL); /* takes everything in */
    CHECK(!par_link_ready(links.a));            /* nobody waits for that */
    CHECK_INT(par_peer_lend(links.a, 2, blob, &err), PAR_OK);
    par_blob *came = par_peer_borrow(links.b, 2);
    CHECK(came != NULL);
    par_blob_release(came);
    par_blob_release(blob);
    close_both(links);
}

static void a_word_in_front_is_left_out_of_a_full_ring(void)
{
    both links = open_both();
    fill(links.a);
    links.a->apart = true;
    par_link_announce_common(links.a, PAR_COMMON_MIN_BYTES);
    links.a->apart = false;
    CHECK(par_peer_borrow(links.b, 1) == NULL); /* takes everything in */
    CHECK(!par_link_ready(links.a));            /* nobody waits for that */
    close_both(links);
}

static void one_that_is_gone_lends_nothing(void)
{
    par_error err;
    both links = open_both();
    par_blob *blob = shared(1);
    par_link_close(links.a);
    CHECK(par_peer_borrow(links.b, 1) == NULL);
    CHECK_INT(par_peer_lend(links.b, 1, blob, &err), PAR_E_CLOSED);
    par_blob_release(blob);
    par_link_close(links.b);
}

TAP_MAIN(TEST(memory_is_the_same_for_both), TEST(only_what_is_asked_for_is_had), TEST(nothing_else_is_kept),
         TEST(a_full_ring_is_not_waited_for), TEST(a_word_in_front_is_left_out_of_a_full_ring), TEST(one_that_is_gone_lends_nothing))
