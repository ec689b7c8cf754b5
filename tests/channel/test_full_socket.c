/* A socket full of descriptors that the peer does not take out: whoever sends another one waits as long as he said, and learns of the end
 * of the peer's process although a copy of its socket is open somewhere. */
#include "channel/pool.h"
#include "peers.h"

typedef struct owner {
    int asked;     /* for an interrupt */
    int interrupt; /* on this one */
    bool gone;     /* the peer's process is */
} owner;

static bool interrupted(void *context)
{
    owner *own = context;
    return ++own->asked == own->interrupt;
}

static bool peer_gone(void *context) { return ((owner *)context)->gone; }

static void open_full(par_channel **a, par_channel **b, owner *own)
{
    const par_channel_owner told = {.context = own, .interrupted = interrupted, .peer_gone = peer_gone};
    pair_open(a, b, (size_t)64 << 10, &told);
    int socket = par_channel_socket(*a);
    while (par_os_socket_write(socket, "S", 1, &socket, 1) == 1) {}
    CHECK_INT(par_os_socket_write(socket, "S", 1, &socket, 1), PAR_E_AGAIN);
}

/* A storage that the peer does not know yet, so that its descriptor has to go first. */
static int send_shared(par_channel *channel, bool broadcast, int64_t deadline_ns, par_error *err)
{
    par_blob *blob;
    int result;
    CHECK_INT(par_pool_blob_new((size_t)256 << 10, &blob, err), PAR_OK);
    par_payload payload = {.data = blob->data, .bytes = blob->bytes, .blob = blob, .shared = true};
    int rc = broadcast ? par_channel_broadcast(&channel, 1, 1, "shared", 6, &payload, 1, deadline_ns, &result, err)
                       : par_channel_send(channel, 1, "shared", 6, &payload, 1, deadline_ns, err);
    par_blob_release(blob);
    return rc;
}

static void a_time_limit_ends_it(void)
{
    for (int broadcast = 0; broadcast < 2; broadcast++) {
        par_channel *a, *b;
        par_error err;
        owner own = {0};
        open_full(&a, &b, &own);
        CHECK_INT(send_shared(a, broadcast, MILLISECONDS(50), &err), PAR_E_TIMEOUT);
        pair_close(a, b);
    }
}

static void an_interrupt_ends_it(void)
{
    for (int broadcast = 0; broadcast < 2; broadcast++) {
        par_channel *a, *b;
        par_error err;
        owner own = {.interrupt = 3};
        open_full(&a, &b, &own);
        CHECK_INT(send_shared(a, broadcast, PAR_NEVER, &err), PAR_E_INTERRUPTED);
        pair_close(a, b);
    }
}

static void the_end_of_the_peer_ends_it(void)
{
    for (int broadcast = 0; broadcast < 2; broadcast++) {
        par_channel *a, *b;
        par_error err;
        owner own = {.gone = true};
        open_full(&a, &b, &own);
        CHECK_INT(send_shared(a, broadcast, SECONDS(20), &err), PAR_E_CLOSED);
        pair_close(a, b);
    }
}

TAP_MAIN(TEST(a_time_limit_ends_it), TEST(an_interrupt_ends_it), TEST(the_end_of_the_peer_ends_it))
