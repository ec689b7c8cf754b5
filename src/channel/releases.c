/* Lends that came to an end, looked for before fresh memory is made. */
#include "channel/releases.h"

#include "channel/inbox.h"
#include "channel/lend.h"
#include "channel/peek.h"
#include "channel/watch.h"

static bool look_for_releases(par_channel *channel, bool take)
{
    par_error ignored;
    uint64_t open = channel->lends.open;
    if (open == 0) return false;
    if (take && !channel->failed) par_channel_take_in(channel, &ignored);
    else par_channel_pending(channel); /* handles what stands before the first message */
    /* Its bell may have been heard and its ring looked at just now: whoever waits for it has to look again. */
    if (channel->watched) par_channel_touch(channel);
    return channel->lends.open < open;
}

bool par_releases_look(bool take)
{
    bool found = false;
    for (par_channel *channel = par_lend_first(); channel; channel = par_lend_next(channel))
        if (look_for_releases(channel, take)) found = true;
    return found;
}
