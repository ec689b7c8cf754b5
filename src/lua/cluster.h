/* Starting a child on another machine, for core.child.spawn. */
#ifndef PAR_LUA_CLUSTER_H
#define PAR_LUA_CLUSTER_H

#include <lua.h>

#include "cluster/client.h"
#include "link/start.h"

typedef struct par_lua_placing {
    par_client *client;
    uint32_t host, id;
    par_frame_start start;
    const char *const *env;
} par_lua_placing;

/* The bridge at idx, or NULL. */
par_client *par_lua_bridge_to(lua_State *L, int idx);
/* What core.child.spawn's table at idx says of a child for another machine; what it points to stays on the stack. */
void par_lua_placing_init(lua_State *L, par_lua_placing *placing, int idx, const par_start_options *options);
/* par_start_options.place; context: a par_lua_placing */
int par_lua_place(void *context, int child_socket, const int output[2], par_error *err);

#endif
