/* Groups over several hosts, as a bridge or an agent keeps them: a board for the members of its own host, and on each connection
 * what it tells of them and hears of the others. The bridge is in the middle, and passes on. */
#ifndef PAR_CLUSTER_SPREAD_H
#define PAR_CLUSTER_SPREAD_H

#include "cluster/loop.h"
#include "group/mirror.h"

typedef struct par_spread par_spread;

/* Adds one to the list. board_fd is borrowed; places: of the members by seat, numbers of hosts, 0 is the user's. own: this process'. */
int par_spread_open(par_spread **out, par_spread **list, par_loop *loop, uint32_t key, int board_fd, unsigned seats, const uint32_t *places,
                    uint32_t own, par_error *err);
/* The group is on the host behind this connection too, or (only_own) on others behind it. */
int par_spread_connect(par_spread *spread, par_mux *mux, uint32_t place, bool only_own, par_error *err);
/* The other end of a member's bell (par_board_set_bell), taken over. PAR_E_INVALID: no such member is here. */
int par_spread_add_bell(par_spread *spread, unsigned seat, int fd, par_error *err);
/* The members of this host that have no bell are not to come. */
void par_spread_give_up(par_spread *spread);

par_spread *par_spread_find(par_spread *list, uint32_t key);
/* A frame BOARD. One of a group that is over is passed over. */
int par_spread_on_frame(par_spread *list, const par_mux *mux, const par_frame *frame, const uint8_t *body, par_error *err);
void par_spreads_lose(par_spread *list, const par_mux *mux); /* the connection is over */
/* Tells what there is to be told, as far as connections take it, and frees what is over. */
void par_spreads_serve(par_spread **list);
bool par_spreads_have(const par_spread *list); /* something to tell to a connection that is not full */
void par_spreads_close(par_spread **list);

#endif
