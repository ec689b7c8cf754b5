/* Descriptors as payloads of control messages: what travels is the descriptor itself, and the sender keeps no copy. */
#ifndef PAR_CHANNEL_DESCRIPTOR_H
#define PAR_CHANNEL_DESCRIPTOR_H

#include "base/blob.h"
#include "base/status.h"

/* A blob to be given as a payload with `shared` set, with data NULL and no bytes; it takes the descriptor over. Once it is sent, or
 * released, the descriptor is closed here. NULL: no memory, and the descriptor is still the caller's. */
par_blob *par_descriptor_blob(int fd);
/* The descriptor of a payload that came, the caller's from now on; -1: it is none, or was taken. */
int par_descriptor_take(par_blob *blob);

#endif
