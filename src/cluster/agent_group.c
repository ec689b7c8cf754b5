#include "cluster/agent_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/between.h"
#include "link/peer.h"
#include "link/share.h"

#define CHANNELS_MAX 32u /* members that have channels among each other */

struct par_handout {
    par_handout *next;
    uint32_t key, stream, seat;
    unsigned first; /* [0] is the member's seat, [1] its bell if the group is on other hosts too, from here on channels to the others */
    unsigned n;
    par_blob *blobs[];
};

typedef struct making {
    par_agent *agent;
    par_frame_group group;
    uint32_t key;
    uint32_t *places, *streams; /* by seat */
    bool spread;                /* not all are here */
} making;

/* --- what each is handed --- */
static par_handout *find(const par_agent *agent, uint32_t key, uint32_t seat)
{
    par_handout *one = agent->handouts;
    while (one && (one->key != key || one->seat != seat)) one = one->next;
    return one;
}

static void handout_free(par_handout *one)
{
    for (unsigned i = 0; i < one->n; i++) par_blob_release(one->blobs[i]);
    free(one);
}

void par_agent_group_forget(par_agent *agent, uint32_t stream)
{
    for (par_handout **at = &agent->handouts; *at;) {
        par_handout *one = *at;
        if (one->stream != stream) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        handout_free(one);
    }
}

void par_agent_groups_end(par_agent *agent)
{
    while (agent->handouts) par_agent_group_forget(agent, agent->handouts->stream);
    par_spreads_close(&agent->spreads);
}

static int put(par_handout *one, unsigned at, int fd, par_error *err)
{
    par_blob *blob = at < one->n && !one->blobs[at] ? par_share_descriptor(fd) : NULL;
    if (!blob) {
        par_os_close(fd);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    }
    one->blobs[at] = blob;
    return PAR_OK;
}

/* Where the channel to another member stands. */
static unsigned place_of(const par_handout *one, uint32_t other) { return one->first + (other > one->seat ? other - 1 : other); }

/* --- making it --- */
static int add_handout(const making *m, uint32_t seat, par_error *err)
{
    if (!m->streams[seat]) return PAR_OK;
    unsigned first = m->spread ? 2 : 1, n = first + (m->group.channels ? m->group.seats - 1 : 0);
    par_handout *one = calloc(1, sizeof *one + n * sizeof *one->blobs);
    if (!one) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    *one = (par_handout){.next = m->agent->handouts, .key = m->key, .stream = m->streams[seat], .seat = seat, .first = first, .n = n};
    m->agent->handouts = one;
    return PAR_OK;
}

static int give_seat(const making *m, int board_fd, uint32_t seat, par_error *err)
{
    int fd, bell[2];
    par_handout *one = find(m->agent, m->key, seat);
    if (!one) return PAR_OK;
    const par_stream *stream = par_stream_of(m->agent->mux, m->streams[seat]);
    const par_agent_child *child = stream->user;
    int rc = par_board_seat_pid(board_fd, m->group.seats, seat, child->pid, err);
    if (rc == PAR_OK) rc = par_board_seat_fd(board_fd, m->group.seats, seat, &fd, err);
    if (rc == PAR_OK) rc = put(one, 0, fd, err);
    if (rc != PAR_OK || !m->spread) return rc;
    rc = par_os_socketpair(bell, err);
    if (rc != PAR_OK) return rc;
    rc = par_spread_add_bell(par_spread_find(m->agent->spreads, m->key), seat, bell[0], err);
    if (rc == PAR_OK) rc = put(one, 1, bell[1], err);
    else par_os_close(bell[1]);
    return rc;
}

static bool is_here(const making *m, uint32_t seat) { return m->places[seat] == m->group.own; }

/* NULL: the member has ended, and the other one sees the end of the channel. */
static int give_channel(par_handout *to, uint32_t other, int socket, par_error *err)
{
    if (to) return put(to, place_of(to, other), socket, err);
    par_os_close(socket);
    return PAR_OK;
}

/* Between two children of ours; those to others come with a frame PEER each. */
static int make_channels(const making *m, par_error *err)
{
    int rc = PAR_OK;
    for (uint32_t i = 0; i < m->group.seats && rc == PAR_OK; i++)
        for (uint32_t k = i + 1; k < m->group.seats && rc == PAR_OK; k++) {
            int sockets[2];
            par_handout *one = find(m->agent, m->key, i), *other = find(m->agent, m->key, k);
            if (!is_here(m, i) || !is_here(m, k) || (!one && !other)) continue;
            rc = par_peer_pair((size_t)m->group.ring_bytes, sockets, err);
            if (rc != PAR_OK) break;
            rc = give_channel(one, k, sockets[0], err);
            if (rc == PAR_OK) rc = give_channel(other, i, sockets[1], err);
            else par_os_close(sockets[1]);
        }
    return rc;
}

static int make(const making *m, int board_fd, par_error *err)
{
    par_spread *spread;
    int rc = PAR_OK;
    if (m->spread)
        rc = par_spread_open(&spread, &m->agent->spreads, &m->agent->loop, m->key, board_fd, m->group.seats, m->places, m->group.own, err);
    if (rc == PAR_OK && m->spread) rc = par_spread_connect(spread, m->agent->mux, 0, true, err);
    for (uint32_t seat = 0; seat < m->group.seats && rc == PAR_OK; seat++)
        if (is_here(m, seat)) rc = add_handout(m, seat, err);
    for (uint32_t seat = 0; seat < m->group.seats && rc == PAR_OK; seat++)
        if (is_here(m, seat)) rc = give_seat(m, board_fd, seat, err);
    if (rc == PAR_OK && m->spread) par_spread_give_up(spread); /* those who have ended meanwhile */
    return rc == PAR_OK && m->group.channels ? make_channels(m, err) : rc;
}

static int read_members(making *m, par_frame_reader *reader, par_error *err)
{
    for (uint32_t seat = 0; seat < m->group.seats; seat++) {
        m->places[seat] = par_frame_read_u32(reader, "place");
        m->streams[seat] = par_frame_read_u32(reader, "stream");
        if (!is_here(m, seat)) {
            m->spread = true;
            continue;
        }
        const par_stream *stream = par_stream_of(m->agent->mux, m->streams[seat]);
        if (stream && stream->is_peer) return par_error_set(err, PAR_E_CORRUPT, "a member of a group that is no child");
        if (!stream || !stream->user) m->streams[seat] = 0; /* it has ended meanwhile */
    }
    return par_frame_close(reader, PAR_FRAME_GROUP, err);
}

static int make_board(making *m, par_frame_reader *reader, par_error *err)
{
    int board_fd = -1;
    m->places = malloc(m->group.seats * sizeof *m->places);
    m->streams = malloc(m->group.seats * sizeof *m->streams);
    int rc = m->places && m->streams ? PAR_OK : par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    if (rc == PAR_OK) rc = read_members(m, reader, err);
    if (rc == PAR_OK) rc = par_board_make(m->group.seats, &board_fd, err);
    if (rc == PAR_OK) rc = make(m, board_fd, err);
    par_os_close(board_fd);
    free(m->places);
    free(m->streams);
    return rc;
}

int par_agent_group_make(par_agent *agent, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_reader reader = par_frame_open(body, frame->len);
    making m = {.agent = agent, .key = frame->aux};
    m.group.seats = par_frame_read_u32(&reader, "seats");
    m.group.own = par_frame_read_u32(&reader, "own place");
    m.group.channels = par_frame_read_u32(&reader, "channels");
    m.group.ring_bytes = par_frame_read_u64(&reader, "ring");
    uint64_t left = (uint64_t)(reader.end - reader.at);
    if (reader.failed || m.group.seats == 0 || m.group.seats > PAR_GROUP_MEMBERS_MAX || left != 8 * (uint64_t)m.group.seats ||
        (m.group.channels && m.group.seats > CHANNELS_MAX) || m.group.ring_bytes > PAR_RING_MAX_BYTES ||
        par_spread_find(agent->spreads, m.key) || !agent->welcomed)
        return par_error_set(err, PAR_E_CORRUPT, "a group that cannot be");
    return make_board(&m, &reader, err);
}

int par_agent_group_join(par_agent *agent, const par_frame *frame, const uint8_t *body, par_error *err)
{
    int sockets[2];
    par_frame_reader reader = par_frame_open(body, frame->len);
    uint32_t seat = par_frame_read_u32(&reader, "seat"), other = par_frame_read_u32(&reader, "other seat");
    uint64_t ring_bytes = par_frame_read_u64(&reader, "ring");
    int rc = par_frame_close(&reader, PAR_FRAME_PEER, err);
    if (rc != PAR_OK) return rc;
    par_handout *one = find(agent, frame->aux, seat);
    if (ring_bytes > PAR_RING_MAX_BYTES || other == seat || other >= PAR_GROUP_MEMBERS_MAX || (one && place_of(one, other) >= one->n))
        return par_error_set(err, PAR_E_CORRUPT, "a channel of a group that cannot be");
    rc = par_peer_pair((size_t)ring_bytes, sockets, err);
    if (rc != PAR_OK) return rc;
    rc = give_channel(one, other, sockets[0], err);
    if (rc == PAR_OK) return par_between_open(agent->mux, frame->stream, sockets[1], err);
    par_os_close(sockets[1]);
    return rc;
}

int par_agent_group_deliver(par_agent *agent, par_stream *stream, const uint8_t *bytes, size_t len, par_error *err)
{
    uint32_t key;
    if (len < sizeof key) return par_error_set(err, PAR_E_CORRUPT, "stream %u: a group without a key", stream->id);
    memcpy(&key, bytes, sizeof key);
    par_handout **at = &agent->handouts;
    while (*at && ((*at)->key != key || (*at)->stream != stream->id)) at = &(*at)->next;
    par_handout *one = *at;
    if (!one) return par_error_set(err, PAR_E_CORRUPT, "stream %u: a group that was not made", stream->id);
    *at = one->next;
    unsigned n = 0;
    while (n < one->n && one->blobs[n]) n++;
    int rc = par_stream_deliver(stream, PAR_KIND_GROUP, bytes + sizeof key, len - sizeof key, one->blobs, n);
    handout_free(one);
    return rc == PAR_OK ? rc : par_error_set(err, rc, "not enough memory for a group");
}
