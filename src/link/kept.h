/* Control messages, kept until somebody asks for them. */
#ifndef PAR_LINK_KEPT_H
#define PAR_LINK_KEPT_H

#include "transport/transport.h"

typedef struct par_kept par_kept;
struct par_kept {
    par_kept *next;
    uint32_t kind;
    uint32_t n_payloads;
    par_blob **payloads;
    size_t len;
    uint8_t bytes[];
};
par_kept *par_kept_new(const par_message *message); /* a copy, with references to its payloads; NULL: out of memory */
void par_kept_free(par_kept *kept);                 /* NULL is allowed */
int64_t par_kept_bytes(const par_kept *kept);       /* the memory that it takes, payloads included */

#endif
