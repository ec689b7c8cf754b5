/* Where a reader sleeps: on a word at first, at once on the socket when that was in vain, and on the word again when it is not. */
#include "channel/state.h"
#include "peers.h"

enum { LONG_WAITS = 8, LEARNED_AFTER = 2, END = 7 };

static void receives_until_the_end(par_channel *channel)
{
    par_error err;
    par_message message;
    uint32_t kind = 0;
    while (kind != END) {
        CHECK_INT(par_channel_receive(channel, &message, PAR_NEVER, &err), PAR_OK);
        kind = message.kind;
        par_channel_release(channel, &message);
    }
}

/* What the reader waits for, as soon as it has read everything and says so. */
static uint64_t armed(par_channel *channel)
{
    par_ring_words *words = channel->out.words;
    uint64_t need;
    while (atomic_load(&words->tail) != channel->out.head || (need = atomic_load(&words->reader_need)) == 0) par_os_sleep_ns(20000);
    return need;
}

static void send(par_channel *channel, uint32_t kind)
{
    par_error err;
    CHECK_INT(par_channel_send(channel, kind, "x", 1, NULL, 0, SECONDS(60), &err), PAR_OK);
}

static void it_learns_where_to_sleep(void)
{
    peers p;
    peers_start(&p, 65536, receives_until_the_end);
    for (int i = 0; i < LONG_WAITS; i++) {
        if (i < LEARNED_AFTER)
            while (armed(p.channel) & PAR_NEED_WORD) continue;
        CHECK(!(armed(p.channel) & PAR_NEED_WORD));
        par_os_sleep_ns(20000000); /* this wait is long as well */
        send(p.channel, 0);
    }
    if (par_os_futex_usable()) /* one that is short: sooner or later, however busy the machine is */
        while (!(armed(p.channel) & PAR_NEED_WORD)) send(p.channel, 0);
    send(p.channel, END);
    peers_end(&p);
}

TAP_MAIN(TEST(it_learns_where_to_sleep))
