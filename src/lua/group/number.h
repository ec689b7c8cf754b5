/* Numbers and booleans made to one, as Lua counts: integers stay integers and wrap, an integer with a float gives a float. */
#ifndef PAR_LUA_GROUP_NUMBER_H
#define PAR_LUA_GROUP_NUMBER_H

#include <lua.h>

#include "tensor/reduce_into.h"

typedef struct par_number { /* as it is shown to others; 16 bytes */
    uint8_t kind;           /* PAR_NUMBER_ */
    union {
        int64_t i; /* also of BOOLEAN */
        double d;
    };
} par_number;
enum { PAR_NUMBER_BOOLEAN, PAR_NUMBER_INTEGER, PAR_NUMBER_FLOAT };

/* The number or boolean at idx. */
par_number par_number_at(lua_State *L, int idx);
void par_number_push(lua_State *L, par_number number);
/* all of them, in this order; n >= 1. false: there is no such operation on one of them. What others showed may be anything. */
bool par_number_reduce(par_reduce_op op, const par_number *all, unsigned n, par_number *out);

#endif
