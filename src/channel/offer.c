/* Sending for those who serve many channels and wait for none of them: what finds no room is refused, and whoever watches the channel is
 * woken when there may be some. Nothing is taken in meanwhile, so that a reader who is slow one way does not fill memory with the other. */
#include "base/limits.h"
#include "channel/job.h"
#include "channel/notices.h"
#include "channel/tx.h"
#include "channel/watch.h"

/* The tail (as a need word) with which a record of so many bytes, or half a ring, has room. */
static uint64_t need_for(const par_channel *channel, uint64_t bytes)
{
    const par_writer *out = &channel->out;
    uint64_t total = par_record_total(bytes), half = out->capacity / 2;
    return par_need_arm(out->head + (total < half ? total : half) - out->capacity);
}

/* Remembers what is waited for; a watcher arms it before it sleeps (par_channel_rest_armed). */
static int again(par_channel *channel, uint64_t need)
{
    channel->room_need = need;
    if (channel->watched) par_channel_touch(channel);
    return PAR_E_AGAIN;
}

bool par_channel_want_room(par_channel *channel, size_t bytes)
{
    channel->room_need = 0;
    if (!par_channel_push_owed(channel)) again(channel, par_tx_need(channel, channel->owed));
    else if (!channel->gone && !channel->failed && !par_channel_has_room(channel, bytes)) again(channel, need_for(channel, bytes));
    return channel->room_need == 0;
}

/* Plans the payloads and writes what there is room for. */
static int push_job(par_channel *channel, par_job *job, par_error *err)
{
    int rc = par_job_plan(job, err);
    if (rc == PAR_E_AGAIN && (job->need || !par_channel_has_room(channel, sizeof(par_record_segment))))
        return again(channel, job->need ? job->need : need_for(channel, sizeof(par_record_segment)));
    if (rc != PAR_OK) return rc; /* also AGAIN when the socket is full of descriptors: the peer empties it whenever it wakes */
    bool all = par_tx_push(channel, &job->tx);
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (channel->gone) return par_channel_closed(err);
    if (all) return PAR_OK;
    if (par_tx_untouched(&job->tx)) return again(channel, par_tx_need(channel, &job->tx));
    rc = par_tx_abandon(channel, &job->tx, PAR_E_TIMEOUT, err); /* the rest follows, and the message counts as sent */
    if (channel->owed) again(channel, par_tx_need(channel, channel->owed));
    return rc;
}

int par_channel_try_send(par_channel *channel, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads,
                         uint32_t n_payloads, par_error *err)
{
    par_job job = {0};
    if (kind > PAR_KIND_MAX || len > PAR_MESSAGE_MAX_BYTES)
        return par_error_set(err, PAR_E_INVALID, "a message of kind %u and %zu bytes", kind, len);
    channel->claimed = false;
    channel->room_need = 0;
    if (channel->failed) return par_channel_corrupt(channel, err);
    if (channel->gone) return par_channel_closed(err);
    if (!par_channel_push_owed(channel)) return again(channel, par_tx_need(channel, channel->owed));
    par_tx_part part = {.word = par_record_word(len, kind, 0), .data = bytes, .len = len};
    int rc = par_job_init(&job, channel, part, payloads, n_payloads, NULL, err);
    if (rc == PAR_OK) rc = push_job(channel, &job, err);
    par_job_fini(&job, rc);
    if (rc == PAR_OK) par_channel_count_sent(channel, len);
    return rc;
}

int par_channel_try_once(par_channel *channel, uint32_t kind, const void *bytes, size_t len, const par_payload *payloads,
                         uint32_t n_payloads, par_error *err)
{
    int rc = par_channel_try_send(channel, kind, bytes, len, payloads, n_payloads, err);
    channel->room_need = 0; /* for nobody */
    return rc;
}

void par_channel_pause(par_channel *channel, bool paused)
{
    channel->paused = paused;
    if (channel->watched) par_channel_touch(channel);
}
