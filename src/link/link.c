#include "link/link.h"

#include <stdlib.h>

#include "channel/channel.h"
#include "link/control.h"
#include "link/exit.h"
#include "link/family.h"

const char *par_link_state_name(par_link_state state)
{
    static const char *const names[] = {"running", "yielded", "returned", "failed", "died", "quit"};
    return names[state];
}

/* The parent's end does not come when its link is closed, so that ends the waits of whoever uses it. */
bool par_link_interrupted(par_link *link)
{
    bool left = link->interrupted && link->interrupted(link->host);
    return left || (link->closed && link->is_parent);
}

static bool on_interrupted(void *context)
{
    par_link *link = context;
    par_view_wait(link->is_parent ? PAR_VIEW_PARENT : link->is_peer ? PAR_VIEW_SIBLING : PAR_VIEW_CHILD, link->id);
    return par_link_interrupted(link);
}

static bool on_peer_gone(void *context)
{
    par_link *link = context;
    if (link->is_parent) return par_os_parent_pid() != link->pid;
    par_link_look_at_exit(link);
    return link->exit.ended;
}

static int on_peer_process(void *context)
{
    par_link *link = context;
    if (link->is_peer) return -1;
    if (link->apart) return -1; /* the bridge alone has the other end: its end is the channel's */
    int fd = par_os_process_watch(link->pid);
    if (fd < 0 || !on_peer_gone(link)) return fd; /* it lives, so the descriptor is its own */
    par_os_close(fd);
    return -1;
}

par_transport_owner par_link_owner(par_link *link)
{
    return (par_transport_owner){.context = link,
                                 .on_control = par_link_on_control,
                                 .interrupted = on_interrupted,
                                 .peer_gone = on_peer_gone,
                                 .peer_process = on_peer_process,
                                 .dies_with_peer = link->is_parent};
}

/* --- using a link --- */

int par_link_not_open(const par_link *link, par_error *err)
{
    return par_error_set(err, PAR_E_CLOSED, link->closed ? "it was closed meanwhile" : "it has ended");
}

int par_link_may_take(const par_link *link, par_error *err)
{
    if (!PAR_FRAME_LIVES(link->reading)) return PAR_OK;
    return par_error_set(err, PAR_E_INVALID,
                         "a message from this process is being read right now, and a finalizer or hook inside of that "
                         "wants the next one");
}

bool par_link_leave_closed(par_link_use use)
{
    par_link *link = use.link;
    if (!use.outermost) return false;
    link->frame = link->reading = NULL;
    if (!link->is_parent) par_link_free(link);
    return false;
}

bool par_link_close(par_link *link)
{
    link->closed = true;
    if (link->is_parent) return false;
    par_family_report(link);
    if (PAR_FRAME_LIVES(link->frame)) {
        par_link_kill(link);
        if (link->channel) par_channel_peer_ended(link->channel); /* whoever waits for it or sends to it gives up */
        return false;
    }
    par_link_free(link);
    return true;
}

void par_link_free(par_link *link)
{
    if (!link) return;
    if (!link->is_parent) {
        par_family_remove(link);
        par_link_kill(link);
    }
    if (link->freed) link->freed(link->host);
    par_channel_close(link->channel);
    par_relay_close(link->relay);
    par_kept_free(link->final);
    par_kept_free(link->need);
    free(link->lost);
    while (link->controls) {
        par_kept *next = link->controls->next;
        par_kept_free(link->controls);
        link->controls = next;
    }
    free(link);
}

/* --- what is known of the other process --- */

void par_link_resumed(par_link *link)
{
    if (link->state == PAR_LINK_YIELDED) link->state = PAR_LINK_RUNNING;
    link->yield_told = false;
}

bool par_link_retire(par_link *link)
{
    if (link->is_parent || !par_link_ended(link)) return false;
    if (!link->channel) return true;
    if (PAR_FRAME_LIVES(link->frame)) return false;
    if (!link->exit.ended || par_channel_has_data(link->channel)) return false;
    par_channel_close(link->channel);
    link->channel = NULL;
    par_family_remove(link);
    return true;
}
