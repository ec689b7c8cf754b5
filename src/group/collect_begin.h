/* For the files of the collectives: how each of them begins. */
#ifndef PAR_GROUP_COLLECT_BEGIN_H
#define PAR_GROUP_COLLECT_BEGIN_H

#include "group/phase.h"

/* flags */
#define PAR_SAY_ANY_COUNT 1u /* the members' counts may differ */
#define PAR_SAY_SHARED 2u    /* all members see all elements */
#define PAR_SAY_ASKS 4u      /* whether they do */

/* The first phase. PAR_E_INVALID, for all members: they do not say the same (bytes[] are one's own). */
int par_collect_begin(par_board *board, const par_say *say, int64_t deadline_ns, par_error *err);

#endif
