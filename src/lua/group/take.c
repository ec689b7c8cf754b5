/* A member's side of a group: the message with all that it has to know, and descriptors: its own of the board, its bell if some members
 * are on other hosts, then channels to the others. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/limits.h"
#include "codec/compat.h"
#include "link/peer.h"
#include "link/share.h"
#include "lua/child/arguments.h"
#include "lua/child/decode.h"
#include "lua/child/ends.h"
#include "lua/child/handle.h"
#include "lua/error.h"
#include "lua/group/lent.h"
#include "lua/group/handle.h"
#include "lua/group/parts.h"
#include "os/os.h"

/* Field `name` of the table at idx as a number, or 0. */
static uint32_t field_number(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    lua_Number number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return number >= 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

/* By seat: ids, and who may send code; in a userdata that is pushed. */
static uint32_t *read_members(lua_State *L, int told, par_lua_group *self, uint32_t n)
{
    uint32_t *ids = lua_newuserdata(L, (n + 1) * sizeof *ids);
    self->decode_flags = calloc(n + 1, 1);
    if (!self->decode_flags) luaL_error(L, "not enough memory for a group");
    lua_getfield(L, told, "ids");
    lua_getfield(L, told, "plain"); /* those who may not */
    if (!lua_istable(L, -2) || !lua_istable(L, -1)) luaL_error(L, "parallel.group: the parent sent what is no group");
    for (uint32_t i = 0; i < n; i++) {
        lua_rawgeti(L, -2, (int)i + 1);
        ids[i] = (uint32_t)lua_tonumber(L, -1);
        lua_pop(L, 1);
        lua_rawgeti(L, -1, (int)i + 1);
        self->decode_flags[i] = lua_toboolean(L, -1) ? 0 : PAR_DECODE_FUNCTIONS;
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    return ids;
}

static unsigned encode_flags(lua_State *L, int told)
{
    unsigned flags = 0;
    lua_getfield(L, told, "kinds"); /* fingerprints of all kinds of Lua among the members */
    for (int i = 1; lua_istable(L, -1); i++) {
        lua_rawgeti(L, -1, i);
        const char *fingerprint = lua_tostring(L, -1);
        if (fingerprint) flags |= par_codec_flags_for(L, fingerprint);
        lua_pop(L, 1);
        if (!fingerprint) break;
    }
    lua_pop(L, 1);
    return flags;
}

static bool group_interrupted(void *context) { return par_lua_interrupted(context); }

/* A message that is kept until it is used, freed by Lua whatever is raised. */
static int kept_gc(lua_State *L)
{
    par_kept **box = lua_touserdata(L, 1);
    par_kept_free(*box);
    *box = NULL;
    return 0;
}

static par_kept **kept_box(lua_State *L)
{
    par_kept **box = lua_newuserdata(L, sizeof *box);
    *box = NULL;
    if (luaL_newmetatable(L, "parallel.kept")) {
        lua_pushcfunction(L, kept_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return box;
}

/* Are some members on other hosts? */
static bool is_spread(lua_State *L, int told)
{
    lua_getfield(L, told, "hosts"); /* of each, a number; only then */
    bool spread = lua_istable(L, -1);
    lua_pop(L, 1);
    return spread;
}

static uint32_t host_of(lua_State *L, int told, uint32_t rank)
{
    lua_getfield(L, told, "hosts");
    if (lua_istable(L, -1)) lua_rawgeti(L, -1, (int)rank);
    else lua_pushnil(L);
    uint32_t host = (uint32_t)lua_tonumber(L, -1);
    lua_pop(L, 2);
    return host;
}

/* The bell, which wakes whoever tells the other hosts. */
static void take_bell(lua_State *L, par_lua_group *self, par_kept *kept)
{
    int fd = kept->n_payloads > 1 ? par_share_take_descriptor(kept->payloads[1]) : -1;
    if (fd < 0) luaL_error(L, "parallel.group: the parent sent no bell");
    par_board_set_bell(self->board, fd);
}

/* Joins the board with the descriptors of the message. Pushes the group and its fields. */
static par_lua_group *join(lua_State *L, int told, par_kept *kept)
{
    par_error err;
    uint32_t n = field_number(L, told, "size"), rank = field_number(L, told, "rank");
    if (n == 0 || n > PAR_GROUP_MEMBERS_MAX || rank == 0 || rank > n || kept->n_payloads == 0)
        luaL_error(L, "parallel.group: the parent sent what is no group");
    par_lua_group *self = par_lua_group_new(L);
    uint32_t *ids = read_members(L, told, self, n);
    self->encode_flags = encode_flags(L, told);
    par_board_owner owner = {.context = self->waiting, .interrupted = group_interrupted};
    int fd = par_share_take_descriptor(kept->payloads[0]);
    int rc = fd < 0 ? par_error_set(&err, PAR_E_CORRUPT, "parallel.group: the parent sent no board")
                    : par_board_join(&self->board, fd, n, rank - 1, ids, &owner, &err);
    if (rc != PAR_OK) {
        par_os_close(fd);
        par_lua_throw_status(L, 0, &err);
    }
    if (is_spread(L, told)) take_bell(L, self, kept);
    lua_pop(L, 1);
    return self;
}

/* Pushes a list with links to the other members by rank; an empty one when there are no channels. */
static void push_peers(lua_State *L, int told, const par_lua_group *self, par_kept *kept)
{
    par_error err;
    uint32_t n = field_number(L, told, "size"), own = field_number(L, told, "rank");
    lua_newtable(L);
    lua_getfield(L, told, "ids");
    for (uint32_t rank = 1, k = is_spread(L, told) ? 2 : 1; rank <= n && k < kept->n_payloads; rank++) {
        if (rank == own) continue;
        lua_rawgeti(L, -1, (int)rank);
        uint32_t id = (uint32_t)lua_tonumber(L, -1);
        lua_pop(L, 1);
        par_lua_link *peer = par_lua_link_new(L, id);
        lua_pushinteger(L, (lua_Integer)id);
        lua_setfield(L, -2, "id");
        lua_pop(L, 1);
        par_link *link = NULL;
        int fd = par_share_take_descriptor(kept->payloads[k++]);
        int rc = fd < 0 ? par_error_set(&err, PAR_E_CORRUPT, "parallel.group: the parent sent no channel")
                        : par_peer_attach(&link, fd, id, &err);
        if (rc != PAR_OK) {
            par_os_close(fd);
            par_lua_throw_status(L, 0, &err);
        }
        link->far = host_of(L, told, rank) != host_of(L, told, own);
        par_lua_link_bind(peer, link);
        peer->encode_flags = self->encode_flags;
        peer->decode_flags = self->decode_flags[rank - 1];
        lua_rawseti(L, -3, (int)rank);
    }
    lua_pop(L, 1);
}

/* core.group.take(parent, timeout) -> group, its fields, what the parent told, links to the other members. timeout nil: waits. */
static int group_take(lua_State *L)
{
    static const par_lua_source source = {"group", 0};
    par_error err;
    par_lua_link *self = par_lua_link_check(L, 1);
    int64_t deadline_ns = par_lua_deadline_of(L, 2, "timeout");
    lua_settop(L, 1);
    par_kept **box = kept_box(L);
    par_lua_use use = par_lua_enter(L, self);
    int n = 0, rc = par_link_wait_control(self->link, PAR_KIND_GROUP, deadline_ns, box, &err);
    if (rc == PAR_OK) n = par_lua_link_decode(L, self, &source, (*box)->bytes, (*box)->len, NULL, 0, &err);
    bool open = par_lua_leave(self, use);
    par_lua_link_settle(L, self, open, rc, &err, "wait for a group from");
    if (n < 0) return par_lua_throw_status(L, 0, &err);
    if (n != 1 || !lua_istable(L, -1)) return luaL_error(L, "parallel.group: the parent sent what is no group");
    int told = lua_gettop(L);
    par_lua_group *group = join(L, told, *box);
    lua_pushvalue(L, told);
    push_peers(L, told, group, *box);
    if (!is_spread(L, told)) par_lua_lent_open(L, group);
    return 4;
}

/* core.group.alone(id) -> a group of this process and nobody else, its fields */
static int group_alone(lua_State *L)
{
    par_error err;
    uint32_t id = (uint32_t)luaL_checknumber(L, 1);
    par_lua_group *self = par_lua_group_new(L);
    par_board_owner owner = {.context = self->waiting, .interrupted = group_interrupted};
    self->decode_flags = calloc(1, 1);
    if (!self->decode_flags) return luaL_error(L, "not enough memory for a group");
    self->decode_flags[0] = PAR_DECODE_FUNCTIONS;
    int board_fd, seat_fd = -1, rc = par_board_make(1, &board_fd, &err);
    if (rc == PAR_OK) {
        rc = par_board_seat_fd(board_fd, 1, 0, &seat_fd, &err);
        par_os_close(board_fd);
    }
    if (rc == PAR_OK) {
        rc = par_board_join(&self->board, seat_fd, 1, 0, &id, &owner, &err);
        if (rc != PAR_OK) par_os_close(seat_fd);
    }
    return rc == PAR_OK ? 2 : par_lua_throw_status(L, 0, &err);
}

/* core.group.waits(parent) -> has the parent made another one? */
static int group_waits(lua_State *L)
{
    par_lua_link *self = par_lua_link_check(L, 1);
    par_lua_use use = par_lua_enter(L, self);
    bool waits = par_link_has_control(self->link, PAR_KIND_GROUP);
    if (!par_lua_leave(self, use)) return par_lua_throw_closed(L, self);
    lua_pushboolean(L, waits);
    return 1;
}

void par_lua_open_group_take(lua_State *L)
{
    static const luaL_Reg functions[] = {{"take", group_take}, {"alone", group_alone}, {"waits", group_waits}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
