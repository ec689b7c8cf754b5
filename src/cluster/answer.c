#include <string.h>

#include "cluster/bridge.h"

void par_bridge_answer(par_bridge *bridge, uint32_t type, uint32_t host, const void *body, size_t len)
{
    if (par_ask_put(&bridge->answers, type, host, 0, 0, body, len) == PAR_OK) par_bridge_tell(bridge);
}

bool par_bridge_tell(par_bridge *bridge)
{
    par_buffer *left = &bridge->answers;
    while (left->len) {
        int n = par_os_socket_write(bridge->socket, left->data, left->len, NULL, 0);
        if (n == PAR_E_AGAIN) return false;
        if (n < 0) { /* the user's process is gone */
            bridge->loop.stop = true;
            return true;
        }
        memmove(left->data, left->data + n, left->len - (size_t)n);
        left->len -= (size_t)n;
    }
    return true;
}
