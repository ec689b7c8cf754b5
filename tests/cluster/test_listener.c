/* Plain connections on the loopback address: who proves his key comes in, and nobody else. */
#include "cluster/listener.h"

#include "cluster/proof.h"
#include "peers.h"

#define NOBODY_NS INT64_C(400000000) /* who has not come in by then does not */

static par_error err;

static struct {
    par_loop loop;
    par_listener *listener;
    int fd; /* of who came in last */
    unsigned came;
    int64_t until_ns;
} here;

static void arrived(void *user, int fd)
{
    CHECK(user == &here);
    here.fd = fd;
    here.came++;
    here.loop.stop = true;
}

static int64_t on_round(void *context, int64_t now_ns)
{
    (void)context;
    int64_t next_ns = par_listener_tick(here.listener, now_ns);
    if (now_ns >= here.until_ns) here.loop.stop = true;
    return next_ns < here.until_ns ? next_ns : here.until_ns;
}

static void open_here(void)
{
    static const par_loop_role role = {&here, on_round};
    signal(SIGPIPE, SIG_IGN);
    here.fd = -1;
    CHECK_INT(par_loop_open(&here.loop, &role, &err), PAR_OK);
    CHECK_INT(par_listener_open(&here.listener, &here.loop, "127.0.0.1", 0, 0, &err), PAR_OK);
}

static void close_here(void)
{
    par_listener_close(here.listener);
    par_loop_close(&here.loop);
}

static par_ticket invite(void)
{
    par_ticket ticket;
    CHECK_INT(par_listener_invite(here.listener, &ticket, arrived, &here, &err), PAR_OK);
    return ticket;
}

/* Somebody comes in within the time? */
static bool serve(int64_t ns)
{
    unsigned before = here.came;
    here.until_ns = par_os_now_ns() + ns;
    here.loop.stop = false;
    CHECK_INT(par_loop_run(&here.loop, &err), PAR_OK);
    return here.came > before;
}

static unsigned port_of(const par_ticket *ticket) { return (unsigned)atoi(strrchr(ticket->endpoint, ':') + 1); }

static int connect_to(const par_ticket *ticket)
{
    int fd;
    CHECK_INT(par_os_connect("127.0.0.1", port_of(ticket), SECONDS(60), &fd, &err), PAR_OK);
    return fd;
}

/* An agent with this ticket, in a process of its own: says a word and repeats the first byte that it hears. Its exit status is 0, or 1:
 * it did not come in. */
static pid_t agent(const par_ticket *ticket)
{
    pid_t pid = fork();
    if (pid) return pid;
    par_wire *wire;
    par_os_part part = {"hello", 5};
    if (par_proof_dial(&wire, ticket, &err) != PAR_OK) _exit(1);
    par_wire_write(wire, &part, 1);
    par_os_wait_fd(wire->read_fd, PAR_OS_READABLE, SECONDS(60));
    char c;
    part = (par_os_part){&c, 1};
    int64_t n = par_wire_read(wire, &part, 1);
    _exit(n == 1 && c == '!' ? 0 : 2);
}

static int status_of(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The bytes behind the proof are the connection's. */
static void expect_hello(void)
{
    char text[6] = "";
    for (size_t got = 0; got < 5;) {
        par_os_part part = {text + got, 5 - got};
        int64_t n = par_os_read_parts(here.fd, &part, 1);
        CHECK(n > 0 || n == PAR_E_AGAIN);
        if (n > 0) got += (size_t)n;
        else par_os_wait_fd(here.fd, PAR_OS_READABLE, SECONDS(60));
    }
    CHECK(strcmp(text, "hello") == 0);
    CHECK_INT(par_os_write_all(here.fd, "!", 1), PAR_OK);
    par_os_close(here.fd);
}

static void an_agent_comes_in(void)
{
    open_here();
    par_ticket ticket = invite();
    CHECK(ticket.server_key[0] == 0);
    pid_t pid = agent(&ticket);
    CHECK(serve(INT64_C(60000000000)));
    expect_hello();
    CHECK_INT(status_of(pid), 0);
    close_here();
}

static void a_key_of_ones_own(void)
{
    open_here();
    par_ticket ticket = invite(), other = ticket;
    other.secret_key[3] = other.secret_key[3] == 'a' ? 'b' : 'a';
    pid_t pid = agent(&other);
    CHECK(!serve(NOBODY_NS));
    CHECK_INT(status_of(pid), 1);
    snprintf(other.number, sizeof other.number, "7");
    pid = agent(&other);
    CHECK(!serve(NOBODY_NS));
    CHECK_INT(status_of(pid), 1);
    pid = agent(&ticket); /* none of that has used it up */
    CHECK(serve(INT64_C(60000000000)));
    expect_hello();
    CHECK_INT(status_of(pid), 0);
    close_here();
}

static void a_key_that_was_used(void)
{
    open_here();
    par_ticket ticket = invite();
    pid_t pid = agent(&ticket);
    CHECK(serve(INT64_C(60000000000)));
    expect_hello();
    CHECK_INT(status_of(pid), 0);
    pid = agent(&ticket);
    CHECK(!serve(NOBODY_NS));
    CHECK_INT(status_of(pid), 1);
    close_here();
}

static void write_all(int fd, const void *bytes, size_t len) { CHECK_INT(par_os_write_all(fd, bytes, len), PAR_OK); }

static bool read_answer(int fd, uint8_t answer[PAR_PROOF_ANSWER_BYTES])
{
    for (size_t got = 0; got < PAR_PROOF_ANSWER_BYTES;) {
        par_os_part part = {answer + got, PAR_PROOF_ANSWER_BYTES - got};
        int64_t n = par_os_read_parts(fd, &part, 1);
        if (n > 0) got += (size_t)n;
        else if (n != PAR_E_AGAIN) return false;
        else CHECK(!serve(10000000));
    }
    return true;
}

/* What an agent has said is of no use to who has heard it, nor is what the listener proves itself with. */
static void what_was_said_before(void)
{
    open_here();
    par_ticket ticket = invite();
    par_proof proof = {.number = 1, .a = {1, 2, 3}};
    uint8_t ask[PAR_PROOF_ASK_BYTES], answer[PAR_PROOF_ANSWER_BYTES], mine[PAR_SHA256_BYTES];
    int first = connect_to(&ticket), second = connect_to(&ticket), third = connect_to(&ticket);
    par_proof_put_ask(ask, &proof);
    write_all(first, ask, sizeof ask);
    CHECK(read_answer(first, answer));
    memcpy(proof.b, answer, sizeof proof.b);
    par_proof_make(mine, &proof, PAR_PROVES_AGENT, ticket.secret_key); /* what a real agent would say to the first one */
    write_all(second, ask, sizeof ask);
    CHECK(read_answer(second, answer));
    write_all(second, mine, sizeof mine);
    CHECK(!serve(NOBODY_NS));
    write_all(third, ask, sizeof ask);
    CHECK(read_answer(third, answer));
    write_all(third, answer + sizeof proof.b, PAR_SHA256_BYTES); /* its own proof, said back */
    CHECK(!serve(NOBODY_NS));
    write_all(first, mine, sizeof mine);
    CHECK(serve(INT64_C(60000000000)));
    close_here();
}

static void garbage_and_halves(void)
{
    uint8_t bytes[256];
    open_here();
    par_ticket ticket = invite();
    for (unsigned i = 0; i < 64; i++) {
        int fd = connect_to(&ticket);
        pattern_fill(bytes, sizeof bytes, i);
        if (i % 2) memcpy(bytes, "par1\1\0\0\0", 8);
        write_all(fd, bytes, i * 4);
        if (i % 3 == 0) par_os_close(fd);
    }
    CHECK(!serve(NOBODY_NS));
    pid_t pid = agent(&ticket);
    CHECK(serve(INT64_C(60000000000)));
    expect_hello();
    CHECK_INT(status_of(pid), 0);
    close_here();
}

/* A process that connects a thousand times and says nothing. *all_there becomes readable when it has. */
static pid_t idle_callers(const par_ticket *ticket, int *all_there)
{
    int told;
    CHECK_INT(par_os_pipe(all_there, &told, &err), PAR_OK);
    pid_t pid = fork();
    if (pid) {
        par_os_close(told);
        return pid;
    }
    alarm(100); /* whatever becomes of us */
    for (int i = 0; i < 1000; i++) connect_to(ticket);
    par_os_close(told);
    for (;;) pause();
}

/* A thousand who connect and say nothing keep nobody out, and take no descriptors beyond a few. */
static void a_thousand_idle_connections(void)
{
    int all_there;
    par_os_serve_quietly(); /* as many descriptors as there are */
    open_here();
    par_ticket ticket = invite();
    unsigned before = open_fds();
    pid_t idle = idle_callers(&ticket, &all_there);
    while (par_os_wait_fd(all_there, PAR_OS_READABLE, 0) == PAR_E_TIMEOUT) CHECK(!serve(1000000));
    CHECK(!serve(100000000));
    CHECK(open_fds() <= before + 1 + PAR_CALLERS_MAX);
    pid_t pid = agent(&ticket);
    CHECK(serve(INT64_C(60000000000)));
    expect_hello();
    CHECK_INT(status_of(pid), 0);
    par_os_kill(idle, SIGKILL);
    CHECK(waitpid(idle, NULL, 0) == idle);
    par_os_close(all_there);
    close_here();
}

static void ports_from_a_range(void)
{
    par_listener *one, *two, *three;
    par_ticket first, second;
    open_here();
    int taken;
    unsigned port;
    CHECK_INT(par_os_listen("127.0.0.1", 0, &taken, &port, &err), PAR_OK);
    if (port > 65000) exit(77);
    CHECK_INT(par_listener_open(&one, &here.loop, "127.0.0.1", port, port + 40, &err), PAR_OK);
    CHECK_INT(par_listener_open(&two, &here.loop, "127.0.0.1", port, port + 40, &err), PAR_OK);
    CHECK_INT(par_listener_invite(one, &first, arrived, &here, &err), PAR_OK);
    CHECK_INT(par_listener_invite(two, &second, arrived, &here, &err), PAR_OK);
    CHECK(port_of(&first) > port && port_of(&first) < port_of(&second) && port_of(&second) <= port + 40);
    CHECK(par_listener_open(&three, &here.loop, "127.0.0.1", port, port, &err) < 0);
    CHECK(strstr(err.text, "in use"));
    par_listener_close(two);
    par_listener_rest(one); /* the port is free, and had again */
    CHECK_INT(par_os_connect("127.0.0.1", port_of(&first), SECONDS(60), &taken, &err), PAR_E_SYSTEM);
    CHECK_INT(par_listener_invite(one, &second, arrived, &here, &err), PAR_OK);
    CHECK_INT(par_os_connect("127.0.0.1", port_of(&second), SECONDS(60), &taken, &err), PAR_OK);
    par_listener_close(one);
    close_here();
}

/* A host that is down is launched again and again: an agent that never comes takes nobody's place. */
static void agents_that_never_come(void)
{
    open_here();
    for (int i = 0; i < 10000; i++) {
        invite();
        par_listener_forget(here.listener, &here);
    }
    par_ticket gone = invite();
    par_listener_forget(here.listener, &here);
    par_ticket ticket = invite();
    CHECK(strcmp(gone.number, ticket.number) != 0);
    pid_t late = agent(&gone); /* it comes when another has its place */
    CHECK(!serve(NOBODY_NS));
    CHECK_INT(status_of(late), 1);
    pid_t pid = agent(&ticket);
    CHECK(serve(INT64_C(60000000000)));
    expect_hello();
    CHECK_INT(status_of(pid), 0);
    close_here();
}

TAP_MAIN(TEST(an_agent_comes_in), TEST(a_key_of_ones_own), TEST(a_key_that_was_used), TEST(what_was_said_before), TEST(garbage_and_halves),
         TEST(a_thousand_idle_connections), TEST(ports_from_a_range), TEST(agents_that_never_come))
