/* Connections over libzmq on the loopback address: what goes through, and who does not come in. */
#include "cluster/hub.h"

#include "peers.h"

#define BIG ((size_t)20 << 20)

static par_error err;

static void need_library(void)
{
    if (!par_zmq_load(&err)) exit(0);
}

static void settle(par_hub *hub)
{
    par_os_wait waits[] = {{.fd = par_hub_fd(hub), .events = PAR_OS_READABLE}, {.fd = par_hub_gate_fd(hub), .events = PAR_OS_READABLE}};
    par_os_wait_fds(waits, 2, MILLISECONDS(5));
    for (int i = 0; i < 2; i++)
        if (waits[i].seen) par_hub_look(hub, waits[i].fd);
    par_hub_serve(hub);
}

/* Writes all, while the hub is served. */
static void write_all(par_wire *wire, par_hub *hub, uint8_t *bytes, size_t len, par_wire *reader, uint8_t *into, size_t *got)
{
    size_t done = 0;
    while (done < len || *got < len) {
        par_os_part part = {bytes + done, len - done};
        int64_t n = done < len ? par_wire_write(wire, &part, 1) : PAR_E_AGAIN;
        CHECK(n > 0 || n == PAR_E_AGAIN);
        if (n > 0) done += (size_t)n;
        par_hub_serve(hub);
        par_os_part room = {into + *got, len - *got};
        int64_t r = *got < len ? par_wire_read(reader, &room, 1) : PAR_E_AGAIN;
        if (r > 0) *got += (size_t)r;
        if (n == PAR_E_AGAIN && r == PAR_E_AGAIN) settle(hub);
    }
}

static void bytes_go_both_ways(void)
{
    need_library();
    par_hub *hub;
    par_ticket ticket;
    par_wire *here, *there;
    CHECK_INT(par_hub_open(&hub, "127.0.0.1", 0, 0, &err), PAR_OK);
    CHECK_INT(par_hub_invite(hub, &ticket, &here, &err), PAR_OK);
    CHECK_INT(par_dial(&there, &ticket, &err), PAR_OK);
    uint8_t *bytes = malloc(BIG), *into = malloc(BIG);
    pattern_fill(bytes, BIG, 1);
    par_os_part early = {bytes, 10};
    CHECK_INT(par_wire_write(here, &early, 1), PAR_E_AGAIN); /* nobody has come yet */
    size_t got = 0;
    write_all(there, hub, bytes, BIG, here, into, &got);
    CHECK(pattern_good(into, BIG, 1));
    pattern_fill(bytes, BIG, 2);
    got = 0;
    write_all(here, hub, bytes, BIG, there, into, &got);
    CHECK(pattern_good(into, BIG, 2));
    CHECK_INT(par_hub_refused(hub), 0);
    par_wire_close(there);
    par_wire_close(here);
    par_hub_close(hub);
    free(bytes);
    free(into);
}

/* Says something with this ticket. Has the hub heard it until then, and before it has refused somebody? */
static bool is_heard(par_hub *hub, const par_ticket *ticket, par_wire *here, int64_t until_ns)
{
    unsigned refused = par_hub_refused(hub);
    par_wire *there;
    char text[] = "hello";
    par_os_part part = {text, 5};
    CHECK_INT(par_dial(&there, ticket, &err), PAR_OK);
    bool sent = false;
    while (par_os_now_ns() < until_ns && !par_hub_has(here) && par_hub_refused(hub) == refused) {
        if (!sent) sent = par_wire_write(there, &part, 1) == 5;
        settle(hub);
    }
    bool heard = par_hub_has(here);
    if (!heard) par_wire_close(there); /* one that was heard stays */
    return heard;
}

static void who_does_not_come_in(void)
{
    need_library();
    par_hub *hub;
    par_ticket ticket, second, third, other;
    par_wire *here, *here2, *here3;
    const par_zmq *zmq = par_zmq_load(&err);
    CHECK_INT(par_hub_open(&hub, "127.0.0.1", 0, 0, &err), PAR_OK);
    CHECK_INT(par_hub_invite(hub, &ticket, &here, &err), PAR_OK);
    CHECK_INT(par_hub_invite(hub, &second, &here2, &err), PAR_OK);
    CHECK_INT(par_hub_invite(hub, &third, &here3, &err), PAR_OK);
    other = ticket; /* a key of one's own making */
    zmq->curve_keypair(other.public_key, other.secret_key);
    CHECK(!is_heard(hub, &other, here, SECONDS(60)));
    CHECK(par_hub_refused(hub) >= 1); /* libzmq may have tried again */
    other = ticket;                   /* who takes another for the hub */
    zmq->curve_keypair(other.server_key, other.secret_key);
    CHECK(!is_heard(hub, &other, here, MILLISECONDS(700)));
    other = second; /* a good key, under the name of somebody else, which is not free before libzmq has heard that he is gone */
    memcpy(other.number, third.number, sizeof other.number);
    CHECK(!is_heard(hub, &other, here3, MILLISECONDS(700)));
    CHECK(!par_hub_has(here2));
    other = ticket;
    CHECK(is_heard(hub, &other, here, SECONDS(60)));
    unsigned before = par_hub_refused(hub);
    uint8_t bytes[8];
    par_os_part room = {bytes, sizeof bytes};
    CHECK_INT(par_wire_read(here, &room, 1), 5);
    CHECK(!is_heard(hub, &other, here, SECONDS(60))); /* the same key a second time */
    CHECK(par_hub_refused(hub) > before);
    _exit(0); /* the wires that were heard are still open */
}

/* A host that is down is launched again and again: an agent that never comes takes nobody's place. The numbers of those who come are all
 * good names for libzmq, also those with a zero byte in front. */
static void agents_that_never_come(void)
{
    need_library();
    par_hub *hub;
    par_ticket ticket, gone;
    par_wire *here, *earlier[255];
    CHECK_INT(par_hub_open(&hub, "127.0.0.1", 0, 0, &err), PAR_OK);
    for (int i = 0; i < 255; i++) CHECK_INT(par_hub_invite(hub, &ticket, &earlier[i], &err), PAR_OK);
    for (int i = 0; i < 10000; i++) {
        CHECK_INT(par_hub_invite(hub, &gone, &here, &err), PAR_OK);
        par_wire_close(here);
    }
    CHECK_INT(par_hub_invite(hub, &ticket, &here, &err), PAR_OK);
    CHECK_INT(atoi(ticket.number) % 256, 0);
    CHECK(!is_heard(hub, &gone, here, SECONDS(60)));
    CHECK(par_hub_refused(hub) >= 1); /* libzmq may have tried again */
    CHECK(is_heard(hub, &ticket, here, SECONDS(60)));
    _exit(0); /* the wires are still open */
}

/* What still comes from an agent that was given up takes no memory. */
static void one_who_is_ignored(void)
{
    need_library();
    par_hub *hub;
    par_ticket ticket;
    par_wire *here, *other;
    CHECK_INT(par_hub_open(&hub, "127.0.0.1", 0, 0, &err), PAR_OK);
    CHECK_INT(par_hub_invite(hub, &ticket, &here, &err), PAR_OK);
    CHECK(is_heard(hub, &ticket, here, SECONDS(60)));
    par_hub_ignore(here);
    CHECK(!par_hub_has(here));
    CHECK_INT(par_hub_invite(hub, &ticket, &other, &err), PAR_OK); /* in its place */
    par_wire_close(here);
    CHECK(is_heard(hub, &ticket, other, SECONDS(60)));
    _exit(0);
}

TAP_MAIN(TEST(bytes_go_both_ways), TEST(who_does_not_come_in), TEST(agents_that_never_come), TEST(one_who_is_ignored))
