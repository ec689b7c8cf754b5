/* Where a reader sleeps: on a word at first, at once on the socket when that was in vain, and on the word again when it is not. One who
 * dies with its peer stays on the word. */
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
        par_os_sleep_ns(i % 2 ? PAR_OS_SLICE_NS + 2000000 : 20000000); /* this wait is long as well, whenever in a slice it ends */
        send(p.channel, 0);
    }
    if (par_os_futex_usable()) /* one that is short: sooner or later, however busy the machine is */
        while (!(armed(p.channel) & PAR_NEED_WORD)) send(p.channel, 0);
    send(p.channel, END);
    peers_end(&p);
}

static void dies_with_its_peer(par_channel *channel)
{
    channel->owner.dies_with_peer = true;
    receives_until_the_end(channel);
}

static void who_dies_with_its_peer_stays_on_the_word(void)
{
    peers p;
    bool stayed = !par_os_futex_usable();
    peers_start(&p, 65536, dies_with_its_peer);
    for (int i = 0; i < 1000 && !stayed; i++) { /* of a busy machine it may take some to see one */
        uint64_t need = armed(p.channel);
        par_os_sleep_ns(20000000); /* longer than one who looks for the end stays there */
        stayed = (need & PAR_NEED_WORD) && atomic_load(&p.channel->out.words->reader_need) == need;
        send(p.channel, 0);
    }
    CHECK(stayed);
    send(p.channel, END);
    peers_end(&p);
}

TAP_MAIN(TEST(it_learns_where_to_sleep), TEST(who_dies_with_its_peer_stays_on_the_word))
