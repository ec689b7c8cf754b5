#include "cluster/bridge.h"

void par_bridge_answer(par_bridge *bridge, uint32_t type, uint32_t host, const void *body, size_t len)
{
    par_buffer out = {0};
    if (par_ask_put(&out, type, host, 0, 0, body, len) == PAR_OK && par_os_write_all(bridge->socket, out.data, out.len) != PAR_OK)
        bridge->loop.stop = true;
    par_buffer_fini(&out);
}
