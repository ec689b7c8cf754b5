/* What an agent has to know to connect by itself: it is told through its launcher's standard input. */
#ifndef PAR_CLUSTER_TICKET_H
#define PAR_CLUSTER_TICKET_H

#include "base/buffer.h"
#include "base/status.h"

#define PAR_ENDPOINT_BYTES 128
#define PAR_KEY_TEXT 41 /* a key as text, with its terminator */

typedef struct par_ticket {
    char endpoint[PAR_ENDPOINT_BYTES];
    char server_key[PAR_KEY_TEXT]; /* of CURVE; empty: the connection is plain, and only begins with a proof of secret_key */
    char public_key[PAR_KEY_TEXT], secret_key[PAR_KEY_TEXT];
    char number[12]; /* by which the bridge knows it */
} par_ticket;

/* Numbers of those who may come at a time. One never comes again soon: it is the place, and how often that was used before. */
#define PAR_TICKETS_MAX 4096u
static inline uint32_t par_ticket_next(uint32_t place, uint32_t former)
{
    uint32_t number = former ? former + PAR_TICKETS_MAX : 0;
    return number ? number : place + 1;
}
static inline uint32_t par_ticket_place(uint32_t number) { return (number - 1) % PAR_TICKETS_MAX; }

/* As bytes, and back: PAR_E_CORRUPT. */
int par_ticket_put(par_buffer *out, const par_ticket *ticket);
int par_ticket_get(par_ticket *out, const uint8_t *bytes, size_t len, par_error *err);

#endif
