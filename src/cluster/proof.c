#include "cluster/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "par1"
#define DIAL_NS INT64_C(10000000000) /* to connect, and to have proved */

static void put_number(uint8_t *out, uint32_t number)
{
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(number >> (8 * i));
}

void par_proof_make(uint8_t out[PAR_SHA256_BYTES], const par_proof *proof, par_prover who, const char *key)
{
    uint8_t said[8 + 4 + 2 * PAR_PROOF_NONCE_BYTES];
    memcpy(said, who == PAR_PROVES_BRIDGE ? "bridge\0\0" : "agent\0\0\0", 8);
    put_number(said + 8, proof->number);
    memcpy(said + 12, proof->a, PAR_PROOF_NONCE_BYTES);
    memcpy(said + 12 + PAR_PROOF_NONCE_BYTES, proof->b, PAR_PROOF_NONCE_BYTES);
    par_hmac_sha256(out, key, strlen(key), said, sizeof said);
}

void par_proof_put_ask(uint8_t out[PAR_PROOF_ASK_BYTES], const par_proof *proof)
{
    memcpy(out, MAGIC, 4);
    put_number(out + 4, proof->number);
    memcpy(out + 8, proof->a, PAR_PROOF_NONCE_BYTES);
}

bool par_proof_get_ask(par_proof *out, const uint8_t in[PAR_PROOF_ASK_BYTES])
{
    out->number = (uint32_t)in[4] | (uint32_t)in[5] << 8 | (uint32_t)in[6] << 16 | (uint32_t)in[7] << 24;
    memcpy(out->a, in + 8, PAR_PROOF_NONCE_BYTES);
    return memcmp(in, MAGIC, 4) == 0;
}

int par_proof_key(char out[PAR_KEY_TEXT], par_error *err)
{
    uint8_t bytes[(PAR_KEY_TEXT - 1) / 2];
    int rc = par_os_random(bytes, sizeof bytes, err);
    for (size_t i = 0; rc == PAR_OK && i < sizeof bytes; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return rc;
}

/* --- the agent's side --- */
static int read_all(int fd, uint8_t *bytes, size_t len, int64_t deadline_ns)
{
    for (size_t got = 0; got < len;) {
        par_os_part part = {bytes + got, len - got};
        int64_t n = par_os_read_parts(fd, &part, 1);
        if (n > 0) got += (size_t)n;
        else if (n != PAR_E_AGAIN) return PAR_E_CLOSED;
        else if (par_os_wait_fd(fd, PAR_OS_READABLE, deadline_ns) == PAR_E_TIMEOUT) return PAR_E_TIMEOUT;
    }
    return PAR_OK;
}

static int prove(int fd, const par_ticket *ticket, int64_t deadline_ns, par_error *err)
{
    par_proof proof = {.number = (uint32_t)strtoul(ticket->number, NULL, 10)};
    uint8_t ask[PAR_PROOF_ASK_BYTES], answer[PAR_PROOF_ANSWER_BYTES], mine[PAR_SHA256_BYTES];
    if (par_os_random(proof.a, sizeof proof.a, err) != PAR_OK) return err->code;
    par_proof_put_ask(ask, &proof);
    if (par_os_write_all(fd, ask, sizeof ask) != PAR_OK || read_all(fd, answer, sizeof answer, deadline_ns) != PAR_OK)
        return par_error_set(err, PAR_E_CLOSED, "who listens at %s does not want this agent", ticket->endpoint);
    memcpy(proof.b, answer, sizeof proof.b);
    par_proof_make(mine, &proof, PAR_PROVES_BRIDGE, ticket->secret_key);
    if (!par_same_secret(mine, answer + sizeof proof.b, sizeof mine))
        return par_error_set(err, PAR_E_CORRUPT, "who listens at %s is not the program that started this agent", ticket->endpoint);
    par_proof_make(mine, &proof, PAR_PROVES_AGENT, ticket->secret_key);
    return par_os_write_all(fd, mine, sizeof mine) == PAR_OK ? PAR_OK : par_error_system(err, "cannot write to %s", ticket->endpoint);
}

int par_proof_dial(par_wire **out, const par_ticket *ticket, par_error *err)
{
    char address[PAR_ENDPOINT_BYTES];
    int fd = -1;
    int64_t deadline_ns = par_os_now_ns() + DIAL_NS;
    snprintf(address, sizeof address, "%s", ticket->endpoint);
    char *colon = strrchr(address, ':'); /* an address of IPv6 has others before it */
    if (!colon) return par_error_set(err, PAR_E_CORRUPT, "'%s' is nothing to connect to", address);
    *colon = 0;
    int rc = par_os_connect(address, (unsigned)strtoul(colon + 1, NULL, 10), deadline_ns, &fd, err);
    if (rc != PAR_OK) return rc;
    rc = prove(fd, ticket, deadline_ns, err);
    if (rc != PAR_OK) {
        par_os_close(fd);
        return rc;
    }
    *out = par_wire_open(fd, fd);
    return *out ? PAR_OK : par_error_set(err, PAR_E_NOMEM, "out of memory");
}
