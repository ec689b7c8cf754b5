/* Waiting for the peer, and waking it. */
#ifndef PAR_CHANNEL_WAIT_H
#define PAR_CHANNEL_WAIT_H

#include "channel/state.h"

/* PAR_E_INTERRUPTED when the owner wants to leave its wait, else PAR_OK. To be asked before each sleep. */
int par_channel_leave(par_channel *channel, par_error *err);
/* Asks the owner for what no end of file tells: `gone` is set when the peer's process is known to have ended. */
void par_channel_ask_for_end(par_channel *channel);
/* Wakes the peer, which waits in the way that its need says. */
void par_channel_bell(par_channel *channel, uint64_t need);
/* Reads what the socket has. `gone` is set at end of file. Never waits. true: there may be more. */
bool par_channel_drain(par_channel *channel);
/* Reports what was read, and rings if the peer waits for room. */
void par_channel_give_back(par_channel *channel);
/* Waits until head reaches rx_need or tail reaches tx_need (armed need words; 0: not waited for), the peer is gone, or
 * something came over the socket. PAR_OK: look again. Else PAR_E_TIMEOUT, PAR_E_INTERRUPTED, PAR_E_CORRUPT, PAR_E_SYSTEM. */
int par_channel_wait(par_channel *channel, uint64_t rx_need, uint64_t tx_need, int64_t deadline_ns, par_error *err);
/* With so much in it (as a need word) the incoming ring has to be emptied: the peer may be stuck. */
uint64_t par_channel_stuck_need(const par_channel *channel);

/* Has the tail reached room_need, which is not 0? */
bool par_channel_room_came(par_channel *channel);

/* The two halves of a wait, for those who wait for several channels: says what is waited for and looks again (more than
 * 0: it is there, PAR_E_CORRUPT); takes it back. */
int par_channel_arm(par_channel *channel, uint64_t rx_need, uint64_t tx_need);
void par_channel_disarm(par_channel *channel, uint64_t rx_need, uint64_t tx_need);

#endif
