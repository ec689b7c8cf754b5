#include "link/select.h"

#include "channel/channel.h"
#include "link/message.h"
#include "trace/trace.h"
#include "view/view.h"

#define BUSY_ROUNDS 64 /* without news before a wait looks at the time again */

/* It is a selector of channels, each with its link. */
static par_selector *of(par_link_selector *selector) { return (par_selector *)selector; }

int par_link_selector_open(par_link_selector **out, bool (*interrupted)(void *host), void *host, par_error *err)
{
    par_transport_owner owner = {.context = host, .interrupted = interrupted};
    return par_selector_open((par_selector **)out, &owner, err);
}

void par_link_selector_close(par_link_selector *selector) { par_selector_close(of(selector)); }

int par_link_selector_add(par_link_selector *selector, par_link *link, par_error *err)
{
    int rc = par_link_open(link, err);
    return rc == PAR_OK ? par_selector_add(of(selector), link->channel, link, err) : rc;
}

void par_link_selector_remove(par_link_selector *selector, par_link *link)
{
    if (link->channel) par_selector_remove(of(selector), link->channel);
}

unsigned par_link_selector_count(const par_link_selector *selector) { return par_selector_count((const par_selector *)selector); }

/* One that has something for ever, which is no news, does not hold us for ever. */
static int in_time(par_link *link, unsigned round, int64_t deadline_ns, par_error *err)
{
    return round % BUSY_ROUNDS ? PAR_OK : par_channel_overdue(link->channel, deadline_ns, err);
}

int par_link_selector_wait(par_link_selector *selector, par_link **out, int64_t deadline_ns, par_error *err)
{
    for (unsigned round = 1;; round++) {
        void *user;
        int64_t began_ns = deadline_ns ? par_trace_begin() : 0;
        int rc = par_selector_wait(of(selector), &user, deadline_ns, err);
        par_trace_end("wait", began_ns, -1, -1);
        par_view_goes_on();
        if (rc != PAR_OK) return rc;
        par_link *link = *out = user;
        par_link_use use = par_link_enter(link);
        bool news = link->closed || par_link_is_news(link);
        rc = news ? PAR_OK : in_time(link, round, deadline_ns, err);
        bool there = par_link_leave(use); /* closed meanwhile: it has left the selector */
        if (there && news) return PAR_OK;
        if (rc != PAR_OK) return rc;
    }
}

int par_link_selector_fd(par_link_selector *selector, int *fd, par_error *err) { return par_selector_fd(of(selector), fd, err); }
