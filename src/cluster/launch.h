/* What the user's process tells its bridge of an agent that is to be started. */
#ifndef PAR_CLUSTER_LAUNCH_H
#define PAR_CLUSTER_LAUNCH_H

#include "cluster/frame.h"

typedef struct par_launch {
    const char *name;        /* the host's, for people */
    const char *const *argv; /* of its launcher, to be put: NULL-terminated, */
    par_frame_texts words;   /*   and as they were got */
    uint32_t timeout_ms;     /* from the launcher's start until the agent's first word */
    const char *address;     /* of ours, to which the agent connects; empty: the launcher's pipes carry everything */
    uint32_t first, last;    /* ports there; 0, 0: any */
    bool plain;              /* without encryption; else by libzmq with CURVE */
} par_launch;

/* PAR_OK, PAR_E_NOMEM, PAR_E_LIMIT. */
int par_launch_put(par_buffer *out, const par_launch *launch);
/* What it points to lies in the body. PAR_E_CORRUPT. */
int par_launch_get(par_launch *out, const uint8_t *body, size_t len, par_error *err);

#endif
