#include "cluster/bridge.h"

#include <stdlib.h>
#include <string.h>

#include "link/protocol.h"

#define END_NS INT64_C(300000000) /* launchers have this long to end by themselves */

/* --- requests --- */
static void answer_failure(par_bridge *bridge, uint32_t host, const par_error *err)
{
    par_bridge_answer(bridge, PAR_ANSWER_DOWN, host, err->text, strlen(err->text));
}

static par_host *host_of(const par_bridge *bridge, uint32_t number) { return number < bridge->n_hosts ? bridge->hosts[number] : NULL; }

static void launch(par_bridge *bridge, const par_ask *ask, const uint8_t *body)
{
    par_error err;
    int rc = PAR_OK;
    if (ask->host >= PAR_HOSTS_MAX) rc = par_error_set(&err, PAR_E_LIMIT, "more than %u hosts", PAR_HOSTS_MAX);
    if (rc == PAR_OK && ask->host >= bridge->n_hosts) {
        par_host **hosts = realloc(bridge->hosts, (ask->host + 1) * sizeof *hosts);
        if (!hosts) rc = par_error_set(&err, PAR_E_NOMEM, "out of memory");
        else {
            for (uint32_t i = bridge->n_hosts; i <= ask->host; i++) hosts[i] = NULL;
            bridge->hosts = hosts;
            bridge->n_hosts = ask->host + 1;
        }
    }
    if (rc == PAR_OK) {
        par_host_free(bridge->hosts[ask->host]); /* an earlier agent of this host, which is gone */
        bridge->hosts[ask->host] = NULL;
        rc = par_host_launch(bridge, ask->host, body, ask->len, &err);
    }
    if (rc != PAR_OK) answer_failure(bridge, ask->host, &err);
}

static void start(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int *fds)
{
    par_error err;
    par_host *host = host_of(bridge, ask->host);
    if (!host) par_error_set(&err, PAR_E_CLOSED, "it was never asked to come");
    else if (ask->n_fds && par_remote_start(host, ask->id, body, ask->len, fds, (int)ask->n_fds, &err) == PAR_OK) return;
    if (ask->n_fds && fds[0] >= 0) par_remote_refuse(fds[0], err.text);
    for (uint32_t i = 1; i < ask->n_fds; i++) par_os_close(fds[i]);
}

static void serve_request(par_bridge *bridge, const par_ask *ask, const uint8_t *body)
{
    int fds[PAR_ASK_FDS_MAX], n = (int)ask->n_fds;
    memcpy(fds, bridge->fds, (size_t)n * sizeof *fds);
    bridge->n_fds -= n;
    memmove(bridge->fds, bridge->fds + n, (size_t)bridge->n_fds * sizeof *fds);
    par_host *host = host_of(bridge, ask->host);
    switch (ask->type) {
    case PAR_ASK_LAUNCH: launch(bridge, ask, body); break;
    case PAR_ASK_START: start(bridge, ask, body, fds); return;
    case PAR_ASK_PATHS:
        if (host) par_host_set_paths(host, body, ask->len);
        break;
    case PAR_ASK_GROUP: par_bridge_group(bridge, ask, body, n ? fds[0] : -1); return;
    case PAR_ASK_GROUP_BELL: par_bridge_group_bell(bridge, ask, body, n ? fds[0] : -1); return;
    case PAR_ASK_GROUP_PEER: par_bridge_group_peer(bridge, ask, body, n ? fds[0] : -1); return;
    case PAR_ASK_GROUP_DONE: par_bridge_group_done(bridge, ask); break;
    case PAR_ASK_DROP:
        if (host) par_host_drop(host, "it was closed by the program");
        break;
    default: bridge->loop.stop = true;
    }
    for (int i = 0; i < n; i++) par_os_close(fds[i]);
}

static void serve_requests(par_bridge *bridge)
{
    size_t at = 0;
    int rc;
    par_ask ask;
    const uint8_t *body;
    while ((rc = par_ask_next(&bridge->in, at, &ask, &body)) == PAR_OK && (int)ask.n_fds <= bridge->n_fds) {
        serve_request(bridge, &ask, body);
        at += sizeof ask + ask.len;
    }
    if (rc == PAR_OK || rc == PAR_E_CORRUPT) bridge->loop.stop = true;
    memmove(bridge->in.data, bridge->in.data + at, bridge->in.len - at);
    bridge->in.len -= at;
}

static void on_requests(par_source *source)
{
    par_bridge *bridge = source->user;
    int n = PAR_E_AGAIN, n_fds = 0;
    if (par_buffer_reserve(&bridge->in, 65536) == PAR_OK)
        n = par_os_socket_read(bridge->socket, bridge->in.data + bridge->in.len, 65536, bridge->fds + bridge->n_fds,
                               PAR_OS_FDS_MAX - bridge->n_fds, &n_fds);
    bridge->n_fds += n_fds;
    if (n > 0) {
        bridge->in.len += (size_t)n;
        serve_requests(bridge);
    } else if (n != PAR_E_AGAIN) {
        bridge->loop.stop = true; /* the user's process is gone */
    }
}

/* --- the loop --- */
/* Does an agent that connects by itself still have to come? */
static bool expects_callers(const par_bridge *bridge)
{
    for (uint32_t i = 0; i < bridge->n_hosts; i++)
        if (bridge->hosts[i] && bridge->hosts[i]->dials && bridge->hosts[i]->phase == PAR_HOST_GREETING) return true;
    return false;
}

/* Has something come by libzmq that is not read yet? No descriptor tells of it any more. What still comes from a host that is lost is
 * read by nobody. */
static bool hubs_have(const par_bridge *bridge)
{
    for (uint32_t i = 0; i < bridge->n_hosts; i++) {
        const par_host *host = bridge->hosts[i];
        if (host && host->dialed && host->mux && !host->mux->lost && par_hub_has(host->dialed)) return true;
    }
    return false;
}

static int64_t on_round(void *context, int64_t now_ns)
{
    par_bridge *bridge = context;
    par_doors_serve(bridge->doors);
    int64_t next_ns = par_remotes_tick(bridge, now_ns);
    par_spreads_serve(&bridge->spreads);
    for (uint32_t i = 0; i < bridge->n_hosts; i++) {
        if (!bridge->hosts[i]) continue;
        int64_t then_ns = par_host_tick(bridge->hosts[i], now_ns);
        if (then_ns < next_ns) next_ns = then_ns;
    }
    if (par_spreads_have(bridge->spreads)) next_ns = 0;
    if (!bridge->doors) return next_ns;
    if (!expects_callers(bridge)) par_doors_rest(bridge->doors);
    int64_t then_ns = par_doors_tick(bridge->doors, now_ns);
    bool all = par_doors_serve(bridge->doors); /* also what came while others were written to */
    return !all || hubs_have(bridge) ? 0 : then_ns < next_ns ? then_ns : next_ns;
}

static bool launchers_left(par_bridge *bridge)
{
    bool left = false;
    for (uint32_t i = 0; i < bridge->n_hosts; i++) {
        if (bridge->hosts[i] && !par_launcher_ended(&bridge->hosts[i]->launcher)) left = true;
    }
    return left;
}

static void end_all(par_bridge *bridge)
{
    for (uint32_t i = 0; i < bridge->n_hosts; i++)
        if (bridge->hosts[i]) par_host_drop(bridge->hosts[i], "the program has ended");
    int64_t patience_ns = par_os_now_ns() + END_NS;
    while (launchers_left(bridge) && par_os_now_ns() < patience_ns) par_os_sleep_ns(1000000);
    par_spreads_close(&bridge->spreads);
    while (bridge->remotes) {
        par_remote *remote = bridge->remotes;
        bridge->remotes = remote->next;
        par_remote_free(remote);
    }
    for (uint32_t i = 0; i < bridge->n_hosts; i++) par_host_free(bridge->hosts[i]);
    free(bridge->hosts);
    par_doors_close(bridge->doors, &bridge->loop);
    par_buffer_fini(&bridge->in);
}

int par_bridge_serve(int socket, par_error *err)
{
    par_bridge bridge = {.socket = socket, .requests = {.fd = -1, .on_readable = on_requests, .user = &bridge}};
    const par_loop_role role = {&bridge, on_round};
    par_os_serve_quietly();
    int rc = par_os_socket_prepare(socket, err);
    if (rc == PAR_OK) rc = par_loop_open(&bridge.loop, &role, err);
    if (rc != PAR_OK) return rc;
    rc = par_loop_watch(&bridge.loop, &bridge.requests, socket, err);
    if (rc == PAR_OK) rc = par_loop_run(&bridge.loop, err);
    end_all(&bridge);
    par_loop_close(&bridge.loop);
    return rc;
}
