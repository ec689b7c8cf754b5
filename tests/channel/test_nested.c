/* Messages that are sent from within the send of another one on the same channel: what an owner does that is asked in a wait, and a broadcast
 * that names a channel twice. Each comes whole, and in the order in which they began. */
#include "channel/tx.h"
#include "peers.h"

#define LONG_BYTES ((size_t)200 << 10)
#define MESSAGES 20

static par_channel *writer, *reader;
static unsigned sent;   /* from within the wait */
static size_t how_long; /* they are */

/* Less than what the writer waits for. */
static void read_some(void)
{
    par_error err;
    CHECK(par_channel_absorb(reader, 0, &err) != PAR_E_CORRUPT);
    par_channel_give_back(reader);
}

static bool send_another(void *context)
{
    (void)context;
    read_some();
    if (sent == MESSAGES || sent % 2) return false; /* not within that one */
    sent++;
    send_pattern(writer, 2, how_long, sent);
    sent++;
    return false;
}

static void from_within_a_wait(void)
{
    const size_t lengths[] = {0, 8, 5000, LONG_BYTES};
    const par_channel_owner owner = {.interrupted = send_another};
    for (int k = 0; k < 4; k++) {
        sent = 0;
        how_long = lengths[k];
        pair_open(&writer, &reader, 16384, &owner);
        send_pattern(writer, 1, LONG_BYTES, 7);
        CHECK(sent > 0);
        unsigned n = sent / 2;
        sent = MESSAGES;
        receive_pattern(reader, 1, LONG_BYTES, 7);
        for (unsigned i = 0; i < n; i++) receive_pattern(reader, 2, how_long, 2 * i + 1);
        pair_close(writer, reader);
    }
}

/* The short way, for which there is room. */
static bool claim_another(void *context)
{
    par_error err;
    size_t room;
    (void)context;
    read_some();
    uint8_t *span = par_channel_claim(writer, 8, &room);
    if (!span || sent == MESSAGES) return false;
    pattern_fill(span, 8, ++sent);
    CHECK_INT(par_channel_commit(writer, 2, 8, &err), PAR_OK);
    return false;
}

static void claims_from_within_a_wait(void)
{
    const par_channel_owner owner = {.interrupted = claim_another};
    sent = 0;
    pair_open(&writer, &reader, 16384, &owner);
    send_pattern(writer, 1, LONG_BYTES, 7);
    receive_pattern(reader, 1, LONG_BYTES, 7);
    for (unsigned i = 1; i <= sent; i++) receive_pattern(reader, 2, 8, i);
    pair_close(writer, reader);
}

/* --- a broadcast --- */
/* The peer reads in the middle of a round: there is room for the second delivery in which the first one goes on. */
static void read_in_between(void *context, const par_message *message)
{
    (void)context;
    (void)message;
    read_some();
}

static bool ask_for_a_read(void *context)
{
    par_error err;
    (void)context;
    read_some();
    par_channel_try_once(reader, PAR_KIND_CONTROL, "", 0, NULL, 0, &err);
    return false;
}

static void a_channel_that_is_named_twice(void)
{
    par_error err;
    int results[2];
    uint8_t *bytes = malloc(LONG_BYTES);
    const par_channel_owner owner = {.on_control = read_in_between, .interrupted = ask_for_a_read};
    pattern_fill(bytes, LONG_BYTES, 7);
    pair_open(&writer, &reader, 16384, &owner);
    par_channel *both[] = {writer, writer};
    CHECK_INT(par_channel_broadcast(both, 2, 1, bytes, LONG_BYTES, NULL, 0, SECONDS(60), results, &err), PAR_OK);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(results[i], PAR_OK);
        receive_pattern(reader, 1, LONG_BYTES, 7);
    }
    CHECK(!writer->owed);
    pair_close(writer, reader);
    free(bytes);
}

/* One whose time is up leaves its rest, behind which the other one waits. */
static void named_twice_and_out_of_time(void)
{
    par_error err;
    int results[2];
    uint8_t *bytes = malloc(LONG_BYTES);
    pattern_fill(bytes, LONG_BYTES, 7);
    pair_open(&writer, &reader, 16384, NULL);
    par_channel *both[] = {writer, writer};
    CHECK_INT(par_channel_broadcast(both, 2, 1, bytes, LONG_BYTES, NULL, 0, MILLISECONDS(50), results, &err), PAR_E_TIMEOUT);
    CHECK_INT(results[0], PAR_OK);
    CHECK_INT(results[1], PAR_E_TIMEOUT);
    while (!par_channel_push_owed(writer)) read_some();
    receive_pattern(reader, 1, LONG_BYTES, 7);
    send_pattern(writer, 3, 100, 1);
    receive_pattern(reader, 3, 100, 1);
    pair_close(writer, reader);
    free(bytes);
}

TAP_MAIN(TEST(from_within_a_wait), TEST(claims_from_within_a_wait), TEST(a_channel_that_is_named_twice), TEST(named_twice_and_out_of_time))
