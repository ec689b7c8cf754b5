/* Encoding a message into a link. */
#ifndef PAR_LUA_CHILD_SEND_H
#define PAR_LUA_CHILD_SEND_H

#include "lua/child/handle.h"

/* The way of one message: `count` values from stack index `first` on, encoded for this process into its ring and committed
 * there if they fit, else sent. */
typedef struct par_lua_outgoing {
    uint32_t kind;
    int first, count;
    const char *name; /* the first word of the path to what cannot travel */
    unsigned flags;   /* PAR_ENCODE_ of the message's own */
    bool quietly;     /* no bell, if it is short */
    bool common;      /* others get it as well, if it is long */
    int64_t deadline_ns;
} par_lua_outgoing;

/* PAR_OK, or why not. Enter the link before, leave it after. *bytes: what travelled; may be NULL. */
int par_lua_link_put(lua_State *L, par_lua_link *self, const par_lua_outgoing *message, int64_t *bytes, par_error *err);
/* Enters, puts, leaves; raises on failure. */
void par_lua_link_send(lua_State *L, par_lua_link *self, const par_lua_outgoing *message);
/* The same for `count` values from `first` on, for as long as it takes. */
void par_lua_link_send_values(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name);
/* The same for what others may get as well: functions, and what they are given at their start. */
void par_lua_link_send_common(lua_State *L, par_lua_link *self, uint32_t kind, int first, int count, const char *name);

#endif
