/* A message with payloads on its way to one channel, which can stop for want of room and go on later. */
#ifndef PAR_CHANNEL_JOB_H
#define PAR_CHANNEL_JOB_H

#include "channel/segment.h"
#include "channel/state.h"

typedef struct par_job {
    par_channel *channel;
    const par_payload *payloads;
    par_segment *const *common; /* for each payload a segment that holds it already, or NULL; may be NULL */
    uint32_t n, planned;        /* payloads, and how many of them have a record */
    uint64_t lent_bytes;        /* of those that are lent by value */
    uint64_t need;              /* after PAR_E_AGAIN: the tail (a need word) to wait for, or 0: any room */
    void *block;                /* what follows lies in one piece of memory: */
    par_tx_part *parts;         /*   a record for each payload, then the message */
    par_record_lend *lends;     /*   bytes of those that are lent */
    par_segment **lent;         /*   and what is lent */
    par_tx tx;
} par_job;

int par_job_init(par_job *job, par_channel *channel, par_tx_part message, const par_payload *payloads, uint32_t n,
                 par_segment *const *common, par_error *err);
/* Finds a way for each payload. PAR_E_AGAIN: there has to be room first, in the ring or in flight. */
int par_job_plan(par_job *job, par_error *err);
/* rc: what became of it. */
void par_job_fini(par_job *job, int rc);
/* Copies a payload into a segment of the pool. */
int par_job_copy(const par_payload *payload, uint32_t mode, par_channel *channel, par_segment **out, par_error *err);

#endif
