/* A channel's descriptor for other event loops.
 *
 * It is readable while the socket is, or while we say so ourselves. As long as something may be there it is one or the
 * other: after any use of the channel we raise it, and only when a look has found nothing do we arm the reader's need,
 * look once more and lower it. A bell that rings for an armed need stays in the socket until the next such look. */
#include "channel/watch.h"

#include "channel/wait.h"
#include "os/os.h"

/* The armed need was reached, so the peer's bell is in the socket or about to be. */
static bool bell_is_due(const par_channel *channel)
{
    uint64_t need = channel->idle_need;
    return need && (int64_t)(channel->in.head - (need & ~(uint64_t)7)) >= 0;
}

void par_channel_touch(par_channel *channel)
{
    if (channel->set && !bell_is_due(channel)) par_os_set_raise(channel->set);
    for (par_watcher *watcher = channel->watchers; watcher; watcher = watcher->next) watcher->touched(watcher);
}

/* A peer that keeps sending things which are no messages does not hold us for ever. */
#define LOOKS_MAX 64

bool par_channel_rests(par_channel *channel)
{
    if (!channel->idle_need || channel->room_need || channel->set) return false;
    return !par_channel_pending(channel) && channel->idle_need == channel->rx.need; /* pending says what has to come next */
}

bool par_channel_rest_drained(par_channel *channel)
{
    par_channel_give_back(channel);
    for (int i = 0; i < LOOKS_MAX; i++) {
        if (i) par_channel_drain(channel);
        if (par_channel_pending(channel)) break; /* sets rx.need when there is nothing */
        channel->idle_need = channel->paused ? 0 : channel->rx.need;
        if (!channel->paused) par_need_set(&channel->in.words->reader_need, channel->idle_need);
        /* The look after the arming, with the same strength (pairs with par_writer_publish). */
        if (!par_reader_refresh(&channel->in, memory_order_seq_cst)) channel->failed = PAR_E_CORRUPT;
        if (channel->room_need) par_need_set(&channel->out.words->writer_need, channel->room_need);
        if (channel->room_need && par_channel_room_came(channel)) break; /* the look after that arming */
        if (channel->failed) break;
        if (bell_is_due(channel)) continue; /* something came in between */
        if (channel->set) par_os_set_lower(channel->set);
        return true;
    }
    par_channel_touch(channel);
    return false;
}

bool par_channel_rest_armed(par_channel *channel)
{
    par_channel_drain(channel);
    return par_channel_rest_drained(channel);
}

int par_channel_fd(par_channel *channel, int *fd, par_error *err)
{
    if (!channel->set) {
        par_os_set *set = NULL;
        int rc = par_os_set_open(&set, err);
        if (rc == PAR_OK) rc = par_os_set_add(set, channel->socket, channel, err);
        if (rc == PAR_OK) rc = par_os_set_fd(set, fd, err);
        if (rc != PAR_OK) {
            par_os_set_close(set);
            return rc;
        }
        channel->set = set;
        channel->watched = true;
        par_channel_rest_armed(channel); /* or raises it */
        return PAR_OK;
    }
    return par_os_set_fd(channel->set, fd, err);
}

void par_channel_peer_ended(par_channel *channel)
{
    channel->gone = true;
    if (!par_reader_refresh(&channel->in, memory_order_acquire)) channel->failed = PAR_E_CORRUPT;
    channel->in.ended = true; /* whoever may have its memory still cannot prolong it */
    if (channel->watched) par_channel_touch(channel);
}

void par_channel_unwatch(par_channel *channel)
{
    while (channel->watchers) channel->watchers->closing(channel->watchers);
    par_os_set_close(channel->set);
}
