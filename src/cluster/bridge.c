#include "cluster/bridge.h"

#include <stdlib.h>
#include <string.h>

#include "link/protocol.h"

#define END_NS INT64_C(300000000)         /* launchers have this long to end by themselves */
#define ANSWER_RETRY_NS INT64_C(10000000) /* answers that found no room are tried again so often */

/* --- requests --- */
static void answer_failure(par_bridge *bridge, uint32_t host, const par_error *err)
{
    par_bridge_answer(bridge, PAR_ANSWER_DOWN, host, err->text, strlen(err->text));
}

static par_host *host_of(const par_bridge *bridge, uint32_t number) { return number < bridge->n_hosts ? bridge->hosts[number] : NULL; }

/* An earlier agent of this host, which is gone. What had come of its children is still to be had. */
static void leave(par_bridge *bridge, uint32_t number)
{
    par_host *host = bridge->hosts[number];
    bridge->hosts[number] = NULL;
    if (!host || host->phase != PAR_HOST_GONE) {
        par_host_free(host);
        return;
    }
    host->next = bridge->former;
    bridge->former = host;
}

static void free_former(par_bridge *bridge, bool all)
{
    for (par_host **at = &bridge->former; *at;) {
        par_host *host = *at;
        if (!all && host->mux && par_remotes_have(bridge, host->mux)) {
            at = &host->next;
            continue;
        }
        *at = host->next;
        par_host_free(host);
    }
}

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
        leave(bridge, ask->host);
        rc = par_host_launch(bridge, ask->host, body, ask->len, &err);
    }
    if (rc != PAR_OK) answer_failure(bridge, ask->host, &err);
}

/* --- descriptors --- */
/* What comes with a request when there is no room for it is lost, and nobody could be told. */
static int keep_reserve(par_bridge *bridge, par_error *err)
{
    int rc = PAR_OK;
    for (int i = 0; i < PAR_RESERVE && rc == PAR_OK; i++)
        if (bridge->reserve[i] < 0) rc = par_os_copy_fd(bridge->socket, &bridge->reserve[i], err);
    return rc;
}

static void use_reserve(par_bridge *bridge)
{
    for (int i = 0; i < PAR_RESERVE; i++) {
        par_os_close(bridge->reserve[i]);
        bridge->reserve[i] = -1;
    }
}

/* Is there as much room as before, with what came? */
static int check_room(par_bridge *bridge, par_error *err)
{
    int rc = keep_reserve(bridge, err);
    use_reserve(bridge);
    if (rc == PAR_OK) return rc;
    return par_error_set(err, rc,
                         "the bridge, the process that holds the connections to other hosts, has as many descriptors as it may "
                         "have (raise the limit: ulimit -n)");
}

static void start(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int *fds)
{
    par_error err;
    par_host *host = host_of(bridge, ask->host);
    if (!host) par_error_set(&err, PAR_E_CLOSED, "it was never asked to come");
    else if (ask->n_fds && check_room(bridge, &err) == PAR_OK &&
             par_remote_start(host, ask->id, body, ask->len, fds, (int)ask->n_fds, &err) == PAR_OK)
        return;
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
    while ((rc = par_ask_next(&bridge->in, at, &ask, &body)) == PAR_OK) {
        while (bridge->n_fds < (int)ask.n_fds) bridge->fds[bridge->n_fds++] = -1; /* the system had no room for them */
        serve_request(bridge, &ask, body);
        at += sizeof ask + ask.len;
    }
    if (rc == PAR_E_CORRUPT) bridge->loop.stop = true;
    memmove(bridge->in.data, bridge->in.data + at, bridge->in.len - at);
    bridge->in.len -= at;
}

static void on_requests(par_source *source)
{
    par_error ignored;
    par_bridge *bridge = source->user;
    int n = PAR_E_AGAIN, n_fds = 0;
    use_reserve(bridge);
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
    keep_reserve(bridge, &ignored);
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
    free_former(bridge, false);
    par_spreads_serve(&bridge->spreads);
    for (uint32_t i = 0; i < bridge->n_hosts; i++) {
        if (!bridge->hosts[i]) continue;
        int64_t then_ns = par_host_tick(bridge->hosts[i], now_ns);
        if (then_ns < next_ns) next_ns = then_ns;
    }
    if (!par_bridge_tell(bridge) && now_ns + ANSWER_RETRY_NS < next_ns) next_ns = now_ns + ANSWER_RETRY_NS;
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
    free_former(bridge, true);
    free(bridge->hosts);
    par_doors_close(bridge->doors, &bridge->loop);
    par_buffer_fini(&bridge->in);
    par_buffer_fini(&bridge->answers);
}

int par_bridge_serve(int socket, par_error *err)
{
    par_bridge bridge = {.socket = socket, .requests = {.fd = -1, .on_readable = on_requests, .user = &bridge}};
    const par_loop_role role = {&bridge, on_round};
    par_os_serve_quietly();
    for (int i = 0; i < PAR_RESERVE; i++) bridge.reserve[i] = -1;
    int rc = par_os_socket_prepare(socket, err);
    if (rc == PAR_OK) rc = par_loop_open(&bridge.loop, &role, err);
    if (rc != PAR_OK) return rc;
    rc = par_loop_watch(&bridge.loop, &bridge.requests, socket, err);
    if (rc == PAR_OK) rc = par_loop_run(&bridge.loop, err);
    end_all(&bridge);
    use_reserve(&bridge);
    par_loop_close(&bridge.loop);
    return rc;
}
