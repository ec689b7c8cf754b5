/* A child on another machine, as its link has it. The channel is an ordinary one, to a bridge that stands for the child; what a local
 * child's process tells by itself (that it runs, that a signal reached it, how it ended) comes as control messages of the bridge. */
#ifndef PAR_LINK_APART_H
#define PAR_LINK_APART_H

#include "link/link.h"
#include "link/tasks.h"

/* A control message of the bridge. false: it is none, but the child's. */
bool par_apart_take(par_link *link, const par_message *message);
/* Waits until it is known that the child runs. PAR_E_CLOSED: it does not, and err says why. */
int par_apart_await_start(par_link *link, int64_t deadline_ns, par_error *err);
/* The channel has ended, or is about to: takes in what it holds still, and knows then how the child ended. */
void par_apart_await_exit(par_link *link, int64_t deadline_ns);
/* Ends it and waits a moment until it has ended; who closes the channel ends it in any case. */
void par_apart_kill(par_link *link);
bool par_apart_signal(par_link *link, int signal_number);

/* The pool's words at a distance (link/tasks.h says what they mean). */
int par_apart_give(par_link *link, unsigned slot, uint32_t count, par_error *err);
/* Asks; a child that ends meanwhile has claimed what was heard of it last. */
par_tasks_state par_apart_retract(par_link *link, unsigned slot, uint32_t keep);
/* As it was heard last. age_ns: since the last claim, by our clock. */
par_tasks_state par_apart_look(par_link *link, unsigned slot, int64_t *age_ns);

#endif
