/* Many channels at once.
 *
 * A channel is either warm, in a list that every wait looks through, or cold: its need is armed and its bell will make
 * the set of sockets readable. Using a channel makes it warm; a wait that finds nothing in it lets it get cold. So the
 * work of a wait follows the number of busy channels, not of all. */
#include <stdlib.h>

#include "base/limits.h"
#include "channel/peek.h"
#include "channel/wait.h"
#include "channel/watch.h"
#include "os/os.h"

#define SPIN_OVER_MAX 32 /* warm channels; to look at more takes longer than to sleep */
#define TOKENS_AT_ONCE 64
#define BUSY_ROUNDS 64 /* in which channels were busy and brought no message; then the time is looked at */
#define COLD_AFTER 64  /* waits that did not sleep; then the cold ones get a look too, or a busy channel would hide them */
#define GONE_CHECKS 8  /* channels asked for the death of their peer after each slice */

typedef struct par_node par_node;
struct par_node {
    par_watcher watcher; /* the channel's other nodes are behind it: all its watchers are nodes */
    par_channel *channel;
    par_selector *selector;
    void *user;
    par_node *next, *before; /* ring of all nodes of the selector */
    par_node *warm_next, *warm_before;
    bool warm;
};

struct par_selector {
    par_os_set *set;
    par_node *all;  /* any node of the ring, or NULL */
    par_node *warm; /* first of a ring, or NULL */
    unsigned n, n_warm;
    unsigned served; /* waits since the cold ones were looked at */
    bool has_fd;
    par_spin spin;
    par_channel_owner owner;
};

/* --- the warm ones, oldest first --- */
static void make_warm(par_node *node)
{
    par_selector *selector = node->selector;
    if (node->warm) return;
    node->warm = true;
    selector->n_warm++;
    if (!selector->warm) {
        selector->warm = node->warm_next = node->warm_before = node;
        return;
    }
    par_node *first = selector->warm, *last = first->warm_before;
    node->warm_next = first;
    node->warm_before = last;
    last->warm_next = first->warm_before = node;
}

static void make_cold(par_node *node)
{
    par_selector *selector = node->selector;
    if (!node->warm) return;
    node->warm = false;
    selector->n_warm--;
    if (node->warm_next == node) {
        selector->warm = NULL;
        return;
    }
    node->warm_before->warm_next = node->warm_next;
    node->warm_next->warm_before = node->warm_before;
    if (selector->warm == node) selector->warm = node->warm_next;
}

static void touched(par_watcher *watcher)
{
    par_node *node = (par_node *)watcher;
    make_warm(node);
    if (node->selector->has_fd) par_os_set_raise(node->selector->set);
}

/* --- adding and removing --- */
int par_selector_open(par_selector **out, const par_channel_owner *owner, par_error *err)
{
    par_selector *selector = calloc(1, sizeof *selector);
    if (!selector) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a selector");
    if (par_os_set_open(&selector->set, err) != PAR_OK) {
        free(selector);
        return err->code;
    }
    if (owner) selector->owner = *owner;
    *out = selector;
    return PAR_OK;
}

static void link_all(par_node *node)
{
    par_node *first = node->selector->all;
    node->selector->n++;
    if (!first) {
        node->selector->all = node->next = node->before = node;
        return;
    }
    node->next = first;
    node->before = first->before;
    first->before->next = node;
    first->before = node;
}

static void unlink_all(par_node *node)
{
    par_selector *selector = node->selector;
    selector->n--;
    node->before->next = node->next;
    node->next->before = node->before;
    if (selector->all == node) selector->all = node->next == node ? NULL : node->next;
}

static par_node *find(par_selector *selector, par_channel *channel)
{
    par_watcher *at = channel->watchers;
    while (at && ((par_node *)at)->selector != selector) at = at->next;
    return (par_node *)at;
}

static void drop(par_node *node)
{
    par_channel *channel = node->channel;
    par_watcher **at = &channel->watchers;
    while (*at != &node->watcher) at = &(*at)->next;
    *at = node->watcher.next;
    make_cold(node);
    unlink_all(node);
    par_os_set_remove(node->selector->set, channel->socket);
    channel->watched = channel->set || channel->watchers;
    free(node);
}

static void closing(par_watcher *watcher) { drop((par_node *)watcher); }

int par_selector_add(par_selector *selector, par_channel *channel, void *user, par_error *err)
{
    if (find(selector, channel)) return par_error_set(err, PAR_E_INVALID, "this channel is in the selector already");
    par_node *node = calloc(1, sizeof *node);
    if (!node) return par_error_set(err, PAR_E_NOMEM, "not enough memory to watch a channel");
    *node = (par_node){.watcher = {.touched = touched, .closing = closing}, .channel = channel, .selector = selector, .user = user};
    if (par_os_set_add(selector->set, channel->socket, node, err) != PAR_OK) {
        free(node);
        return err->code;
    }
    link_all(node);
    node->watcher.next = channel->watchers;
    channel->watchers = &node->watcher;
    channel->watched = true;
    touched(&node->watcher);
    return PAR_OK;
}

void par_selector_remove(par_selector *selector, par_channel *channel)
{
    par_node *node = find(selector, channel);
    if (node) drop(node);
}

unsigned par_selector_count(const par_selector *selector) { return selector->n; }

void par_selector_close(par_selector *selector)
{
    if (!selector) return;
    while (selector->all) par_selector_remove(selector, selector->all->channel);
    par_os_set_close(selector->set);
    free(selector);
}

/* --- waiting --- */
/* The next warm channel in turn that has something; it goes to the end of the queue. */
static par_node *look_at_warm(par_selector *selector)
{
    par_node *node = selector->warm;
    for (unsigned i = selector->n_warm; i > 0; i--, node = node->warm_next) {
        if (!par_channel_pending(node->channel)) continue;
        selector->warm = node->warm_next;
        return node;
    }
    return NULL;
}

static par_node *spin_over_warm(par_selector *selector, int64_t deadline_ns)
{
    if (!selector->warm || selector->n_warm > SPIN_OVER_MAX || !par_spin_may(&selector->spin)) return NULL;
    int64_t began_ns = par_os_now_ns(), now_ns = began_ns, until_ns = began_ns + par_spin_limit_ns(&selector->spin);
    if (until_ns > deadline_ns) until_ns = deadline_ns;
    par_node *found = NULL;
    for (;;) {
        for (int i = 0; i < PAR_SPIN_LOOKS && !found; i++) {
            par_os_pause();
            found = look_at_warm(selector);
        }
        if (found || now_ns >= until_ns) break;
        now_ns = par_os_now_ns();
    }
    bool late = now_ns - began_ns > PAR_SPIN_NS;
    par_spin_settle(&selector->spin, !found ? PAR_SPIN_FAILED : late ? PAR_SPIN_LATE : PAR_SPIN_DONE);
    return found;
}

/* Arms every warm channel; one that has something after all stays warm. true: all are cold. */
static bool cool_down(par_selector *selector)
{
    for (unsigned i = selector->n_warm; i > 0; i--) {
        par_node *node = selector->warm;
        selector->warm = node->warm_next;
        if (par_channel_rests(node->channel) || par_channel_rest_armed(node->channel)) make_cold(node);
    }
    return selector->n_warm == 0;
}

/* Death that no end of file tells (a leaked descriptor): a few channels in turn. */
static void check_deaths(par_selector *selector)
{
    for (int i = 0; i < GONE_CHECKS && selector->all; i++) {
        par_channel *channel = selector->all->channel;
        par_channel_owner *owner = &channel->owner;
        selector->all = selector->all->next;
        if (!channel->gone && owner->peer_gone && owner->peer_gone(owner->context)) par_channel_peer_ended(channel);
    }
}

static int sleep_over(par_selector *selector, int64_t deadline_ns)
{
    void *tokens[TOKENS_AT_ONCE];
    int64_t slice = deadline_ns ? par_os_now_ns() + PAR_OS_SLICE_NS : 0;
    int n = par_os_set_wait(selector->set, tokens, TOKENS_AT_ONCE, deadline_ns < slice ? deadline_ns : slice);
    for (int i = 0; i < n; i++) {
        par_node *node = tokens[i];
        par_channel_drain(node->channel);
        par_channel_touch(node->channel);
    }
    if (n == PAR_E_TIMEOUT && deadline_ns) check_deaths(selector);
    return n;
}

static void look_at_cold(par_selector *selector)
{
    if (++selector->served < COLD_AFTER) return;
    if (selector->n_warm < selector->n) sleep_over(selector, 0);
    selector->served = 0;
}

static int in_time(int64_t deadline_ns, par_error *err)
{
    if (deadline_ns == PAR_NEVER || (deadline_ns != 0 && par_os_now_ns() < deadline_ns)) return PAR_OK;
    return par_error_set(err, PAR_E_TIMEOUT, "no channel has a message");
}

static int slept(par_selector *selector, int rc, int64_t deadline_ns, par_error *err)
{
    if (rc == PAR_E_SYSTEM) return par_error_system(err, "cannot wait for several channels");
    return rc < 0 && !selector->warm ? in_time(deadline_ns, err) : PAR_OK;
}

static int no_channel(par_selector *selector, par_error *err)
{
    if (selector->has_fd) par_os_set_lower(selector->set); /* the last one may have raised it before it went */
    return par_error_set(err, PAR_E_CLOSED, "there is no channel to wait for");
}

int par_selector_wait(par_selector *selector, void **user, int64_t deadline_ns, par_error *err)
{
    for (int busy = 0;; busy++) {
        if (!selector->all) return no_channel(selector, err);
        look_at_cold(selector);
        par_node *node = look_at_warm(selector);
        if (!node && deadline_ns) node = spin_over_warm(selector, deadline_ns);
        if (node) {
            *user = node->user;
            return PAR_OK;
        }
        bool cold = cool_down(selector);
        if (!cold && busy < BUSY_ROUNDS) continue;
        if (cold && selector->has_fd) par_os_set_lower(selector->set);
        if (deadline_ns && selector->owner.interrupted && selector->owner.interrupted(selector->owner.context))
            return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        if (!selector->all) continue; /* what ran then has closed them all */
        int rc = cold ? slept(selector, sleep_over(selector, deadline_ns), deadline_ns, err) : in_time(deadline_ns, err);
        if (rc != PAR_OK) return rc;
        if (cold) selector->served = 0;
        busy = 0;
    }
}

int par_selector_fd(par_selector *selector, int *fd, par_error *err)
{
    int rc = par_os_set_fd(selector->set, fd, err);
    if (rc != PAR_OK) return rc;
    selector->has_fd = true;
    if (selector->warm) par_os_set_raise(selector->set);
    return PAR_OK;
}

/* --- for loops that sleep only while it rests --- */
int par_selector_resting_fd(par_selector *selector, int *fd, par_error *err) { return par_os_set_fd(selector->set, fd, err); }
bool par_selector_rests(const par_selector *selector) { return selector->n_warm == 0; }

int par_selector_look(par_selector *selector, void **user, bool readable)
{
    if (readable) {
        sleep_over(selector, 0);
        par_os_set_lower(selector->set); /* what has come since, or found no room in one look, raises it again */
    } else {
        look_at_cold(selector);
    }
    for (int busy = 0; busy < BUSY_ROUNDS; busy++) {
        par_node *node = look_at_warm(selector);
        if (node) {
            *user = node->user;
            return PAR_OK;
        }
        if (cool_down(selector)) break;
    }
    return PAR_E_AGAIN;
}
