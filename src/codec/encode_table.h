/* How a table begins and ends on the wire, for both walks: the one through Lua's API (encode_table.c, encode_elements.c) and the
 * one that reads the VM's memory (direct/). They give the same bytes:
 *
 * a record, if it is one: see encode_shape.h; else
 * the elements 1..n, n being what the length operator says, then the other entries in the order of lua_next, then the metatable.
 * Where a number stands among the elements, it and those of its kind that follow, RUN_MAX at most, are a run, from RUN_MIN on. */
#ifndef PAR_CODEC_ENCODE_TABLE_H
#define PAR_CODEC_ENCODE_TABLE_H

#include "codec/encode_shape.h"

#define PAR_RUN_MIN 4   /* numbers in a row that are worth a header of their own */
#define PAR_RUN_MAX 512 /* in one run: the integers of each are as narrow as they all are */
#define PAR_TABLE_BEGIN_BYTES 12

/* Writes what comes before the elements; PAR_TABLE_BEGIN_BYTES of room are there. */
static inline void par_table_begin(par_encoder *e, size_t n)
{
    par_put_u8(e, n ? PAR_TAG_MIXED : PAR_TAG_HASH);
    par_put_u8(e, 0); /* log2 of the entries, filled in at the end */
    if (n) par_put_varint(e, n);
}

/* Everything but the metatable is written. */
static inline int par_table_end(par_encoder *e, const par_open *open)
{
    if (open->step == PAR_STEP_RECORD) return PAR_OK;
    uint8_t *tag = e->start + open->at;
    unsigned later = *tag & PAR_TABLE_LATER;
    if (open->entries == 0) {
        *tag = (uint8_t)((open->n ? PAR_TAG_ARRAY : PAR_TAG_EMPTY) + later);
        if (open->n == 0) e->p = tag + 1;
        return PAR_OK;
    }
    tag[1] = open->entries > 1 ? (uint8_t)(64 - __builtin_clzll(open->entries - 1)) : 0;
    if (!par_output_room(e, 1)) return par_output_full(e);
    par_put_u8(e, PAR_TAG_END);
    return PAR_OK;
}

/* The elements of the table on the level from number open->i + 1 on, as par_encode_step_table. 1: all are written; level: table,
 * then nil or the key of an entry that is not written. */
int par_encode_elements(lua_State *L, par_encoder *e, par_open *open);

#endif
