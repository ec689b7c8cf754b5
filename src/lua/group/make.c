/* Making a group: the parent hands each member a message with all that it has to know, and descriptors: the member's own of the board,
 * its bell if some members are on other hosts, then those of channels to other members. Members on other hosts are handed theirs by
 * their agents, which the bridge has asked. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "group/board.h"
#include "link/message.h"
#include "link/peer.h"
#include "link/share.h"
#include "lua/child/ends.h"
#include "lua/child/handle.h"
#include "lua/cluster.h"
#include "lua/error.h"
#include "lua/group/parts.h"
#include "os/os.h"

#define PEERS_MAX 32 /* members that have channels among each other: each has one to each */

/* What goes to the members that are here: descriptors as blobs, by member and place in its message; freed by Lua whatever is raised. */
typedef struct handout {
    unsigned n, each, first; /* members, descriptors for each, which of them is the first channel: its seat and its bell come before */
    par_blob **blobs;
} handout;

typedef struct making {
    handout *h;
    par_lua_link **links;     /* by member */
    par_client_member *where; /* the same */
    par_client *client;       /* NULL: all are here */
    uint32_t key, only;       /* only: the host that all are on; 0: this one, or several */
    size_t ring_bytes;
    bool channels;
} making;

static int handout_gc(lua_State *L)
{
    handout *h = lua_touserdata(L, 1);
    for (unsigned i = 0; h->blobs && i < h->n * h->each; i++) par_blob_release(h->blobs[i]);
    free(h->blobs);
    *h = (handout){0};
    return 0;
}

static handout *handout_new(lua_State *L, unsigned n, bool channels, bool spread)
{
    handout *h = lua_newuserdata(L, sizeof *h);
    *h = (handout){0};
    if (luaL_newmetatable(L, "parallel.handout")) {
        lua_pushcfunction(L, handout_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    h->n = n;
    h->first = spread ? 2 : 1;
    h->each = h->first + (channels ? n - 1 : 0);
    h->blobs = calloc(n * h->each, sizeof *h->blobs);
    if (!h->blobs) luaL_error(L, "not enough memory for a group");
    return h;
}

static int put_descriptor(handout *h, unsigned member, unsigned k, int fd, par_error *err)
{
    par_blob *blob = par_share_descriptor(fd);
    if (!blob) {
        par_os_close(fd);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    }
    h->blobs[member * h->each + k] = blob;
    return PAR_OK;
}

static int put_channel(handout *h, unsigned member, unsigned other, int fd, par_error *err)
{
    return put_descriptor(h, member, h->first + (other > member ? other - 1 : other), fd, err);
}

static bool is_here(const making *m, unsigned member) { return m->where[member].host == 0; }

static int make_seat(const making *m, int board_fd, unsigned i, par_error *err)
{
    int fd, bell[2];
    if (!m->links[i]->link) return par_error_set(err, PAR_E_CLOSED, "parallel.group: child %u was closed", (unsigned)m->links[i]->id);
    int rc = par_board_seat_pid(board_fd, m->h->n, i, m->links[i]->link->pid, err);
    if (rc == PAR_OK) rc = par_board_seat_fd(board_fd, m->h->n, i, &fd, err);
    if (rc == PAR_OK) rc = put_descriptor(m->h, i, 0, fd, err);
    if (rc != PAR_OK || !m->client) return rc;
    rc = par_os_socketpair(bell, err);
    if (rc != PAR_OK) return rc;
    rc = par_client_group_bell(m->client, m->key, i, bell[0], err);
    par_os_close(bell[0]);
    if (rc == PAR_OK) return put_descriptor(m->h, i, 1, bell[1], err);
    par_os_close(bell[1]);
    return rc;
}

/* All signs of life are there before the first member is told of any. */
static int make_seats(const making *m, int board_fd, par_error *err)
{
    int rc = PAR_OK;
    for (unsigned i = 0; i < m->h->n && rc == PAR_OK; i++)
        if (is_here(m, i)) rc = make_seat(m, board_fd, i, err);
    return rc;
}

/* From a member here to another one, wherever that is. */
static int make_channel(const making *m, unsigned i, unsigned k, par_error *err)
{
    int sockets[2], rc = par_peer_pair(m->ring_bytes, sockets, err);
    if (rc != PAR_OK) return rc;
    rc = put_channel(m->h, i, k, sockets[0], err);
    if (rc == PAR_OK && is_here(m, k)) return put_channel(m->h, k, i, sockets[1], err);
    if (rc == PAR_OK) rc = par_client_group_peer(m->client, m->key, i, k, m->where[k].host, m->ring_bytes, sockets[1], err);
    par_os_close(sockets[1]);
    return rc;
}

static int make_channels(const making *m, par_error *err)
{
    int rc = PAR_OK;
    for (unsigned i = 0; i < m->h->n && rc == PAR_OK; i++)
        for (unsigned k = 0; k < m->h->n && rc == PAR_OK; k++)
            if (is_here(m, i) && k != i && (k > i || !is_here(m, k))) rc = make_channel(m, i, k, err);
    return rc;
}

static int make_all(const making *m, par_error *err)
{
    int board_fd = -1, rc = m->only ? PAR_OK : par_board_make(m->h->n, &board_fd, err);
    if (rc == PAR_OK && m->client) rc = par_client_group(m->client, m->key, m->where, m->h->n, m->channels, m->ring_bytes, board_fd, err);
    if (rc == PAR_OK) rc = make_seats(m, board_fd, err);
    par_os_close(board_fd);
    if (rc == PAR_OK && m->channels) rc = make_channels(m, err);
    if (!m->client) return rc;
    par_error done;
    int asked = par_client_group_done(m->client, m->key, &done); /* also of one that failed: it is given up then */
    if (rc != PAR_OK || asked == PAR_OK) return rc;
    *err = done;
    return asked;
}

/* The message for a member: the value at idx, and its descriptors, which are gone here afterwards. */
static int send_here(const making *m, unsigned i, const par_encoded *encoded, par_error *err)
{
    par_payload payloads[PEERS_MAX + 2];
    const handout *h = m->h;
    for (unsigned k = 0; k < h->each; k++) payloads[k] = (par_payload){.blob = h->blobs[i * h->each + k], .shared = true};
    return par_link_send(m->links[i]->link, PAR_KIND_GROUP, encoded->bytes, encoded->len, payloads, h->each, PAR_NEVER, err);
}

/* Its agent takes the key away, and adds what it has for this member. */
static int send_away(const making *m, unsigned i, const par_encoded *encoded, par_error *err)
{
    par_buffer bytes = {0};
    int rc = par_buffer_append(&bytes, &m->key, sizeof m->key);
    if (rc == PAR_OK) rc = par_buffer_append(&bytes, encoded->bytes, encoded->len);
    if (rc != PAR_OK) par_error_set(err, rc, "not enough memory for a group");
    else rc = par_link_send(m->links[i]->link, PAR_KIND_GROUP, bytes.data, bytes.len, NULL, 0, PAR_NEVER, err);
    par_buffer_fini(&bytes);
    return rc;
}

static int post(lua_State *L, const making *m, unsigned i, int idx, par_error *err)
{
    par_encoded encoded;
    par_lua_link *member = m->links[i];
    int rc = par_codec_encode(L, member->codec, idx, 1, "group", PAR_ENCODE_INLINE | member->encode_flags, NULL, 0, &encoded, err);
    if (rc != PAR_OK) return rc;
    rc = is_here(m, i) ? send_here(m, i, &encoded, err) : send_away(m, i, &encoded, err);
    par_codec_sent(L, &encoded);
    return rc;
}

static void post_checked(lua_State *L, const making *m, unsigned i, int idx)
{
    par_error err;
    par_lua_use use = par_lua_enter(L, m->links[i]);
    int rc = post(L, m, i, idx, &err);
    par_lua_link_settle(L, m->links[i], par_lua_leave(m->links[i], use), rc, &err, "make a group with");
}

/* Members at 1, their hosts at 5 and the bridge at 6, if there is one. */
static making read_members(lua_State *L, unsigned n)
{
    making m = {.links = lua_newuserdata(L, (n + 1) * sizeof *m.links), .where = lua_newuserdata(L, (n + 1) * sizeof *m.where)};
    for (unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (int)i + 1);
        m.links[i] = par_lua_link_check(L, lua_gettop(L));
        m.where[i] = (par_client_member){.id = m.links[i]->id};
        lua_pop(L, 1);
        if (lua_isnil(L, 5)) continue;
        lua_rawgeti(L, 5, (int)i + 1);
        m.where[i].host = (uint32_t)lua_tonumber(L, -1);
        lua_pop(L, 1);
        if (m.where[i].host) m.client = par_lua_bridge_to(L, 6);
        if (m.where[i].host && !m.client) par_lua_misuse(L, "parallel.group: there is no bridge any more");
    }
    m.only = n ? m.where[0].host : 0;
    for (unsigned i = 1; i < n; i++)
        if (m.where[i].host != m.only) m.only = 0;
    return m;
}

/* core.group.make(members, told, channels, ring_bytes, hosts, bridge, key): members is a list of children, told[i] the table that member i
 * gets, hosts[i] the number of its host, 0 is this one; nil: all are here. key: a number that no other group has */
static int group_make(lua_State *L)
{
    par_error err;
    lua_settop(L, 7);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    unsigned n = (unsigned)lua_rawlen(L, 1);
    making m = read_members(L, n);
    m.channels = lua_toboolean(L, 3) && n > 1;
    m.ring_bytes = (size_t)luaL_checknumber(L, 4);
    m.key = (uint32_t)luaL_optnumber(L, 7, 0);
    if (m.channels && n > PEERS_MAX)
        return par_lua_misuse(L, "parallel.group: channels among %d members are too many (at most %d)", (int)n, PEERS_MAX);
    m.h = handout_new(L, n, m.channels, m.client && !m.only);
    if (make_all(&m, &err) != PAR_OK) return par_lua_throw_status(L, 0, &err);
    for (unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (int)i + 1);
        post_checked(L, &m, i, lua_gettop(L));
        lua_pop(L, 1);
    }
    return 0;
}

/* core.group.kind(child) -> is it here (not on another machine), may it send code, its fingerprint or nil */
static int group_kind(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    char fingerprint[sizeof self->link->fingerprint]; /* making a string may run code, which may close the child */
    memcpy(fingerprint, self->link->fingerprint, sizeof fingerprint);
    lua_pushboolean(L, !self->link->apart);
    lua_pushboolean(L, (self->decode_flags & PAR_DECODE_FUNCTIONS) != 0);
    if (self->link->hello) lua_pushstring(L, fingerprint);
    else lua_pushnil(L);
    return 3;
}

void par_lua_open_group_make(lua_State *L)
{
    static const luaL_Reg functions[] = {{"make", group_make}, {"kind", group_kind}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
