#include "link/peer.h"

#include <stdlib.h>

#include "channel/channel.h"

#define ATTACH_NS INT64_C(1000000000) /* what is needed for it was sent before the descriptor */

int par_peer_pair(size_t ring_bytes, int sockets[2], par_error *err) { return par_channel_pair(ring_bytes, sockets, err); }

int par_peer_attach(par_link **out, int socket_fd, uint32_t id, par_error *err)
{
    par_link *link = calloc(1, sizeof *link);
    if (!link) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    link->is_peer = link->hello = true;
    link->id = id;
    par_transport_owner owner = par_link_owner(link);
    int rc = par_channel_attach(&link->channel, socket_fd, &owner, par_os_now_ns() + ATTACH_NS, err);
    if (rc == PAR_OK) *out = link;
    else free(link);
    return rc;
}
