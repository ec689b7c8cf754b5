/* The children of this process, so that none outlives it and no error of theirs is lost. */
#ifndef PAR_LINK_FAMILY_H
#define PAR_LINK_FAMILY_H

#include "link/link.h"

/* par_link_start and par_link_free keep the list. The first child registers an exit handler. */
void par_family_add(par_link *link);
void par_family_remove(par_link *link);
/* An error that nobody asked for is printed on standard error, once. */
void par_family_report(par_link *link);

#endif
