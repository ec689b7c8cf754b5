/* The children of an agent: started and reaped as those of anybody, their channels and their output carried by the agent's mux. */
#ifndef PAR_CLUSTER_AGENT_CHILD_H
#define PAR_CLUSTER_AGENT_CHILD_H

#include "cluster/agent.h"
#include "cluster/loop.h"
#include "cluster/spread.h"
#include "link/tasks.h"

typedef struct par_agent_child par_agent_child;
typedef struct par_handout par_handout; /* agent_group.c */

typedef struct par_agent {
    const par_agent_options *options;
    par_loop loop;
    par_mux *mux;
    par_source connection;
    par_source launcher; /* what started this agent, where that is not the connection */
    bool orphan;         /* it has ended */
    par_agent_child *children;
    unsigned n_children;
    par_spread *spreads;   /* groups that are on other hosts as well */
    par_handout *handouts; /* for members that have not been told of their groups yet */
    uint64_t grown_bytes;
    int64_t trace_at_ns; /* what children have recorded is to be fetched; 0: none is traced */
    bool welcomed;
    bool dialed; /* by libzmq, which has to be asked whether something came */
} par_agent;

typedef struct par_agent_output {
    par_source source;
    int fd;        /* -1 at its end */
    size_t credit; /* bytes that may be sent */
    size_t rest;   /* of an ended child: so many bytes may still be its own */
} par_agent_output;

struct par_agent_child {
    par_agent_child *next;
    par_agent *agent;
    par_stream *stream;
    pid_t pid;
    par_os_exit exit;
    int64_t exited_ns;  /* when its end was noticed */
    par_source process; /* readable when it has ended */
    int process_fd;
    par_agent_output output[2];
    bool channel_over;  /* nothing comes from its channel any more */
    bool is_worker;     /* its pool's words are in use */
    uint64_t told[2];   /* and were told last as this */
    uint32_t given[2];  /* chunks that each slot had */
    uint64_t activity;  /* messages of its stream, as last seen */
    uint64_t spoken;    /* those that it had sent when its output was looked at */
    int64_t look_at_ns; /* its channel and its words are to be looked at; 0: not */
};

/* The answer is a frame STARTED. A code: the connection is to end. */
int par_agent_child_start(par_agent *agent, uint32_t stream, par_frame_start *start, par_error *err);
void par_agent_child_signal(par_agent_child *child, int number);
void par_agent_child_close(par_agent_child *child);
void par_agent_child_channel_end(par_agent_child *child, int code);
void par_agent_child_output_credit(par_agent_child *child, uint32_t stream, size_t bytes);
uint64_t par_agent_child_age(const par_agent_child *child); /* ns since its last claim */
/* Looks for ends, and tells them. Returns when it wants to be called again. */
/* Sends what they have recorded for the timeline. */
void par_agent_send_trace(par_agent *agent);
int64_t par_agent_children_tick(par_agent *agent, int64_t now_ns);
void par_agent_children_end(par_agent *agent);

#endif
