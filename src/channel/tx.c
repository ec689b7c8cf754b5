/* Writing records into the ring: a message can stop at any byte and go on later, even after its sender has left. */
#include "channel/tx.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

#define PUBLISH_TOGETHER ((uint64_t)4 << 10) /* header and bytes up to here become visible in one step */

/* --- writing what there is room for --- */
static uint64_t part_left(const par_tx *tx)
{
    PAR_ASSERT(tx->at < tx->n && tx->done <= tx->parts[tx->at].len);
    const par_tx_part *part = &tx->parts[tx->at];
    return par_record_padded(part->len) - tx->done + (tx->begun ? 0 : PAR_RECORD_HEADER);
}

/* Short records go out whole, so that the peer never wakes for a half. */
static uint64_t room_wanted(const par_tx *tx)
{
    uint64_t left = part_left(tx);
    return left <= PUBLISH_TOGETHER ? left : PAR_RECORD_HEADER;
}

uint64_t par_tx_need(const par_channel *channel, const par_tx *tx)
{
    const par_writer *out = &channel->out;
    uint64_t left = tx->at == tx->n ? 0 : part_left(tx), half = out->capacity / 2; /* 0: as in par_tx_push */
    /* The tail with which `want` bytes are free. */
    return par_need_arm(out->head + (left < half ? left : half) - out->capacity);
}

static void put_header(par_writer *out, par_tx *tx)
{
    memcpy(par_writer_at(out), &tx->parts[tx->at].word, sizeof(uint64_t));
    out->head += PAR_RECORD_HEADER;
    tx->begun = true;
}

/* Up to one step of the part's bytes; the last ones bring their padding. */
static void put_bytes(par_writer *out, par_tx *tx)
{
    const par_tx_part *part = &tx->parts[tx->at];
    uint64_t n = par_record_padded(part->len) - tx->done, room = par_writer_room(out);
    if (n > room) n = room; /* a multiple of 8, like all of these */
    if (n > PAR_PUBLISH_STEP) n = PAR_PUBLISH_STEP;
    uint64_t real = part->len - tx->done < n ? part->len - tx->done : n;
    if (real) memcpy(par_writer_at(out), (const uint8_t *)part->data + (tx->done - part->from), real);
    out->head += n;
    tx->done += n;
}

bool par_tx_push(par_channel *channel, par_tx *tx)
{
    par_writer *out = &channel->out;
    if (tx->at == tx->n) return true; /* somebody further in has brought it to its end, and may have begun another one */
    while (tx->at < tx->n) {
        if (par_writer_room(out) < room_wanted(tx)) {
            if (!par_writer_refresh(out, memory_order_acquire)) channel->failed = PAR_E_CORRUPT;
            if (channel->failed || par_writer_room(out) < room_wanted(tx)) break;
        }
        if (!tx->begun) put_header(out, tx);
        put_bytes(out, tx);
        if (tx->done >= tx->parts[tx->at].len) {
            tx->at++;
            tx->done = 0;
            tx->begun = false;
        }
        if (out->head - out->published >= PAR_PUBLISH_STEP) par_tx_publish(channel);
    }
    par_tx_publish(channel);
    channel->mid_record = tx->begun;
    return tx->at == tx->n;
}

/* --- what goes first: a send that waits further out, or what an abandoned one left --- */
bool par_channel_push_owed(par_channel *channel)
{
    par_tx *owed = channel->owed;
    if (!owed) return true;
    if (!channel->gone && !channel->failed && !par_tx_push(channel, owed)) return false;
    channel->owed = NULL;
    if (owed != &channel->rest) return true;
    free((void *)(uintptr_t)owed->parts);
    *owed = (par_tx){0};
    return true;
}

static uint64_t unwritten(const par_tx *tx, uint32_t i) { return tx->parts[i].len - (i == tx->at ? tx->done : 0); }

/* Copies what is still to be written of tx, parts and bytes in one block. */
static int keep_rest(par_channel *channel, const par_tx *tx)
{
    uint32_t n = tx->n - tx->at;
    size_t bytes = n * sizeof(par_tx_part);
    for (uint32_t i = tx->at; i < tx->n; i++) bytes += unwritten(tx, i);
    par_tx_part *parts = malloc(bytes);
    if (!parts) return PAR_E_NOMEM;
    uint8_t *to = (uint8_t *)(parts + n);
    for (uint32_t i = 0; i < n; i++) {
        const par_tx_part *part = &tx->parts[tx->at + i];
        uint64_t left = unwritten(tx, tx->at + i), from = part->len - left;
        if (left) memcpy(to, (const uint8_t *)part->data + (from - part->from), left);
        parts[i] = (par_tx_part){.word = part->word, .data = to, .len = part->len, .from = from};
        to += left;
    }
    channel->rest = (par_tx){.parts = parts, .n = n, .begun = tx->begun, .done = tx->done};
    channel->owed = &channel->rest;
    return PAR_OK;
}

bool par_tx_untouched(const par_tx *tx) { return tx->at == 0 && !tx->begun; }

static void add_text(par_error *err, const char *text)
{
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "%s", text);
}

/* A send that has to stop before its end. */
int par_tx_abandon(par_channel *channel, const par_tx *tx, int rc, par_error *err)
{
    if (rc == PAR_E_CLOSED || rc == PAR_E_CORRUPT || rc == PAR_E_SYSTEM) return rc;
    if (tx->n && tx->at == tx->n) return rc == PAR_E_TIMEOUT ? PAR_OK : rc; /* all of it is out, by the hand of somebody further in */
    if (!tx->n || par_tx_untouched(tx)) return rc;
    if (keep_rest(channel, tx) == PAR_OK) {
        if (rc != PAR_E_INTERRUPTED) add_text(err, "; a part of the message is out, and the rest follows by itself: do not send it again");
        return rc == PAR_E_TIMEOUT ? PAR_OK : rc;
    }
    /* The peer can never get the rest of it, and nothing can follow. */
    channel->failed = PAR_E_NOMEM;
    return par_error_set(err, PAR_E_NOMEM, "not enough memory to keep the rest of a message that was not sent in time");
}
