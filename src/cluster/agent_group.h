/* Groups of which children of an agent are members: boards, channels, and what each member is handed with the message that tells it. */
#ifndef PAR_CLUSTER_AGENT_GROUP_H
#define PAR_CLUSTER_AGENT_GROUP_H

#include "cluster/agent_child.h"

/* Frames GROUP and PEER. A code: the connection is to end. */
int par_agent_group_make(par_agent *agent, const par_frame *frame, const uint8_t *body, par_error *err);
int par_agent_group_join(par_agent *agent, const par_frame *frame, const uint8_t *body, par_error *err);
/* The message PAR_KIND_GROUP for a child: u32 key of the group, then what the child is told. */
int par_agent_group_deliver(par_agent *agent, par_stream *stream, const uint8_t *bytes, size_t len, par_error *err);
void par_agent_group_forget(par_agent *agent, uint32_t stream); /* what is still to be handed to this child */
void par_agent_groups_end(par_agent *agent);

#endif
