/* Groups of which children on other hosts are members, as the bridge makes them: it tells the agents, leads channels from one host to
 * the other, and keeps the board of the members on its own host. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/between.h"
#include "cluster/bridge.h"
#include "link/peer.h"

typedef struct making {
    par_bridge *bridge;
    uint32_t key;
    par_ask_group group;
    uint32_t *places, *streams; /* by seat */
    par_error *err;
} making;

static par_host *host_of(const par_bridge *bridge, uint32_t number) { return number < bridge->n_hosts ? bridge->hosts[number] : NULL; }

static int find_member(making *m, uint32_t seat, uint32_t id)
{
    uint32_t place = m->places[seat];
    if (place == 0) return PAR_OK;
    const par_host *host = host_of(m->bridge, place);
    if (!host || host->phase != PAR_HOST_RUNNING || host->mux->lost)
        return par_error_set(m->err, PAR_E_CLOSED, "child %u: its host is not reached any more", id);
    const par_remote *remote = par_remote_of(m->bridge, host, id);
    if (!remote) return par_error_set(m->err, PAR_E_CLOSED, "child %u has ended", id);
    m->streams[seat] = remote->stream->id;
    return PAR_OK;
}

static int find_members(making *m, const uint8_t *body)
{
    int rc = PAR_OK;
    for (uint32_t seat = 0; seat < m->group.seats && rc == PAR_OK; seat++) {
        uint32_t pair[2];
        memcpy(pair, body + seat * sizeof pair, sizeof pair);
        m->places[seat] = pair[0];
        rc = find_member(m, seat, pair[1]);
    }
    return rc;
}

/* Is this the first of the members that are there? */
static bool is_first(const making *m, uint32_t seat)
{
    for (uint32_t i = 0; i < seat; i++)
        if (m->places[i] == m->places[seat]) return false;
    return true;
}

static int tell_host(const making *m, const par_host *host)
{
    par_frame_writer w = par_frame_begin(&host->mux->out, PAR_FRAME_GROUP, 0, m->key, 0);
    par_frame_u32(&w, m->group.seats);
    par_frame_u32(&w, host->number);
    par_frame_u32(&w, m->group.channels);
    par_frame_u64(&w, m->group.ring_bytes);
    for (uint32_t seat = 0; seat < m->group.seats; seat++) {
        par_frame_u32(&w, m->places[seat]);
        par_frame_u32(&w, m->streams[seat]);
    }
    int rc = par_frame_end(&w);
    return rc == PAR_OK ? rc : par_error_set(m->err, rc, "not enough memory for a group");
}

static int connect_all(const making *m, int board_fd)
{
    par_spread *spread = NULL;
    int rc = PAR_OK;
    if (board_fd >= 0)
        rc = par_spread_open(&spread, &m->bridge->spreads, &m->bridge->loop, m->key, board_fd, m->group.seats, m->places, 0, m->err);
    for (uint32_t seat = 0; seat < m->group.seats && rc == PAR_OK; seat++) {
        if (m->places[seat] == 0 || !is_first(m, seat)) continue;
        par_host *host = host_of(m->bridge, m->places[seat]);
        rc = tell_host(m, host);
        if (rc == PAR_OK && spread) rc = par_spread_connect(spread, host->mux, host->number, false, m->err);
    }
    return rc;
}

/* One end of a channel: the stream to the member with this seat. The socket is taken over. */
static int lead(const making *m, const par_host *host, uint32_t seat, uint32_t other, int socket)
{
    par_mux *mux = host->mux;
    uint32_t id = par_remote_free_stream(mux);
    if (id == 0) {
        par_os_close(socket);
        return par_error_set(m->err, PAR_E_LIMIT, "more than %u streams to one host", PAR_STREAMS_MAX);
    }
    par_frame_writer w = par_frame_begin(&mux->out, PAR_FRAME_PEER, id, m->key, 0);
    par_frame_u32(&w, seat);
    par_frame_u32(&w, other);
    par_frame_u64(&w, m->group.ring_bytes);
    int rc = par_frame_end(&w);
    if (rc == PAR_OK) return par_between_open(mux, id, socket, m->err);
    par_os_close(socket);
    return par_error_set(m->err, rc, "not enough memory for a group");
}

/* Between two that are both on other hosts, but not on the same. */
static int lead_all(const making *m)
{
    int rc = PAR_OK;
    for (uint32_t i = 0; i < m->group.seats && rc == PAR_OK; i++)
        for (uint32_t k = i + 1; k < m->group.seats && rc == PAR_OK; k++) {
            int sockets[2];
            if (m->places[i] == m->places[k] || m->places[i] == 0 || m->places[k] == 0) continue;
            rc = par_peer_pair((size_t)m->group.ring_bytes, sockets, m->err);
            if (rc != PAR_OK) break;
            rc = lead(m, host_of(m->bridge, m->places[i]), i, k, sockets[0]);
            if (rc == PAR_OK) rc = lead(m, host_of(m->bridge, m->places[k]), k, i, sockets[1]);
            else par_os_close(sockets[1]);
        }
    return rc;
}

static int make(making *m, const uint8_t *body, size_t len, int board_fd)
{
    if (len < sizeof m->group) return par_error_set(m->err, PAR_E_INVALID, "a request that cannot be");
    memcpy(&m->group, body, sizeof m->group);
    if (m->group.seats == 0 || m->group.seats > PAR_GROUP_MEMBERS_MAX || len - sizeof m->group != (size_t)8 * m->group.seats)
        return par_error_set(m->err, PAR_E_INVALID, "a request that cannot be");
    m->places = malloc(m->group.seats * sizeof *m->places);
    m->streams = calloc(m->group.seats, sizeof *m->streams);
    if (!m->places || !m->streams) return par_error_set(m->err, PAR_E_NOMEM, "not enough memory for a group");
    int rc = find_members(m, body + sizeof m->group);
    if (rc == PAR_OK) rc = connect_all(m, board_fd);
    return rc == PAR_OK && m->group.channels ? lead_all(m) : rc;
}

void par_bridge_group(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int fd)
{
    making m = {.bridge = bridge, .key = ask->id, .err = &bridge->group_err};
    bridge->group_err = (par_error){.code = PAR_OK};
    int rc = make(&m, body, ask->len, fd);
    bridge->group_err.code = rc;
    par_os_close(fd);
    free(m.places);
    free(m.streams);
}

void par_bridge_group_bell(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int fd)
{
    uint32_t seat = UINT32_MAX;
    par_spread *spread = bridge->group_err.code == PAR_OK ? par_spread_find(bridge->spreads, ask->id) : NULL;
    if (ask->len == sizeof seat) memcpy(&seat, body, sizeof seat);
    if (spread && fd >= 0) bridge->group_err.code = par_spread_add_bell(spread, seat, fd, &bridge->group_err);
    else par_os_close(fd);
}

void par_bridge_group_peer(par_bridge *bridge, const par_ask *ask, const uint8_t *body, int fd)
{
    uint64_t what[3] = {0};
    making m = {.bridge = bridge, .key = ask->id, .err = &bridge->group_err};
    const par_host *host = host_of(bridge, ask->host);
    if (ask->len == sizeof what) memcpy(what, body, sizeof what);
    m.group.ring_bytes = what[2];
    if (bridge->group_err.code != PAR_OK || !host || !host->mux || host->mux->lost) par_os_close(fd);
    else bridge->group_err.code = lead(&m, host, (uint32_t)what[1], (uint32_t)what[0], fd);
}

void par_bridge_group_done(par_bridge *bridge, const par_ask *ask)
{
    const par_error *err = &bridge->group_err;
    par_spread *spread = par_spread_find(bridge->spreads, ask->id);
    if (spread) par_spread_give_up(spread); /* of those here that are to come all have a bell */
    uint8_t answer[sizeof ask->id + sizeof err->text];
    size_t len = err->code == PAR_OK ? 0 : strlen(err->text);
    memcpy(answer, &ask->id, sizeof ask->id);
    memcpy(answer + sizeof ask->id, err->text, len);
    par_bridge_answer(bridge, PAR_ANSWER_GROUP, 0, answer, sizeof ask->id + len);
}
