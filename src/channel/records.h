/* Records on their way out of the ring. */
#ifndef PAR_CHANNEL_RECORDS_H
#define PAR_CHANNEL_RECORDS_H

#include "channel/state.h"

/* A message that came off the ring: in place (bytes) or as a parcel. Its payloads are the channel's rx.payloads. */
typedef struct par_item {
    uint32_t kind;
    const uint8_t *bytes;
    uint64_t len;
    par_parcel *parcel;
} par_item;

/* The next message, data or control. `limited`: for the inbox, which has a limit. PAR_OK; PAR_NOTICE: there may be more, but whoever
 * waits has to look at the time first; PAR_E_AGAIN: rx.need says when; PAR_E_FULL, PAR_E_CORRUPT; PAR_E_NOMEM, PAR_E_LIMIT: it can
 * be tried again. */
int par_records_next(par_channel *channel, par_item *out, bool limited);
/* One record: PAR_OK a message, PAR_NOTICE something else, PAR_E_AGAIN, PAR_E_CORRUPT, PAR_E_NOMEM, PAR_E_LIMIT. */
int par_records_step(par_channel *channel, par_item *out);
/* Puts into words what next and step returned. */
int par_records_failed(par_channel *channel, int rc, par_error *err);
/* An empty parcel, if possible one whose buffer has been used before. NULL: no memory. */
par_parcel *par_records_parcel(par_channel *channel, uint32_t kind);
/* May more be taken in beside what waits to be received? PAR_OK, PAR_E_FULL, PAR_E_NOMEM. */
int par_records_may_take(par_channel *channel);

/* Is the record at `read` all there? PAR_OK, PAR_E_AGAIN (rx.need says when), PAR_E_CORRUPT. */
static inline int par_records_complete(par_channel *channel, uint64_t total)
{
    par_reader *in = &channel->in;
    if (par_reader_available(in) >= total) return PAR_OK;
    if (!par_reader_refresh(in, memory_order_acquire)) return PAR_E_CORRUPT;
    if (par_reader_available(in) >= total) return PAR_OK;
    channel->rx.need = par_need_arm(in->read + total);
    return PAR_E_AGAIN;
}

static inline bool par_records_is_empty(par_reader *in)
{
    return par_reader_available(in) == 0 && par_reader_refresh(in, memory_order_acquire) && par_reader_available(in) == 0;
}

#endif
