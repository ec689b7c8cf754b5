/* Modules that a process on another machine has of its parent's program. Its own children ask it for them, and it passes that on. */
#ifndef PAR_LINK_NEED_H
#define PAR_LINK_NEED_H

#include "link/link.h"

#define PAR_NEED_NAME_MAX 200u /* bytes of a module's name */

/* In this thread our children may ask us: what they need comes from this parent. */
void par_need_from(par_link *parent);
/* Asks the parent for the module and waits for the answer (par_kept_free it): the name, terminated, and what cluster/seek.h says. */
int par_need_module(par_link *parent, const char *name, size_t len, par_kept **out, par_error *err);
/* Answers a child that has asked. Whoever waits for the child calls this between its messages; the link has been entered. */
void par_need_answer(par_link *child);
static inline void par_need_serve(par_link *child)
{
    if (child->need) par_need_answer(child);
}

#endif
