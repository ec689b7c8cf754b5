/* Both ends as threads of one process: what ThreadSanitizer can see (cmake --preset tsan). */
#include <pthread.h>

#include "channel/pool.h"
#include "peers.h"

enum { ROUNDS = 20000, LARGE = 200 };

static void *echo(void *context)
{
    par_channel *channel = context;
    par_error err;
    par_message message;
    while (par_channel_receive(channel, &message, PAR_NEVER, &err) == PAR_OK) {
        int rc = par_channel_send(channel, message.kind, message.bytes, message.len, NULL, 0, PAR_NEVER, &err);
        if (rc == PAR_E_CLOSED) break;
        CHECK_INT(rc, PAR_OK);
        par_channel_release(channel, &message);
    }
    par_channel_close(channel);
    return NULL;
}

static par_channel *start(void *(*run)(void *), pthread_t *thread)
{
    par_channel *a, *b;
    par_error err;
    int fd;
    CHECK_INT(par_channel_open(&a, 65536, NULL, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&b, fd, NULL, SECONDS(60), &err), PAR_OK);
    CHECK(pthread_create(thread, NULL, run, b) == 0);
    return a;
}

static void small_messages_there_and_back(void)
{
    pthread_t thread;
    par_channel *channel = start(echo, &thread);
    for (unsigned i = 0; i < ROUNDS; i++) {
        send_pattern(channel, 1, i % 100, i);
        receive_pattern(channel, 1, i % 100, i);
    }
    par_channel_close(channel);
    pthread_join(thread, NULL);
}

static void many_on_the_way(void)
{
    pthread_t thread;
    par_channel *channel = start(echo, &thread);
    for (unsigned i = 0; i < 50; i++) {
        for (unsigned k = 0; k < 500; k++) send_pattern(channel, 2, k, k);
        for (unsigned k = 0; k < 500; k++) receive_pattern(channel, 2, k, k);
    }
    par_channel_close(channel);
    pthread_join(thread, NULL);
}

static void long_messages(void)
{
    pthread_t thread;
    par_channel *channel = start(echo, &thread);
    for (unsigned i = 0; i < LARGE; i++) {
        send_pattern(channel, 3, i * 1500, i);
        receive_pattern(channel, 3, i * 1500, i);
    }
    par_channel_close(channel);
    pthread_join(thread, NULL);
}

static void *echo_payload(void *context)
{
    par_channel *channel = context;
    par_error err;
    par_message message;
    while (par_channel_receive(channel, &message, PAR_NEVER, &err) == PAR_OK) {
        par_blob *blob = message.payloads[0];
        par_payload payload = {.data = blob->data, .bytes = blob->bytes};
        CHECK_INT(par_channel_send(channel, 1, "", 0, &payload, 1, PAR_NEVER, &err), PAR_OK);
        par_channel_release(channel, &message);
    }
    par_channel_close(channel);
    par_pool_trim(); /* this thread's own */
    return NULL;
}

static void lent_payloads(void)
{
    pthread_t thread;
    par_error err;
    par_message message;
    enum { BYTES = 300000 };
    static uint8_t bytes[BYTES];
    par_channel *channel = start(echo_payload, &thread);
    for (unsigned i = 0; i < LARGE; i++) {
        pattern_fill(bytes, BYTES, i);
        par_payload payload = {.data = bytes, .bytes = BYTES};
        CHECK_INT(par_channel_send(channel, 1, "", 0, &payload, 1, PAR_NEVER, &err), PAR_OK);
        CHECK_INT(par_channel_receive(channel, &message, SECONDS(60), &err), PAR_OK);
        CHECK(pattern_good(message.payloads[0]->data, BYTES, i));
        par_channel_release(channel, &message);
    }
    par_channel_close(channel);
    pthread_join(thread, NULL);
}

TAP_MAIN(TEST(small_messages_there_and_back), TEST(many_on_the_way), TEST(long_messages), TEST(lent_payloads))
