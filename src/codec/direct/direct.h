/* The ways past Lua's API: reading tables where the VM keeps them, and filling arrays with numbers there. Each family of VMs has a
 * file that declares how they lie in memory; it is used only when a self-test has read back values of every kind, made through the
 * API, and found them as they are. PARALLEL_DIRECT=0 turns both off, PARALLEL_DIRECT=read the filling.
 *
 * Nothing that could allocate there, and so collect garbage or run code, is called while an address of its memory is held that is not
 * on the Lua stack. */
#ifndef PAR_CODEC_DIRECT_DIRECT_H
#define PAR_CODEC_DIRECT_DIRECT_H

#include "codec/state.h"

enum { PAR_DIRECT_ENDED = 1, PAR_DIRECT_NOT = 2 };

typedef struct par_direct {
    const char *layout;
    /* Can this table be gone through here? Prepares its level, whose n elements are not written yet. */
    bool (*suits)(par_open *open, const void *table);
    /* Goes on with the table on the innermost level, and the plain ones in it. PAR_DIRECT_ENDED: everything is written but its
     * metatable; level: table, anything. 0: a value to be written is at the top, perhaps some levels further in. PAR_DIRECT_NOT:
     * the innermost level, perhaps a new one, goes on through the API. Or an error. May raise for memory. */
    int (*walk)(lua_State *L, par_encoder *e);
    /* Writes a table of a few short strings and numbers with names, which is all that its message has. False: it is another, or there
     * is no room; what was written is of no use. PAR_TABLE_BEGIN_BYTES of room are there. */
    bool (*put_small)(par_encoder *e, const void *table);
    /* The n numbers of a run (of this tag) become the elements from number `first` on of a table that the decoder made.
     * False: nothing was done, they do not fit in its array part. */
    bool (*fill)(const void *table, size_t first, size_t n, unsigned tag, const uint8_t *bytes);
    /* For the self-test: NULL, or what is not as the API gives it in the table at the top. `careful`: the memory is tested before
     * it is read. */
    const char *(*compare)(lua_State *L, bool careful);
} par_direct;

extern const par_direct par_direct_gc64, par_direct_gc32, par_direct_old;
/* The walks of this Lua, ended by NULL. */
extern const par_direct *const par_direct_walks[];

/* The walk that may be used, or NULL. The first call runs the self-test, once in a process. */
const par_direct *par_direct_get(void);
/* The same, without the self-test: NULL also when it did not run yet. */
const par_direct *par_direct_tested(void);
/* Is filling turned off? */
bool par_direct_only_reads(void);
/* Why there is none, or where it reads; for people. */
const char *par_direct_state(void);

/* Runs the self-test in a Lua state of its own. NULL: the walk may be used; or what was not as it should be. (selftest.c) */
const char *par_direct_test(const par_direct *walk);

#endif
