#include "channel/job.h"

#include <stdlib.h>

#include "base/limits.h"
#include "channel/lend.h"
#include "channel/notices.h"
#include "channel/pool.h"
#include "channel/tx.h"
#include "os/os.h"

int par_job_init(par_job *job, par_channel *channel, par_tx_part message, const par_payload *payloads, uint32_t n,
                 par_segment *const *common, par_error *err)
{
    if (n > PAR_PAYLOADS_MAX) return par_error_set(err, PAR_E_LIMIT, "%u storages in one message (at most %u)", n, PAR_PAYLOADS_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (payloads[i].bytes > PAR_MESSAGE_MAX_BYTES)
            return par_error_set(err, PAR_E_LIMIT, "a storage of %llu bytes", (unsigned long long)payloads[i].bytes);
    size_t each = sizeof *job->parts + sizeof *job->lends + sizeof *job->lent;
    *job = (par_job){.channel = channel, .payloads = payloads, .common = common, .n = n, .block = calloc(n + 1, each)};
    if (!job->block) return par_error_set(err, PAR_E_NOMEM, "not enough memory to send %u storages", n);
    job->parts = job->block;
    job->lends = (par_record_lend *)(job->parts + n + 1);
    job->lent = (par_segment **)(job->lends + n + 1);
    job->parts[n] = message;
    job->tx = (par_tx){.parts = job->parts, .n = n + 1};
    return PAR_OK;
}

/* --- what the peer has not taken yet --- */
#define FLIGHT_MAX (sizeof((par_flight *)0)->message / sizeof *((par_flight *)0)->message)

static void land(par_channel *channel)
{
    par_flight *flight = &channel->flight;
    if (!par_writer_refresh(&channel->out, memory_order_acquire)) channel->failed = PAR_E_CORRUPT;
    while (flight->n && (int64_t)(channel->out.tail - flight->message[flight->first].end) >= 0) {
        flight->bytes -= flight->message[flight->first].bytes;
        flight->first = (flight->first + 1) % FLIGHT_MAX;
        flight->n--;
    }
}

/* Two messages may always be in flight, one huge one: it is read while the next is copied, and has to be given back before
 * a third is begun, for fresh pages cost several times the copy. */
static bool is_free(const par_flight *flight, uint64_t bytes)
{
    if (flight->n < 2) return flight->n == 0 || bytes < PAR_FLIGHT_HUGE_BYTES;
    return flight->n < FLIGHT_MAX && flight->bytes + bytes <= PAR_FLIGHT_MAX_BYTES;
}

static bool may_fly(par_job *job, uint64_t bytes)
{
    par_flight *flight = &job->channel->flight;
    job->need = 0;
    if (is_free(flight, bytes)) return true;
    land(job->channel);
    if (is_free(flight, bytes)) return true;
    job->need = par_need_arm(flight->message[flight->first].end);
    return false;
}

static void take_off(par_job *job)
{
    par_flight *flight = &job->channel->flight;
    if (!job->lent_bytes) return;
    unsigned at = (flight->first + flight->n++) % FLIGHT_MAX;
    flight->message[at].end = job->channel->out.head;
    flight->message[at].bytes = job->lent_bytes;
    flight->bytes += job->lent_bytes;
}

void par_job_fini(par_job *job, int rc)
{
    if (rc == PAR_OK && !job->channel->rest.n) take_off(job);
    if (rc != PAR_OK && par_tx_untouched(&job->tx)) /* the peer has not heard of these lends */
        for (uint32_t i = 0; i < job->planned; i++)
            if (job->lent[i]) par_lend_undo(job->channel, job->lent[i]);
    free(job->block);
    job->block = NULL;
}

static uint64_t payload_word(const par_job *job, uint64_t len, uint32_t kind)
{
    bool control = par_record_kind(job->parts[job->n].word) >= PAR_KIND_CONTROL;
    return par_record_word(len, kind, PAR_RECORD_INTERNAL | (control ? PAR_RECORD_CONTROL : 0));
}

/* Lends a part of `segment` for payload i. */
static int plan_lend(par_job *job, uint32_t i, par_segment *segment, uint64_t offset, uint32_t mode, par_error *err)
{
    int rc = par_lend_announce(job->channel, segment, mode, err);
    if (rc != PAR_OK) return rc;
    par_lend_add(job->channel, segment);
    job->lent[i] = segment;
    job->lends[i] = (par_record_lend){.id = segment->id, .offset = offset, .bytes = job->payloads[i].bytes, .mode = mode};
    job->parts[i] = (par_tx_part){
        .word = payload_word(job, sizeof(par_record_lend), PAR_INTERNAL_LEND), .data = &job->lends[i], .len = sizeof(par_record_lend)};
    return PAR_OK;
}

int par_job_copy(const par_payload *payload, uint32_t mode, par_channel *channel, par_segment **out, par_error *err)
{
    int rc = par_pool_take(payload->bytes, mode, channel, out, err);
    if (rc == PAR_OK) memcpy((*out)->data, payload->data, payload->bytes);
    return rc;
}

static int plan_copy(par_job *job, uint32_t i, par_error *err)
{
    par_segment *segment;
    /* Room for the announcement first, or the copy would be in vain. */
    if (!par_channel_has_room(job->channel, sizeof(par_record_segment))) return PAR_E_AGAIN;
    int rc = par_job_copy(&job->payloads[i], PAR_LEND_OWN, job->channel, &segment, err);
    if (rc != PAR_OK) return rc;
    rc = plan_lend(job, i, segment, 0, PAR_LEND_OWN, err);
    par_segment_release(segment, 1); /* the lend has its own */
    return rc;
}

par_blob *par_channel_payload_new(par_channel *channel, size_t bytes)
{
    par_error ignored;
    par_segment *segment;
    bool trusted = bytes <= PAR_CLAIM_TRUSTED_BYTES || par_os_memory_is_lazy();
    if (bytes < PAR_LEND_MIN_BYTES || !trusted) return NULL;
    if (par_pool_take_empty(bytes, PAR_LEND_OWN, channel, &segment, &ignored) != PAR_OK) return NULL;
    par_blob *blob = par_segment_blob(segment, 0, bytes, PAR_BLOB_SEGMENT);
    par_segment_release(segment, 1); /* the blob has its own */
    return blob;
}

/* Is the payload one of payload_new, and nobody's yet? */
static par_segment *written_in_place(const par_payload *payload)
{
    par_segment *segment = payload->blob ? par_segment_of(payload->blob) : NULL;
    bool is = segment && segment->own && segment->mode == PAR_LEND_OWN && !segment->lent && payload->data == segment->data;
    return is ? segment : NULL;
}

static int plan_shared(par_job *job, uint32_t i, par_segment *segment, par_error *err)
{
    const par_payload *payload = &job->payloads[i];
    uint64_t offset = (uint64_t)((const uint8_t *)payload->data - segment->data);
    if (offset <= segment->bytes && payload->bytes <= segment->bytes - offset)
        return plan_lend(job, i, segment, offset, segment->mode, err);
    return par_error_set(err, PAR_E_INVALID, "a shared storage lies outside its shared memory");
}

static void plan_bytes(par_job *job, uint32_t i)
{
    const par_payload *payload = &job->payloads[i];
    job->parts[i] = (par_tx_part){
        .word = payload_word(job, payload->bytes, PAR_INTERNAL_BYTES), .data = payload->data, .len = payload->bytes};
}

static bool the_ring_will_do(int rc) { return rc == PAR_E_LIMIT || rc == PAR_E_NOMEM || rc == PAR_E_SYSTEM; }

static int plan_one(par_job *job, uint32_t i, par_error *err)
{
    const par_payload *payload = &job->payloads[i];
    int rc = PAR_E_LIMIT;
    par_segment *shared = payload->shared ? par_segment_of(payload->blob) : NULL;
    if (shared) return plan_shared(job, i, shared, err);
    bool by_value = payload->bytes >= PAR_LEND_MIN_BYTES;
    if (by_value && job->lent_bytes == 0 && !may_fly(job, payload->bytes)) return PAR_E_AGAIN;
    if (job->common && job->common[i]) rc = plan_lend(job, i, job->common[i], 0, PAR_LEND_COMMON, err);
    else if (by_value && written_in_place(payload)) rc = plan_lend(job, i, written_in_place(payload), 0, PAR_LEND_OWN, err);
    else if (by_value) rc = plan_copy(job, i, err);
    if (rc == PAR_OK) job->lent_bytes += payload->bytes;
    if (rc == PAR_OK || !the_ring_will_do(rc)) return rc;
    plan_bytes(job, i);
    return PAR_OK;
}

int par_job_plan(par_job *job, par_error *err)
{
    while (job->planned < job->n) {
        int rc = plan_one(job, job->planned, err);
        if (rc != PAR_OK) return rc;
        job->planned++;
    }
    return PAR_OK;
}
