/* A board for members on several hosts: each host has one of its own, and a process on each keeps it like the others. What the members
 * of this host say there is told to the other hosts, and what these tell is written down here as if it had been said here. So
 * a member does not know where the others are: phases, collectives and their order are those of one host, and so are the results,
 * bit for bit.
 *
 * Nothing has to be kept for those who read slowly: the board itself is what they are still to be told of. What a member wrote
 * for a phase stays until everybody, on all hosts, has entered the next one.
 *
 * Hosts are called places, with numbers as the maker likes. */
#ifndef PAR_GROUP_MIRROR_H
#define PAR_GROUP_MIRROR_H

#include "base/buffer.h"
#include "group/board.h"

typedef struct par_mirror par_mirror;
typedef struct par_mirror_reader par_mirror_reader; /* of one other place: what it was told already */

/* board_fd: of this place's board, borrowed. places: of the members by seat, copied. From here on it stands for the members of other
 * places: they live as long as it does, unless it is told otherwise. */
int par_mirror_open(par_mirror **out, int board_fd, unsigned seats, const uint32_t *places, uint32_t own, par_error *err);
void par_mirror_close(par_mirror *mirror); /* its readers first. NULL is allowed */

/* A reader for this place. It is told of the members of all other places, or only_own: of those of this one. */
int par_mirror_reader_open(par_mirror_reader **out, par_mirror *mirror, uint32_t to, bool only_own, par_error *err);
void par_mirror_reader_close(par_mirror_reader *reader);
/* Before readers are asked because this member has rung: what it stores from now on makes it ring again. */
void par_mirror_look(par_mirror *mirror, unsigned seat);
/* Appends one more change, of at most PAR_MIRROR_CHANGE_MAX_BYTES. PAR_OK; PAR_E_AGAIN: there is none; PAR_E_NOMEM. */
#define PAR_MIRROR_CHANGE_MAX_BYTES ((size_t)64 << 10)
int par_mirror_next(par_mirror_reader *reader, par_buffer *out);

/* Writes down a change that came from this place; `from` is its, or that of whoever passes on what others say (PAR_MIRROR_ANY).
 * PAR_E_CORRUPT. */
#define PAR_MIRROR_ANY UINT32_MAX
int par_mirror_apply(par_mirror *mirror, uint32_t from, const uint8_t *bytes, size_t len, par_error *err);
void par_mirror_ring(par_mirror *mirror); /* after some of them: those who wait here look again */

/* This member has left or ended, and says nothing more. */
void par_mirror_gone(par_mirror *mirror, unsigned seat);
void par_mirror_lost(par_mirror *mirror, uint32_t place); /* all of them */
bool par_mirror_is_over(const par_mirror *mirror);        /* everybody has */

#endif
