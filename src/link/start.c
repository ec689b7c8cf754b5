#include "link/start.h"

#include <stdlib.h>
#include <string.h>

#include "channel/channel.h"
#include "link/exit.h"
#include "link/family.h"
#include "view/view.h"

#define START_NS INT64_C(10000000000)    /* a parent has this long to hand the segment over */
#define LAST_WORDS_NS INT64_C(300000000) /* an orphan has this long to end by itself */

/* Where the child's output and error go: fds[0] and [1], -1 for our own. */
static int open_output(par_relay **relay, const par_start_options *options, int fds[2], par_error *err)
{
    const char *output = options->output;
    fds[0] = fds[1] = -1;
    if (!output && !options->place) return PAR_OK;
    if (!output) return par_relay_open(relay, PAR_RELAY_PREFIX, "", fds, err);
    if (strcmp(output, "null") == 0) return options->place ? PAR_OK : par_os_open("/dev/null", &fds[0], err);
    bool prefix = strcmp(output, "prefix") == 0;
    return par_relay_open(relay, prefix ? PAR_RELAY_PREFIX : PAR_RELAY_CAPTURE, prefix ? options->prefix : "", fds, err);
}

static int spawn(par_process *out, const par_start_options *options, const int output[2], int peer_fd, par_error *err)
{
    par_os_spawn_options spawn = options->spawn;
    spawn.fds[0] = -1;
    spawn.fds[1] = output[0];
    spawn.fds[2] = out->relay ? output[1] : output[0];
    spawn.fds[PAR_CHILD_SOCKET_FD] = peer_fd;
    spawn.n_fds = PAR_CHILD_SOCKET_FD + 1;
    if (options->place) return options->place(options->place_context, peer_fd, &spawn.fds[1], err);
    if (options->server) return par_forkserver_start(options->server, peer_fd, &spawn.fds[1], &out->pid, err);
    return par_os_spawn(&spawn, &out->pid, err);
}

int par_start_process(par_process *out, const par_start_options *options, const par_transport_owner *owner, par_error *err)
{
    int peer_fd = -1, output[2];
    *out = (par_process){0};
    int rc = open_output(&out->relay, options, output, err);
    if (rc == PAR_OK) rc = par_channel_open(&out->channel, options->ring_bytes, owner, &peer_fd, err);
    if (rc == PAR_OK) rc = spawn(out, options, output, peer_fd, err);
    par_os_close(peer_fd);
    par_os_close(output[0]);
    par_os_close(output[1]);
    if (rc == PAR_OK) return PAR_OK;
    par_channel_close(out->channel);
    par_relay_close(out->relay);
    return rc;
}

static par_link *link_new(par_error *err)
{
    par_link *link = calloc(1, sizeof *link);
    if (!link) par_error_set(err, PAR_E_NOMEM, "out of memory");
    return link;
}

int par_link_start(par_link **out, const par_start_options *options, par_error *err)
{
    par_process process;
    par_link *link = link_new(err);
    if (!link) return err->code;
    par_transport_owner owner = par_link_owner(link);
    par_exit_reap_strays();
    par_view_show_own(); /* it has children now, whom one may want to see with it */
    int rc = par_start_process(&process, options, &owner, err);
    if (rc != PAR_OK) {
        free(link);
        return rc;
    }
    link->id = options->id;
    link->channel = process.channel;
    link->relay = process.relay;
    link->pid = process.pid;
    link->owner = par_os_pid();
    par_exit_forget_stray(link->pid);
    link->apart = link->far = options->place != NULL;
    par_family_add(link);
    *out = link;
    return PAR_OK;
}

/* The parent is gone. The main thread may still end in its own way (its waits fail as closed now); an endless loop may
 * not go on. */
static void on_orphaned(void)
{
    par_exit_orphan();
    par_os_sleep_ns(LAST_WORDS_NS);
    _Exit(1);
}

int par_link_attach(par_link **out, int socket_fd, par_error *err)
{
    par_link *link = link_new(err);
    if (!link) return err->code;
    link->is_parent = true;
    link->pid = par_os_parent_pid();
    par_transport_owner owner = par_link_owner(link);
    int rc = par_channel_attach_home(&link->channel, socket_fd, &owner, par_os_now_ns() + START_NS, err);
    if (rc == PAR_OK) rc = par_os_watch_hangup(par_channel_socket(link->channel), on_orphaned, err);
    if (rc != PAR_OK) {
        par_channel_close(link->channel);
        free(link);
        return rc;
    }
    *out = link;
    return PAR_OK;
}
