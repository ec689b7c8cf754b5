#include "lua/group/values.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "codec/compat.h"

typedef struct moving {
    par_exchange *x;
    bool each; /* a scatter: there is one for each */
} moving;

static void give(void *context, unsigned to, uint64_t offset, uint8_t *out, size_t len)
{
    const moving *m = context;
    par_wire_give(&m->x->out[m->each ? to : 0], offset, out, len);
}

static int take(void *context, unsigned from, uint64_t length, uint64_t offset, const uint8_t *bytes, size_t len, par_error *err)
{
    const moving *m = context;
    return par_wire_take(&m->x->in[from], length, offset, bytes, len, err);
}

/* Of a call that was begun. */
static int move(par_lua_group_call *call, par_exchange *x, par_transfer *what, par_error *err)
{
    par_board *board = call->self->board;
    bool scatters = what->call == PAR_CALL_SCATTER, root = what->root == par_board_rank(board);
    moving m = {.x = x, .each = scatters};
    uint64_t *lengths = NULL;
    what->context = &m;
    what->give = give;
    what->take = take;
    if (what->call == PAR_CALL_GATHER || what->call == PAR_CALL_ALLGATHER || (root && !scatters))
        what->length = par_wire_length(&x->out[0]);
    if (scatters && root) {
        what->lengths = lengths = malloc(x->n_out * sizeof *lengths);
        if (!lengths) return par_error_set(err, PAR_E_NOMEM, "not enough memory");
        for (unsigned to = 0; to < x->n_out; to++) lengths[to] = par_wire_length(&x->out[to]);
    }
    int rc = par_collect_transfer(board, what, call->deadline_ns, err);
    free(lengths);
    return rc;
}

int par_values_move(lua_State *L, par_lua_group_call *call, par_exchange *x, par_transfer *what, par_error *err)
{
    int rc = par_lua_group_begin(L, call, err);
    if (rc != PAR_OK) return rc;
    rc = move(call, x, what, err);
    par_lua_group_end(call);
    return rc;
}

void par_values_gather(lua_State *L, par_lua_group_call *call, int idx, par_transfer *what, const char *name)
{
    par_error err;
    par_lua_group *self = call->self;
    unsigned n = par_board_size(self->board), rank = par_board_rank(self->board);
    bool gets = what->call == PAR_CALL_ALLGATHER || what->root == rank;
    par_exchange *x = par_exchange_new(L, 1, n);
    par_wire_pack(L, self, &x->out[0], idx, name);
    int rc = par_values_move(L, call, x, what, &err);
    par_lua_group_settle(L, call, rc, &err, NULL);
    if (!gets) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, (int)n, 0);
    for (unsigned from = 0; from < n; from++) {
        if (from == rank) lua_pushvalue(L, idx);
        else par_wire_push(L, self, &x->in[from], from, name);
        lua_rawseti(L, -2, (int)from + 1);
    }
}
