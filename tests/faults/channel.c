/* Fails the n-th system call, for every n: each time there is an error or a way round it, and nothing is left. */
#include <errno.h>

#include "channel/pool.h"
#include "os/fault.h"
#include "peers.h"

#define BYTES 300000

static int exchange(par_channel *from, par_channel *to, const uint8_t *bytes, par_blob *shared, par_error *err)
{
    par_message message;
    par_payload payloads[2] = {{.data = bytes, .bytes = BYTES}};
    uint32_t n = 1;
    if (shared) payloads[n++] = (par_payload){.data = shared->data, .bytes = 100, .blob = shared, .shared = true};
    int rc = par_channel_send(from, 1, bytes, 5000, payloads, n, SECONDS(60), err);
    if (rc != PAR_OK) return rc;
    rc = par_channel_receive(to, &message, SECONDS(60), err);
    if (rc != PAR_OK) return rc;
    CHECK_INT(message.len, 5000); /* what arrives is right, whatever failed on the way */
    CHECK(memcmp(message.bytes, bytes, 5000) == 0);
    CHECK_INT(message.n_payloads, n);
    CHECK_INT(message.payloads[0]->bytes, BYTES);
    CHECK(memcmp(message.payloads[0]->data, bytes, BYTES) == 0);
    par_channel_release(to, &message);
    return PAR_OK;
}

static int run_all(const uint8_t *bytes, par_error *err)
{
    par_channel *a = NULL, *b = NULL;
    par_selector *selector = NULL;
    par_blob *shared = NULL;
    par_message message;
    void *user;
    int peer = -1, fd;
    int rc = par_channel_open(&a, 1 << 20, NULL, &peer, err);
    if (rc == PAR_OK) {
        rc = par_channel_attach(&b, peer, NULL, SECONDS(60), err);
        if (rc != PAR_OK) par_os_close(peer);
    }
    if (rc == PAR_OK) rc = par_pool_blob_new(1000, &shared, err);
    if (rc == PAR_OK) rc = exchange(a, b, bytes, shared, err);
    if (rc == PAR_OK) rc = exchange(b, a, bytes, NULL, err);
    if (rc == PAR_OK) rc = par_selector_open(&selector, NULL, err);
    if (rc == PAR_OK) rc = par_selector_add(selector, b, b, err);
    if (rc == PAR_OK) rc = par_selector_fd(selector, &fd, err);
    if (rc == PAR_OK) rc = par_channel_fd(b, &fd, err);
    if (rc == PAR_OK) rc = exchange(a, b, bytes, NULL, err);
    if (rc == PAR_OK && par_selector_wait(selector, &user, MILLISECONDS(2), err) == PAR_E_SYSTEM) rc = err->code;
    if (rc == PAR_OK && par_channel_receive(a, &message, MILLISECONDS(2), err) == PAR_E_SYSTEM) rc = err->code;
    par_blob_release(shared);
    par_selector_close(selector);
    par_channel_close(a);
    par_channel_close(b);
    par_pool_trim();
    return rc;
}

static void fail_each(int error, bool every)
{
    static uint8_t bytes[BYTES];
    par_error err = {0};
    uint64_t total, lent;
    pattern_fill(bytes, sizeof bytes, 1);
    CHECK_INT(run_all(bytes, &err), PAR_OK);
    unsigned fds = open_fds(), failures = 0;
    for (long n = 1;; n++) {
        par_fault_set(n, error, every);
        err = (par_error){0};
        int rc = run_all(bytes, &err);
        long seen = par_fault_count();
        par_fault_set(0, 0, false);
        par_pool_trim();
        CHECK_INT(open_fds(), fds);
        par_pool_usage(&total, &lent);
        CHECK_INT(total, 0);
        if (seen < n) break; /* there were no more calls to fail */
        if (rc == PAR_OK) continue;
        failures++;
        if (err.code != rc || !err.text[0]) printf("# call %ld: %d, %d %s\n", n, rc, err.code, err.text);
        CHECK(rc < 0 && err.code == rc && err.text[0] != 0);
    }
    CHECK(failures > 10);
}

static void each_call_once_out_of_memory(void) { fail_each(ENOMEM, false); }
static void each_call_once_out_of_descriptors(void) { fail_each(EMFILE, false); }
static void all_calls_from_one_on(void) { fail_each(EIO, true); }

TAP_MAIN(TEST(each_call_once_out_of_memory), TEST(each_call_once_out_of_descriptors), TEST(all_calls_from_one_on))
