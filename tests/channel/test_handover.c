/* Descriptors that travel as payloads of control messages, and channels whose both ends are given away. */
#include <fcntl.h>

#include "channel/descriptor.h"
#include "channel/layout.h"
#include "channel/notices.h"
#include "peers.h"

enum { CONTROL = PAR_KIND_CONTROL + 20 };

static par_error err;

typedef struct kept {
    par_blob *blob[4];
    unsigned n, messages;
} kept;

static void keep(void *context, const par_message *message)
{
    kept *k = context;
    k->messages++;
    for (uint32_t i = 0; i < message->n_payloads && k->n < 4; i++) k->blob[k->n++] = par_blob_retain(message->payloads[i]);
}

static void release_all(kept *k)
{
    while (k->n) par_blob_release(k->blob[--k->n]);
}

static void open_pair(par_channel **a, par_channel **b, kept *k)
{
    int fd;
    par_channel_owner owner = {.context = k, .on_control = keep};
    CHECK_INT(par_channel_open(a, 65536, NULL, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(b, fd, &owner, SECONDS(60), &err), PAR_OK);
}

static int send_descriptors(par_channel *channel, par_blob **blobs, uint32_t n, int64_t deadline_ns)
{
    par_payload payloads[4];
    for (uint32_t i = 0; i < n; i++) payloads[i] = (par_payload){.blob = blobs[i], .shared = true};
    return par_channel_send(channel, CONTROL, "fds", 3, payloads, n, deadline_ns, &err);
}

static void take_in(par_channel *channel)
{
    while (par_channel_absorb(channel, 0, &err) >= 0) continue;
}

static void check_same_file(int a, int b)
{
    char byte;
    CHECK_INT(write(a, "z", 1), 1);
    CHECK_INT(read(b, &byte, 1), 1);
    CHECK_INT(byte, 'z');
}

static void they_arrive_and_the_sender_has_none(void)
{
    par_channel *a, *b;
    kept k = {0};
    int pipes[2][2];
    open_pair(&a, &b, &k);
    for (int i = 0; i < 2; i++) CHECK_INT(pipe(pipes[i]), 0);
    par_blob *blobs[2] = {par_descriptor_blob(pipes[0][1]), par_descriptor_blob(pipes[1][1])};
    CHECK_INT(send_descriptors(a, blobs, 2, SECONDS(60)), PAR_OK);
    for (int i = 0; i < 2; i++) {
        CHECK(fcntl(pipes[i][1], F_GETFD) < 0); /* closed here */
        CHECK_INT(par_descriptor_take(blobs[i]), -1);
        par_blob_release(blobs[i]);
    }
    take_in(b);
    CHECK_INT(k.messages, 1);
    CHECK_INT(k.n, 2);
    for (int i = 0; i < 2; i++) {
        int fd = par_descriptor_take(k.blob[i]);
        CHECK(fd >= 0);
        CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
        CHECK_INT(par_descriptor_take(k.blob[i]), -1); /* only once */
        check_same_file(fd, pipes[i][0]);
        close(fd);
        close(pipes[i][0]);
    }
    release_all(&k);
    pair_close(a, b);
}

static void what_nobody_takes_is_closed(void)
{
    par_channel *a, *b;
    kept k = {0};
    open_pair(&a, &b, &k);
    unsigned before = open_fds();
    for (int i = 0; i < 300; i++) {
        par_blob *blob = par_descriptor_blob(open("/dev/null", O_RDONLY));
        CHECK_INT(send_descriptors(a, &blob, 1, SECONDS(60)), PAR_OK);
        par_blob_release(blob);
        take_in(b);
        release_all(&k);
        take_in(a); /* it hears that it came back, and says that it is forgotten */
    }
    take_in(b);
    CHECK_INT(k.messages, 300);
    CHECK_INT(open_fds(), before);
    par_blob_release(par_descriptor_blob(open("/dev/null", O_RDONLY))); /* never sent */
    CHECK_INT(open_fds(), before);
    pair_close(a, b);
}

static void a_message_that_was_not_sent(void)
{
    par_channel *a, *b;
    kept k = {0};
    open_pair(&a, &b, &k);
    unsigned before = open_fds();
    char filler[4096] = "";
    while (par_channel_send(a, 1, filler, sizeof filler, NULL, 0, 0, &err) == PAR_OK) continue; /* no room is left */
    for (int i = 0; i < 100; i++) {
        par_blob *blob = par_descriptor_blob(open("/dev/null", O_RDONLY));
        CHECK_INT(send_descriptors(a, &blob, 1, 0), PAR_E_TIMEOUT);
        par_blob_release(blob);
    }
    CHECK_INT(open_fds(), before);
    take_in(b);
    CHECK_INT(k.messages, 0);
    pair_close(a, b);
}

static void the_end_of_the_receiver(void)
{
    par_channel *a, *b;
    kept k = {0};
    open_pair(&a, &b, &k);
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    par_blob *blob = par_descriptor_blob(ends[1]);
    CHECK_INT(send_descriptors(a, &blob, 1, SECONDS(60)), PAR_OK);
    par_blob_release(blob);
    char byte;
    pair_close(a, b); /* it was on its way still */
    CHECK_INT(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

/* --- what cannot be --- */
static void records_that_cannot_be(void)
{
    const struct {
        uint64_t bytes, lend_bytes, lend_mode;
    } wrong[] = {{8, 0, PAR_LEND_DESCRIPTOR}, {0, 1, PAR_LEND_DESCRIPTOR}, {0, 0, PAR_LEND_SHARED}};
    for (int i = 0; i < 3; i++) {
        par_channel *a, *b;
        kept k = {0};
        open_pair(&a, &b, &k);
        unsigned before = open_fds();
        int null = open("/dev/null", O_RDONLY);
        par_record_segment segment = {.id = 1, .bytes = wrong[i].bytes, .mode = PAR_LEND_DESCRIPTOR};
        par_record_lend lend = {.id = 1, .bytes = wrong[i].lend_bytes, .mode = wrong[i].lend_mode};
        CHECK_INT(par_os_socket_write(par_channel_socket(a), "S", 1, &null, 1), 1);
        close(null);
        par_channel_put_internal(a, PAR_INTERNAL_SEGMENT, &segment, sizeof segment);
        par_channel_put_internal(a, PAR_INTERNAL_LEND, &lend, sizeof lend);
        CHECK_INT(par_channel_absorb(b, 0, &err), PAR_E_CORRUPT);
        pair_close(a, b);
        CHECK(open_fds() < before);
    }
}

/* --- both ends for others --- */
static void a_pair_is_an_ordinary_channel(void)
{
    int sockets[2];
    par_channel *ends[2];
    unsigned before = open_fds();
    CHECK_INT(par_channel_pair(65536, sockets, &err), PAR_OK);
    CHECK_INT(open_fds(), before + 2);
    for (int i = 0; i < 2; i++) CHECK_INT(par_channel_attach(&ends[i], sockets[i], NULL, SECONDS(60), &err), PAR_OK);
    for (int i = 0; i < 2; i++) {
        send_pattern(ends[i], 3, 1000, (uint64_t)i);
        receive_pattern(ends[1 - i], 3, 1000, (uint64_t)i);
        send_pattern(ends[i], 4, 5000, 7);
        receive_pattern(ends[1 - i], 4, 5000, 7);
    }
    par_message message;
    par_channel_close(ends[0]);
    CHECK_INT(par_channel_receive(ends[1], &message, SECONDS(60), &err), PAR_E_CLOSED);
    par_channel_close(ends[1]);
    CHECK_INT(open_fds(), before);
}

static void one_end_may_write_before_the_other_is_attached(void)
{
    int sockets[2];
    par_channel *a, *b;
    CHECK_INT(par_channel_pair(65536, sockets, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&a, sockets[1], NULL, SECONDS(60), &err), PAR_OK);
    send_pattern(a, 1, 100, 1);
    CHECK_INT(par_channel_attach(&b, sockets[0], NULL, SECONDS(60), &err), PAR_OK);
    receive_pattern(b, 1, 100, 1);
    pair_close(a, b);
}

/* The ends of a pair go to two processes, which talk without us. */
static void ends_that_are_sent(void)
{
    int sockets[2];
    pid_t pid[2];
    CHECK_INT(par_channel_pair(65536, sockets, &err), PAR_OK);
    for (int i = 0; i < 2; i++) {
        kept k = {0};
        par_channel *a, *b;
        open_pair(&a, &b, &k);
        par_blob *blob = par_descriptor_blob(sockets[i]);
        CHECK_INT(send_descriptors(a, &blob, 1, SECONDS(60)), PAR_OK);
        par_blob_release(blob);
        fflush(stdout);
        pid[i] = fork();
        if (pid[i] == 0) {
            par_channel *end;
            if (i == 0) par_os_close(sockets[1]);
            take_in(b);
            CHECK_INT(par_channel_attach(&end, par_descriptor_take(k.blob[0]), NULL, SECONDS(60), &err), PAR_OK);
            for (unsigned n = 0; n < 1000; n++) {
                send_pattern(end, 1, n, n + (unsigned)i);
                receive_pattern(end, 1, n, n + 1 - (unsigned)i);
            }
            fflush(stdout);
            _exit(0);
        }
        par_channel_close(a);
        par_channel_close(b);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        CHECK(waitpid(pid[i], &status, 0) == pid[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

TAP_MAIN(TEST(they_arrive_and_the_sender_has_none), TEST(what_nobody_takes_is_closed), TEST(a_message_that_was_not_sent),
         TEST(the_end_of_the_receiver), TEST(records_that_cannot_be), TEST(a_pair_is_an_ordinary_channel),
         TEST(one_end_may_write_before_the_other_is_attached), TEST(ends_that_are_sent))
