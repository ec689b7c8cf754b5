/* Plain connections (encrypt=false): who connects and who listens first prove to each other that they know the key of the agent's ticket,
 * without saying it, and not so that it could be said again another time. From then on the bytes are the connection's, as anybody on the
 * way can read and change them.
 *
 *   agent  -> bridge: number (u32), nonce a                      24 bytes with a magic word in front
 *   bridge -> agent:  nonce b, HMAC(key, "bridge", number, a, b)  48 bytes
 *   agent  -> bridge: HMAC(key, "agent", number, a, b)            32 bytes */
#ifndef PAR_CLUSTER_PROOF_H
#define PAR_CLUSTER_PROOF_H

#include "base/sha256.h"
#include "cluster/ticket.h"
#include "cluster/wire.h"

#define PAR_PROOF_NONCE_BYTES 16u
#define PAR_PROOF_ASK_BYTES (8u + PAR_PROOF_NONCE_BYTES)
#define PAR_PROOF_ANSWER_BYTES (PAR_PROOF_NONCE_BYTES + PAR_SHA256_BYTES)

typedef struct par_proof {
    uint32_t number;
    uint8_t a[PAR_PROOF_NONCE_BYTES], b[PAR_PROOF_NONCE_BYTES]; /* of the agent, of the bridge */
} par_proof;

typedef enum par_prover { PAR_PROVES_BRIDGE, PAR_PROVES_AGENT } par_prover;

/* key: as the ticket has it, as text. */
void par_proof_make(uint8_t out[PAR_SHA256_BYTES], const par_proof *proof, par_prover who, const char *key);
void par_proof_put_ask(uint8_t out[PAR_PROOF_ASK_BYTES], const par_proof *proof);
/* false: it is no such question. */
bool par_proof_get_ask(par_proof *out, const uint8_t in[PAR_PROOF_ASK_BYTES]);
/* A key for a ticket. */
int par_proof_key(char out[PAR_KEY_TEXT], par_error *err);

/* The agent's side: connects, proves, and is proved to. */
int par_proof_dial(par_wire **out, const par_ticket *ticket, par_error *err);

#endif
