/* Records on their way into the ring. */
#ifndef PAR_CHANNEL_TX_H
#define PAR_CHANNEL_TX_H

#include "channel/wait.h"

/* Writes what there is room for. true: all of it. */
bool par_tx_push(par_channel *channel, par_tx *tx);
/* Has the peer seen nothing of it? */
bool par_tx_untouched(const par_tx *tx);
/* A send that stops with the outcome rc: keeps a copy of what has to follow. Returns what the caller is told. */
int par_tx_abandon(par_channel *channel, const par_tx *tx, int rc, par_error *err);
/* The tail (as a need word) with which push can usefully go on. */
uint64_t par_tx_need(const par_channel *channel, const par_tx *tx);
/* Goes on with what has to be out before anything else. true: nothing has. */
bool par_channel_push_owed(par_channel *channel);

/* Makes what was written visible, and rings if the peer waits for it. */
static inline void par_tx_publish(par_channel *channel)
{
    par_writer *out = &channel->out;
    if (out->published == out->head) return;
    uint64_t need = par_writer_publish(out);
    if (!need) return;
    if (need & PAR_NEED_GONE) channel->gone = true;
    if (par_need_due(need, out->head, &out->rung)) par_channel_bell(channel, need);
}

#endif
