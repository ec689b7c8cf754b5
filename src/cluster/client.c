#include "cluster/client.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/ask.h"
#include "link/protocol.h"

#define WRITE_NS INT64_C(10000000000) /* the bridge reads requests at once, unless it is stopped */
#define END_NS INT64_C(1000000000)    /* it has this long to end its agents */

int par_client_open(par_client *client, const par_os_spawn_options *spawn, par_error *err)
{
    client->owner = par_os_pid();
    return par_os_spawn_server(spawn, PAR_CHILD_SOCKET_FD, &client->pid, &client->socket, err);
}

static void forget(par_client *client)
{
    for (uint32_t i = 0; i < client->n_hosts; i++) par_buffer_fini(&client->hosts[i].said);
    free(client->hosts);
    par_buffer_fini(&client->in);
    *client = (par_client){.socket = -1, .interrupted = client->interrupted, .host = client->host};
}

void par_client_close(par_client *client)
{
    par_os_exit end = {0};
    if (client->socket < 0) return;
    bool ours = client->owner == par_os_pid();
    if (ours) par_os_socket_end(client->socket);
    par_os_close(client->socket);
    int64_t patience_ns = par_os_now_ns() + END_NS;
    for (end.ended = !ours; !end.ended; par_os_reap(client->pid, &end)) {
        if (par_os_now_ns() >= patience_ns) par_os_kill(client->pid, SIGKILL);
        par_os_sleep_ns(500000);
    }
    forget(client);
}

static int bridge_gone(par_client *client, par_error *err)
{
    par_client_close(client);
    return par_error_set(err, PAR_E_CLOSED, "the bridge, the process that holds the connections to other hosts, has ended");
}

/* --- requests --- */
static int wait_to_write(par_client *client, int64_t deadline_ns, par_error *err)
{
    if (client->interrupted && client->interrupted(client->host)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
    int64_t now_ns = par_os_now_ns(), slice_ns = now_ns + PAR_OS_SLICE_NS;
    if (now_ns >= deadline_ns) return par_error_set(err, PAR_E_TIMEOUT, "the bridge takes no requests: is it stopped?");
    par_os_wait_fd(client->socket, PAR_OS_WRITABLE, deadline_ns < slice_ns ? deadline_ns : slice_ns);
    return PAR_OK;
}

/* Writes all of it; the descriptors go with the first byte. A request of which a part is out has to be finished: whatever stops it ends
 * the bridge. */
static int write_request(par_client *client, const par_buffer *request, const int *fds, int n_fds, par_error *err)
{
    int64_t deadline_ns = par_os_now_ns() + WRITE_NS;
    for (size_t done = 0; done < request->len;) {
        int n = par_os_socket_write(client->socket, request->data + done, request->len - done, done ? NULL : fds, done ? 0 : n_fds);
        if (n > 0) done += (size_t)n;
        else if (n != PAR_E_AGAIN) return bridge_gone(client, err);
        else {
            int rc = wait_to_write(client, deadline_ns, err);
            if (rc != PAR_OK && done) par_client_close(client);
            if (rc != PAR_OK) return rc;
        }
    }
    return PAR_OK;
}

static int request(par_client *client, uint32_t type, uint32_t host, uint32_t id, const par_buffer *body, const int *fds, int n_fds,
                   par_error *err)
{
    par_buffer out = {0};
    if (client->socket < 0) return par_error_set(err, PAR_E_CLOSED, "no bridge runs");
    int rc = par_ask_put(&out, type, host, id, (uint32_t)n_fds, body ? body->data : NULL, body ? body->len : 0);
    if (rc == PAR_OK) rc = write_request(client, &out, fds, n_fds, err);
    else par_error_set(err, rc, rc == PAR_E_LIMIT ? "a request of more than %zu bytes" : "out of memory", PAR_ASK_MAX_BYTES);
    par_buffer_fini(&out);
    return rc;
}

static int add_host(par_client *client, uint32_t host)
{
    if (host < client->n_hosts) return PAR_OK;
    par_client_host *hosts = realloc(client->hosts, (host + 1) * sizeof *hosts);
    if (!hosts) return PAR_E_NOMEM;
    memset(hosts + client->n_hosts, 0, (host + 1 - client->n_hosts) * sizeof *hosts);
    client->hosts = hosts;
    client->n_hosts = host + 1;
    return PAR_OK;
}

int par_client_launch(par_client *client, uint32_t host, const par_launch *launch, par_error *err)
{
    par_buffer body = {0};
    int rc = add_host(client, host);
    if (rc == PAR_OK) rc = par_launch_put(&body, launch);
    if (rc != PAR_OK) par_error_set(err, rc, "the command that starts an agent on %s is too long, or memory is out", launch->name);
    else rc = request(client, PAR_ASK_LAUNCH, host, 0, &body, NULL, 0, err);
    par_buffer_fini(&body);
    if (rc == PAR_OK) client->hosts[host].state = PAR_HOST_LAUNCHING;
    return rc;
}

int par_client_set_paths(par_client *client, uint32_t host, const char *path, const char *cpath, par_error *err)
{
    par_buffer body = {0};
    par_frame_writer w = {.out = &body};
    par_frame_text(&w, path);
    par_frame_text(&w, cpath);
    int rc = w.failed;
    if (rc != PAR_OK) par_error_set(err, rc, "package.path or package.cpath is too long, or memory is out");
    else rc = request(client, PAR_ASK_PATHS, host, 0, &body, NULL, 0, err);
    par_buffer_fini(&body);
    return rc;
}

int par_client_drop(par_client *client, uint32_t host, par_error *err)
{
    return request(client, PAR_ASK_DROP, host, 0, NULL, NULL, 0, err);
}

int par_client_start(par_client *client, uint32_t host, uint32_t id, const par_frame_start *start, const char *const *env, int child_socket,
                     const int output[2], par_error *err)
{
    par_buffer frame = {0};
    int fds[PAR_ASK_FDS_MAX] = {child_socket, output[0], output[1] >= 0 ? output[1] : output[0]};
    int rc = par_frame_put_start(&frame, 1, id, start, env);
    if (rc != PAR_OK) {
        par_error_set(err, rc, "the settings of a child for another host are too long (env, cwd), or memory is out");
    } else {
        memmove(frame.data, frame.data + PAR_FRAME_HEADER_BYTES, frame.len - PAR_FRAME_HEADER_BYTES);
        frame.len -= PAR_FRAME_HEADER_BYTES;
        rc = request(client, PAR_ASK_START, host, id, &frame, fds, output[0] >= 0 ? 3 : 1, err);
    }
    par_buffer_fini(&frame);
    return rc;
}

/* --- answers --- */
static void take_group(par_client *client, const par_ask *answer, const uint8_t *body)
{
    size_t len = answer->len - sizeof client->grouped;
    if (answer->len < sizeof client->grouped) return;
    memcpy(&client->grouped, body, sizeof client->grouped);
    client->group_err = (par_error){.code = PAR_OK};
    if (len) par_error_set(&client->group_err, PAR_E_CLOSED, "%.*s", (int)len, (const char *)body + sizeof client->grouped);
}

static void take_answer(par_client *client, const par_ask *answer, const uint8_t *body)
{
    if (answer->type == PAR_ANSWER_GROUP) {
        take_group(client, answer, body);
        return;
    }
    if (add_host(client, answer->host) != PAR_OK) return;
    par_client_host *host = &client->hosts[answer->host];
    host->said.len = 0;
    par_buffer_append(&host->said, body, answer->len);
    par_buffer_append(&host->said, "", 1);
    host->state = answer->type == PAR_ANSWER_UP ? PAR_HOST_UP : PAR_HOST_DOWN;
}

/* Reads what has come. PAR_OK or PAR_E_CLOSED. */
static int read_answers(par_client *client, par_error *err)
{
    for (;;) {
        int n_fds = 0;
        if (par_buffer_reserve(&client->in, 4096) != PAR_OK) return par_error_set(err, PAR_E_NOMEM, "out of memory");
        int n = par_os_socket_read(client->socket, client->in.data + client->in.len, 4096, NULL, 0, &n_fds);
        if (n == PAR_E_AGAIN) return PAR_OK;
        if (n <= 0) return bridge_gone(client, err);
        client->in.len += (size_t)n;
        size_t at = 0;
        par_ask answer;
        const uint8_t *body;
        while (par_ask_next(&client->in, at, &answer, &body) == PAR_OK) {
            take_answer(client, &answer, body);
            at += sizeof answer + answer.len;
        }
        memmove(client->in.data, client->in.data + at, client->in.len - at);
        client->in.len -= at;
    }
}

par_host_state par_client_state(par_client *client, uint32_t host)
{
    par_error ignored;
    if (client->socket < 0 || read_answers(client, &ignored) != PAR_OK) return PAR_HOST_DOWN;
    return host < client->n_hosts ? client->hosts[host].state : PAR_HOST_NONE;
}

int par_client_await(par_client *client, uint32_t host, int64_t deadline_ns, par_error *err)
{
    for (;;) {
        if (client->socket < 0) return par_error_set(err, PAR_E_CLOSED, "no bridge runs");
        int rc = read_answers(client, err);
        if (rc != PAR_OK) return rc;
        par_host_state state = host < client->n_hosts ? client->hosts[host].state : PAR_HOST_NONE;
        if (state == PAR_HOST_UP) return PAR_OK;
        if (state == PAR_HOST_DOWN) return par_error_set(err, PAR_E_CLOSED, "%.480s", (const char *)client->hosts[host].said.data);
        if (state == PAR_HOST_NONE) return par_error_set(err, PAR_E_INVALID, "host %u was not launched", host);
        if (client->interrupted && client->interrupted(client->host)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        int64_t now_ns = par_os_now_ns(), slice_ns = now_ns + PAR_OS_SLICE_NS;
        if (now_ns >= deadline_ns) return par_error_set(err, PAR_E_TIMEOUT, "the host does not answer yet");
        par_os_wait_fd(client->socket, PAR_OS_READABLE, deadline_ns < slice_ns ? deadline_ns : slice_ns);
    }
}

int par_client_hello(par_client *client, uint32_t host, par_frame_hello *out, par_error *err)
{
    if (host >= client->n_hosts || client->hosts[host].state != PAR_HOST_UP || client->hosts[host].said.len == 0)
        return par_error_set(err, PAR_E_INVALID, "host %u is not up", host);
    return par_frame_get_hello(out, client->hosts[host].said.data, client->hosts[host].said.len - 1, err);
}

/* --- groups --- */
int par_client_group(par_client *client, uint32_t key, const par_client_member *members, unsigned n, bool channels, uint64_t ring_bytes,
                     int board_fd, par_error *err)
{
    par_buffer body = {0};
    par_ask_group group = {.seats = n, .channels = channels, .ring_bytes = ring_bytes};
    int rc = par_buffer_append(&body, &group, sizeof group);
    if (rc == PAR_OK) rc = par_buffer_append(&body, members, n * sizeof *members);
    if (rc != PAR_OK) par_error_set(err, rc, "out of memory");
    else rc = request(client, PAR_ASK_GROUP, 0, key, &body, &board_fd, board_fd >= 0, err);
    par_buffer_fini(&body);
    return rc;
}

static int request_with(par_client *client, uint32_t type, uint32_t host, uint32_t key, const void *bytes, size_t len, int fd,
                        par_error *err)
{
    par_buffer body = {0};
    int rc = par_buffer_append(&body, bytes, len);
    if (rc != PAR_OK) par_error_set(err, rc, "out of memory");
    else rc = request(client, type, host, key, &body, &fd, 1, err);
    par_buffer_fini(&body);
    return rc;
}

int par_client_group_bell(par_client *client, uint32_t key, uint32_t seat, int fd, par_error *err)
{
    return request_with(client, PAR_ASK_GROUP_BELL, 0, key, &seat, sizeof seat, fd, err);
}

int par_client_group_peer(par_client *client, uint32_t key, uint32_t seat, uint32_t other, uint32_t host, uint64_t ring_bytes, int fd,
                          par_error *err)
{
    uint64_t what[3] = {seat, other, ring_bytes};
    return request_with(client, PAR_ASK_GROUP_PEER, host, key, what, sizeof what, fd, err);
}

int par_client_group_done(par_client *client, uint32_t key, par_error *err)
{
    int64_t deadline_ns = par_os_now_ns() + WRITE_NS;
    int rc = request(client, PAR_ASK_GROUP_DONE, 0, key, NULL, NULL, 0, err);
    while (rc == PAR_OK && client->grouped != key) {
        rc = read_answers(client, err);
        if (rc != PAR_OK || client->grouped == key) break;
        if (client->interrupted && client->interrupted(client->host)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        int64_t now_ns = par_os_now_ns(), slice_ns = now_ns + PAR_OS_SLICE_NS;
        if (now_ns >= deadline_ns) return par_error_set(err, PAR_E_TIMEOUT, "the bridge does not answer: is it stopped?");
        par_os_wait_fd(client->socket, PAR_OS_READABLE, deadline_ns < slice_ns ? deadline_ns : slice_ns);
    }
    if (rc != PAR_OK || client->group_err.code == PAR_OK) return rc;
    *err = client->group_err;
    return err->code;
}
