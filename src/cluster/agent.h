/* The agent: the process on another machine that starts children there and carries what they say over one connection. It ends, and they
 * with it, when that connection does. */
#ifndef PAR_CLUSTER_AGENT_H
#define PAR_CLUSTER_AGENT_H

#include "base/status.h"
#include "cluster/wire.h"

#define PAR_NONCE_BYTES 16u /* what the bridge says first, and the agent says again: whatever stands before it is noise */

typedef struct par_agent_options {
    const char *program;     /* the Lua that runs children */
    const char *child_path;  /* child.lua */
    const char *core_path;   /* the C half of the library */
    const char *fingerprint; /* of this Lua */
} par_agent_options;

/* Serves the bridge at the other end of standard input and output. PAR_OK: the connection has ended in good order. */
int par_agent_serve(const par_agent_options *options, par_error *err);
/* The same over a wire. */
int par_agent_serve_wire(const par_agent_options *options, par_wire *wire, par_error *err);

#endif
