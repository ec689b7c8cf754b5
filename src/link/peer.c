#include "link/peer.h"

#include <stdlib.h>
#include <string.h>

#include "channel/channel.h"
#include "link/control.h"

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

int par_peer_lend(par_link *link, uint64_t number, par_blob *blob, par_error *err)
{
    par_payload memory = {.data = blob->data, .bytes = blob->bytes, .blob = blob, .shared = true};
    int rc = par_link_open(link, err);
    return rc == PAR_OK ? par_channel_try_once(link->channel, PAR_KIND_MEMORY, &number, sizeof number, &memory, 1, err) : rc;
}

static bool is_numbered(const par_kept *kept, uint64_t number)
{
    return kept->len == sizeof number && memcmp(kept->bytes, &number, sizeof number) == 0 && kept->n_payloads == 1;
}

par_blob *par_peer_borrow(par_link *link, uint64_t number)
{
    par_error ignored;
    if (par_link_open(link, &ignored) != PAR_OK || !par_link_has_control(link, PAR_KIND_MEMORY)) return NULL;
    par_kept *kept = par_link_take_kept(link, PAR_KIND_MEMORY);
    par_blob *blob = is_numbered(kept, number) ? par_blob_retain(kept->payloads[0]) : NULL;
    par_kept_free(kept);
    return blob;
}
