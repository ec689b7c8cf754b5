/* Descriptors that a peer sends: close-on-exec from the first moment, never leaked, and only sealed memory is mapped. */
#include <fcntl.h>
#include <sys/mman.h>

#include "channel/notices.h"
#include "peers.h"

static void send_fds(int socket, int fd, int n)
{
    int fds[PAR_OS_FDS_MAX];
    for (int i = 0; i < n; i++) fds[i] = fd;
    CHECK_INT(par_os_socket_write(socket, "x", 1, fds, n), 1);
}

static void what_arrives_is_closed_on_exec(void)
{
    par_error err;
    int pair[2], fds[PAR_OS_FDS_MAX], n;
    uint8_t byte;
    CHECK_INT(par_os_socketpair(pair, &err), PAR_OK);
    for (int take = 0; take < 2; take++) {
        int inherited = open("/dev/null", O_RDONLY);
        CHECK_INT(fcntl(inherited, F_GETFD), 0);
        send_fds(pair[0], inherited, PAR_OS_FDS_MAX);
        n = 1;
        if (take) CHECK_INT(par_os_socket_take_fd(pair[1], fds), PAR_OK);
        else CHECK_INT(par_os_socket_read(pair[1], &byte, 1, fds, PAR_OS_FDS_MAX, &n), 1);
        CHECK_INT(n, take ? 1 : PAR_OS_FDS_MAX);
        for (int i = 0; i < n; i++) {
            CHECK_INT(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
            par_os_close(fds[i]);
        }
        par_os_close(inherited);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_INT(fcntl(pair[i], F_GETFD), FD_CLOEXEC);
        par_os_close(pair[i]);
    }
}

static void what_nobody_wants_is_closed(void)
{
    par_error err;
    int pair[2], fds[PAR_OS_FDS_MAX], n;
    uint8_t byte;
    CHECK_INT(par_os_socketpair(pair, &err), PAR_OK);
    unsigned before = open_fds();
    for (int want = 0; want < 4; want++) {
        send_fds(pair[0], pair[0], PAR_OS_FDS_MAX);
        CHECK_INT(par_os_socket_read(pair[1], &byte, 1, fds, want, &n), 1);
        CHECK_INT(n, want);
        CHECK_INT(open_fds(), before + (unsigned)want);
        for (int i = 0; i < n; i++) par_os_close(fds[i]);
    }
    par_os_close(pair[0]);
    par_os_close(pair[1]);
}

/* The greeting brings one: a wrong byte with one, or what is no channel's memory. */
static void a_refused_attach_closes_what_came(void)
{
    par_error err;
    int pair[2], memory;
    par_channel *channel;
    CHECK_INT(par_os_memory_open(par_os_page_bytes() + 2 * 16384, &memory, &err), PAR_OK);
    for (int k = 0; k < 2; k++) {
        CHECK_INT(par_os_socketpair(pair, &err), PAR_OK);
        unsigned before = open_fds();
        CHECK_INT(par_os_socket_write(pair[0], k ? "P" : "X", 1, &memory, 1), 1);
        CHECK_INT(par_channel_attach(&channel, pair[1], NULL, SECONDS(60), &err), PAR_E_CORRUPT);
        CHECK_INT(open_fds(), before);
        par_os_close(pair[0]);
        par_os_close(pair[1]);
    }
    par_os_close(memory);
}

/* A peer that sends descriptors and never announces them fills a queue, not our table. */
static void descriptors_that_nothing_announces(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    if (tap_emulated()) return;
    unsigned before = open_fds();
    pair_open(&a, &b, 16384, NULL);
    unsigned open = open_fds();
    int rc, rounds = 0;
    do {
        for (int i = 0; i < 8; i++) {
            int fds[PAR_OS_FDS_MAX];
            for (int k = 0; k < PAR_OS_FDS_MAX; k++) fds[k] = a->socket;
            par_os_socket_write(a->socket, "S", 1, fds, PAR_OS_FDS_MAX); /* as many as the socket takes */
        }
        rc = par_channel_receive(b, &message, MILLISECONDS(20), &err);
        CHECK(open_fds() <= open + PAR_FDS_QUEUED_MAX);
    } while (rc == PAR_E_TIMEOUT && ++rounds < 100);
    CHECK_INT(rc, PAR_E_CORRUPT);
    pair_close(a, b);
    CHECK_INT(open_fds(), before);
}

#if defined(__linux__) && !defined(PAR_PORTABLE)
/* What its sender could make shorter would end us with a SIGBUS. */
static void memory_that_can_shrink_is_refused(void)
{
    const int seals[] = {0, F_SEAL_GROW, F_SEAL_GROW | F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL};
    for (int k = 0; k < 5; k++) {
        par_channel *a, *b;
        par_error err;
        par_message message;
        size_t bytes;
        int memory = memfd_create("test", MFD_ALLOW_SEALING);
        bool good = seals[k] & F_SEAL_SHRINK;
        CHECK(ftruncate(memory, 65536) == 0);
        CHECK(fcntl(memory, F_ADD_SEALS, seals[k]) == 0);
        CHECK_INT(par_os_memory_size(memory, &bytes, &err), good ? PAR_OK : PAR_E_CORRUPT);
        pair_open(&a, &b, 16384, NULL);
        unsigned before = open_fds();
        CHECK_INT(par_os_socket_write(a->socket, "S", 1, &memory, 1), 1);
        const par_record_segment record = {.id = 5, .bytes = 65536};
        par_channel_put_internal(a, PAR_INTERNAL_SEGMENT, &record, sizeof record);
        CHECK_INT(par_channel_receive(b, &message, 0, &err), good ? PAR_E_TIMEOUT : PAR_E_CORRUPT);
        CHECK_INT(open_fds(), before);
        pair_close(a, b);
        par_os_close(memory);
    }
}

/* What is lent was written before. By its size alone a peer could have us take up memory that it has not. */
static void memory_that_nobody_has_written_is_refused(void)
{
    const size_t bytes = 2 * PAR_CLAIM_TRUSTED_BYTES, written[] = {0, 4096, bytes / 2 - 65536, bytes / 2, bytes};
    for (int k = 0; k < 15; k++) {
        par_channel *a, *b;
        par_error err;
        par_message message;
        void *data;
        int memory;
        const par_record_segment record = {.id = 5, .bytes = bytes, .mode = (uint64_t)k / 5};
        bool good = record.mode == PAR_LEND_SHARED || written[k % 5] >= bytes / 2;
        CHECK_INT(par_os_memory_open(bytes, &memory, &err), PAR_OK);
        CHECK_INT(par_os_memory_map(memory, 0, bytes, &data, &err), PAR_OK);
        memset(data, 1, written[k % 5]);
        pair_open(&a, &b, 16384, NULL);
        CHECK_INT(par_os_socket_write(a->socket, "S", 1, &memory, 1), 1);
        par_channel_put_internal(a, PAR_INTERNAL_SEGMENT, &record, sizeof record);
        CHECK_INT(par_channel_receive(b, &message, 0, &err), good ? PAR_E_TIMEOUT : PAR_E_CORRUPT);
        pair_close(a, b);
        par_os_memory_unmap(data, bytes);
        par_os_close(memory);
    }
}

static void empty_memory_is_refused(void)
{
    par_error err;
    size_t bytes;
    int memory = memfd_create("test", MFD_ALLOW_SEALING);
    CHECK(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
    CHECK_INT(par_os_memory_size(memory, &bytes, &err), PAR_E_CORRUPT);
    par_os_close(memory);
}

/* Ours: nobody who gets it changes its size, nor what may be done with it. */
static void our_own_memory_is_sealed(void)
{
    par_error err;
    int memory;
    CHECK_INT(par_os_memory_open(65536, &memory, &err), PAR_OK);
    CHECK_INT(fcntl(memory, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    CHECK(ftruncate(memory, 4096) != 0);
    CHECK(ftruncate(memory, 1 << 20) != 0);
    CHECK(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE) != 0);
    CHECK_INT(fcntl(memory, F_GETFD), FD_CLOEXEC);
    par_os_close(memory);
}
#else
static void memory_that_can_shrink_is_refused(void) {}
static void memory_that_nobody_has_written_is_refused(void) {}
static void empty_memory_is_refused(void) {}
static void our_own_memory_is_sealed(void) {}
#endif

TAP_MAIN(TEST(what_arrives_is_closed_on_exec), TEST(what_nobody_wants_is_closed), TEST(a_refused_attach_closes_what_came),
         TEST(descriptors_that_nothing_announces), TEST(memory_that_can_shrink_is_refused), TEST(memory_that_nobody_has_written_is_refused),
         TEST(empty_memory_is_refused), TEST(our_own_memory_is_sealed))
